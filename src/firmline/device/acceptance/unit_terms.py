"""A unit in one line: ``chip=nrf52832-512k,softdevice=s132-6.1.1,app-version=3``.

What the line leaves out is not invented. Where it decides a check, that check counts as not asked;
where it decides the place of an image, what was assumed is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from firmline.device.chips import Chip, chip, chip_names
from firmline.device.description import (
    SoftDeviceDescription,
    UnitDescription,
    softdevice_facts,
)
from firmline.device.profile import PROFILES, BootloaderProfile, MemoryMap
from firmline.device.unit_file import DEFAULT_PUBLIC_KEY
from firmline.errors import Code, InputError
from firmline.formats.init_command import BootValidationType
from firmline.formats.keys import PublicKey
from firmline.formats.known_softdevices import (
    describe_fwid,
    known_softdevice,
    parse_softdevice,
)
from firmline.formats.package import Package, PackageImage
from firmline.formats.signers import find_signers, package_signatures
from firmline.formats.softdevice import SMALLEST_SOFTDEVICE_END, SOFTDEVICE_START
from firmline.values import U32_MAX, BleAddress, FwVersion, ImageKind, parse_number

DEFAULT_PROFILE: Final = "sdk15.3-ble"
NO_SOFTDEVICE: Final = "none"
TERMS: Final[Mapping[str, str]] = {
    "chip": "the chip, such as nrf52832-512k",
    "softdevice": "its SoftDevice, such as s132-6.1.1 or 0xB7, or none",
    "softdevice-end": "the first address behind a SoftDevice that is not known, such as 0x26000",
    "bootloader": f"its bootloader's build, such as {DEFAULT_PROFILE}",
    "bootloader-start": "where its bootloader begins, where it is not as in the SDK's example",
    "bootloader-version": "its bootloader's version",
    "data-area": "bytes kept free below the bootloader for the application's data",
    "hw-version": "the hardware version that its bootloader was built for",
    "app-version": "its application's version",
    "app-size": "its application's size in bytes; 0: it has none",
    "key": "a PEM file with the key that its bootloader trusts",
}
"""What may stand in the line, and what it means."""
_ANY_ADDRESS: Final = BleAddress(bytes.fromhex("C60504030201"))
_NOBODYS_KEY: Final = PublicKey.from_le_bytes(bytes.fromhex(DEFAULT_PUBLIC_KEY))
_EXAMPLE: Final = (
    "Such as chip=nrf52832-512k,softdevice=s132-6.1.1,bootloader-version=1,app-version=3"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTerms:
    """What a line says; None where it says nothing.

    Attributes:
        chip: The chip.
        profile: The bootloader's build, with the line's sizes.
        profile_given: Whether the line names it.
        softdevice: The SoftDevice; None: there is none.
        hw_version: The hardware version.
        application_version: The installed application's version.
        application_size: Its size in bytes.
        bootloader_version: The bootloader's version.
    """

    chip: Chip
    profile: BootloaderProfile
    profile_given: bool
    softdevice: SoftDeviceDescription | None
    hw_version: int | None = None
    application_version: int | None = None
    application_size: int | None = None
    bootloader_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedUnit:
    """A unit as a line describes it, completed for one package.

    Attributes:
        description: The unit; what the line leaves out is as the package wants it.
        unknown: Names of the terms that were completed so.
        assumed: Sentences about what was assumed of its flash.
    """

    description: UnitDescription
    unknown: frozenset[str]
    assumed: tuple[str, ...]

    def lacks(self, check: str, image: PackageImage) -> str | None:
        """The term without which a check cannot be answered; None where it can."""
        command = image.init_packet.command
        signed_at_boot = any(
            entry.type is BootValidationType.VALIDATE_ECDSA_P256_SHA256
            for entry in command.boot_validations
        )
        needed = {
            "signature": "key",
            "boot_validation": "key" if signed_at_boot else "",
            "hw_version": "hw-version",
            "fw_version": "bootloader-version" if command.bl_size else "app-version",
        }.get(check, "")
        return needed if needed in self.unknown else None


def split_terms(text: str) -> dict[str, str]:
    """The names and values of a line.

    Raises:
        InputError: ``USAGE``: something is not ``name=value``, unknown, or there twice.
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name or not value:
            raise _malformed(f"--for has {part.strip()[:40]!r} where name=value is wanted.")
        if name not in TERMS:
            near = get_close_matches(name.lower(), TERMS, n=1, cutoff=0.5)
            meant = f"; did you mean {near[0]}?" if near else "."
            raise _malformed(
                f"--for does not know {name[:40]!r}{meant}", hint=f"It knows: {', '.join(TERMS)}."
            )
        if name in found:
            raise _malformed(f"--for has {name} twice.")
        found[name] = value
    return found


