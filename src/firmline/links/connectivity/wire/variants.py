"""Variants: the table of one version as what is different in it from another's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from firmline.links.connectivity.wire.fields import Field, Given, Many, Maybe
from firmline.links.connectivity.wire.layouts import Call, Happening, Layout, Table

Layouts: TypeAlias = Mapping[type, Layout[Any]]


def variant(
    table: Table,
    version: int,
    *,
    opcodes: Mapping[type, int],
    numbers: Mapping[type, int],
    layouts: Iterable[Layout[Any]],
) -> Table:
    """The table of another version.

    Args:
        table: The one that it is told by.
        version: The other's.
        opcodes: Of all commands of the other, by their class: what is not here it does not have.
        numbers: Of all events of the other, likewise.
        layouts: Those that are not as in the table: of messages, and of parts wherever they stand
            in one.
    """
    others = {layout.kind: layout for layout in layouts}
    return Table.of(
        version,
        [_call(table.calls.get(kind), kind, opcodes[kind], others) for kind in opcodes],
        [
            Happening(number, _layout(table.happenings[kind].layout, others))
            for kind, number in numbers.items()
        ],
    )


def _call(known: Call | None, kind: type, opcode: int, layouts: Layouts) -> Call:
    if known is None:
        return Call(opcode, layouts[kind])
    return replace(
        known,
        opcode=opcode,
        command=_layout(known.command, layouts),
        response=None if known.response is None else _layout(known.response, layouts),
    )


def _layout(layout: Layout[Any], layouts: Layouts) -> Layout[Any]:
    """A layout with the other version's parts, or the one that stands for it there."""
    if layout.kind in layouts:
        return layouts[layout.kind]
    return replace(
        layout, rows=tuple((name, _field(field, layouts)) for name, field in layout.rows)
    )


def _field(field: Field[Any], layouts: Layouts) -> Field[Any]:
    match field:
        case Layout():
            return _layout(field, layouts)
        case Given() | Maybe() | Many():
            return replace(field, field=_field(field.field, layouts))
        case _:
            return field
