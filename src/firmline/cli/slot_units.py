"""What a slot of a station has, read before the shift begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from firmline.cli.unit_choice import SUFFIX, load_unit
from firmline.cli.unit_session import prepare_unit
from firmline.device.description import UnitDescription
from firmline.errors import Code, InputError, shortened
from firmline.links.target import Scheme, Target
from firmline.links.wanted import WantedTarget

MOST_UNITS: Final = 2_000
"""In one folder; ours."""


def prepare_slot(target: Target) -> WantedTarget:
    """Read what the target of a slot names.

    ``sim:FOLDER`` is a box of virtual units: of each serial number that may be scanned there is a
    unit file of that name, and a number without one is not there.

    Raises:
        InputError: A file cannot be read, or the folder holds no unit with a radio.
    """
    if target.scheme is not Scheme.SIM or not Path(target.where).is_dir():
        return prepare_unit(target, trace=None)
    if "flash" in target.options:
        raise InputError(
            Code.TARGET_MALFORMED,
            f"{shortened(target.shown)!r} is a folder of units, and a dump is one unit's.",
            hint="Leave flash= out, or name one unit.",
        )
    units = _units_in(Path(target.where))
    first = Path(target.where) / f"{next(iter(units))}{SUFFIX}"
    prepared = prepare_unit(replace(target, where=str(first)), trace=None)
    return replace(prepared, target=target, by_serial=units)


def _units_in(folder: Path) -> Mapping[str, UnitDescription]:
    files = sorted(folder.glob(f"*{SUFFIX}"))
    if not 1 <= len(files) <= MOST_UNITS:
        raise InputError(
            Code.TARGET_UNKNOWN_UNIT,
            f"The folder {shortened(folder)!r} holds {len(files) or 'no'} unit files.",
            hint=f"Put 1 to {MOST_UNITS} into it, each named SERIAL{SUFFIX} after its unit.",
        )
    units = {file.stem: load_unit(str(file)) for file in files}
    for serial, unit in units.items():
        if not unit.profile.is_ble:
            raise InputError(
                Code.TARGET_MALFORMED,
                f"The unit {shortened(serial)!r} in {shortened(folder)!r} has no radio.",
                hint="Only units with a radio can wait in a folder; a slot with a wire has one"
                " kind of unit.",
            )
    return units
