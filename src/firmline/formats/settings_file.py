"""Settings pages in files: as nrfutil makes them, and wherever they lie in a file or a flash dump.

The page's place depends on the chip and on the bootloader's linker script, and a backup lies one
page below it. nrfutil looks at five addresses; here every page boundary is tried and the checksum
decides, which needs no table of chips.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from firmline.errors import Code, InputError
from firmline.formats.boot_check import boot_check_value
from firmline.formats.families import BACKUP_DISTANCE, families
from firmline.formats.firmware import FirmwareImage, parse_memory
from firmline.formats.init_command import BootValidationType, boot_signature_needs_key
from firmline.formats.keys import Signer
from firmline.formats.records import format_intel_hex
from firmline.formats.settings_page import (
    HEAD_SIZE,
    PAGE_SIZES,
    VALIDATION_DATA_SIZE,
    VALIDATION_END,
    Bank,
    BankCode,
    PageValidation,
    PageValidations,
    SettingsPage,
    decode_settings_page,
    encode_settings_page,
    head_crc,
    seal_settings_page,
)
from firmline.formats.spans import ERASED, Span, read_spans
from firmline.values import FwVersion

MAX_PAGES = 64
"""Most pages that a survey returns; ours. A unit has two, several dumps in one file have more."""
_SMALLEST_PAGE = 0x400  # flash page of an nRF51; all others are multiples of it


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsSpec:
    """What a settings page is to say.

    Attributes:
        version: Of the layout, 1 or 2.
        bootloader_version: Of the bootloader that will read it.
        application: The application in flash, if any.
        application_version: Its version.
        softdevice: The SoftDevice in flash, if the page is to describe it.
        app_boot_validation: How the application is checked at boot; version 2 only.
        sd_boot_validation: How the SoftDevice is checked at boot; version 2 only.
        signing_key: For checks that are signatures.
    """

    version: int
    bootloader_version: FwVersion
    application: FirmwareImage | None = None
    application_version: FwVersion = FwVersion(0)  # noqa: RUF009 - frozen, as every int
    softdevice: FirmwareImage | None = None
    app_boot_validation: BootValidationType = BootValidationType.VALIDATE_GENERATED_CRC
    sd_boot_validation: BootValidationType = BootValidationType.VALIDATE_GENERATED_CRC
    signing_key: Signer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    """A settings page and the flash address where it lies."""

    address: int
    page: SettingsPage


def build_settings_page(spec: SettingsSpec) -> SettingsPage:
    """A page with right checksums, as nrfutil's ``settings generate`` fills it.

    Raises:
        InputError: ``SETTINGS_VERSION``, or ``KEY_REQUIRED`` for an ECDSA check without a key.
    """
    if spec.version not in PAGE_SIZES:
        raise InputError(
            Code.SETTINGS_VERSION,
            f"There is no settings page of version {spec.version}, only of 1 and 2.",
        )
    bank_0, app_version = Bank(), 0
    if spec.application is not None:
        data = spec.application.data
        bank_0 = Bank(size=len(data), crc=zlib.crc32(data), code=BankCode.APPLICATION)
        app_version = int(spec.application_version)
    validations = PageValidations(
        softdevice=_validation(spec.softdevice, spec.sd_boot_validation, spec.signing_key),
        application=_validation(spec.application, spec.app_boot_validation, spec.signing_key),
    )
    return seal_settings_page(
        SettingsPage(
            version=spec.version,
            app_version=app_version,
            bootloader_version=int(spec.bootloader_version),
            bank_0=bank_0,
            sd_size=len(spec.softdevice.data) if spec.softdevice is not None else 0,
            init_command=bytes(512 if spec.version == 2 else 256),
            validations=validations if spec.version == 2 else None,
        )
    )


def _validation(
    image: FirmwareImage | None, kind: BootValidationType, key: Signer | None
) -> PageValidation:
    if image is None:
        return PageValidation()
    if kind is not BootValidationType.VALIDATE_ECDSA_P256_SHA256:
        data = boot_check_value(kind, image.data) or b""
    elif key is None:
        raise boot_signature_needs_key()
    else:
        data = key.sign(image.data)
    return PageValidation(type=int(kind), data=data.ljust(VALIDATION_DATA_SIZE, b"\x00"))


def format_settings_hex(page: SettingsPage, *, address: int, backup_address: int | None) -> str:
    """A page as Intel HEX for a programmer, byte for byte what nrfutil writes.

    Only the checked part is written (92 bytes; in version 2 803 and one of padding): what a unit
    keeps behind it, its peer and its name, reads as erased.

    Args:
        page: The page.
        address: Where the bootloader looks for it.
        backup_address: Where it looks for the backup, usually 0x1000 below; None leaves it out.

    Raises:
        InputError: ``NUMBER_OUT_OF_RANGE``: an address is no word in 32 bits, or the pages would
            overlap.
    """
    encoded = encode_settings_page(page)
    body = encoded[:HEAD_SIZE] if page.validations is None else encoded[:VALIDATION_END] + ERASED
    addresses = sorted({address, address if backup_address is None else backup_address})
    words = all(0 <= place <= 0xFFFF_FFFF - len(body) and place % 4 == 0 for place in addresses)
    clash = len(addresses) == 2 and addresses[1] - addresses[0] < PAGE_SIZES[2]
    if not words or clash or backup_address == address:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE,
            "The settings page and its backup need two word-aligned places apart from each other"
            f" below 4 GiB, not {' and '.join(f'0x{place:X}' for place in addresses)}.",
        )
    return format_intel_hex(Span(address=place, data=body) for place in addresses)


def read_settings_file(content: bytes, *, name: str) -> tuple[FoundPage, ...]:
    """Find the settings pages in a hex file, or in a dump of a whole flash.

    Args:
        content: The file; plain bytes are taken to begin at address 0.
        name: What to call it in a message.

    Returns:
        At least one page with a right checksum, the highest address first: the page itself, then
        its backup.

    Raises:
        InputError: ``SETTINGS_CRC`` where something looks like a page with a wrong checksum,
            ``SETTINGS_VERSION``, ``SETTINGS_MALFORMED`` where nothing does, and what
            :func:`~firmline.formats.firmware.parse_memory` raises.
    """
    spans = parse_memory(content, name=name)
    if spans is None:
        spans = (Span(address=0, data=content),)
    if pages := find_settings_pages(spans):
        return pages
    raise no_valid_page(survey_settings(spans, name=name), name=name)


def survey_settings(spans: tuple[Span, ...], *, name: str) -> tuple[FoundPage, ...]:
    """Every settings page in memory, broken ones too, for whoever wants to look at them.

    A page with a right checksum is one wherever it lies. What only looks like one counts beside
    such pages where it lies at the distance of a backup from one of them or where a chip has its
    settings page, else anywhere.

    Args:
        spans: The memory, as :func:`~firmline.formats.firmware.parse_memory` returns it.
        name: What to call the file it came from in a message.

    Returns:
        At least one page, the highest address first. One of an unknown version is read in the
        layout of version 2.

    Raises:
        InputError: ``SETTINGS_MALFORMED`` where nothing looks like a page, or far too much does.
    """
    good: dict[int, bytes] = {}
    alike: dict[int, bytes] = {}
    for address, block in _candidates(spans):
        if _has_right_crc(block):
            good[address] = block
        elif _looks_like_a_page(block):
            alike[address] = block
    likely = {place + side for place in good for side in (-BACKUP_DISTANCE, BACKUP_DISTANCE)}
    likely |= {family.settings_address for family in families()}
    found = good | {at: alike[at] for at in alike if not good or at in likely}
    if not found:
        raise InputError(Code.SETTINGS_MALFORMED, f"{name} holds no bootloader settings page.")
    if len(found) > MAX_PAGES:
        raise InputError(
            Code.SETTINGS_MALFORMED,
            f"{name} holds {len(found)} places that look like a settings page, and no unit has more"
            " than two.",
            hint="Give a settings page, or a dump of one unit's flash.",
        )
    return tuple(
        FoundPage(address=at, page=decode_settings_page(found[at], layout=_layout(found[at])))
        for at in sorted(found, reverse=True)
    )


def no_valid_page(pages: tuple[FoundPage, ...], *, name: str) -> InputError:
    """The error for a file without a page that a bootloader of a known version would take.

    Args:
        pages: What was found, at least one, the highest address first.
        name: What to call the file.
    """
    first = pages[0]
    if first.page.crc_ok:
        return InputError(
            Code.SETTINGS_VERSION,
            f"The settings page has version {first.page.version}; versions 1 and 2 are known.",
        )
    return InputError(
        Code.SETTINGS_CRC,
        f"What looks like a settings page at 0x{first.address:X} of {name} has a wrong checksum.",
        address=first.address,
    )


def _has_right_crc(block: bytes) -> bool:
    return int.from_bytes(block[:4], "little") == head_crc(block) != 0xFFFF_FFFF


def _looks_like_a_page(block: bytes) -> bool:
    """A known version, and zero in the two numbers that no bootloader uses."""
    return block[5:8] == bytes(3) and block[4] in PAGE_SIZES and block[16:24] == bytes(8)


def _layout(block: bytes) -> int:
    version = int.from_bytes(block[4:8], "little")
    return version if version in PAGE_SIZES else 2


def find_settings_pages(spans: tuple[Span, ...]) -> tuple[FoundPage, ...]:
    """All settings pages with a right checksum, the highest address first; maybe none.

    Raises:
        InputError: ``SETTINGS_VERSION``: a checksum is right, but the version is not known.
    """
    found = [
        FoundPage(address=address, page=decode_settings_page(block))
        for address, block in _candidates(spans)
        if _has_right_crc(block)
    ]
    return tuple(sorted(found, key=lambda page: page.address, reverse=True))


def _candidates(spans: tuple[Span, ...]) -> Iterator[tuple[int, bytes]]:
    """Every place where a page could begin, with a page of bytes from there.

    The head lies in one piece; what follows may have been left out where it was erased.
    """
    for span in spans:
        boundary = span.address + -span.address % _SMALLEST_PAGE
        last = span.end - HEAD_SIZE
        for address in sorted({span.address, *range(boundary, last + 1, _SMALLEST_PAGE)}):
            if address <= last:
                yield address, read_spans(spans, address, PAGE_SIZES[2])
