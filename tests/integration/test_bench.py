"""The bench: that tests are done on the unit, destroy what they destroy, and end in the cause."""

from __future__ import annotations

from collections import Counter

import pytest

from firmline.device.faults.plan import (
    ApplicationStays,
    BootloaderMissing,
    BrownOut,
    CrystalDead,
    Fault,
    FaultPlan,
    LostPackets,
    PowerCutAt,
    ResetBrownOut,
    StuckGpregret,
    WatchdogRunning,
    WrongAddress,
)
from firmline.device.radio_face import ResetKind
from firmline.diagnosis.catalogue import catalogue
from firmline.diagnosis.diagnostic_tests import diagnostic_tests
from firmline.diagnosis.evidence import Evidence
from firmline.diagnosis.investigation import Order
from firmline.events import UnitMode
from firmline.links.virtual_time import run_in_virtual_time
from firmline.updater.bench.bench import Bench
from firmline.updater.bench.incidents import Seeded, Verdict, incidents, verdict_of
from firmline.updater.bench.looking import LOOKS
from firmline.updater.bench.truths import truth_of
from firmline.updater.bench.trying import TRIES, try_it
from firmline.updater.fault_matrix.cases import Case
from firmline.updater.fault_matrix.subjects import LinkKind, Sdk, Subject

pytestmark = [pytest.mark.slow, pytest.mark.sweep]

RADIO = Subject(LinkKind.RADIO, Sdk.SDK15_3)
ALWAYS = 1000
FEWEST = 10
"""Incidents over each link."""
MOST_WRONG = 1
"""Of them."""


def shown(
    subject: Subject, fault: Fault, *tests: str
) -> list[tuple[tuple[str, str, bool], ...] | None]:
    """What tests show, one after the other, on a unit that has failed once."""

    async def do() -> list[tuple[tuple[str, str, bool], ...] | None]:
        bench = Bench.of(subject, FaultPlan(faults=(fault,), seed=1))
        try:
            await bench.attempt()
            return [await shown_by(bench, slug) for slug in tests]
        finally:
            await bench.close()

    return run_in_virtual_time(do())


async def shown_by(bench: Bench, slug: str) -> tuple[tuple[str, str, bool], ...] | None:
    test = diagnostic_tests()[slug]
    look = LOOKS.get(slug)
    found = await (try_it(bench, test) if look is None else look(bench, test))
    return None if found is None else tuple(map(plain, found))


def plain(evidence: Evidence) -> tuple[str, str, bool]:
    return evidence.field, evidence.value, evidence.seen


def flag(value: str, *, seen: bool = True) -> tuple[str, str, bool]:
    return "flags", value, seen


HELPED, FAILED = "cured_by", "not_cured_by"


