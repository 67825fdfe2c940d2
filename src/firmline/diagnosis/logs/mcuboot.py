"""What MCUboot prints on its console, in Zephyr's forms of log lines.

Formats: https://github.com/mcu-tools/mcuboot/issues/480 and pull request 2283 (both forms of
lines), https://github.com/zephyrproject-rtos/zephyr/issues/22903 and /25010.
"""

from __future__ import annotations

import re
from typing import Final

from firmline.diagnosis.logs.signs import Sign, Told, Tool, begins, fails, reads

_SWAPS: Final = ("test", "perm", "revert")
_REVERTED: Final = (("end_state", "wrong_image_runs"), ("flags", "log_reverted"))
"""An image that was to be tried, and has not confirmed itself since, is taken back."""


def _swap(found: re.Match[str]) -> Told | None:
    """What is to become of the images: a revert brings the old one back; none: it is started."""
    if found[1] not in _SWAPS:
        return Told(phase="app_start") if found[1] == "none" else None
    back = _REVERTED if found[1] == "revert" else ()
    return Told(phase="activation", values=back)


def _fails(kind: str, *words: str, values: tuple[tuple[str, str], ...] = ()) -> tuple[Sign, ...]:
    """What goes wrong stays wrong, though the bootloader goes on and starts what it has."""
    told = Told(fault=kind, values=values, lasting=True)
    return tuple(Sign(word=word, told=told) for word in words)


_NO_SPACE: Final = (("flags", "log_no_swap_space"),)
_PRIMARY: Final = (("flags", "log_primary_invalid"),)
_ABSENT: Final = (("flags", "log_primary_absent"),)
"""No header of an image where the slot begins: of an image that is there and not taken it says so
before, and that is what is told then."""
_REFUSED: Final = Told(
    fault="none",
    lasting=True,
    within="activation",
    values=(("flags", "log_secondary_invalid"),),
)
"""An image that was to be put in place is refused. Where nothing was to be put in place, the same
words only say that there is none to be."""


def _no_image(word: str, values: tuple[tuple[str, str], ...] = ()) -> Sign:
    """The bootloader has come up, has looked at what it is to start, and does not start it."""
    return Sign(
        word=word,
        told=Told(
            fault="unit_hang",
            lasting=True,
            values=values,
            reached="app_start",
            reached_from="bootloader_boot",
        ),
    )


_SIGNS: Final[tuple[Sign, ...]] = (
    *begins("bootloader_boot", "Booting MCUboot", "Starting bootloader"),
    reads("Swap type", r"Swap type: ([a-z]{1,10})\b", _swap),
    *begins("activation", "Starting swap using", "Swapping image"),
    Sign(word="Jumping to the first image slot", told=Told(phase="app_start", started=True)),
    Sign(word="Image in the secondary slot is not valid", told=_REFUSED),
    *_fails("none", "Not enough free space to run swap", "Not sufficient space", values=_NO_SPACE),
    Sign(
        word="required",
        pattern=re.compile(r"required \d{1,10} bytes? but only \d{1,10}"),
        told=Told(fault="none", values=_NO_SPACE, lasting=True),
    ),
    _no_image("Image in the primary slot is not valid", _PRIMARY),
    _no_image("ad image magic 0x", _ABSENT),  # of a build that does not check what it has started
    _no_image("Unable to find bootable image", _ABSENT),
    *_fails("unit_hang", "Failed to open flash area"),
    *fails("unit_hang", "ZEPHYR FATAL ERROR"),
)
MCUBOOT: Final = Tool(
    name="MCUboot",
    marks=(
        "mcuboot",
        "MCUboot",
        "Swap type: ",
        "Boot source: ",
        "Primary image: magic=",
        "bootable image",
        "first image slot",
        "in the primary slot",
        "in the secondary slot",
    ),
    names=frozenset({"mcuboot", "MCUboot"}),
    facts=(("bootloader", "mcuboot"), ("sdk", "ncs")),
    signs=_SIGNS,
)
