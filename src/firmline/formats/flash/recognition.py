"""What of a unit was read, and what was made by a compiler or has nothing to do with one.

Rules of this module: what is looked at for a failure has to be of a unit. Bytes in which nothing is
known are told as that, with what was looked for, and are not diagnosed; so is a firmware image,
which says nothing of what lies in the flash of a unit. A virtual unit can be made of an image, but
not of bytes in which nothing is known (:func:`read_memory`).
"""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, InputError
from firmline.formats.flash.dump import REGISTERS, FlashDump
from firmline.formats.flash.information import BOOTLOADER_ADDRESS, FICR, UICR, UICR_SIZE
from firmline.formats.flash.reading import read_dump
from firmline.formats.flash.signs import LOOKED_FOR, has_settings, has_sign, mcuboot_images
from firmline.formats.flash.vector_table import is_program
from firmline.formats.softdevice import (
    INFO_FLASH_ADDRESS,
    INFO_SIZE,
    SOFTDEVICE_START,
    parse_softdevice_info,
)

_PAGE: Final = 0x1000
_ZIP: Final = b"PK\x03\x04"
_MANIFEST: Final = b"manifest.json"
_READ_OUT: Final = (
    "Read the unit's flash from address 0 to its end, with FICR and UICR if the tool can: firmline"
    " autopsy swd:, or any other tool that writes Intel HEX."
)
_CONTAINERS: Final = (
    (b"UF2\n", "a UF2 file, which a bootloader takes as a USB drive", "Turn it into Intel HEX."),
    (b"\x1f\x8b", "compressed (gzip)", "Unpack it, and give what is in it."),
)


def read_unit_dump(content: bytes, *, name: str, at: int | None = None) -> FlashDump:
    """Read a dump, and see that it is one of a unit.

    Args:
        content: The file.
        name: What to call it in messages.
        at: Where plain bytes begin.

    Raises:
        InputError: ``DUMP_UNKNOWN``, or as :func:`~firmline.formats.flash.reading.read_dump`.
    """
    _refuse_others(content, name)
    try:
        dump = read_dump(content, name=name, at=at)
    except InputError as problem:
        hint = _hint(problem)
        raise InputError(problem.code, problem.message, hint=hint, **problem.context) from None
    check_unit(dump)
    return dump


def read_memory(content: bytes, *, name: str) -> FlashDump:
    """Read what the memory of a virtual unit is to hold: a dump, or images that were programmed.

    Args:
        content: The file.
        name: What to call it in messages.

    Raises:
        InputError: ``DUMP_UNKNOWN``: nothing in it is known, or nothing says where it begins; or as
            :func:`~firmline.formats.flash.reading.read_dump`.
    """
    dump = read_dump(content, name=name)
    if not dump.held(FICR, UICR):
        _check_known(dump)
        _check_placed(dump, hint="Give it as Intel HEX, which says where it lies.")
    return dump


def check_unit(dump: FlashDump) -> None:
    """See that a dump is one of a unit.

    Raises:
        InputError: ``DUMP_UNKNOWN``: nothing in it is known, nothing says where it begins, or it is
            a firmware image.
    """
    if dump.held(FICR, UICR) or dump.held(REGISTERS.start, REGISTERS.stop):
        return
    image = _image(dump)
    if image is not None:
        option, what = image
        raise InputError(
            Code.DUMP_UNKNOWN,
            f"{dump.name} is a firmware image and no dump of a unit: it is {what} alone, as a"
            " compiler leaves it.",
            hint=f"firmline pkg generate {option} {dump.name} ... makes a package of it, which"
            f" firmline update sends. For an autopsy: {_READ_OUT[0].lower()}{_READ_OUT[1:]}",
        )
    _check_known(dump)
    _check_placed(
        dump, hint="Say where with --at, such as --at 0x40000 for the second half of 512 kB."
    )


def _check_known(dump: FlashDump) -> None:
    """Refuse what holds nothing of what is known of an nRF5x."""
    if not dump.held(UICR, UICR + UICR_SIZE) and not has_sign(dump.flash):
        raise InputError(
            Code.DUMP_UNKNOWN,
            f"{dump.name} is no dump of an nRF5x, as far as can be seen: it holds none of what was"
            f" looked for, also with its words turned ({LOOKED_FOR}; FICR, UICR).",
            hint=_READ_OUT,
        )


def _check_placed(dump: FlashDump, *, hint: str) -> None:
    """Refuse pieces of which nobody knows where they lie."""
    if not dump.is_placed:
        raise InputError(
            Code.DUMP_UNKNOWN,
            f"{dump.name} holds pieces of a unit's flash, and nothing in it tells at which address"
            " it begins.",
            hint=hint,
        )


def _hint(problem: InputError) -> str:
    """What to do about a file that is damaged, or no dump: nobody builds a dump again."""
    if problem.code is Code.IMAGE_MALFORMED and "text file" in problem.message:
        return (
            "A dump is Intel HEX, S-records, or plain bytes (.bin); a log or a trace goes to"
            " firmline diagnose."
        )
    if problem.hint or problem.code not in (Code.IMAGE_MALFORMED, Code.IMAGE_TRUNCATED):
        return problem.hint
    return "Copy the dump again, or read the unit again: it is not as it was written."


def _refuse_others(content: bytes, name: str) -> None:
    """Refuse files that are known to be something else."""
    for start, what, hint in _CONTAINERS:
        if content.startswith(start):
            text = f"{name} is {what}, and no dump of a unit."
            raise InputError(Code.DUMP_UNKNOWN, text, hint=hint)
    if content.startswith(_ZIP):
        is_package = _MANIFEST in content
        raise InputError(
            Code.IMAGE_MALFORMED,
            f"{name} is {'a DFU package' if is_package else 'a zip file'}, and no dump of a unit.",
            hint=f"firmline pkg display {name} shows what is in it, firmline pkg check whether a"
            " unit takes it."
            if is_package
            else "Unpack it, and give the dump that is in it.",
        )
    if content.lstrip()[:1] in (b"{", b"["):
        raise InputError(
            Code.IMAGE_MALFORMED,
            f"{name} is a text file (JSON), and no dump of a unit.",
            hint=f"A trace or a report goes to firmline diagnose {name}.",
        )


def _image(dump: FlashDump) -> tuple[str, str] | None:
    """What image a file is, and the option that takes it; ``None``: it may be a dump.

    An image begins with its program, ends with its last word and not at the end of a page, and
    has no settings page.
    """
    flash = dump.flash
    if not flash or not flash[-1].end % _PAGE or has_settings(flash):
        return None
    first, reach = flash[0], flash[-1].end
    info = parse_softdevice_info(dump.read(INFO_FLASH_ADDRESS, INFO_SIZE))
    if info is not None and reach <= info.size_word:
        return "--softdevice", "a SoftDevice"
    is_mbr = is_program(first.data, 0, SOFTDEVICE_START)
    if is_mbr or any(mcuboot_images(flash)) or not is_program(first.data, first.address, reach):
        return None
    if dump.word(BOOTLOADER_ADDRESS) == first.address:
        return "--bootloader", f"a bootloader for 0x{first.address:X}"
    return "--application", f"a program for 0x{first.address:X}"