@pytest.mark.parametrize(
    ("fault", "slug", "evidence"),
    [
        (BrownOut(), "read-reset-reason", flag("reset_reason_brownout")),
        (BrownOut(), "read-reset-reason", flag("watchdog_reset_seen", seen=False)),
        (BrownOut(), "cell-under-load", flag("battery_low")),
        (BrownOut(), "supply-in-parallel", (HELPED, "supply_in_parallel", True)),
        (BrownOut(), "new-cell", (HELPED, "new_cell", True)),
        (BrownOut(), "second-host", (FAILED, "other_host", True)),
        (BrownOut(), "pin-reset", (FAILED, "pin_reset", True)),
        (BrownOut(), "good-unit", ("unit_scope", "one", True)),
        (ResetBrownOut(times=ALWAYS), "supply-in-parallel", (HELPED, "supply_in_parallel", True)),
        (ResetBrownOut(times=ALWAYS), "cell-under-load", flag("battery_low")),
        (WatchdogRunning(), "read-reset-reason", flag("watchdog_reset_seen")),
        (WatchdogRunning(), "cell-under-load", flag("supply_measured_ok")),
        (WatchdogRunning(), "good-unit", ("unit_scope", "all", True)),
        (LostPackets(share=1.0), "second-host", (HELPED, "other_host", True)),
        (LostPackets(share=1.0), "good-unit", ("unit_scope", "all", True)),
        (LostPackets(share=1.0), "pin-reset", (FAILED, "pin_reset", True)),
        (StuckGpregret(), "dump-flash", flag("gpregret_stuck")),
        (StuckGpregret(), "bootloader-restart", (FAILED, "soft_reset", True)),
        (StuckGpregret(), "power-cycle", (HELPED, "power_cycle", True)),
        (BootloaderMissing(), "dump-flash", flag("uicr_bootloader_address_empty")),
        (BootloaderMissing(), "reflash", (HELPED, "reflash", True)),
        (WrongAddress(), "listen-behind-jump", flag("host_waits_for_other_address")),
        (CrystalDead(), "listen-behind-jump", flag("no_advertising_after_jump")),
        (CrystalDead(), "read-clock", flag("cpu_waits_for_lf_clock")),
        (CrystalDead(), "see-end", ("end_state", "gone_silent", True)),
        (ApplicationStays(), "app-restart", (FAILED, "app_restart", True)),
        (ApplicationStays(), "see-end", ("end_state", "back_in_app", True)),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_test_shows_what_the_unit_does(
    fault: Fault, slug: str, evidence: tuple[str, str, bool]
) -> None:
    (found,) = shown(RADIO, fault, slug)
    assert found is not None
    assert evidence in found


def test_what_power_holds_is_gone_behind_a_loss_of_power() -> None:
    kept, cured, gone = shown(RADIO, StuckGpregret(), "dump-flash", "power-cycle", "dump-flash")
    assert kept is not None
    assert flag("gpregret_stuck") in kept
    assert cured == ((HELPED, "power_cycle", True),)
    assert gone is not None
    assert flag("gpregret_stuck", seen=False) in gone


def test_nothing_is_tried_on_a_unit_that_does_not_fail_any_more() -> None:
    found = shown(RADIO, StuckGpregret(), "power-cycle", "pin-reset", "second-host")
    assert found[1:] == [(), ()]


def test_what_helps_while_it_is_there_helps_no_longer_when_it_is_taken_away() -> None:
    bridged, alone = shown(RADIO, BrownOut(), "supply-in-parallel", "retry")
    assert bridged == ((HELPED, "supply_in_parallel", True),)
    assert alone is not None
    assert (FAILED, "retry", True) in alone


def test_what_cannot_be_begun_is_not_told() -> None:
    # It is in its bootloader, has no bond, and nothing is attached to it.
    tests = ("app-restart", "unpair", "debugger-detached", "read-sources")
    assert shown(RADIO, StuckGpregret(), *tests) == [None, None, None, None]
    uart = Subject(LinkKind.UART, Sdk.SDK15_3)
    assert shown(uart, BrownOut(), "see-end", "smaller-mtu") == [None, None]


def test_a_probe_tells_a_loss_of_power_from_no_reset_at_all() -> None:
    async def reasons() -> list[list[str]]:
        bench = Bench.of(RADIO, FaultPlan())
        try:
            kinds = (ResetKind.POWER, ResetKind.PIN, ResetKind.SOFT)
            return [[], *[await after(bench, kind) for kind in kinds]]
        finally:
            await bench.close()

    async def after(bench: Bench, kind: ResetKind) -> list[str]:
        async with bench.probe.resets_watched() as found:
            await bench.reset(kind)
        return [each.value for each in found]

    assert run_in_virtual_time(reasons()) == [[], ["power"], ["pin"], ["soft"]]


def test_a_bootloader_that_is_left_alone_gives_its_buffers_back() -> None:
    async def modes() -> list[UnitMode | None]:
        bench = Bench.of(RADIO, FaultPlan(faults=(LostPackets(share=1.0),)))
        try:
            await bench.attempt()
            before = bench.runs
            await shown_by(bench, "bootloader-restart")
            return [before, bench.runs]
        finally:
            await bench.close()

    assert run_in_virtual_time(modes())[0] is UnitMode.BOOTLOADER


def investigated(fault: Fault, subject: Subject = RADIO) -> Verdict:
    found = verdict_of(Seeded(case=Case(fault, subject), seed=1), Order.PLAN)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (BrownOut(load="radio"), "power-brownout-coincell"),
        (ResetBrownOut(times=ALWAYS), "power-brownout-coincell"),
        (BootloaderMissing(), "jump-bootloader-missing"),
        (StuckGpregret(), "gpregret-stuck"),
        (WatchdogRunning(), "watchdog-rr7-not-fed"),
        (WrongAddress(), "host-mac-plus-one"),
    ],
)
def test_the_tests_come_to_the_cause(fault: Fault, cause: str) -> None:
    found = investigated(fault)
    assert found.last.cause == cause
    assert found.is_right


def test_the_same_incident_comes_to_the_same_verdict() -> None:
    assert investigated(BrownOut()) == investigated(BrownOut())


def test_an_update_that_succeeds_is_no_incident() -> None:
    case = Case(LostPackets(first=20), RADIO)
    assert verdict_of(Seeded(case=case, seed=1), Order.PLAN) is None


def test_no_test_takes_the_power_before_one_that_does_not() -> None:
    steps = [diagnostic_tests()[each.test] for each in investigated(StuckGpregret()).steps]
    taken = [each.takes_power for each in steps]
    assert taken == sorted(taken)


def test_every_try_is_of_a_test_and_every_look_too() -> None:
    actions = {test.action for test in diagnostic_tests().values() if test.action}
    assert set(TRIES) <= actions
    assert set(LOOKS) <= {slug for slug, test in diagnostic_tests().items() if not test.action}


def test_every_truth_is_of_the_catalogue() -> None:
    failing = [each.case for each in incidents() if not isinstance(each.case.fault, PowerCutAt)]
    named = {slug for case in failing if (truth := known(case)) for slug in truth}
    assert named <= set(catalogue())


def known(case: Case) -> frozenset[str]:
    try:
        return truth_of(case).accepted
    except KeyError:  # its updates succeed
        return frozenset()


@pytest.mark.parametrize("link", LinkKind)
def test_the_level_of_the_tests_is_held_and_beats_the_checklist(link: LinkKind) -> None:
    """With bootloaders of SDK 15.3; ``firmline sim diagnose --sdk all`` does the others as well."""
    every = tuple(incidents(links=[link], sdks=[Sdk.SDK15_3]))
    by_plan, by_list = (
        [found for each in every if (found := verdict_of(each, order))] for order in Order
    )
    wrong = Counter(
        f"{each.of.case.link} {each.of.text}: {each.last.cause}"
        for each in by_plan
        if not each.is_right
    )
    minutes, listed = (sum(each.minutes for each in found) for found in (by_plan, by_list))
    told = f"{len(by_plan)} incidents, {minutes:g} against {listed:g} min; wrong: {wrong}"
    print(told)  # noqa: T201 - with -s, for whoever changes the catalogue
    assert len(by_plan) == len(by_list) >= FEWEST
    assert wrong.total() <= MOST_WRONG, told
    assert minutes < listed, told
