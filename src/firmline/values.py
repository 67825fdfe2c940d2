"""Small frozen values that every room speaks of.

Rules of this room: a value is checked once, when it is made, and can then be trusted everywhere.
Numbers that mean something have a type of their own; "unit" always means the product that is
updated. Nothing here does I/O.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from firmline.errors import Code, InputError

U32_MAX = 0xFFFF_FFFF
_DECIMAL = re.compile(r"[0-9]+")
_HEX = re.compile(r"0[xX][0-9A-Fa-f]+")
_MAX_DIGITS = 100
"""Longer texts are not numbers that anybody wrote; int() refuses them above 4,300 digits."""


class ImageKind(StrEnum):
    """What an image is; the names are those of the package's manifest."""

    APPLICATION = "application"
    SOFTDEVICE = "softdevice"
    BOOTLOADER = "bootloader"
    SOFTDEVICE_BOOTLOADER = "softdevice_bootloader"


class _Unsigned(int):
    """An unsigned integer with a fixed width that checks itself."""

    _max = U32_MAX
    _digits = 8

    def __new__(cls, value: int) -> Self:
        if not 0 <= value <= cls._max:
            raise InputError(
                Code.NUMBER_OUT_OF_RANGE,
                f"{cls.__name__} {value} is outside 0 to {cls._max}.",
                value=value,
            )
        return super().__new__(cls, value)

    def __str__(self) -> str:
        return f"0x{int(self):0{self._digits}X}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


class Fwid(_Unsigned):
    """A SoftDevice's firmware ID (16 bits), the number ``--sd-req`` names; ``0x0103``."""

    _max = 0xFFFF
    _digits = 4


class Crc32(_Unsigned):
    """CRC-32 as in zlib (polynomial 0xEDB88320, initial and final 0xFFFFFFFF)."""


class FwVersion(_Unsigned):
    """A firmware version (32 bits) as the bootloader compares it: a plain number."""

    def __str__(self) -> str:
        return str(int(self))

    @classmethod
    def parse_dotted(cls, text: str, *, name: str = "version") -> Self:
        """Parse ``X.Y.Z`` into ``X * 10000 + Y * 100 + Z``, as nrfutil does.

        Unlike nrfutil, Y and Z above 99 are refused: they would run into their neighbour. So are
        leading zeros, as :func:`parse_number` refuses them.

        Raises:
            InputError: The text is not three numbers, one looks octal, or one is out of range.
        """
        parts = text.split(".")
        is_dotted = len(parts) == 3 and all(_DECIMAL.fullmatch(part) for part in parts)
        if not is_dotted or len(text) > _MAX_DIGITS:
            raise InputError(
                Code.NUMBER_MALFORMED,
                f"The {name} {text[:40]!r} is not of the form X.Y.Z.",
                hint="Write three whole numbers with points between them, such as 1.2.3.",
            )
        if any(len(part) > 1 and part.startswith("0") for part in parts):
            plain = ".".join(part.lstrip("0") or "0" for part in parts)
            raise InputError(
                Code.NUMBER_OCTAL_LOOKING,
                f"The {name} {text[:40]!r} has a part that begins with a zero, which some tools"
                " read as octal.",
                hint=f"Write {plain[:40]}, if decimal numbers are meant.",
            )
        major, minor, patch = (int(part) for part in parts)
        if minor > 99 or patch > 99:
            raise InputError(
                Code.NUMBER_OUT_OF_RANGE,
                f"The {name} {text!r} has a second or third part above 99, which would read as"
                " another version once packed into one number.",
                hint="The second and third part go from 0 to 99.",
            )
        value = major * 10_000 + minor * 100 + patch
        if value > U32_MAX:
            raise InputError(
                Code.NUMBER_OUT_OF_RANGE,
                f"The {name} {text[:40]!r} does not fit into the 32 bits of a version.",
                hint="The largest version of this form is 429496.72.95.",
            )
        return cls(value)