def read_terms(found: Mapping[str, str], *, build: str = DEFAULT_PROFILE) -> UnitTerms:
    """What the names and values of a line mean; ``key`` is its caller's to read.

    Args:
        found: The terms.
        build: The name of the bootloader's build where no term says it.

    Raises:
        InputError: ``USAGE``, or a code of a number.
    """
    for name in ("chip", "softdevice"):
        if name not in found:
            raise _malformed(f"--for lacks {name}: {TERMS[name]}.")
    row = chip(_choice(found["chip"], chip_names(), "chip"))
    profile = PROFILES[_choice(found.get("bootloader", build), PROFILES, "bootloader")]
    row, profile = _with_sizes(row, profile, found)
    if profile.needs_usb and not row.has_usb:
        raise _malformed(f"The bootloader is {profile.name}, but the chip {row.name} has no USB.")
    return UnitTerms(
        chip=row,
        profile=profile,
        profile_given="bootloader" in found,
        softdevice=_softdevice(found, MemoryMap.of(row, profile), profile),
        hw_version=_number(found, "hw-version"),
        application_version=_number(found, "app-version"),
        application_size=_number(found, "app-size"),
        bootloader_version=_number(found, "bootloader-version"),
    )


def complete(terms: UnitTerms, package: Package, *, public_key: PublicKey | None) -> AssumedUnit:
    """The unit that a package is put before.

    Args:
        terms: What is known of it.
        package: The package: what is not known is taken from it, so that it decides nothing.
        public_key: The key that the bootloader trusts, where it is known.

    Raises:
        InputError: ``USAGE``: the application does not fit.
    """
    assumed = []
    if not terms.profile_given:
        assumed.append(f"its bootloader is built as the SDK's example, {terms.profile.name}")
    size = terms.application_size
    if size is None:
        size = _likely_size(terms, package)
        assumed.append(f"its application has {size:,} bytes (app-size)")
    _check_application(terms, size)
    packets = [image.init_packet.command for image in package.images]
    hw_version = terms.hw_version
    if hw_version is None:
        hw_version = next((packet.hw_version for packet in packets if packet.hw_version), 0)
    given = {
        "key": public_key,
        "hw-version": terms.hw_version,
        "app-version": terms.application_version,
        "bootloader-version": terms.bootloader_version,
    }
    return AssumedUnit(
        description=UnitDescription(
            name="unit",
            title="",
            chip=terms.chip,
            profile=replace(terms.profile, hw_version=hw_version),
            address=_ANY_ADDRESS,
            serial_number="",
            public_key=public_key or _signer_of(package),
            softdevice=terms.softdevice,
            application_version=FwVersion(terms.application_version or 0),
            application_size=size,
            bootloader_version=FwVersion(terms.bootloader_version or 0),
        ),
        unknown=frozenset(name for name, value in given.items() if value is None),
        assumed=tuple(assumed),
    )


def _signer_of(package: Package) -> PublicKey:
    """The key that signed a package, as far as its signatures tell; any key where there are none.

    Two signatures have one key in common, and then it is that one; of a single one both candidates
    hold. A package by two keys is refused by every unit, whichever of them is taken here.
    """
    signers = find_signers(package_signatures(package))
    return signers[0].keys[0] if signers else _NOBODYS_KEY


