"""What a virtual unit is made of, as a value, and the gallery of ready ones.

A description is everything a unit needs to be: chip, bootloader build, SoftDevice, application,
key and address. The gallery's descriptions are data: unit files (``data/units/*.toml``), read as a
user's own are (:mod:`firmline.device.unit_file`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from firmline.data import load_text, names_in
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.chips import Chip
from firmline.device.faults.plan import NO_FAULTS, FaultPlan
from firmline.device.physics.supply import Currents, Source
from firmline.device.physics.timing import Timing
from firmline.device.profile import BootloaderProfile
from firmline.errors import Code, InputError
from firmline.formats.flash.dump import FlashDump
from firmline.formats.keys import PublicKey
from firmline.formats.known_softdevices import KnownSoftDevice
from firmline.values import BleAddress, Fwid, FwVersion

_VERSION_PARTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftDeviceDescription:
    """A synthetic SoftDevice.

    Attributes:
        fwid: Its FWID.
        family: The number in its name, e.g. 132.
        version: major * 1,000,000 + minor * 1,000 + patch.
        size_word: First address behind it; from its information structure.
    """

    fwid: Fwid
    family: int
    version: int
    size_word: int


def softdevice_facts(known: KnownSoftDevice) -> dict[str, int]:
    """A known SoftDevice's family, version and size word, as far as they are known.

    The version of a pre-release is no number.
    """
    facts = {"family": int(known.name[1:])}
    parts = known.version.split(".")
    if len(parts) == _VERSION_PARTS and all(part.isdecimal() for part in parts):
        major, minor, patch = (int(part) for part in parts)
        facts["version"] = major * 1_000_000 + minor * 1_000 + patch
    if known.end is not None:
        facts["size_word"] = known.end
    return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDescription:
    """A whole unit.

    Attributes:
        name: As in ``sim:NAME``; also the name its application advertises.
        title: One line for people.
        chip: The chip.
        profile: The bootloader's build.
        address: The application's Bluetooth address.
        serial_number: What the application says its serial number is.
        public_key: The key that the bootloader trusts.
        softdevice: The SoftDevice in flash; ``None``: there is none.
        application_version: Version of the application in flash.
        application_size: Its size in bytes, a multiple of 4; 0: there is none.
        bootloader_version: Version of the bootloader.
        application_dfu: The DFU service that its application offers.
        gpregret: What an earlier run has left in GPREGRET when the story begins: 0xB1 and the unit
            is in its bootloader. Power that is removed takes it away.
        lost_buffers: Receive buffers that refused writes have cost its bootloader before the story
            begins (spec section 13); any reset gives them back.
        supply: What it hangs on; ``None``: a laboratory supply.
        timings: How long things take; ``None``: as its chip.
        faults: What is wrong with it.
        dump: What its memory holds instead of what a factory puts there; ``None``: nothing else.
    """

    name: str
    title: str
    chip: Chip
    profile: BootloaderProfile
    address: BleAddress
    serial_number: str
    public_key: PublicKey
    softdevice: SoftDeviceDescription | None
    application_version: FwVersion
    application_size: int
    bootloader_version: FwVersion
    application_dfu: ApplicationDfu = ApplicationDfu.BUTTONLESS
    gpregret: int = 0
    lost_buffers: int = 0
    supply: Source | None = None
    timings: Timing | None = None
    faults: FaultPlan = NO_FAULTS
    dump: FlashDump | None = field(default=None, repr=False)

    @property
    def source(self) -> Source:
        """What it hangs on."""
        return self.supply or Source(currents=Currents.of(self.chip))

    @property
    def timing(self) -> Timing:
        """How long things take it."""
        return self.timings or Timing.of(self.chip)


def gallery_names() -> list[str]:
    """The names of the ready units, sorted."""
    return names_in("units")


def gallery_text(name: str) -> str:
    """The unit file of the ready unit with this name.

    Raises:
        InputError: There is none.
    """
    names = gallery_names()
    if name not in names:
        raise InputError(
            Code.TARGET_UNKNOWN_UNIT,
            f"There is no virtual unit called {name[:40]!r}.",
            hint=f"Choose one of: {', '.join(names)}.",
        )
    return load_text("units", f"{name}.toml")


def default_title(chip: Chip, profile: BootloaderProfile) -> str:
    """The title of a unit whose file gives it none."""
    return f"{chip.name}, {profile.name}"


def gallery_unit(name: str) -> UnitDescription:
    """The ready unit with this name, read from its unit file as any other.

    Raises:
        InputError: There is none.
    """
    text = gallery_text(name)
    # The reader makes descriptions, so it imports this module.
    from firmline.device.unit_file import read_unit  # noqa: PLC0415

    return read_unit(text, name=name)
