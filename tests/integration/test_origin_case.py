"""The origin case, three ways: one first symptom, and three verdicts behind the proposed tests.

A unit of many fails almost at once, every time; its application runs. It may be the contact of its
cell, something that a loss of power would clear, or buffers that a misbehaving host has cost it.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.device.description import UnitDescription, gallery_unit
from firmline.device.faults.plan import FaultPlan, LinkLoss, StuckGpregret, WatchdogRunning
from firmline.device.physics.supply import Currents, Source
from firmline.diagnosis.diagnostic_tests import diagnostic_tests
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.investigation import End
from firmline.events import Event, ObjectExecuted, Outcome, PacketsSent
from firmline.links.virtual_time import run_in_virtual_time
from firmline.updater.bench.attempt import Attempt
from firmline.updater.bench.bench import Bench
from firmline.updater.bench.incidents import investigate_unit
from firmline.updater.bench.setups import setup_for
from firmline.updater.bench.trying import try_it
from firmline.updater.bench.work import Investigation

pytestmark = pytest.mark.slow

PLAIN = gallery_unit("sdk17-ble")
CONTACT = replace(
    PLAIN,
    supply=Source.coin_cell(
        currents=Currents.of(PLAIN.chip, dcdc=False),
        used_mah=20.0,
        contact_ohm=240.0,
        capacitance_uf=100.0,
    ),
)
REGISTER = replace(PLAIN, faults=FaultPlan(faults=(StuckGpregret(value=0x40, request="added"),)))
BUFFERS = replace(PLAIN, gpregret=0xB1, lost_buffers=17)
UNITS = {"contact": CONTACT, "register": REGISTER, "buffers": BUFFERS}
RADIO = replace(PLAIN, faults=FaultPlan(faults=(LinkLoss(after_packets=0, times=1000),)))
VERDICTS = {
    "contact": "power-brownout-coincell",
    "register": "jump-flag-misuse",
    "buffers": "rx-buffer-leak",
}
SYMPTOM = Incident(
    evidence=tuple(
        Evidence(field=field, value=value, origin=Origin.REPORT)
        for field, value in (
            ("transport", "ble"),
            ("bootloader", "secure"),
            ("chip", "nrf52832"),
            ("sdk", "sdk_17"),
            ("time_to_failure", "instant"),
            ("reproducibility", "always"),
            ("unit_scope", "one"),
            ("supply", "coin_cell"),
            ("not_cured_by", "retry"),
            ("flags", "app_ok"),
        )
    )
)
"""What the line has written down: the same of each."""


def attempts(unit: UnitDescription, *, recovers: bool = False) -> list[Attempt]:
    async def twice() -> list[Attempt]:
        bench = Bench(setup_for(unit), recovers=recovers)
        try:
            return [await bench.attempt(), await bench.attempt()]
        finally:
            await bench.close()

    return run_in_virtual_time(twice())


def has_sent_data(event: Event) -> bool:
    return isinstance(event, PacketsSent | ObjectExecuted) and event.object_type == "data"


@pytest.mark.parametrize("unit", UNITS)
def test_the_first_symptom_is_the_same(unit: str) -> None:
    for attempt in attempts(UNITS[unit]):
        assert attempt.finished.outcome is Outcome.FAILED
        assert not any(map(has_sent_data, attempt.events))


def test_a_healthy_unit_is_updated() -> None:
    first, again = attempts(PLAIN)
    assert first.passed
    assert again.passed


def test_recovery_would_have_cleared_what_is_to_be_looked_at() -> None:
    first, _ = attempts(BUFFERS, recovers=True)
    assert first.passed


def investigated(unit: str) -> Investigation:
    found = investigate_unit(UNITS[unit], SYMPTOM)
    assert found is not None
    return found


@pytest.mark.parametrize("unit", UNITS)
def test_the_proposed_tests_come_to_another_verdict_for_each(unit: str) -> None:
    found = investigated(unit)
    assert found.first.causes[0].slug == "power-brownout-coincell"
    last = found.last.causes[0]
    assert last.slug == VERDICTS[unit]
    assert last.probability >= 0.9
    assert found.steps[0].test.slug == "see-phase"
    assert all(step.because for step in found.steps)


@pytest.mark.parametrize("unit", UNITS)
def test_no_test_has_taken_the_power_away(unit: str) -> None:
    assert not any(step.test.takes_power for step in investigated(unit).steps)


@pytest.mark.parametrize("unit", [RADIO, CONTACT], ids=["radio", "contact"])
@pytest.mark.parametrize("timed", [True, False], ids=["timed", "not timed"])
def test_a_lost_link_is_no_reason_to_change_the_cell(unit: UnitDescription, *, timed: bool) -> None:
    """One symptom, two causes: only what the unit shows of its restarts parts them."""
    told = tuple(each for each in SYMPTOM.evidence if timed or each.field != "time_to_failure")
    found = investigate_unit(unit, Incident(evidence=told))
    assert found is not None
    by_symptom = [step for step in found.steps if step.test.slug == "see-phase"]
    assert by_symptom[0].ranking.causes[0].slug == "power-brownout-coincell"
    harmless = {"see-end", "see-resets", "read-reset-reason"}
    assert harmless & {step.test.slug for step in found.steps}
    assert not any(step.test.takes_power for step in found.steps)
    assert found.end is End.SURE
    last = "power-brownout-coincell" if unit is CONTACT else "transfer-link-drops"
    assert found.last.causes[0].slug == last


@pytest.mark.parametrize("period_s", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("told", [SYMPTOM, None], ids=["report", "trace"])
def test_a_watchdog_that_is_faster_than_the_host_is_found(
    period_s: float, told: Incident | None
) -> None:
    """Its bootloader is gone before anybody has met it: the reset reason alone says so."""
    unit = replace(PLAIN, faults=FaultPlan(faults=(WatchdogRunning(period_s=period_s),)))
    found = investigate_unit(unit, told)
    assert found is not None
    chances = {each.slug: each.probability for each in found.last.causes}
    assert found.last.causes[0].slug == "watchdog-rr7-not-fed"
    assert chances["watchdog-rr7-not-fed"] + chances["wdt-not-fed"] > 0.6
    assert chances["jump-flag-misuse"] < 0.1


def test_without_bench_supply_probe_and_oscilloscope_it_is_found_out_as_well() -> None:
    lacks = ("bench-supply", "probe", "oscilloscope")
    for unit, verdict in VERDICTS.items():
        found = investigate_unit(UNITS[unit], SYMPTOM, lacks=lacks)
        assert found is not None
        assert found.last.causes[0].slug == verdict
        assert not {need for step in found.steps for need in step.test.needs} & set(lacks)


def test_what_the_power_would_have_cleared_is_cleared_by_it() -> None:
    """The careless way: the cell is taken out, and nobody can know any more."""

    async def cured() -> list[bool]:
        found = []
        for unit in (REGISTER, BUFFERS):
            bench = Bench(setup_for(unit), recovers=False)
            try:
                await bench.attempt()
                doing = diagnostic_tests()["power-cycle"]
                told = await try_it(bench, doing)
                found.append(told is not None and told[0].field == "cured_by")
            finally:
                await bench.close()
        return found

    assert run_in_virtual_time(cured()) == [True, True]
