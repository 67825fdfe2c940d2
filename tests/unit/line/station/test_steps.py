"""Each step by itself: what it says of what it is given, without a station around it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from firmline import events
from firmline.cli.files import read_file
from firmline.errors import Code, FirmlineError, InputError, StoreError, VerifyError
from firmline.events import FactFound, How, Outcome, Proof
from firmline.line.loading import CheckedRecipe, load_recipe
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.steps import Find, FindBy
from firmline.line.station.steps.finding import sought
from firmline.line.station.steps.labels import CommandPrinter, FolderPrinter
from firmline.line.station.steps.perform import perform
from firmline.line.station.steps.result import StepResult, of_error
from firmline.line.station.steps.wall_time import within_wall_s
from firmline.line.station.steps.work import Equipment, LabelPrinter, Work
from firmline.links.slot_roads import SlotRoads
from firmline.links.target import parse_target
from firmline.links.virtual_time import run_in_virtual_time
from firmline.links.wanted import WantedTarget
from firmline.updater.timeouts import Timeouts
from firmline.updater.turns import Turns
from firmline.updater.update import UpdateResult
from firmline.values import AdvertisedName, BleAddress
from unit.cli.makers import START, package
from unit.formats.makers import image
from unit.formats.programs import program

RECIPE = """\
schema = 1
name = "tag"
version = 7
title = "Tag"
[product]
name = "Tag A"
revision = "C"
serial_number = 'SN-\\d{4}'
hw_versions = [52]
softdevices = [0x0103]
[[packages]]
name = "application"
file = "dfu.zip"
[[steps]]
kind = "scan"
[[steps]]
kind = "find"
by = "name"
advertised = "Tag {serial_number}"
[[steps]]
kind = "preflight"
[[steps]]
kind = "update"
[[steps]]
kind = "verify"
[[steps]]
kind = "measure"
[[steps.limits]]
measurement = "attempts"
at_most = 3
[[steps]]
kind = "label"
text = "{product} {revision} {serial_number} {recipe} {recipe_version}"
timeout_s = 2
"""
CUSTOM = """
[[steps]]
kind = "custom"
name = "led"
call = "fixture:{function}"
arguments = {{ colour = "green" }}
timeout_s = 2
"""
FIXTURE = """
import os, time
def answers(step):
    return {"current": 4.1, "seen": f"{step.serial_number} {step.arguments['colour']} {step.slot}"}
def says_nothing(step): pass
def raises(step): raise ValueError("no lamp")
def dies(step): os._exit(3)
def nonsense(step): return ["no", "dictionary"]
def nameless(step): return {"No Slug": 1}
def endless(step): return {"current": float("inf")}
def huge(step): return {"current": 10**400}
def takes_half_a_second(step):
    time.sleep(0.5)
    return {"current": 4.1}
