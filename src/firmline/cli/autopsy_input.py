"""What an autopsy is made of: a file, a unit at a debug probe, or a virtual unit."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from firmline.cli.files import keep_apart, read_file, write_file
from firmline.cli.parameters import key_source
from firmline.cli.secrets_input import load_public_key
from firmline.cli.style import printable
from firmline.cli.unit_choice import load_unit
from firmline.device.chips import Chip, chip, chip_names
from firmline.device.dump import describe_dump, dump_unit
from firmline.device.fabrication import fabricate
from firmline.errors import Code, InputError, shortened
from firmline.formats.flash.dump import FlashDump
from firmline.formats.flash.recognition import read_memory, read_unit_dump
from firmline.formats.flash.registers import REASON_BITS, Registers
from firmline.formats.records import format_intel_hex
from firmline.links.target import parse_target
from firmline.links.target_options import refuse_others

VIRTUAL_OPTIONS: Final = ("key", "flash")
"""What a ``sim:`` target may say of the memory; the rest is about sending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """How a source is to be read.

    Attributes:
        at: Where plain bytes begin.
        chip_name: Of the chip, as ``data/chips.toml`` has it.
    """

    at: int | None = None
    chip_name: str | None = None

    @property
    def chip(self) -> Chip | None:
        """The chip that was named.

        Raises:
            InputError: ``USAGE``: there is none of that name; the message names those that are.
        """
        if self.chip_name is None:
            return None
        if self.chip_name in chip_names():
            return chip(self.chip_name)
        near = get_close_matches(self.chip_name, chip_names(), n=1)
        raise InputError(
            Code.USAGE,
            f"There is no chip {shortened(self.chip_name)!r}; there are {', '.join(chip_names())}.",
            hint=f"Give {near[0]!r}, if that is meant." if near else "Give one of these.",
        )


def check_output(output: Path, *sources: Path | str | None) -> None:
    """See that what is kept takes no source's place, and no other file's.

    Raises:
        InputError: ``OPTION_CONFLICT`` or ``FILE_EXISTS``.
    """
    keep_apart(output, *(each for each in sources if isinstance(each, Path)))
    if os.path.lexists(output) and not output.is_dir():
        raise InputError(
            Code.FILE_EXISTS,
            f"{shortened(output)} is already there and was left as it is.",
            hint="Give the dump a name of its own: it may be the only one of a state that is gone.",
        )


def read_source(source: Path | str, options: SourceOptions) -> FlashDump:
    """Read a source.

    Args:
        source: A file, ``swd:PROBE`` or ``sim:UNIT``.
        options: How.

    Raises:
        InputError: It cannot be read, or is no dump of an nRF52.
        TransportError: The probe, or the chip behind it.
    """
    if isinstance(source, Path):
        return read_dump_file(source, at=options.at)
    if options.at is not None:
        raise InputError(
            Code.OPTION_CONFLICT,
            f"--at is for plain bytes in a file, and {shortened(source)!r} is none.",
            hint="Leave --at out.",
        )
    scheme, _, name = source.partition(":")
    if scheme.lower() == "swd":
        from firmline.links.swd.reading import read_unit_over_swd  # noqa: PLC0415

        return read_unit_over_swd(name)
    return _virtual(source)


def read_golden(source: Path | str, options: SourceOptions) -> FlashDump:
    """Read what a unit is compared with; ``at`` counts where it does not say itself where it lies.

    Raises:
        InputError: As :func:`read_source`.
        TransportError: Likewise.
    """
    placeless = replace(options, at=None)
    if not isinstance(source, Path):
        return read_source(source, placeless)
    try:
        return read_source(source, options)
    except InputError as problem:
        if problem.code is not Code.OPTION_CONFLICT:
            raise
        return read_source(source, placeless)


def _virtual(source: str) -> FlashDump:
    """The memory of a virtual unit that was just switched on.

    Raises:
        InputError: It cannot be had, or the target has an option that is about sending.
    """
    target = parse_target(source)
    hint = f"Nothing is sent in an autopsy: leave out all but {' and '.join(VIRTUAL_OPTIONS)}."
    refuse_others(target, VIRTUAL_OPTIONS, hint=hint)
    description, options = load_unit(target.where), target.options
    if "flash" in options:
        description = describe_dump(description, read_memory_file(Path(options["flash"])))
    if "key" in options:
        key = load_public_key(key_source(options["key"]))
        description = replace(description, public_key=key)
    unit = fabricate(description)
    unit.power_on(now_s=0.0)
    return dump_unit(unit)


def read_dump_file(path: Path, *, at: int | None = None) -> FlashDump:
    """Read a dump of a unit from a file.

    Raises:
        InputError: As :func:`~firmline.formats.flash.recognition.read_unit_dump`, and what is wrong
            with files.
    """
    return read_unit_dump(read_file(path, what="dump"), name=printable(shortened(path)), at=at)


def read_memory_file(path: Path) -> FlashDump:
    """Read what a virtual unit's memory shall hold: a dump, or images that were programmed.

    Raises:
        InputError: As :func:`~firmline.formats.flash.recognition.read_memory`, and what is wrong
            with files.
    """
    return read_memory(read_file(path, what="dump"), name=printable(shortened(path)))


def keep(dump: FlashDump, path: Path) -> None:
    """Write a dump as Intel HEX, in no other file's place.

    Raises:
        InputError: ``FILE_EXISTS``, ``FILE_NOT_WRITABLE``, ``OPTION_CONFLICT``.
    """
    write_file(path, format_intel_hex(dump.spans).encode("ascii"), replace=False)


def registers_told(resetreas: int | None, gpregret: int | None) -> Registers:
    """What somebody says the registers held.

    Raises:
        InputError: ``NUMBER_OUT_OF_RANGE``: RESETREAS has no such bits.
    """
    if resetreas is not None and resetreas & ~REASON_BITS:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE,
            f"--resetreas 0x{resetreas:X} has bits that RESETREAS does not have.",
            hint="Give the word at 0x40000400 as it was read; its bits are 0 to 3 and 16 to 20.",
        )
    return Registers(resetreas=resetreas, gpregret=gpregret)
