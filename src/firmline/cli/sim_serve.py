"""``firmline sim serve``: a virtual unit for other programs, until somebody ends it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from firmline.cli.autopsy_input import check_output, keep, read_memory_file
from firmline.cli.ending import Ending, ending_signals
from firmline.cli.numbers import Number
from firmline.cli.parameters import FilePath, KeyName, KeySource, OnceCommand
from firmline.cli.secrets_input import load_public_key
from firmline.cli.style import paint, printable
from firmline.cli.unit_choice import load_unit
from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.description import UnitDescription
from firmline.device.dump import describe_dump, dump_unit
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.serial_port import DEFAULT_BAUD
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, ExitCode, StoreError
from firmline.links.serving.open import check_place, serve_unit
from firmline.links.serving.place import Place, Road, parse_place
from firmline.links.serving.witness import Happening, Witness

SERIAL_UNIT: Final = "uart-reference"
BLE_UNIT: Final = "ble-reference"
MIN_BAUD, MAX_BAUD = 1200, 1_000_000
"""Of the nRF52's UART (product specification, BAUDRATE register)."""


@click.command(cls=OnceCommand)
@click.option(
    "--unit",
    "unit_name",
    metavar="NAME|FILE.toml",
    help="The unit; firmline sim units lists them."
    f"  [default: {SERIAL_UNIT}, or {BLE_UNIT} with --on hci-... or nrfconn]",
)
@click.option(
    "--on",
    "place_text",
    metavar="PLACE",
    help="pty: a pseudo-terminal; tcp:PORT: its bytes over TCP; hci-tcp:PORT or hci-unix:PATH: a"
    " Bluetooth controller for each client; nrfconn: an nRF Connectivity dongle at a"
    " pseudo-terminal. PORT 0 is a free one; all on this computer only."
    "  [default: pty, or hci-tcp:0 for a BLE unit]",
)
@click.option(
    "--key-file",
    metavar="FILE",
    type=KeyName(),
    help="The unit trusts this key (PEM, private or public) instead of its own.",
)
@click.option(
    "--flash",
    "dump",
    metavar="DUMP",
    type=FilePath(),
    help="The unit is the one that this dump was read from (HEX, or bytes from address 0): flash,"
    " UICR, chip, trusted key and GPREGRET. Its bootloader's build is that of --unit.",
)
@click.option(
    "--save",
    metavar="HEX",
    type=FilePath(),
    help="Keep a dump of the unit when it ends: flash, FICR, UICR, registers. No file is replaced.",
)
@click.option(
    "--baud",
    metavar="N",
    type=Number(MAX_BAUD, minimum=MIN_BAUD),
    help=f"Speed of a unit's UART.  [default: {DEFAULT_BAUD}]",
)
@click.option("--json", "as_json", is_flag=True, help="Print what happens as JSON lines.")
def serve(
    *,
    unit_name: str | None,
    place_text: str | None,
    key_file: KeySource | None,
    dump: Path | None,
    save: Path | None,
    baud: int | None,
    as_json: bool,
) -> None:
    """Serve a virtual unit to other programs: nrfutil, another DFU host, any Bumble program.

    The first line says where; then everything that happens in the unit. Ends with Ctrl-C (exit code
    130) or SIGTERM (0).
    """
    place = parse_place(place_text) if place_text is not None else None
    description = _describe(unit_name, place)
    if dump is not None:
        description = describe_dump(description, read_memory_file(dump))
    if key_file is not None:
        description = replace(description, public_key=load_public_key(key_file))
    if save is not None:
        check_output(save, dump, key_file if isinstance(key_file, Path) else None)
    unit = fabricate(description, physics=physics_of(description), greets=True)
    if place is None:
        place = Place(road=Road.HCI_TCP if description.profile.is_ble else Road.PTY)
    check_place(unit, place, baud=baud)
    teller = JsonTeller() if as_json else Teller()
    with ending_signals() as ending:
        asyncio.run(_serve(unit, place, baud=baud, teller=teller, ending=ending))
        if save is not None:
            keep(dump_unit(unit), save)
    if ending.number == signal.SIGINT:
        raise click.exceptions.Exit(ExitCode.INTERRUPTED)


