"""Units described in TOML files: a file's text in, a unit's description out.

A file with a chip and a profile is a whole unit; everything else has a default. What each key is
stands in ``docs/reference/unit-files.md``, what is allowed in :mod:`unit_file_keys`. A file that
passes here can be fabricated and switched on.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import Any, Final, get_type_hints

from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.bootloader.receive_buffers import SERIAL_BUFFERS
from firmline.device.chips import Chip, chip, chip_names
from firmline.device.description import (
    SoftDeviceDescription,
    UnitDescription,
    default_title,
    softdevice_facts,
)
from firmline.device.faults.plan import FAULTS, Fault, FaultPlan, WornPage
from firmline.device.physics.supply import COIN_CELL_MAH, START_V, Currents, Source
from firmline.device.physics.timing import Timing
from firmline.device.profile import PROFILES, BootloaderProfile, MemoryMap
from firmline.device.unit_file_keys import (
    APPLICATION,
    BENCH,
    CR2032,
    SOFTDEVICE,
    SUPPLY,
    SUPPLY_OF,
    TIMING,
    UNIT,
    UNIT_FILE,
    keys_of_fault,
)
from firmline.errors import InputError
from firmline.formats.keys import PublicKey
from firmline.formats.known_softdevices import describe_fwid, known_softdevice
from firmline.formats.softdevice import SMALLEST_SOFTDEVICE_END, SOFTDEVICE_START
from firmline.formats.toml_keys import Key, Kind, Section
from firmline.formats.toml_text import TomlText
from firmline.values import BleAddress, Fwid, FwVersion

DEFAULT_PUBLIC_KEY: Final = (
    "bf0622c300c79e82e57bb4f4ee3650018fabd42d8e5ddb518c48f9cc88a25c5e"
    "6b54ace46be0e4732b37fdd1c3f311923c157c076b8f0b925fcea2cd79079262"
)
"""The public half of a throw-away test key: that of ``ble-reference``."""
DEFAULT_FWID: Final = Fwid(0x0103)
"""S112 7.2.0: that of ``ble-reference``."""
DEFAULT_APPLICATION_SIZE: Final = 120_000
OVER_USB: Final = frozenset({ApplicationDfu.TRIGGER, ApplicationDfu.NONE})
"""What an application over USB can offer."""
_RANDOM_BITS: Final = (1 << 46) - 1


def read_unit(text: str, *, name: str, where: str = "") -> UnitDescription:
    """The unit that a file describes.

    Args:
        text: What the file holds.
        name: The unit's name, as in ``sim:NAME``; its application advertises it.
        where: What a message calls the file; by default its name.

    Raises:
        InputError: ``UNIT_FILE_MALFORMED``, naming the line.
    """
    file = TomlText(text, where=where or f"{name}.toml", form=UNIT_FILE)
    unit = Section(file, (), file.content, UNIT)
    row = chip(unit.values["chip"])
    profile = _profile(unit, row)
    softdevice = _softdevice(unit, row, profile)
    version, size = _application(unit, row, profile, softdevice)
    application_dfu = _application_dfu(unit, profile)
    # An application that leaves its keys to a bootloader has one that is built for them.
    profile = replace(profile, requires_bond=application_dfu is ApplicationDfu.BONDED)
    return UnitDescription(
        name=name,
        title=unit.get("title", default_title(row, profile)),
        chip=row,
        profile=profile,
        application_dfu=application_dfu,
        address=_address(unit, name),
        serial_number=unit.get("serial_number", f"SIM-{_digest(name)[:4].hex().upper()}"),
        public_key=_public_key(unit),
        softdevice=softdevice,
        application_version=version,
        application_size=size,
        bootloader_version=FwVersion(unit.get("bootloader_version", 1)),
        gpregret=unit.get("gpregret", _gpregret(profile, application_dfu)),
        lost_buffers=_lost_buffers(unit, profile),
        supply=_supply(unit, row),
        timings=_timing(unit, row),
        faults=FaultPlan(faults=_faults(unit, row), seed=unit.get("seed", 0)),
    )


def _profile(unit: Section, row: Chip) -> BootloaderProfile:
    profile = PROFILES[unit.values["profile"]]
    if profile.needs_usb and not row.has_usb:
        raise unit.error(
            "profile",
            f"the bootloader {profile.name} is reached over USB, which the chip {row.name} does not"
            " have.",
            hint=f"Choose a chip with USB ({_usb_chips()}), or a profile that ends in -ble or"
            " -uart.",
        )
    return replace(profile, hw_version=unit.get("hw_version", profile.hw_version))


def _usb_chips() -> str:
    return ", ".join(name for name in chip_names() if chip(name).has_usb)


def _digest(name: str) -> bytes:
    """Bytes that differ from name to name, and are the same in every run."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


