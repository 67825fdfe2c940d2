"""The units of the demonstration: forty, of which some have what goes wrong on real lines. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from firmline.device.description import gallery_text
from firmline.formats.keys import PublicKey

COUNT: Final = 40
SOUND: Final = "ble-reference"
LOST_LINK: Final = '[[faults]]\nname = "link-loss"\nafter_packets = 40\ntimes = 1\n'
"""Once, in the middle of the image: the updater goes on where it was."""
_PUBLIC_KEY: Final = re.compile(r'^public_key = "[0-9a-f]{128}"$', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OddUnit:
    """A unit that is not as the others.

    Attributes:
        number: Of its serial number.
        kind: The unit of the gallery that it is like; empty: it is not there at all.
        told: What is odd about it, for people.
        more: What stands in its unit file besides.
        keeps_key: Whether its bootloader trusts another key than the maker's.
    """

    number: int
    kind: str
    told: str
    more: str = ""
    keeps_key: bool = False

    @property
    def serial(self) -> str:
        """Its serial number."""
        return serial_number(self.number)


ORIGIN: Final = OddUnit(
    number=9,
    kind="weak-coin-cell",
    told="a used coin cell, badly held: its application runs, an update resets it",
)
"""The case that this project starts from."""
ODD: Final = (
    OddUnit(number=4, kind="other-softdevice", told="another SoftDevice"),
    ORIGIN,
    OddUnit(number=14, kind="worn-page", told="a page of its flash does not take data any more"),
    OddUnit(number=18, kind=SOUND, told="its link is lost once, on the way", more=LOST_LINK),
    OddUnit(
        number=23,
        kind="other-key",
        told="its bootloader trusts another key",
        keeps_key=True,
    ),
    OddUnit(number=27, kind="watchdog-rr7", told="its application's watchdog runs on"),
    OddUnit(number=31, kind="", told="it was never put into the fixture"),
    OddUnit(number=36, kind="legacy-bootloader", told="a bootloader of an SDK before 12"),
)


def serial_number(number: int) -> str:
    """The serial number of a unit: as its barcode has it."""
    return f"SN-{number:04d}"


def unit_files(key: PublicKey) -> dict[str, str]:
    """The unit files of the demonstration, by serial number, as TOML.

    Args:
        key: What their bootloaders trust.
    """
    odd = {each.number: each for each in ODD}
    files = {}
    for number in range(1, COUNT + 1):
        unit = odd.get(number, OddUnit(number=number, kind=SOUND, told=""))
        if unit.kind:
            files[unit.serial] = _unit_file(unit, key)
    return files


def _unit_file(unit: OddUnit, key: PublicKey) -> str:
    text = gallery_text(unit.kind)
    if not unit.keeps_key:
        text = _PUBLIC_KEY.sub(f'public_key = "{key.le_bytes.hex()}"', text)
    return f"{text}\n{unit.more}" if unit.more else text