def _describe(name: str | None, place: Place | None) -> UnitDescription:
    """The unit that was asked for, or the one that fits the place."""
    if name is None:
        name = BLE_UNIT if place is not None and place.road.is_radio else SERIAL_UNIT
    description = load_unit(name)
    if description.application_dfu is ApplicationDfu.TRIGGER and not description.gpregret:
        # No trigger comes through a pseudo-terminal or a socket: it waits in its bootloader.
        return replace(description, gpregret=GPREGRET_ENTER_DFU)
    return description


async def _serve(
    unit: VirtualUnit, place: Place, *, baud: int | None, teller: Teller, ending: Ending
) -> None:
    witness = Witness(unit, teller.happened)
    async with serve_unit(unit, place, baud=baud, witness=witness) as served:
        teller.serving(unit.name, served.where)
        witness.begin()
        served.power_on()
        await ending.wait()
    witness.look()
    mode = unit.mode
    teller.ended(
        {
            "outcome": "served",
            "unit": unit.name,
            "mode": None if mode is None else mode.value,
            "firmware_revision": unit.firmware_revision,
            "resets": witness.resets,
            "clients": witness.clients,
            "seconds": round(witness.seconds, 3),
        }
    )


class Teller:
    """Prints what happens, for people; a reader who leaves does not end the serving.

    Nor does a full disk, but for the first line: nobody would learn where the unit is served.
    """

    def __init__(self) -> None:
        self._is_read = True

    def serving(self, unit: str, where: dict[str, str]) -> None:
        """Clients can come now.

        Raises:
            InputError: ``FILE_NOT_WRITABLE``: there is no space for this line.
        """
        self._print(self._first(unit, where), is_first=True)

    def _first(self, unit: str, where: dict[str, str]) -> str:
        (place,) = where.values()
        return f"{paint('Serving', bold=True)} {unit} on {printable(place)}. Ctrl-C ends it."

    def happened(self, happening: Happening) -> None:
        """Something happened."""
        label = paint(f"{happening.what:<20}", fg="cyan")
        facts = ", ".join(f"{name} {value}" for name, value in happening.facts.items())
        text = f"{happening.at_s:10.3f}  {happening.source.value:<6}  {label}  {printable(facts)}"
        self._print(text.rstrip())

    def ended(self, result: dict[str, object]) -> None:
        """The serving has ended."""
        runs = result["firmware_revision"] or "its bootloader"
        what = f"runs {runs}" if result["mode"] else "runs nothing"
        if sys.stdout.isatty():
            self._print("")  # the terminal has just written ^C
        self._print(f"{result['unit']} {what}; {result['resets']} resets, {result['seconds']} s.")

    def _print(self, line: str, *, is_first: bool = False) -> None:
        """Print a line at once."""
        if not self._is_read:
            return
        try:
            click.echo(line)
            sys.stdout.flush()
        except OSError as problem:  # nobody reads it, or there is no space for it
            self._is_read = False
            if is_first and not isinstance(problem, BrokenPipeError):
                why = (problem.strerror or str(problem)).lower()
                raise StoreError(
                    Code.OUTPUT_NOT_WRITABLE, f"The output cannot be written: {why}."
                ) from None


class JsonTeller(Teller):
    """Prints what happens as one JSON object a line."""

    def _first(self, unit: str, where: dict[str, str]) -> str:
        return json.dumps({"type": "serving", "unit": unit, **where})

    def happened(self, happening: Happening) -> None:
        """Something happened."""
        fields = {
            "type": happening.source.value,
            "at": round(happening.at_s, 6),
            "what": happening.what,
        }
        # What a fact is called must not hide what every line has.
        self._print(json.dumps(fields | {**happening.facts, **fields}, default=str))

    def ended(self, result: dict[str, object]) -> None:
        """The serving has ended."""
        self._print(json.dumps({"type": "result", **result}))
