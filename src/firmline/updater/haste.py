"""A unit that was given less time than it may need: what failed for that may be no fault of it."""

from __future__ import annotations

from dataclasses import fields

from firmline.errors import Code, FirmlineError, TransportError, TransportReason, VerifyError
from firmline.updater.timeouts import OF_AN_OPTION, SerialTimeouts, Timeouts, timeout_name


def cut_timeouts(timeouts: Timeouts, *, over_port: bool) -> str:
    """Which timeouts are shorter than is usual, in words; empty: none.

    Args:
        timeouts: Of the update.
        over_port: Those of a serial port count.
    """
    mine, theirs = (timeouts.serial, SerialTimeouts()) if over_port else (timeouts, Timeouts())
    found = [
        f"{timeout_name(field.name)} was given {given:g} s, where {usual:g} s are usual"
        for field in fields(mine)
        if field.name not in ("serial", OF_AN_OPTION)
        and (given := getattr(mine, field.name)) < (usual := getattr(theirs, field.name))
    ]
    return "; ".join(found)


def own_to_haste(error: FirmlineError, timeouts: Timeouts, *, over_port: bool) -> None:
    """Let an error that may come of too little patience say so, in its hint.

    Args:
        error: How an update ended.
        timeouts: What it was to wait for, and how long.
        over_port: It went over a serial port.
    """
    if not _waited_in_vain(error):
        return
    cut = cut_timeouts(timeouts, over_port=over_port)
    if not cut:
        return
    if isinstance(error, VerifyError):
        told = f"Look at the unit, which may run the new application by now. {cut}: give it more."
    else:
        told = f"Try again with more time: {cut}."
    error.hint = f"{told} {error.hint}".rstrip()


def _waited_in_vain(error: BaseException | None) -> bool:
    """Whether it is, or comes of, somebody who did not answer or return in time."""
    match error:
        case TransportError():
            return error.reason in (TransportReason.TIMEOUT, TransportReason.NOT_FOUND)
        case VerifyError(code=Code.UNIT_DID_NOT_RETURN):
            return True
        case VerifyError():
            return _waited_in_vain(error.__cause__)
        case _:
            return False