def hangs(step): time.sleep(60)
"""
FWID = "softdevice_fwid"


class NoPrinter:
    """Prints nothing."""

    async def print(self, serial: str, text: str) -> None:
        raise AssertionError((serial, text))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "dfu.zip").write_bytes(package(image(program(4_000, base=START))))
    (tmp_path / "fixture.py").write_text(FIXTURE, "utf-8")
    return tmp_path


def recipe_in(folder: Path, more: str = "") -> CheckedRecipe:
    (folder / "recipe.toml").write_text(RECIPE + more, "utf-8")
    return load_recipe(folder / "recipe.toml", read=read_file)


def done(
    kind: str,
    checked: CheckedRecipe,
    *,
    facts: Iterable[tuple[str, str]] = (),
    update: UpdateResult | None = None,
    heard: Iterable[events.Event] = (),
    printer: LabelPrinter | None = None,
    speed: float | None = 1,
) -> StepResult:
    """What a step of the recipe says, at a station whose units live so many times faster."""
    step = next(each for each in checked.recipe.steps if each.kind == kind)

    async def story() -> StepResult:
        async with AsyncExitStack() as stack:
            work = Work(
                equipment=Equipment(
                    recipe=checked,
                    roads=SlotRoads(stack),
                    turns=Turns(),
                    timeouts=Timeouts(),
                    printer=printer or NoPrinter(),
                    station="north",
                ),
                slot=3,
                target=WantedTarget(target=parse_target("sim:ble-reference")),
                serial="SN-0001",
                attempt=1,
                hear=lambda _event: None,
                stack=stack,
                facts=tuple(
                    FactFound(at_s=0, fact=fact, value=value, how=How.QUERY)
                    for fact, value in facts
                ),
                update=update,
                heard=list(heard),
            )
            return await perform(step, work)

    return run_in_virtual_time(story(), speed=speed)


def ended(error: FirmlineError | None = None, **more: Any) -> UpdateResult:
    """How an update ended."""
    fields: dict[str, Any] = {"size": 4_000, "duration_s": 12.3456, "transfer_s": 2.0} | more
    outcome = Outcome.UPDATED if error is None else Outcome.FAILED
    code, message = ("", "") if error is None else (str(error.code), error.message)
    finished = events.UpdateFinished(at_s=13, outcome=outcome, code=code, message=message, **fields)
    return UpdateResult(finished=finished, error=error)


# --- scan, verify, measure


def test_a_scan_says_what_was_scanned(folder: Path) -> None:
    assert done("scan", recipe_in(folder)).message == "Scanned SN-0001."


@pytest.mark.parametrize("kind", ["verify", "measure"])
def test_without_an_update_there_is_nothing_to_see(folder: Path, kind: str) -> None:
    result = done(kind, recipe_in(folder))
    assert (result.outcome, result.code) == (StepOutcome.ERROR, Code.NOT_MEASURED)


def test_an_update_is_verified_by_what_was_seen(folder: Path) -> None:
    result = done("verify", recipe_in(folder), update=ended(proof=Proof.APPLICATION))
    assert (result.outcome, "(application)" in result.message) == (StepOutcome.PASS, True)


def test_an_update_whose_end_nobody_saw_is_not_verified(folder: Path) -> None:
    error = VerifyError(Code.NEW_APPLICATION_NOT_SEEN, "It was not seen.")
    result = done("verify", recipe_in(folder), update=ended(error))
    assert (result.outcome, result.code) == (StepOutcome.FAIL, Code.NEW_APPLICATION_NOT_SEEN)


def test_what_an_update_has_measured_is_told(folder: Path) -> None:
    step = {"fault": "link-lost", "reason": "", "code": "DFU-LINK-004"}
    home = BleAddress.parse("C6:05:04:03:02:01")
    heard = [
        events.UnitSeen(at_s=1, address=home, name="Tag", rssi_dbm=-70),
        events.SignalMeasured(at_s=2, address=home, rssi_dbm=-61),
        events.LadderStepped(at_s=3, step="resume", attempt=1, **step),
        events.SignalMeasured(at_s=4, address=home, rssi_dbm=-63),
    ]
    update = ended(sent_size=8_000, limit_share=0.87654)
    assert done("measure", recipe_in(folder), update=update, heard=heard).measured == {
        "duration": 12.346,
        "attempts": 2,
        "rate": 4.0,
        "limit_share": 0.8765,
        "rssi": -63,
    }
    alone = done("measure", recipe_in(folder), update=ended(), heard=heard[:1]).measured
    assert alone == {"duration": 12.346, "attempts": 1, "rssi": -70}


# --- preflight


@pytest.mark.parametrize(
    ("facts", "outcome", "said"),
    [
        ([("mode", "application")], StepOutcome.PASS, "nothing could be checked"),
        ([(FWID, "0x0103")], StepOutcome.PASS, "the unit does not say its chip"),
        ([(FWID, "0x00B7")], StepOutcome.FAIL, "would refuse the package"),
    ],
)
def test_a_package_is_checked_against_what_is_known_of_the_unit(
    folder: Path, facts: list[tuple[str, str]], outcome: StepOutcome, said: str
) -> None:
    result = done("preflight", recipe_in(folder), facts=facts)
    assert (result.outcome, said in result.message) == (outcome, True), result.message


# --- find


@pytest.mark.parametrize("serial", ["C60504030201", "C6:05:04:03:02:01"])
def test_an_address_in_a_barcode_has_colons_or_none(serial: str) -> None:
    wanted = sought(Find(by=FindBy.ADDRESS), serial)
    assert wanted.pin == BleAddress.parse("C6:05:04:03:02:01")


def test_a_barcode_that_is_no_address_finds_none() -> None:
    with pytest.raises(InputError):
        sought(Find(by=FindBy.ADDRESS), "SN-0001")


def test_a_unit_is_found_by_its_name_or_by_its_slot() -> None:
    named = sought(Find(by=FindBy.NAME, advertised="Tag {serial_number}!"), "SN-0001")
    assert named.pin == AdvertisedName("Tag SN-0001!")
    assert sought(Find(by=FindBy.SLOT), "SN-0001").pin is None


# --- label

TEXT = "Tag A C SN-0001 tag 7"


def test_a_label_has_the_fields_of_its_unit(folder: Path) -> None:
    place = folder / "labels"
    assert done("label", recipe_in(folder), printer=FolderPrinter(place)).code == ""
    assert [each.name for each in place.iterdir()] == ["SN-0001.txt"]
    assert (place / "SN-0001.txt").read_text("utf-8") == f"{TEXT}\n"


def test_a_label_goes_to_a_command(folder: Path) -> None:
    printed = folder / "printed"
    code = f"import sys; open({str(printed)!r}, 'w').write(sys.stdin.read())"
    printer = CommandPrinter([sys.executable, "-c", code])
    assert done("label", recipe_in(folder), printer=printer).outcome is StepOutcome.PASS
    assert printed.read_text("utf-8") == f"{TEXT}\n"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["/nowhere/lp"], "lp"),
        ([sys.executable, "-c", "raise SystemExit(3)"], "exit code 3"),
        ([sys.executable, "-c", "raise SystemExit('out of paper')"], "out of paper"),
    ],
)
def test_a_label_that_is_not_printed_is_the_stations_fault(
    folder: Path, command: list[str], said: str
) -> None:
    result = done("label", recipe_in(folder), printer=CommandPrinter(command))
    assert (result.outcome, result.code) == (StepOutcome.ERROR, Code.LABEL_NOT_PRINTED)
    assert said in result.message


def test_a_folder_that_cannot_be_written_is_told(folder: Path) -> None:
    result = done("label", recipe_in(folder), printer=FolderPrinter(folder / "dfu.zip"))
    assert (result.outcome, result.code) == (StepOutcome.ERROR, Code.LABEL_NOT_PRINTED)


# --- custom


def custom(folder: Path, function: str, *, speed: float | None = 1) -> StepResult:
    return done("custom", recipe_in(folder, CUSTOM.format(function=function)), speed=speed)


@pytest.mark.slow
def test_a_function_of_the_customers_measures(folder: Path) -> None:
    result = custom(folder, "answers")
    assert (result.outcome, result.measured) == (
        StepOutcome.PASS,
        {"current": 4.1, "seen": "SN-0001 green 3"},
    )
    assert custom(folder, "says_nothing").measured == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("raises", "ValueError: no lamp"),
        ("dies", "exit code 3"),
        ("nonsense", "no dictionary of measurements"),
        ("nameless", "'No Slug'"),
        ("endless", "more than numbers and texts"),
        ("huge", "'current', which is no number"),
    ],
)
def test_what_goes_wrong_in_it_is_the_stations_fault(
    folder: Path, function: str, said: str
) -> None:
    result = custom(folder, function)
    assert (result.outcome, result.code) == (StepOutcome.ERROR, Code.STEP_OF_CUSTOMER)
    assert said in result.message


@pytest.mark.slow
def test_it_has_its_time_beside_units_that_live_a_thousand_times_faster(folder: Path) -> None:
    assert custom(folder, "takes_half_a_second", speed=1000).measured == {"current": 4.1}


@pytest.mark.slow
def test_it_does_not_hang_for_ever(folder: Path) -> None:
    result = custom(folder, "hangs", speed=50)
    assert (result.outcome, result.code) == (StepOutcome.TIMEOUT, Code.STEP_TIMEOUT)


# --- the time of programs


def run(story: Coroutine[Any, Any, None], *, speed: float | None) -> None:
    run_in_virtual_time(story, speed=speed)


@pytest.mark.slow
@pytest.mark.parametrize("speed", [1, 1000])
def test_what_takes_longer_by_the_wall_is_stopped(speed: float) -> None:
    async def story() -> None:
        with pytest.raises(TimeoutError):
            async with within_wall_s(0.1):
                await asyncio.sleep(1e9)

    run(story(), speed=speed)


def test_virtual_time_alone_does_not_stop_it() -> None:
    async def story() -> None:
        async with within_wall_s(30):
            await asyncio.sleep(1000)

    run(story(), speed=None)


def test_who_stops_it_otherwise_is_not_taken_for_time() -> None:
    async def story() -> None:
        async def waits() -> None:
            async with within_wall_s(30):
                await asyncio.sleep(1e9)

        task = asyncio.create_task(waits())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(story(), speed=1)


# --- whose fault an error is


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (InputError(Code.USAGE, "x"), StepOutcome.ERROR),
        (StoreError(Code.DATABASE_FULL, "x"), StepOutcome.ERROR),
        (VerifyError(Code.NEW_APPLICATION_NOT_SEEN, "x"), StepOutcome.FAIL),
    ],
)
def test_an_error_is_the_units_or_the_stations(error: FirmlineError, outcome: StepOutcome) -> None:
    assert of_error(error).outcome is outcome
