"""What a Python program asks of an update, checked before anything is sent.

The command line reads its options itself; the bounds are the same.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import fields
from typing import Final, TypeGuard

from firmline.device.description import UnitDescription
from firmline.errors import Code, InputError, without_secrets
from firmline.formats.keys import PublicKey
from firmline.formats.package import Package
from firmline.links.serial.options import MAX_BAUD, MIN_BAUD
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


def check_uri(uri: object) -> None:
    """See that it is text; what it says is for the reader of targets.

    Raises:
        InputError: ``USAGE``.
    """
    if not isinstance(uri, str):
        raise InputError(
            Code.USAGE,
            f"{_shown(uri)} is no URI of a unit, which is text.",
            hint="Name the unit as on the command line: 'serial:/dev/ttyACM0', 'sim:NAME'.",
        )


def check_virtual(unit: object, trusted_key: object) -> None:
    """See that they are a virtual unit's description and its key, or ``None``.

    Raises:
        InputError: ``USAGE``.
    """
    if unit is not None and not isinstance(unit, UnitDescription):
        raise InputError(
            Code.USAGE,
            f"{_shown(unit)} does not describe a virtual unit.",
            hint="Give what firmline.gallery_unit('ble-reference') or firmline.read_unit returns.",
        )
    if trusted_key is not None and not isinstance(trusted_key, PublicKey):
        raise InputError(
            Code.USAGE,
            f"{_shown(trusted_key, secret=True)} is no PublicKey.",
            hint="Read it from PEM: firmline.PublicKey.parse_pem(content, name='key.pem').",
        )


def check_coroutine(main: object) -> None:
    """See that it can be run.

    Raises:
        InputError: ``USAGE``.
    """
    if not inspect.iscoroutine(main):
        raise InputError(
            Code.USAGE,
            f"{_shown(main)} is no coroutine.",
            hint="Call the function that uses the unit: firmline.run(uri, main()).",
        )


def check_name(name: object) -> None:
    """See that what a package is called is text.

    Raises:
        InputError: ``USAGE``.
    """
    if not isinstance(name, str):
        raise InputError(
            Code.USAGE,
            f"name is {_shown(name)}, not text.",
            hint="Name the package as its events should: name='app.zip'.",
        )


def check_report(report: object) -> None:
    """See that it can hear events.

    Raises:
        InputError: ``USAGE``.
    """
    if not callable(report) or inspect.iscoroutinefunction(report):
        raise InputError(
            Code.USAGE,
            f"report is {_shown(report)}, not a function that takes an event.",
            hint="Give a function, such as print, or leave it out; it is not awaited.",
        )


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
    if expectation is None:
        return
    if expectation.baud is not None:
        _check_number("expectation.baud", expectation.baud, MIN_BAUD, MAX_BAUD, "bits per second")
    if expectation.timeout_s is not None:
        _check_seconds(
            "expectation.timeout_s", expectation.timeout_s, LEAST_TIMEOUT_S, MOST_TIMEOUT_S
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
            Code.NUMBER_OUT_OF_RANGE, f"prn is {_shown(prn)}, not a number from 0 to {MAX_PRN}."
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
    _check_number(name, value, least_s, most_s, "seconds")


def _check_number(name: str, value: object, least: float, most: float, unit: str) -> None:
    if not _is_number(value):
        raise InputError(
            Code.NUMBER_MALFORMED, f"{name} is {_shown(value)}, not a number of {unit}."
        )
    if not least <= value <= most:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE,
            f"{name} is {_shown(value)}, not a number of {unit} from {least:.8g} to {most:.8g}.",
        )


def _is_number(value: object) -> TypeGuard[float]:
    is_none = isinstance(value, bool) or (isinstance(value, float) and math.isnan(value))
    return isinstance(value, int | float) and not is_none


def _shown(value: object, *, secret: bool = False) -> str:
    """A value for a message; of what may be a secret its type alone."""
    text = kind = f"A value of type {type(value).__name__}"
    if not secret:
        try:
            text = repr(value)
        except Exception:  # noqa: BLE001 - whatever its own class makes of it
            text = kind
    text = without_secrets(text)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
