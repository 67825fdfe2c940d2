"""What is scanned or typed at a station: a serial number, or one of its words. Pure.

A barcode scanner is a keyboard: what it reads comes as a line. A serial number of the product is
always one, whatever else it could mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, InputError
from firmline.line.recipe.serial_numbers import SerialPattern


@dataclass(frozen=True, slots=True)
class ScanUnit:
    """A unit was scanned.

    Attributes:
        serial: Its serial number.
        slot: Into which slot; ``None``: the first that is free.
    """

    serial: str
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class ChooseSlot:
    """The next unit goes into this slot."""

    slot: int


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Somebody has seen what a slot shows; ``None``: every one that waits for that."""

    slot: int | None


@dataclass(frozen=True, slots=True)
class Abort:
    """The run of a slot is to stop."""

    slot: int


@dataclass(frozen=True, slots=True)
class Rework:
    """A unit came back from rework.

    Attributes:
        serial: Its serial number.
        note: What was done to it; empty: nobody says.
    """

    serial: str
    note: str


@dataclass(frozen=True, slots=True)
class SetBatch:
    """Units that are scanned from now on are of this batch; empty: of none."""

    batch: str


@dataclass(frozen=True, slots=True)
class SetOperator:
    """Who scans from now on; empty: nobody says."""

    operator: str


@dataclass(frozen=True, slots=True)
class ShowSlots:
    """All slots are to be shown."""


@dataclass(frozen=True, slots=True)
class ShowHelp:
    """The words are to be shown."""


@dataclass(frozen=True, slots=True)
class Quit:
    """No more units: the station ends when none is at work."""


Said = (
    ScanUnit
    | ChooseSlot
    | Acknowledge
    | Abort
    | Rework
    | SetBatch
    | SetOperator
    | ShowSlots
    | ShowHelp
    | Quit
)
HELP: Final = (
    ("SERIAL", "put this unit to work, in the first free slot"),
    ("slot N", "the next unit goes into slot N"),
    ("ok N, ok", "slot N was seen, or all that wait: they take the next unit"),
    ("stop N", "abort the run of slot N"),
    ("rework SERIAL", "this unit came back from rework, and may be tried again"),
    ("batch NAME", "units from now on are of this batch"),
    ("operator NAME", "who scans from now on"),
    ("slots", "show all slots"),
    ("quit", "no more units; end when none is at work"),
)
"""The words and what they do."""
_PLAIN: Final[dict[str, Said]] = {
    "slots": ShowSlots(),
    "help": ShowHelp(),
    "?": ShowHelp(),
    "quit": Quit(),
    "ok": Acknowledge(None),
}
_WITH_NUMBER: Final[dict[str, Callable[[int], Said]]] = {
    "slot": ChooseSlot,
    "ok": Acknowledge,
    "stop": Abort,
}


def _rework(text: str) -> Said | None:
    serial, _, note = text.partition(" ")
    return Rework(serial, note.strip()) if serial else None


_WITH_NAME: Final[dict[str, Callable[[str], Said | None]]] = {
    "rework": _rework,
    "batch": SetBatch,
    "operator": SetOperator,
}
_NUMBERED: Final = re.compile(r"([a-z]+)[ -]?(\d{1,3})", re.IGNORECASE | re.ASCII)
_NAMED: Final = re.compile(r"([a-z]+)(?: (\S.{0,79}))?", re.IGNORECASE | re.ASCII)


def understood(line: str, pattern: SerialPattern) -> Said | None:
    """What a line says; ``None``: nothing, it is empty.

    Args:
        line: As it was scanned or typed.
        pattern: What serial numbers of the product look like.

    Raises:
        InputError: ``STATION_COMMAND``.
    """
    text = line.strip()
    if not text:
        return None
    if pattern.matches(text):
        return ScanUnit(text)
    if (said := _word(text)) is not None:
        return said
    shown = text if len(text) <= 40 else f"{text[:40]}..."
    raise InputError(
        Code.STATION_COMMAND,
        f"{shown!r} is no serial number of the product ({pattern.text}), and no word of the"
        " station.",
    )


def _word(text: str) -> Said | None:
    """A word of the station; ``None``: it is none."""
    if text.lower() in _PLAIN:
        return _PLAIN[text.lower()]
    numbered = _NUMBERED.fullmatch(text)
    if numbered and numbered[1].lower() in _WITH_NUMBER:
        return _WITH_NUMBER[numbered[1].lower()](int(numbered[2]))
    named = _NAMED.fullmatch(text)
    if named and named[1].lower() in _WITH_NAME:
        return _WITH_NAME[named[1].lower()]((named[2] or "").strip())
    return None
