"""A recipe in words: for ``line check``, for the page, for a printed work instruction."""

from __future__ import annotations

from typing import Final, assert_never

from firmline.formats.known_softdevices import describe_fwid
from firmline.line.recipe import steps
from firmline.line.recipe.limits import Limit, LimitKind
from firmline.line.recipe.recipe import Product
from firmline.line.recipe.retest import RetestRule


def limit_in_words(limit: Limit) -> str:
    """A limit, e.g. ``duration at most 60 s, marginal above 45 s``."""
    unit = f" {limit.unit}" if limit.unit else ""
    return f"{limit.measurement} {_bounds(limit, unit)}{_band(limit, unit)}"


def _bounds(limit: Limit, unit: str) -> str:
    match limit.kind:
        case LimitKind.IN_RANGE:
            return f"from {number(limit.least)} to {number(limit.most)}{unit}"
        case LimitKind.EQUALS:
            text = isinstance(limit.equals, str)
            return f"equals {limit.equals!r}" if text else f"equals {number(limit.equals)}{unit}"
        case LimitKind.AT_LEAST:
            return f"at least {number(limit.least)}{unit}"
        case LimitKind.AT_MOST:
            return f"at most {number(limit.most)}{unit}"
        case _:
            assert_never(limit.kind)


def _band(limit: Limit, unit: str) -> str:
    low, high = limit.marginal_least, limit.marginal_most
    if low is not None and high is not None:
        return f", marginal outside of {number(low)} to {number(high)}{unit}"
    if low is not None:
        return f", marginal below {number(low)}{unit}"
    return "" if high is None else f", marginal above {number(high)}{unit}"


def number(value: object) -> str:
    """A number without what does not matter."""
    return f"{value:.12g}" if isinstance(value, int | float) else str(value)


_FOUND: Final = {
    steps.FindBy.NAME: 'by the name "NAME"',
    steps.FindBy.ADDRESS: "the barcode is its Bluetooth address",
    steps.FindBy.USB: "the barcode is its serial number on USB",
    steps.FindBy.SLOT: "whatever is wired to the slot",
}


def action_in_words(action: steps.Action) -> str:
    """What is particular to a step; empty: nothing."""
    match action:
        case steps.Find():
            return _FOUND[action.by].replace("NAME", action.advertised)
        case steps.Battery():
            return f"under load for {number(action.load_s)} s"
        case steps.Preflight() | steps.Update():
            return f"package {action.package}"
        case steps.Label():
            always = ", also where the run did not pass" if action.when == "always" else ""
            return f'"{action.text}"{always}'
        case steps.Custom():
            given = ", ".join(f"{name} = {value}" for name, value in action.arguments.items())
            return f"{action.module}:{action.function}{f' with {given}' if given else ''}"
        case _:
            return ""


def rules_in_words(step: steps.Step) -> list[str]:
    """What follows when a step does not pass, where that is not the usual; its limits."""
    said = []
    if step.retry.most:
        after = ", ".join(sorted(each.name for each in step.retry.on))
        times = "once more" if step.retry.most == 1 else f"{step.retry.most} times more"
        said.append(f"tried {times} after {after}")
    if not step.ends_run:
        said.append("the run goes on where it does not pass")
    return said + [limit_in_words(each) for each in step.limits]


def retest_in_words(rule: RetestRule) -> str:
    """How often a unit may try."""
    counted = " or ".join(each.name for each in sorted(rule.counted)) or "no outcome"
    runs = "run" if rule.strikes == 1 else "runs"
    again = "; one that has passed may run again" if rule.repeat_passed else ""
    return f"to rework after {rule.strikes} {runs} that ended in {counted}{again}"


def hardware_in_words(product: Product) -> str:
    """What packages and units are compared with."""
    versions = product.hw_versions
    hardware = "not compared" if versions is None else ", ".join(map(str, versions))
    fwids = product.softdevices
    if fwids is None:
        softdevices = "not compared"
    else:
        softdevices = ", ".join(map(describe_fwid, fwids)) or "none"
    return f"hardware version {hardware}; SoftDevice {softdevices}"
