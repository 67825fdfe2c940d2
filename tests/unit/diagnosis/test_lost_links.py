"""A coin cell that gives way, at a host that ends at the first fault: what its traces come to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.device.description import UnitDescription, gallery_unit
from firmline.device.faults.plan import StuckGpregret
from firmline.device.physics.supply import Currents, Source
from firmline.diagnosis.evidence import Incident
from firmline.diagnosis.investigation import Order
from firmline.diagnosis.ranking import Ranking, rank
from firmline.links.virtual_time import run_in_virtual_time
from firmline.updater.bench.bench import Bench
from firmline.updater.bench.incidents import Seeded, verdict_of
from firmline.updater.bench.setups import setup_for
from firmline.updater.fault_matrix.cases import Case
from firmline.updater.fault_matrix.subjects import LinkKind, Sdk, Subject

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
WEAK = gallery_unit("weak-coin-cell")
BROWNOUT, POWER_LOSS = "power-brownout-coincell", "power-loss-mid-update"


def shown_by(description: UnitDescription, attempts: int) -> Incident:
    """What so many attempts without recovery show."""

    async def _shown() -> Incident:
        bench = Bench(setup_for(description), recovers=False)
        try:
            for _ in range(attempts):
                assert not (await bench.attempt()).passed
            return bench.shown()
        finally:
            await bench.close()

    return run_in_virtual_time(_shown())


def chance(ranking: Ranking, slug: str) -> float:
    return next(each.probability for each in ranking.causes if each.slug == slug)


@pytest.mark.slow
@pytest.mark.parametrize("unit", [CONTACT, WEAK], ids=["contact", "weak cell"])
def test_a_cell_that_gives_way_is_no_power_that_was_lost_once(unit: UnitDescription) -> None:
    once, twice = (rank(shown_by(unit, attempts)) for attempts in (1, 2))
    assert once.causes[0].slug == BROWNOUT
    assert twice.causes[0].slug == BROWNOUT
    assert chance(twice, BROWNOUT) > chance(once, BROWNOUT)
    assert chance(twice, POWER_LOSS) < chance(once, POWER_LOSS) / 4


@pytest.mark.slow
@pytest.mark.parametrize("unit", [CONTACT, WEAK], ids=["contact", "weak cell"])
def test_a_link_that_is_lost_without_an_answer_is_not_the_packages(unit: UnitDescription) -> None:
    families = rank(shown_by(unit, 2)).families
    assert next(iter(families)) == "power"
    assert families["package"] < 0.02


@pytest.mark.slow
def test_an_application_on_a_line_does_not_tell_whether_it_has_restarted() -> None:
    case = Case(StuckGpregret(), Subject(LinkKind.UART, Sdk.SDK17_1))
    verdict = verdict_of(Seeded(case=case, seed=1), Order.PLAN)
    assert verdict is not None
    assert verdict.first.probability < 0.4
    assert verdict.is_right