def _likely_size(terms: UnitTerms, package: Package) -> int:
    """As large as the new application; without one half of the room, as a unit file has it."""
    memory = MemoryMap.of(terms.chip, terms.profile)
    room = _room(terms)
    new = package.image(ImageKind.APPLICATION)
    if new is None:
        return max(0, room // 2 // memory.page_size * memory.page_size)
    return max(0, min(memory.page_align(len(new.firmware)), room))


def _room(terms: UnitTerms) -> int:
    memory = MemoryMap.of(terms.chip, terms.profile)
    start = SOFTDEVICE_START
    if terms.softdevice is not None:
        start = memory.page_align(terms.softdevice.size_word)
    return memory.region_end - start


def _check_application(terms: UnitTerms, size: int) -> None:
    room = _room(terms)
    if size > room:
        raise _malformed(
            f"--for has an application of {size:,} bytes, and on {terms.chip.name} there is room"
            f" for {max(0, room):,}.",
            hint="Look at chip, softdevice, bootloader and app-size again.",
        )


def _with_sizes(
    row: Chip, profile: BootloaderProfile, found: Mapping[str, str]
) -> tuple[Chip, BootloaderProfile]:
    """A bootloader that begins elsewhere, or keeps another area free for data."""
    start = _number(found, "bootloader-start", maximum=row.flash_size)
    area = _number(found, "data-area", maximum=row.flash_size)
    if start is not None:
        top = row.flash_size - 2 * row.page_size
        if start % row.page_size or not SOFTDEVICE_START < start < top:
            raise _malformed(
                f"--for has bootloader-start=0x{start:X}, and on {row.name} it has to be the"
                f" beginning of a page below 0x{top:X}.",
            )
        profile = replace(profile, bootloader_size=top - start)
    if area is not None:
        row, profile = replace(row, ble_app_data_size=area), replace(profile, app_data_size=area)
    return row, profile


def _softdevice(
    found: Mapping[str, str], memory: MemoryMap, profile: BootloaderProfile
) -> SoftDeviceDescription | None:
    text = found["softdevice"]
    end = _number(found, "softdevice-end")
    if text.lower() == NO_SOFTDEVICE:
        if profile.is_ble:
            raise _malformed(
                f"--for has softdevice=none, and the bootloader {profile.name} needs one for its"
                " radio.",
                hint="Name its SoftDevice, or a bootloader that ends in -uart or -usb.",
            )
        return None
    softdevice = _known_or_numbered(text, end)
    size_word = softdevice.size_word
    if not SMALLEST_SOFTDEVICE_END <= size_word <= memory.region_end:
        raise _malformed(
            f"--for has a SoftDevice that ends at 0x{size_word:X}, and there the flash for it ends"
            f" at 0x{memory.region_end:X}.",
            hint="Look at chip, softdevice and softdevice-end again.",
        )
    return softdevice


def _known_or_numbered(text: str, end: int | None) -> SoftDeviceDescription:
    fwid = parse_softdevice(text, name="softdevice in --for")
    row = known_softdevice(fwid)
    facts = {"family": 0, "version": 0} | (softdevice_facts(row) if row is not None else {})
    if end is not None:
        facts["size_word"] = end
    if "size_word" not in facts:
        raise _malformed(
            f"--for has the SoftDevice {describe_fwid(fwid)}, and where it ends is not known.",
            hint="Add softdevice-end, the first address behind it, such as softdevice-end=0x26000.",
        )
    return SoftDeviceDescription(fwid=fwid, **facts)


def _number(found: Mapping[str, str], name: str, *, maximum: int = U32_MAX) -> int | None:
    if name not in found:
        return None
    return parse_number(found[name], name=f"{name} in --for", maximum=maximum)


def _choice(text: str, choices: Iterable[str], name: str) -> str:
    names = list(choices)
    if text.lower() in names:
        return text.lower()
    raise _malformed(
        f"--for has {name}={text[:40]!r}, which is not known.", hint=f"Known: {', '.join(names)}."
    )


def _malformed(message: str, *, hint: str = _EXAMPLE) -> InputError:
    return InputError(Code.USAGE, message, hint=hint)