def _address(unit: Section, name: str) -> BleAddress:
    """The address, which is a random static one (Core spec, Vol 6, Part B, 1.3.2.1)."""
    if "address" not in unit:
        octets = _digest(name)[:6]
        return BleAddress(bytes([octets[0] | 0xC0]) + octets[1:])
    allowed = (
        "a random static Bluetooth address, C0:... to FF:... with bits that differ in the rest"
    )
    try:
        address = BleAddress.parse(unit.values["address"])
    except InputError:
        raise unit.wrong("address", allowed, hint="Write it as C6:05:04:03:02:01.") from None
    number = int.from_bytes(address.octets, "big")
    if number >> 46 != 0b11 or number & _RANDOM_BITS in {0, _RANDOM_BITS}:
        raise unit.wrong("address", allowed, hint="Write it as C6:05:04:03:02:01.")
    return address


def _public_key(unit: Section) -> PublicKey:
    if "public_key_pem" not in unit:
        return _key_from_hex(unit)
    if "public_key" in unit:
        raise unit.error(
            "public_key_pem", "public_key_pem stands beside public_key, and one of them is allowed."
        )
    content = unit.values["public_key_pem"].encode("utf-8")
    try:
        return PublicKey.parse_pem(content, name="public_key_pem")
    except InputError as problem:
        raise unit.error(
            "public_key_pem",
            problem.message,
            hint="firmline keys display --key pk --format pem FILE prints the text to put there.",
        ) from None


def _key_from_hex(unit: Section) -> PublicKey:
    text = unit.get("public_key", DEFAULT_PUBLIC_KEY)
    hint = "firmline keys display --key pk --format hex FILE prints it."
    if not re.fullmatch("[0-9A-Fa-f]{128}", text):
        raise unit.wrong("public_key", "64 bytes as 128 hexadecimal digits", hint=hint)
    try:
        return PublicKey.from_le_bytes(bytes.fromhex(text))
    except InputError:
        raise unit.wrong(
            "public_key",
            "a point of the curve P-256, X then Y, each with its lowest byte first",
            hint=hint,
        ) from None


def _softdevice(
    unit: Section, row: Chip, profile: BootloaderProfile
) -> SoftDeviceDescription | None:
    section = unit.section("softdevice", SOFTDEVICE)
    if section is None:
        # A BLE bootloader has no radio without one, so there is no such unit.
        return _complete(None, DEFAULT_FWID) if profile.is_ble else None
    softdevice = _complete(section, Fwid(section.values["fwid"]))
    end = MemoryMap.of(row, profile).region_end
    size_word = softdevice.size_word
    if not SMALLEST_SOFTDEVICE_END <= size_word <= end or size_word % 4:
        raise section.error(
            "size_word" if "size_word" in section else "fwid",
            f"the SoftDevice ends at 0x{size_word:X}, and on {row.name} with {profile.name} it has"
            f" to end at a multiple of 4 from 0x{SMALLEST_SOFTDEVICE_END:X} to 0x{end:X}.",
            hint="size_word is the first address behind the SoftDevice, counted from 0.",
        )
    return softdevice


def _complete(section: Section | None, fwid: Fwid) -> SoftDeviceDescription:
    """What the file says of a SoftDevice; the rest is known where its FWID is."""
    values = {} if section is None else section.values
    known = known_softdevice(fwid)
    facts = {} if known is None else softdevice_facts(known)
    for name in ("family", "version", "size_word"):
        if section is not None and name not in values and name not in facts:
            raise section.error(
                "",
                f"softdevice.{name} is missing, and {_what_is_known(fwid)}.",
                hint="Add family, version and size_word.",
            )
    return SoftDeviceDescription(**{**facts, **values, "fwid": fwid})


def _what_is_known(fwid: Fwid) -> str:
    if known_softdevice(fwid) is None:
        return f"no SoftDevice with the FWID {fwid} is known"
    return f"the table of SoftDevices does not have it for {describe_fwid(fwid)}"


def _application(
    unit: Section,
    row: Chip,
    profile: BootloaderProfile,
    softdevice: SoftDeviceDescription | None,
) -> tuple[FwVersion, int]:
    """Version and size of the application; no table, no application."""
    section = unit.section("application", APPLICATION)
    if section is None:
        return FwVersion(0), 0
    memory = MemoryMap.of(row, profile)
    start = memory.page_align(softdevice.size_word) if softdevice else SOFTDEVICE_START
    room = memory.region_end - start
    # Half of the room, so that an update of the same size finds its place beside the old one.
    half = room // 2 // memory.page_size * memory.page_size
    size = section.get("size", min(DEFAULT_APPLICATION_SIZE, half))
    if not 0 < size <= room or size % 4:
        raise section.error(
            "size",
            f"the application has {size} bytes, and on {row.name} with {profile.name} it has to"
            f" have a multiple of 4 up to {max(0, room)}.",
            hint=f"Its room is 0x{start:X} to 0x{memory.region_end:X}; above lie its data and the"
            " bootloader.",
        )
    return FwVersion(section.get("version", 1)), size


