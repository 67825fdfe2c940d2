"""The limits of a step: each is one that a value can lie within, and outside of."""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, InputError
from firmline.formats.toml_keys import Section, nearest, shown
from firmline.line.recipe.keys import LIMIT, keys_of
from firmline.line.recipe.kinds import LimitsOf, Measure, StepKind
from firmline.line.recipe.limits import Limit, LimitKind
from firmline.line.recipe.slugs import checked_slug

_KINDS: Final = ", ".join(LimitKind)


def read_limits(step: Section, kind: StepKind) -> tuple[Limit, ...]:
    """The limits of a step.

    Raises:
        InputError: ``RECIPE_LIMIT`` or ``RECIPE_MALFORMED``.
    """
    rows = step.items("limits")
    if rows and kind.limits is LimitsOf.NONE:
        raise _wrong(
            step,
            "limits",
            f"a step {kind.name!r} measures nothing that could have a limit.",
            hint="What an update measured is judged by a step of the kind measure behind it.",
        )
    if not rows and kind.limits is LimitsOf.REQUIRED:
        names = ", ".join(each.name for each in kind.measures)
        raise _wrong(
            step,
            "",
            f"a step {kind.name!r} without a limit would pass whatever it measures.",
            hint=f"Add [[steps.limits]] below it, with a measurement of: {names}.",
        )
    limits: list[Limit] = []
    for path, content in rows:
        section = step.item(path, content, keys_of(LIMIT))
        limit = _limit(section, kind)
        if any(each.measurement == limit.measurement for each in limits):
            raise _wrong(
                section,
                "measurement",
                f"{limit.measurement} has two limits.",
                hint="Write both bounds as in_range = [smallest, largest].",
            )
        limits.append(limit)
    return tuple(limits)


def _limit(section: Section, kind: StepKind) -> Limit:
    name = checked_slug(section, "measurement", code=Code.RECIPE_LIMIT)
    measure = _measure(section, kind, name)
    if measure is not None:
        _check_unit(section, measure)
    limit = _bounds(section, name)
    if measure is not None:
        _check_reach(section, limit, measure)
    return limit


def _measure(section: Section, kind: StepKind, name: str) -> Measure | None:
    """The measurement that is meant; None where a customer's step takes it."""
    measure = kind.measure(name)
    if measure is None and kind.measures:
        names = tuple(each.name for each in kind.measures)
        meant = nearest(name, names)
        raise _wrong(
            section,
            "measurement",
            f"a step {kind.name!r} does not measure {shown(name)}; it measures {', '.join(names)}.",
            hint=f"Did you mean {meant}?" if meant else "",
        )
    return measure


def _check_unit(section: Section, measure: Measure) -> None:
    unit = section.get("unit", "")
    if unit == measure.unit:
        return
    right = f"in {measure.unit}" if measure.unit else "as a plain number"
    said = f"unit is {shown(unit)}" if unit else "unit is missing"
    raise _wrong(
        section,
        "unit",
        f"{said}, and {measure.name} is measured {right}.",
        hint=f'Write unit = "{measure.unit}", and the limit in it.'
        if measure.unit
        else "Take the line out.",
    )


def _bounds(section: Section, name: str) -> Limit:
    given = [kind for kind in LimitKind if kind in section]
    if len(given) != 1:
        said = f"has {' and '.join(given)}" if given else "has no bound"
        raise _wrong(section, "", f"the limit of {name} {said}, and needs exactly one of {_KINDS}.")
    kind = given[0]
    _check_band_key(section, kind)
    unit = section.get("unit", "")
    match kind:
        case LimitKind.IN_RANGE:
            least, most = _pair(section, kind)
            low, high = _marginal_range(section, least, most)
            return Limit(
                measurement=name,
                unit=unit,
                kind=kind,
                least=least,
                most=most,
                marginal_least=low,
                marginal_most=high,
            )
        case LimitKind.EQUALS:
            return Limit(measurement=name, unit=unit, kind=kind, equals=section.values[kind])
        case LimitKind.AT_LEAST:
            least, low = _one_sided(section, kind, sign=1)
            return Limit(measurement=name, unit=unit, kind=kind, least=least, marginal_least=low)
        case LimitKind.AT_MOST:
            most, high = _one_sided(section, kind, sign=-1)
            return Limit(measurement=name, unit=unit, kind=kind, most=most, marginal_most=high)


def _check_band_key(section: Section, kind: LimitKind) -> None:
    right = {
        LimitKind.IN_RANGE: "marginal_range",
        LimitKind.AT_LEAST: "marginal",
        LimitKind.AT_MOST: "marginal",
        LimitKind.EQUALS: "",
    }[kind]
    for key in ("marginal", "marginal_range"):
        if key in section and key != right:
            raise _wrong(
                section,
                key,
                f"{key} means nothing beside {kind}.",
                hint=f"Beside {kind} the band is written as {right}."
                if right
                else "What has to equal one value has no band; take the line out.",
            )


def _one_sided(section: Section, kind: LimitKind, *, sign: int) -> tuple[float, float | None]:
    """A bound, and where its band begins: above a lower bound, below an upper one."""
    bound = float(section.values[kind])
    if "marginal" not in section:
        return bound, None
    marginal = float(section.values["marginal"])
    if (marginal - bound) * sign <= 0:
        side = "above" if sign > 0 else "below"
        raise _wrong(
            section,
            "marginal",
            f"marginal is {marginal:.12g}, and has to lie {side} {kind}, which is {bound:.12g}.",
            hint=f"Values between {kind} and marginal pass, and are said to be marginal.",
        )
    return bound, marginal


def _pair(section: Section, key: str) -> tuple[float, float]:
    values = section.values[key]
    if len(values) != 2:
        raise _wrong(section, key, f"{key} has {len(values)} numbers, and needs two.")
    low, high = map(float, values)
    if low >= high:
        same = low == high
        raise _wrong(
            section,
            key,
            f"{key} is upside down: {low:.12g} is not below {high:.12g}.",
            hint="For one value alone write equals." if same else "Write the smaller one first.",
        )
    return low, high


def _marginal_range(
    section: Section, least: float, most: float
) -> tuple[float | None, float | None]:
    if "marginal_range" not in section:
        return None, None
    low, high = _pair(section, "marginal_range")
    is_inside = least <= low and high <= most
    if not is_inside or (low, high) == (least, most):
        raise _wrong(
            section,
            "marginal_range",
            f"marginal_range is [{low:.12g}, {high:.12g}], and has to lie inside of in_range, which"
            f" is [{least:.12g}, {most:.12g}].",
            hint="Values in in_range and not in marginal_range pass, and are said to be marginal.",
        )
    return low, high


def _check_reach(section: Section, limit: Limit, measure: Measure) -> None:
    """A limit where no value can lie is a slip, such as a sign that was forgotten."""
    if isinstance(limit.equals, str):
        raise _wrong(
            section, "equals", f"{measure.name} is a number, and equals is {shown(limit.equals)}."
        )
    for bound in (limit.least, limit.most, limit.equals, limit.marginal_least, limit.marginal_most):
        if bound is not None and not measure.least <= bound <= measure.most:
            reach = f"{measure.least:.12g} to {measure.most:.12g} {measure.unit}".strip()
            raise _wrong(
                section,
                str(limit.kind),
                f"the limit of {measure.name} is {bound:.12g}, and {measure.name} lies anywhere"
                f" from {reach}.",
            )


def _wrong(section: Section, name: str, sentence: str, *, hint: str = "") -> InputError:
    return section.error(name, sentence, hint=hint, code=Code.RECIPE_LIMIT)
