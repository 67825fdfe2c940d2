"""``firmline autopsy``: what the memory of a unit tells, from a dump or through a debug probe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from firmline.cli.numbers import Number
from firmline.cli.parameters import FilePath, OnceCommand

if TYPE_CHECKING:
    from firmline.diagnosis.autopsy.examination import Autopsy

U8_MAX: Final = 0xFF
VIRTUAL: Final = "sim:"
PROBE: Final = "swd:"


class MemorySource(FilePath):
    """A dump in a file (a ``Path``), a debug probe or a virtual unit (a ``str``)."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - click's signature
        """Parse the text of an argument or an option."""
        if isinstance(value, str) and value.lower().startswith((VIRTUAL, PROBE)):
            return value
        return super().convert(value, param, ctx)


@click.command(cls=OnceCommand)
@click.argument("source", metavar="DUMP|swd:[PROBE]|sim:UNIT", type=MemorySource())
@click.option(
    "--golden",
    metavar="GOOD",
    type=MemorySource(),
    help="A dump of a good unit of the same build: say what differs, region by region.",
)
@click.option(
    "--at",
    metavar="ADDRESS",
    type=Number(),
    help="Where plain bytes (a .bin) begin.  [default: 0, or where their vectors are linked]",
)
@click.option("--chip", "chip_name", metavar="NAME", help="The chip, where the dump does not tell.")
@click.option(
    "--resetreas", metavar="N", type=Number(), help="What RESETREAS (0x40000400) held, if known."
)
@click.option(
    "--gpregret",
    metavar="N",
    type=Number(U8_MAX),
    help="What GPREGRET (0x4000051C) held, if known.",
)
@click.option(
    "--save",
    metavar="HEX",
    type=FilePath(),
    help="Keep what was read as Intel HEX: flash, FICR, UICR, registers. No file is replaced.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the autopsy as JSON.")
def autopsy(
    source: Path | str,
    *,
    golden: Path | str | None,
    at: int | None,
    chip_name: str | None,
    resetreas: int | None,
    gpregret: int | None,
    save: Path | None,
    as_json: bool,
) -> None:
    """Say what the memory of a unit tells of its failure, and which causes that supports.

    DUMP is a dump of its flash, with UICR, FICR and registers if there are any in it: Intel HEX,
    S-records, or plain bytes (.bin). swd: reads a unit through the debug probe that is plugged in,
    without halting or resetting it, and writes nothing; swd:NUMBER names the probe. sim:UNIT is a
    virtual unit, just switched on; sim:UNIT?key=FILE and ?flash=DUMP are as firmline update has
    them.

    Read a unit out before its power is taken away, and before anybody erases or programs it.
    """
    from firmline.cli.autopsy_input import (  # noqa: PLC0415
        SourceOptions,
        check_output,
        keep,
        read_golden,
        read_source,
        registers_told,
    )
    from firmline.cli.autopsy_text import autopsy_fields, autopsy_lines  # noqa: PLC0415
    from firmline.cli.golden_text import comparison_fields, comparison_lines  # noqa: PLC0415
    from firmline.diagnosis.autopsy.examination import examine  # noqa: PLC0415
    from firmline.diagnosis.autopsy.golden import compare  # noqa: PLC0415

    options = SourceOptions(at=at, chip_name=chip_name)
    given = options.chip
    if save is not None:
        check_output(save, source, golden)
    dump = read_source(source, options)
    if save is not None:
        keep(dump, save)
    registers = registers_told(resetreas, gpregret)
    examined = examine(dump, registers=registers, given=given)
    good: Autopsy | None = None
    if golden is not None:
        good = examine(read_golden(golden, options), given=given)
    compared = () if good is None else compare(examined.body, good.body)
    if as_json:
        fields = autopsy_fields(examined)
        fields["golden"] = None if good is None else comparison_fields(compared, good)
        click.echo(json.dumps(fields))
        return
    for line in autopsy_lines(examined):
        click.echo(line)
    for line in () if good is None else comparison_lines(compared, examined, good):
        click.echo(line)