def _application_dfu(unit: Section, profile: BootloaderProfile) -> ApplicationDfu:
    """How the application is asked into the bootloader; on a UART there is no way to choose."""
    section = unit.section("application", APPLICATION)
    usual = ApplicationDfu.TRIGGER if profile.needs_usb else ApplicationDfu.BUTTONLESS
    if section is None or "dfu" not in section:
        return usual
    chosen = ApplicationDfu(section.values["dfu"])
    if profile.is_ble and chosen is ApplicationDfu.TRIGGER:
        raise section.error(
            "dfu", f"application.dfu is {chosen.value!r}, which needs USB; {profile.name} has none."
        )
    if profile.needs_usb and chosen not in OVER_USB:
        raise section.error(
            "dfu",
            f"application.dfu is {chosen.value!r}, which needs a radio; {profile.name} is reached"
            f" over USB, where it is one of {', '.join(sorted(OVER_USB))}.",
        )
    if not profile.is_ble and not profile.needs_usb:
        raise section.error(
            "dfu",
            f"application.dfu means nothing on a unit without a radio and USB ({profile.name}).",
        )
    return chosen


def _gpregret(profile: BootloaderProfile, application_dfu: ApplicationDfu) -> int:
    """Where nobody could ask the application into the bootloader, it has left the request."""
    can_be_asked = profile.is_ble or application_dfu is ApplicationDfu.TRIGGER
    return 0 if can_be_asked else GPREGRET_ENTER_DFU


def _lost_buffers(unit: Section, profile: BootloaderProfile) -> int:
    most = profile.receive_buffers if profile.is_ble else SERIAL_BUFFERS
    lost: int = unit.get("lost_buffers", 0)
    if lost > most:
        raise unit.wrong("lost_buffers", f"at most {most}, which {profile.name} has")
    return lost


def _supply(unit: Section, row: Chip) -> Source | None:
    section = unit.section("supply", SUPPLY)
    if section is None:
        return None
    source = section.values["source"]
    other = CR2032 if source == BENCH else BENCH
    for name in sorted(SUPPLY_OF[other]):
        if name in section:
            raise section.error(
                name,
                f"supply.{name} means nothing with the source {source!r}; it belongs to {other!r}.",
                hint=f"Take the line out, or write source = {other!r}.",
            )
    power_fail_v = section.get("power_fail_v", 0)
    if power_fail_v and power_fail_v < START_V:
        raise section.wrong("power_fail_v", f"0, which is off, or from {START_V} to 2.8")
    currents = Currents.of(row, dcdc=section.get("dcdc", True))
    values = {
        name: float(value)
        for name, value in section.values.items()
        if name not in {"source", "dcdc", "state_of_charge"}
    }
    if source == BENCH:
        return Source(currents=currents, **values)
    if "state_of_charge" in section:
        if "used_mah" in section:
            raise section.error(
                "state_of_charge",
                "supply.state_of_charge stands beside supply.used_mah, and one of them is allowed.",
            )
        values["used_mah"] = (1 - section.values["state_of_charge"]) * COIN_CELL_MAH
    return Source.coin_cell(currents=currents, **values)


def _timing(unit: Section, row: Chip) -> Timing | None:
    section = unit.section("timing", TIMING)
    if section is None:
        return None
    values = {name: float(value) for name, value in section.values.items()}
    return replace(Timing.of(row), **values)


def _faults(unit: Section, row: Chip) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    for path, content in unit.items("faults"):
        name = Key(kind=Kind.TEXT, choices=tuple(FAULTS), required=True)
        # What kind it is decides which other keys it may have.
        head = {key: value for key, value in content.items() if key == "name"}
        kind = FAULTS[unit.item(path, head, {"name": name}).values["name"]]
        section = unit.item(path, content, keys_of_fault(kind))
        fault = _fault(kind, section.values)
        if isinstance(fault, WornPage) and fault.address >= row.flash_size:
            raise section.wrong("address", f"an address in the flash, below 0x{row.flash_size:X}")
        faults.append(fault)
    return tuple(faults)


def _fault(kind: type[Fault], values: dict[str, Any]) -> Fault:
    hints = get_type_hints(kind)
    return kind(**{name: hints[name](value) for name, value in values.items() if name != "name"})
