"""The options that make a station: its slots, its shift, its labels."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from firmline.cli.forwarding import KEY_VARIABLE
from firmline.cli.parameters import FilePath
from firmline.errors import Code, InputError, shortened

if TYPE_CHECKING:
    from firmline.line.records.values import Lot
    from firmline.line.station.opening import StationSetup
    from firmline.line.station.steps.work import LabelPrinter
    from firmline.links.wanted import WantedTarget

_F = TypeVar("_F", bound=Callable[..., Any])
MOST_SLOTS: Final = 64
"""Of one station; ours."""
_MANY: Final = re.compile(r"(\d{1,2})x(.+)")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
ROADS: Final = (
    "What a slot has: ble, hci:usb:0, nrfconn:PORT, usb, serial:PORT, or sim:NAME for virtual"
    " units. Once for each slot, or 4xble for four slots that share it."
)
"""What ``--on`` takes."""


class OwnFile(FilePath):
    """The file of a station's own records: no server, on which scanning would depend."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - click's signature
        """Parse the text of an option.

        Raises:
            InputError: ``OPTION_CONFLICT``: it is no file; or ``DATABASE_ADDRESS``.
        """
        if isinstance(value, str) and "://" in value:
            from firmline.line.records.address import parse_address  # noqa: PLC0415 - not for help

            address = parse_address(value)
            if address.path is None:
                raise InputError(
                    Code.OPTION_CONFLICT,
                    "A station keeps its records in a file of this computer, and --db names a"
                    " server.",
                    hint="Give --db FILE: scanning must not depend on a network.",
                )
            value = str(address.path)
        return super().convert(value, param, ctx)


@dataclass(frozen=True, slots=True, kw_only=True)
class StationOptions:
    """What was asked for of a station, but its recipe, its slots and its records.

    Attributes:
        station: Its name.
        operator: Who scans.
        batch: The units' batch.
        lots: Of their parts, each ``PART=LOT``.
        golden: Serial numbers of golden samples.
        label_command: Prints labels; ``None``: they are left as files.
        centre: Where records are sent; ``None``: nowhere.
        key_file: Holds the station's key for it.
    """

    station: str
    operator: str
    batch: str
    lots: tuple[str, ...]
    golden: tuple[str, ...]
    label_command: str | None
    centre: str | None = None
    key_file: Path | None = None


_OPTIONS: Final = (
    click.option(
        "--station",
        default="station-1",
        show_default=True,
        metavar="NAME",
        help="The station's name, which no other has.",
    ),
    click.option("--operator", default="", metavar="NAME", help="Who scans the units."),
    click.option("--batch", default="", metavar="NAME", help="The batch of the units."),
    click.option(
        "--lot",
        "lots",
        multiple=True,
        metavar="PART=LOT",
        help="The lot that a part of the units comes from, such as battery=2026-41. May be given"
        " more than once.",
    ),
    click.option(
        "--golden",
        multiple=True,
        metavar="SERIAL",
        help="A golden sample: it may run again and again, and counts nowhere. May be given more"
        " than once.",
    ),
    click.option(
        "--label-command",
        metavar="COMMAND",
        help="Prints the label that is on its standard input, such as 'lp -d zebra'. Without it"
        " labels are left as text files beside the records.",
    ),
    click.option(
        "--centre",
        metavar="ADDRESS",
        help="Send the records there meanwhile: https://HOST:PORT of the centre's line serve, or"
        " postgresql://USER@HOST/DATABASE. The line never waits for it.",
    ),
    click.option(
        "--key-file",
        metavar="FILE",
        type=FilePath(),
        help=f"Holds the station's key for the centre; or give it in {KEY_VARIABLE}.",
    ),
)


def station_options(command: _F) -> _F:
    """Give a command the options of a station."""
    return reduce(lambda done, option: option(done), reversed(_OPTIONS), command)


def station_setup(
    recipe: Path, *, roads: tuple[str, ...], db: Path, options: StationOptions
) -> StationSetup:
    """The station that was asked for; everything that can be wrong about it is found here.

    Raises:
        InputError: An option, the recipe or one of its packages cannot be used.
    """
    from firmline.cli.files import keep_apart, read_file  # noqa: PLC0415 - the help stays fast
    from firmline.line.recipe_cache import cache_beside, load_through_cache  # noqa: PLC0415
    from firmline.line.station.opening import StationSetup, check_slots  # noqa: PLC0415
    from firmline.line.station.station import Shift  # noqa: PLC0415

    name = station_name(options.station)
    keep_apart(db, recipe)
    setup = StationSetup(
        name=name,
        recipe=load_through_cache(
            recipe, read=read_file, cache=cache_beside(db), now=datetime.now(UTC)
        ),
        slots=_slots(roads),
        database=db,
        printer=_printer(options.label_command, db),
        shift=Shift(
            operator=options.operator,
            batch=options.batch,
            lots=_lots(options.lots),
            golden=frozenset(options.golden),
        ),
    )
    check_slots(setup)
    return setup


def station_name(name: str) -> str:
    """A name that a station can have: it stands in names of files.

    Raises:
        InputError: ``USAGE``.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            Code.USAGE,
            f"{shortened(name)!r} cannot be the name of a station.",
            hint="Use up to 40 letters, digits, points, hyphens and underscores.",
        )
    return name


def _slots(roads: tuple[str, ...]) -> tuple[WantedTarget, ...]:
    """What each slot has.

    Raises:
        InputError: ``USAGE``, ``TARGET_MALFORMED``, or a file that cannot be read.
    """
    from firmline.cli.slot_units import prepare_slot  # noqa: PLC0415
    from firmline.links.target import parse_radio  # noqa: PLC0415

    slots: list[WantedTarget] = []
    for road in roads:
        many = _MANY.fullmatch(road)
        count, text = (int(many[1]), many[2]) if many else (1, road)
        slots += [prepare_slot(parse_radio(text))] * count
    if not 1 <= len(slots) <= MOST_SLOTS:
        raise InputError(
            Code.USAGE,
            f"A station has 1 to {MOST_SLOTS} slots, not {len(slots)}.",
            hint="Give --on once for each slot, or 4xble for four slots that share a radio.",
        )
    return tuple(slots)


def _lots(texts: tuple[str, ...]) -> tuple[Lot, ...]:
    from firmline.line.records.values import Lot  # noqa: PLC0415

    lots: dict[str, Lot] = {}
    for text in texts:
        part, equals, lot = text.partition("=")
        if not equals or not part.strip() or not lot.strip() or part in lots:
            raise InputError(
                Code.USAGE,
                f"{shortened(text)!r} is no lot of a part, or the second one of that part.",
                hint="Write --lot battery=2026-41, once for each part.",
            )
        lots[part] = Lot(part=part, lot=lot)
    return tuple(sorted(lots.values()))


def _printer(command: str | None, db: Path) -> LabelPrinter:
    import shlex  # noqa: PLC0415 - the help stays fast

    from firmline.line.station.steps.labels import CommandPrinter, FolderPrinter  # noqa: PLC0415

    if command is None:
        return FolderPrinter(db.with_name(f"{db.name}.labels"))
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words:
        raise InputError(
            Code.USAGE,
            f"{shortened(command)!r} is no command.",
            hint="Give the program and its arguments, such as 'lp -d zebra'.",
        )
    return CommandPrinter(words)
