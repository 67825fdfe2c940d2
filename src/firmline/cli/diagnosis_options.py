"""Tests and equipment by the names that options take."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from firmline.diagnosis.diagnostic_tests import diagnostic_tests, equipment
from firmline.errors import Code, InputError, shortened


def known_equipment(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, which all are of equipment that tests need.

    Raises:
        InputError: ``USAGE``: one is not; the message names those that there are.
    """
    return _known(names, equipment(), what="piece of equipment")


def known_tests(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, which all are of tests.

    Raises:
        InputError: ``USAGE``: one is not; the message names those that there are.
    """
    return _known(names, diagnostic_tests(), what="test")


def _known(names: tuple[str, ...], those: Iterable[str], *, what: str) -> tuple[str, ...]:
    listed = list(those)
    for name in names:
        if name not in listed:
            near = get_close_matches(name, listed, n=1)
            raise InputError(
                Code.USAGE,
                f"There is no {what} {shortened(name)!r}; there are {', '.join(listed)}.",
                hint=f"Give {near[0]!r}, if that is meant." if near else "Give one of these names.",
            )
    return names
