"""What a Python program asks of an update, checked before anything is sent.

The command line reads its options itself; the bounds are the same.
"""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Final

from firmline.errors import Code, InputError
from firmline.formats.package import Package
from firmline.protocol.requests import MAX_PRN
from firmline.updater.checkpointing import AUTO, LEAST_SPACING_S, MOST_SPACING_S
from firmline.updater.expectation import Expectation
from firmline.updater.timeouts import (
    LEAST_TIMEOUT_S,
    MOST_TIMEOUT_S,
    SerialTimeouts,
    Timeouts,
)

SHOWN: Final = 40


def check_package(package: object) -> None:
    """See that it is a package, or bytes.

    Raises:
        InputError: ``USAGE``.
    """
    if not isinstance(package, Package | bytes):
        raise InputError(
            Code.USAGE,
            f"{_shown(package)} is neither a package nor the bytes of one.",
            hint="Read the file: Path('dfu.zip').read_bytes().",
        )


def check_expectation(expectation: object) -> None:
    """See that it is one, or ``None``.

    Raises:
        InputError: ``USAGE``.
    """
    if expectation is not None and not isinstance(expectation, Expectation):
        raise InputError(
            Code.USAGE,
            f"{_shown(expectation)} is no Expectation.",
            hint="Make one with firmline.updater.expectation.expectation('TEXT').",
        )


def check_prn(prn: object) -> None:
    """See that it is a number of packets, or 0.

    Raises:
        InputError: ``NUMBER_MALFORMED`` or ``NUMBER_OUT_OF_RANGE``.
    """
    if not isinstance(prn, int) or isinstance(prn, bool):
        raise InputError(Code.NUMBER_MALFORMED, f"prn is {_shown(prn)}, not a number of packets.")
    if not 0 <= prn <= MAX_PRN:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE, f"prn is {prn:.6g}, not a number from 0 to {MAX_PRN}."
        )


def check_checkpoints(checkpoint_s: object) -> None:
    """See that it is a spacing, ``auto`` or ``None``.

    Raises:
        InputError: ``NUMBER_MALFORMED`` or ``NUMBER_OUT_OF_RANGE``.
    """
    if checkpoint_s not in (None, AUTO):
        _check_seconds("checkpoint_s", checkpoint_s, LEAST_SPACING_S, MOST_SPACING_S)


def check_timeouts(timeouts: object) -> None:
    """See that they are timeouts, each a number of seconds, or ``None``.

    Raises:
        InputError: ``USAGE``, ``NUMBER_MALFORMED`` or ``NUMBER_OUT_OF_RANGE``.
    """
    if timeouts is None:
        return
    if not isinstance(timeouts, Timeouts) or not isinstance(timeouts.serial, SerialTimeouts):
        raise InputError(
            Code.USAGE,
            f"{_shown(getattr(timeouts, 'serial', timeouts))} are no timeouts.",
            hint="Give Timeouts(execute_s=40, serial=SerialTimeouts(bootloader_s=10)).",
        )
    for prefix, some in (("timeouts.", timeouts), ("timeouts.serial.", timeouts.serial)):
        for field in fields(some):
            value = getattr(some, field.name)
            if value is not timeouts.serial:
                _check_seconds(prefix + field.name, value, LEAST_TIMEOUT_S, MOST_TIMEOUT_S)


def _check_seconds(name: str, value: object, least_s: float, most_s: float) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or math.isnan(value):
        raise InputError(
            Code.NUMBER_MALFORMED, f"{name} is {_shown(value)}, not a number of seconds."
        )
    if not least_s <= value <= most_s:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE,
            f"{name} is {value:.6g}, not a number of seconds from {least_s:g} to {most_s:g}.",
        )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
