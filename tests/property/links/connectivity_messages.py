"""Draws any message that a table knows, from the table's own rows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from firmline.links.connectivity.wire.fields import (
    Bits,
    BitsAndData,
    Constant,
    Data,
    Field,
    Given,
    Many,
    Maybe,
    Number,
    Octets,
    Shifted,
)
from firmline.links.connectivity.wire.layouts import Layout


def values_of(  # noqa: PLR0911, C901 - one line a kind
    field: Field[Any],
) -> st.SearchStrategy[Any]:
    """Any value that a field can hold."""
    match field:
        case Number(size, signed):
            most = 1 << size * 8
            return st.integers(-most // 2, most // 2 - 1) if signed else st.integers(0, most - 1)
        case Octets(size):
            return st.binary(min_size=size, max_size=size)
        case Bits(widths):
            return st.tuples(*(st.integers(0, (1 << width) - 1) for width in widths))
        case BitsAndData(widths):
            numbers = (st.integers(0, (1 << width) - 1) for width in widths)
            return st.tuples(*numbers, st.binary(max_size=field.max_size))
        case Shifted():
            return st.integers(0, 0xFF)
        case Maybe(inner):
            return st.none() | values_of(inner)
        case Given(inner):
            return values_of(inner)
        case Many(_, inner):
            return st.lists(values_of(inner), max_size=4).map(tuple)
        case Data():
            return st.binary(max_size=40)
        case Layout():
            return messages_of(field)
        case _:
            raise TypeError(field)


def messages_of(layout: Layout[Any]) -> st.SearchStrategy[Any]:
    """Any message of a layout."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    shared: list[tuple[tuple[str, ...], st.SearchStrategy[Any]]] = []
    for name, field in layout.rows:
        if isinstance(field, Constant):
            continue
        if isinstance(name, str):
            fields[name] = values_of(field)
        else:
            shared.append((name, values_of(field)))
    drawn = st.tuples(st.fixed_dictionaries(fields), *(values for _, values in shared))
    names = [name for name, _ in shared]
    return drawn.map(lambda parts: layout.kind(**parts[0], **_named(names, parts[1:])))


def _named(names: list[tuple[str, ...]], values: tuple[Any, ...]) -> dict[str, Any]:
    return {
        name: value
        for group, drawn in zip(names, values, strict=True)
        for name, value in zip(group, drawn, strict=True)
    }
