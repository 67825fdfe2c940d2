"""Reading the unit before anything is done to it, and seeing whether a package would be taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from firmline.device.acceptance.chip_unknown import sure_refusal, with_stand_in, without_chip
from firmline.device.acceptance.unit_facts import likely_build, terms_of_facts
from firmline.device.acceptance.unit_terms import complete, read_terms
from firmline.device.acceptance.verdict import Verdict, judge
from firmline.errors import Code, FirmlineError
from firmline.events import FactFound
from firmline.formats.known_softdevices import describe_fwid
from firmline.formats.package import Package
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.recipe import Product
from firmline.line.recipe.steps import Battery, Preflight
from firmline.line.station.steps.result import StepResult, of_error
from firmline.line.station.steps.work import Work
from firmline.updater.inspection.choice import inspection_over
from firmline.updater.inspection.facts import NONE, SOFTDEVICE_FWID
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.inspection.record import InspectionResult

LEVEL: Final = "battery_level"


async def inspect(work: Work) -> StepResult:
    """Read what is on the unit, and compare it with the product."""
    result = await _read(work)
    if result.error is not None:
        return of_error(result.error)
    foreign = _what_is_foreign(work.recipe.product, work.facts)
    if foreign:
        return StepResult(
            outcome=StepOutcome.FAIL,
            code=Code.UNIT_FOREIGN,
            message=f"This is another product than {work.recipe.product.name}: {foreign}.",
        )
    return StepResult(message=_in_words(work.facts))


async def battery(action: Battery, work: Work) -> StepResult:
    """Read the battery again and again while the radio loads it; the lowest level counts."""
    until_s = work.road.link.now_s() + action.load_s
    levels: list[float] = []
    while not levels or work.road.link.now_s() < until_s:
        result = await _read(work)
        if result.error is not None:
            return of_error(result.error)
        found = [float(fact.value) for fact in result.facts if fact.fact == LEVEL]
        if not found:
            break
        levels += found
    if not levels:
        return StepResult(
            outcome=StepOutcome.ERROR,
            code=Code.NOT_MEASURED,
            message="The unit has no Battery Service, and nothing at this slot measures its"
            " battery.",
        )
    return StepResult(measured={"level": min(levels)})


async def preflight(action: Preflight, work: Work) -> StepResult:
    """Run the checks of the unit's bootloader on a package, as far as the unit is known."""
    if not work.facts:
        result = await _read(work)
        if result.error is not None:
            return of_error(result.error)
    package = work.equipment.recipe.package(action.package)
    terms = terms_of_facts(work.facts, {})
    if "softdevice" not in terms:
        return StepResult(message="The unit does not say its SoftDevice: nothing could be checked.")
    knows_chip = "chip" in terms
    refused = _refusal(package, terms, build=likely_build(work.facts), knows_chip=knows_chip)
    if refused is not None:
        return StepResult(
            outcome=StepOutcome.FAIL,
            code=refused.code,
            message=f"Its bootloader would refuse the package: {refused.message}",
            hint=refused.hint,
        )
    if knows_chip:
        return StepResult(message="It passes every check.")
    return StepResult(
        message="It passes every check of the init packet; the unit does not say its chip."
    )


async def _read(work: Work) -> InspectionResult:
    road = work.road
    plan = InspectionPlan(unit_name=work.serial, pin=road.pin, timeouts=work.equipment.timeouts)
    result = await inspection_over(road.link, plan, report=work.hear).run()
    work.facts = result.facts
    return result


def _refusal(
    package: Package, terms: Mapping[str, str], *, build: str, knows_chip: bool
) -> FirmlineError | None:
    """What the unit would answer with; ``None``: it would take it, as far as it is known."""
    known = terms if knows_chip else with_stand_in(terms)
    unit = complete(read_terms(known, build=build), package, public_key=None)
    if not knows_chip:
        unit = without_chip(unit)
    verdict: Verdict | None = judge(package, unit.description)
    if not knows_chip and verdict is not None:
        verdict = sure_refusal(verdict)
    if verdict is None:
        return None
    return next((image.answer for image in verdict.images if image.answer is not None), None)


def _what_is_foreign(product: Product, facts: Iterable[FactFound]) -> str:
    """In what a unit is not the product, as the end of a sentence; empty: in nothing."""
    for fact in facts:
        if fact.fact == "hw_version" and product.hw_versions is not None:
            if fact.value.isdecimal() and int(fact.value) not in product.hw_versions:
                return f"its hardware version is {fact.value}"
        elif fact.fact == SOFTDEVICE_FWID and product.softdevices is not None:
            if fact.value == NONE:
                if product.softdevices:
                    return "it has no SoftDevice"
            elif int(fact.value, 0) not in product.softdevices:
                return f"it has {describe_fwid(int(fact.value, 0))}"
    return ""


def _in_words(facts: Iterable[FactFound]) -> str:
    return ", ".join(f"{fact.fact} {fact.value}" for fact in facts if fact.fact in _TOLD)


_TOLD: Final = frozenset(
    {"mode", SOFTDEVICE_FWID, "hw_version", "app_version", "firmware_revision", LEVEL}
)
