"""What autopsies of virtual units find, as it was once looked at (``golden/diagnosis/``).

Every unit of the gallery as it runs, and units that updates with faults have left behind. To make
``autopsies.toml`` anew, run this with ``FIRMLINE_GOLDEN=anew`` in the environment, and look at what
has changed.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from firmline.device.description import gallery_names, gallery_unit
from firmline.device.dump import dump_unit
from firmline.device.faults.plan import (
    BootloaderMissing,
    DroppedOperation,
    Fault,
    FaultPlan,
    PowerCutAt,
    StaleSettings,
    StuckGpregret,
    WornPage,
)
from firmline.diagnosis.autopsy.examination import Autopsy, examine
from firmline.diagnosis.autopsy.finding import Weight
from firmline.diagnosis.ranking import rank
from firmline.formats.flash.dump import FlashDump
from firmline.updater.fault_matrix.subjects import LinkKind, Sdk, Subject
from firmline.updater.fault_matrix.trial import left_behind
from unit.diagnosis.autopsy.bodies import made

GOLDEN = Path(__file__).parents[3] / "golden" / "diagnosis" / "autopsies.toml"
HEAD = "# What autopsies of virtual units find. Made by tests/unit/diagnosis/autopsy/{}.\n"
LEFT: dict[str, Fault] = {
    "an update without any fault": PowerCutAt(operation=1_000_000),
    "a bootloader that is not there": BootloaderMissing(),
    "the power lost in the middle of the image": PowerCutAt(operation=2_500),
    "the power lost at the copy": PowerCutAt(operation=5_500),
    "one write of the copy that was not done": DroppedOperation(operation=8_000),
    "a settings page that does not erase": WornPage(address=0x7F000),
    "a register that is stuck": StuckGpregret(),
}
"""What was wrong with a unit in its update over a UART, SDK 15.3."""


def dumps() -> Iterator[tuple[str, FlashDump]]:
    """Every case, by its name."""
    for name in gallery_names():
        unit = made(gallery_unit(name))
        unit.power_on(now_s=0)
        yield name, dump_unit(unit)
    stale = FaultPlan(faults=(StaleSettings(),))
    unit = made(replace(gallery_unit("ble-reference"), faults=stale))
    yield "settings of another application", dump_unit(unit)
    for name, fault in LEFT.items():
        plan = FaultPlan(faults=(fault,), seed=1)
        dump, _ = left_behind(Subject(LinkKind.UART, Sdk.SDK15_3), plan, [])
        yield name, dump


def told(autopsy: Autopsy) -> dict[str, list[str] | str]:
    """What is kept of an autopsy: what is not as it should be, and where that leads."""
    unusual = [each for each in autopsy.findings if each.weight is not Weight.RIGHT]
    first = rank(autopsy.incident).causes[0]
    return {
        "findings": [f"{each.weight.value} {each.slug}" for each in unusual],
        "starts": "" if autopsy.outcome is None else autopsy.outcome.into.value,
        "first": first.slug if autopsy.incident.by_field().get("flags") else "",
    }


def text_of(cases: dict[str, dict[str, list[str] | str]]) -> str:
    """The golden file."""
    lines = [HEAD.format(Path(__file__).name)]
    for name, case in cases.items():
        lines.append(f'["{name}"]')
        for key, value in case.items():
            shown = "[" + ", ".join(f'"{each}"' for each in value) + "]"
            lines.append(f"{key} = {shown}" if isinstance(value, list) else f'{key} = "{value}"')
        lines.append("")
    return "\n".join(lines)


@pytest.mark.slow
def test_autopsies_find_what_they_found() -> None:
    found = {name: told(examine(dump)) for name, dump in dumps()}
    if os.environ.get("FIRMLINE_GOLDEN") == "anew":
        GOLDEN.write_text(text_of(found), encoding="utf-8")
    assert found == tomllib.loads(GOLDEN.read_text(encoding="utf-8"))
