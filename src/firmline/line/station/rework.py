"""Rework: a unit that has failed too often comes back, and may be tried again."""

from __future__ import annotations

from collections.abc import Sequence

from firmline.errors import Code, InputError, shortened
from firmline.line.records.base import UnitHistory
from firmline.line.records.values import Unit


def unit_to_rework(serial: str, history: Sequence[UnitHistory]) -> Unit:
    """The unit with a serial number, of which something can be taken back.

    Args:
        serial: As it was scanned.
        history: Of all units that have it.

    Raises:
        InputError: ``UNIT_NOT_KNOWN``: none has, or several products have one.
    """
    if not history:
        raise InputError(
            Code.UNIT_NOT_KNOWN, f"The records know no run of a unit {shortened(serial)!r}."
        )
    if len(history) > 1:
        products = ", ".join(unit.unit.product for unit in history)
        raise InputError(
            Code.UNIT_NOT_KNOWN,
            f"Units of several products have the serial number {shortened(serial)!r}: {products}.",
            hint="Say which one with --product.",
        )
    return history[0].unit