def parse_number(text: str, *, name: str, minimum: int = 0, maximum: int = U32_MAX) -> int:
    """Parse a decimal or ``0x`` number the way a person means it.

    A leading zero is refused: nrfutil reads ``052`` as octal 42 without a word, others as 52.

    Args:
        text: What the user wrote.
        name: What it is, for the message (``--hw-version``).
        minimum: The smallest value allowed, inclusive.
        maximum: The largest value allowed, inclusive.

    Raises:
        InputError: It is not a number, looks octal, or is out of range.
    """
    cleaned = text.strip()
    if len(cleaned) > _MAX_DIGITS:
        raise InputError(
            Code.NUMBER_MALFORMED,
            f"{name} {cleaned[:40]!r}... is not a whole number from {minimum} to {maximum}.",
        )
    if _HEX.fullmatch(cleaned):
        value = int(cleaned, 16)
    elif _DECIMAL.fullmatch(cleaned):
        if len(cleaned) > 1 and cleaned.startswith("0"):
            plain = cleaned.lstrip("0") or "0"
            raise InputError(
                Code.NUMBER_OCTAL_LOOKING,
                f"{name} {cleaned} begins with a zero, which some tools read as octal.",
                hint=f"Write {plain} for decimal, or the number in hexadecimal as 0x...",
            )
        value = int(cleaned)
    else:
        raise InputError(
            Code.NUMBER_MALFORMED,
            f"{name} {text[:40]!r} is not a whole number from {minimum} to {maximum}.",
            hint="Write it in decimal (52) or hexadecimal (0x34).",
        )
    if value > maximum:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE,
            f"{name} {cleaned[:40]} is above the largest value, {maximum}.",
            hint=f"It goes from {minimum} to {maximum}.",
        )
    if value < minimum:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE,
            f"{name} {cleaned[:40]} is below the smallest value, {minimum}.",
            hint=f"It goes from {minimum} to {maximum}.",
        )
    return value


@dataclass(frozen=True, slots=True, order=True)
class BleAddress:
    """A Bluetooth device address.

    Attributes:
        octets: Six bytes, most significant first, as printed.
    """

    octets: bytes

    def __post_init__(self) -> None:
        if len(self.octets) != 6:
            raise InputError(
                Code.TARGET_MALFORMED,
                f"A Bluetooth address has 6 bytes, not {len(self.octets)}.",
                hint="Write six bytes in hex, as firmline scan lists them.",
            )

    def __str__(self) -> str:
        return ":".join(f"{octet:02X}" for octet in self.octets)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``AA:BB:CC:DD:EE:FF`` (``-`` is allowed, case does not matter).

        Raises:
            InputError: The text is not an address.
        """
        parts = re.split(r"[:-]", text.strip())
        if len(parts) != 6 or not all(re.fullmatch(r"[0-9A-Fa-f]{2}", part) for part in parts):
            raise InputError(
                Code.TARGET_MALFORMED,
                f"{text[:40]!r} is not a Bluetooth address (AA:BB:CC:DD:EE:FF).",
                hint="Write six bytes in hex, as firmline scan lists them.",
            )
        return cls(bytes(int(part, 16) for part in parts))

    @property
    def is_random_static(self) -> bool:
        """Whether the two highest bits say so (Core spec, Vol 6, Part B, 1.3.2.1)."""
        return self.octets[0] >= 0xC0

    def plus_one(self) -> Self:
        """The address the same unit uses in its bootloader.

        The bootloader adds one to the least significant byte alone, modulo 256, without carry
        (spec section 11).
        """
        return type(self)(self.octets[:5] + bytes([(self.octets[5] + 1) & 0xFF]))

    def minus_one(self) -> Self:
        """The address of the application whose bootloader has this one; the reverse."""
        return type(self)(self.octets[:5] + bytes([(self.octets[5] - 1) & 0xFF]))


_PERIPHERAL_ID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


@dataclass(frozen=True, slots=True, order=True)
class PeripheralId:
    """What a system that shows no addresses calls a unit (CoreBluetooth: peripheral identifier).

    It means something on this computer alone. A unit has another one in its bootloader, since its
    address is another one there, and neither follows from the other.

    Attributes:
        text: A UUID, upper case with hyphens.
    """

    text: str

    def __post_init__(self) -> None:
        if not _PERIPHERAL_ID.fullmatch(self.text):
            raise InputError(
                Code.TARGET_MALFORMED,
                f"{self.text[:40]!r} is not a peripheral identifier (a UUID of 32 digits).",
                hint="Write it as firmline scan lists it on a Mac.",
            )

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a UUID with hyphens; case does not matter.

        Raises:
            InputError: The text is no UUID.
        """
        return cls(text.strip().upper())


RadioAddress = BleAddress | PeripheralId
"""Under what a radio of this computer sees a unit."""

NAME_LIMIT: Final = 248
"""Longest device name, bytes (Core spec, Vol 3, Part C, 3.2.2)."""


@dataclass(frozen=True, slots=True)
class AdvertisedName:
    """The name that a unit's application advertises, where a user knows no more than that.

    Attributes:
        text: As it is advertised, 1 to 248 bytes of UTF-8.
    """

    text: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.text.encode()) <= NAME_LIMIT or not self.text.isprintable():
            raise InputError(
                Code.TARGET_MALFORMED,
                f"{self.text[:40]!r} is no name that a unit could advertise.",
                hint="Write the name that firmline scan lists, such as ble:name=NAME.",
            )

    def __str__(self) -> str:
        return self.text


UnitPin = RadioAddress | AdvertisedName
"""By what one unit is told from all others; of units with one name none is taken."""
