"""Firmware files: Intel HEX, S-records, ELF or plain bytes become the bytes that a unit gets.

The rules are nrfutil's (spec nrfutil-peer, "hex -> bin"), so the same file gives the same image:

* An update writes flash from 0x1000 on. Bytes below belong to the MBR, bytes from 0x10000000 on are
  UICR, RAM or external memory; both are left out. nrfutil does so without a word, here every
  omission is a sentence in :attr:`FirmwareImage.notes`.
* Gaps are filled with 0xFF, as erased flash reads, and the size is rounded up to a word.

An application linked at 0 loses its first 4 KiB with its vector table that way. The bytes stay
nrfutil's, because builds without a SoftDevice that merge the MBR into one file are legitimate and
look the same up to that point; the note says what happened where the code runs through 0x1000.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from firmline.errors import Code, InputError
from firmline.formats import elf
from firmline.formats.records import parse_intel_hex, parse_srec
from firmline.formats.softdevice import (
    INFO_FLASH_ADDRESS,
    SOFTDEVICE_START,
    SoftDeviceInfo,
    parse_softdevice_info,
    softdevice_in_image,
)
from firmline.formats.spans import ERASED, Span, clip_spans, flatten_spans
from firmline.values import ImageKind

FLASH_START = SOFTDEVICE_START  # the MBR ends here; no update writes below (spec section 6)
CODE_REGION_END = 0x1000_0000  # FICR and UICR begin (nRF52832 product specification, memory map)
WORD_SIZE = 4  # flash is written in words
MAX_IMAGE_SIZE = 1024 * 1024  # the flash of an nRF52840; no nRF5x has more
BOOTLOADER_REGION_SIZE = 0x6000  # of the SDK's examples (spec section 5.3)

_HEX_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*:[0-9A-Fa-f]{8}")
_SREC_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*S[0-9][0-9A-Fa-f]{6}")
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]+")
_ZIP_START = b"PK\x03\x04"
_HEX_NAMES = (".hex", ".ihex", ".ihx")
_SREC_NAMES = (".srec", ".s19", ".s28", ".s37", ".mot")
_ELF_NAMES = (".elf", ".axf", ".out")


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareImage:
    """The bytes of one image, ready for a package.

    Attributes:
        data: At least one word, a multiple of 4 bytes; gaps and padding are 0xFF.
        address: Where ``data`` begins in flash; None where the file does not say (plain bytes).
        source_name: The file it came from, for messages and for names inside a package.
        notes: Sentences for the user, such as what was left out.
        memory: All that the file puts into memory, also what was left out; empty for plain bytes.
        padding: How many bytes of 0xFF at the end of ``data`` complete its last word.
    """

    data: bytes
    address: int | None
    source_name: str
    notes: tuple[str, ...] = ()
    memory: tuple[Span, ...] = field(default=(), repr=False, compare=False)
    padding: int = 0


def parse_firmware(content: bytes, *, name: str, kind: ImageKind) -> FirmwareImage:
    """Read a firmware file; what it holds decides about its format before its name does.

    Args:
        content: The file.
        name: Its name; the extension counts, in any case, where the content does not tell.
        kind: What it is meant to be, for the notes.

    Raises:
        InputError: ``FILE_EMPTY``, ``IMAGE_MALFORMED`` (with the line number), ``IMAGE_TRUNCATED``,
            ``IMAGE_OVERLAPPING_RECORDS``, ``IMAGE_TOO_LARGE`` or ``IMAGE_NO_CODE``.
    """
    spans = parse_memory(content, name=name)
    if spans is None:
        _check_size(len(content), name)
        return _image(content, None, (), name=name, kind=kind)
    flash = clip_spans(spans, FLASH_START, CODE_REGION_END)
    if not flash:
        raise InputError(
            Code.IMAGE_NO_CODE,
            f"{name} holds nothing from 0x{FLASH_START:X} to 0x{CODE_REGION_END:X}, where an update"
            " writes.",
        )
    _check_size(sum(len(span.data) for span in flash), name)
    _check_reach(flash, name)
    notes = _omission_notes(spans, kind)
    image = _image(flatten_spans(flash), flash[0].address, notes, name=name, kind=kind)
    return replace(image, memory=spans)


def parse_memory(content: bytes, *, name: str) -> tuple[Span, ...] | None:
    """What a file puts into memory, nothing left out; None where it is plain bytes.

    Raises:
        InputError: As :func:`parse_firmware`, except for sizes.
    """
    if not content:
        raise InputError(Code.FILE_EMPTY, f"{name} is empty.")
    lower = name.lower()
    if content.startswith(elf.MAGIC) or lower.endswith(_ELF_NAMES):
        return _parse_elf(content, name)
    if _HEX_START.match(content) or lower.endswith(_HEX_NAMES):
        return parse_intel_hex(content, name=name)
    if _SREC_START.match(content) or lower.endswith(_SREC_NAMES):
        return parse_srec(content, name=name)
    if content.startswith(_ZIP_START):
        raise InputError(
            Code.IMAGE_MALFORMED,
            f"{name} is a zip file, but a firmware image is wanted.",
            hint="Give the hex, S-record, ELF or bin file itself; firmline pkg display shows what"
            " is in a package.",
        )
    if not lower.endswith(".bin") and _TEXT.fullmatch(content[:256]):
        raise InputError(
            Code.IMAGE_MALFORMED,
            f"{name} is a text file, but neither Intel HEX nor S-records.",
            hint="If these bytes really are the firmware, name the file .bin.",
        )
    return None


def find_softdevice(image: FirmwareImage) -> SoftDeviceInfo | None:
    """The SoftDevice inside an image, wherever the image begins; None if there is none.

    Plain bytes do not say where they begin: behind the MBR and in front of it are both tried.
    """
    if image.address is not None:
        return parse_softdevice_info(image.data, offset=INFO_FLASH_ADDRESS - image.address)
    return softdevice_in_image(image.data) or parse_softdevice_info(
        image.data, offset=INFO_FLASH_ADDRESS
    )


def _parse_elf(content: bytes, name: str) -> tuple[Span, ...]:
    if not content.startswith(elf.MAGIC):
        raise InputError(Code.IMAGE_MALFORMED, f"{name} is not an ELF file, though named like one.")
    return elf.parse_elf(content, name=name)


def _image(
    data: bytes, address: int | None, notes: tuple[str, ...], *, name: str, kind: ImageKind
) -> FirmwareImage:
    padding = -len(data) % WORD_SIZE
    image = FirmwareImage(
        data=data + ERASED * padding, address=address, source_name=name, padding=padding
    )
    return replace(image, notes=(*notes, *_bootloader_notes(image, kind)))


def _check_size(size: int, name: str) -> None:
    if size > MAX_IMAGE_SIZE:
        raise InputError(
            Code.IMAGE_TOO_LARGE,
            f"{name} holds {size} bytes; no nRF5x has more than 1 MiB of flash.",
            hint="Give the firmware image alone, not an archive, a dump or another chip's image.",
            size=size,
        )


def _check_reach(flash: tuple[Span, ...], name: str) -> None:
    """Bounds what filling the gaps would make of a small file."""
    first, end = flash[0].address, flash[-1].end
    if end - first > MAX_IMAGE_SIZE:
        raise InputError(
            Code.IMAGE_TOO_LARGE,
            f"{name} would need {end - first} bytes of flash from 0x{first:X} to 0x{end:X}; no"
            " nRF5x has more than 1 MiB.",
            hint="A single record at a stray address makes an image that large.",
            size=end - first,
            first=first,
            end=end,
        )


def _omission_notes(spans: tuple[Span, ...], kind: ImageKind) -> tuple[str, ...]:
    notes = []
    below = sum(len(span.data) for span in clip_spans(spans, 0, FLASH_START))
    above = sum(len(span.data) for span in spans) - below
    above -= sum(len(span.data) for span in clip_spans(spans, FLASH_START, CODE_REGION_END))
    runs_through = any(span.address < FLASH_START < span.end for span in spans)
    if below and runs_through and kind is ImageKind.APPLICATION:
        notes.append(
            f"This file runs through 0x1000, and its first {below} bytes were left out because the"
            " MBR lives there. Unless they are the MBR, the application is linked at 0, has lost"
            " its vector table and cannot start: link it behind the SoftDevice, or at 0x1000 for a"
            " unit without one."
        )
    elif below:
        notes.append(
            f"{below} bytes below 0x1000 were left out: the MBR lives there and is never updated."
        )
    if above:
        notes.append(
            f"{above} bytes at 0x10000000 and above (UICR, RAM or external memory) were left out:"
            " an update writes flash only."
        )
    return tuple(notes)


def _bootloader_notes(image: FirmwareImage, kind: ImageKind) -> tuple[str, ...]:
    size = len(image.data)
    if kind is not ImageKind.BOOTLOADER or size <= BOOTLOADER_REGION_SIZE:
        return ()
    note = (
        f"{image.source_name} has {size:,} bytes, and the SDK's examples have"
        f" {BOOTLOADER_REGION_SIZE:,} (24 kB) for the bootloader; a unit built like them refuses a"
        " larger one."
    )
    return (note,)
