"""What an autopsy is made of: a file, a unit at a debug probe, or a virtual unit."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from firmline.cli.files import keep_apart, read_file, write_file
from firmline.cli.style import printable
from firmline.cli.unit_choice import load_unit
from firmline.device.chips import Chip, chip, chip_names
from firmline.device.dump import dump_unit
from firmline.device.fabrication import fabricate
from firmline.errors import Code, InputError, shortened
from firmline.formats.flash.dump import FlashDump, read_dump
from firmline.formats.records import format_intel_hex


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
    """See that what is kept takes no source's place.

    Raises:
        InputError: ``OPTION_CONFLICT``.
    """
    keep_apart(output, *(each for each in sources if isinstance(each, Path)))


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
    unit = fabricate(load_unit(name))
    unit.power_on(now_s=0.0)
    return dump_unit(unit)


def read_dump_file(path: Path, *, at: int | None = None) -> FlashDump:
    """Read a dump from a file.

    Raises:
        InputError: As :func:`~firmline.formats.flash.dump.read_dump`, and what is wrong with files.
    """
    return read_dump(read_file(path, what="dump"), name=printable(shortened(path)), at=at)


def keep(dump: FlashDump, path: Path) -> None:
    """Write a dump as Intel HEX.

    Raises:
        InputError: ``FILE_NOT_WRITABLE``, ``OPTION_CONFLICT``.
    """
    write_file(path, format_intel_hex(dump.spans).encode("ascii"))
