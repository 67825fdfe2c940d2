"""The order of steps: whether they can be done one after another, and show what they should."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from firmline.errors import Code, InputError
from firmline.formats.toml_keys import Section
from firmline.line.recipe.kinds import KINDS
from firmline.line.recipe.steps import Label, LabelWhen, Preflight, Step, Update, Verify

MOST_STEPS: Final = 100
"""Ours; a line's run has about ten."""

Placed = tuple[Section, Step]
"""A step, and where it stands."""


def check_order(whole: Section, steps: Sequence[Placed]) -> None:
    """See that steps can be done in their order.

    Raises:
        InputError: ``RECIPE_STEPS``.
    """
    if not 1 <= len(steps) <= MOST_STEPS:
        raise _wrong(whole, "steps", f"a recipe has 1 to {MOST_STEPS} steps, not {len(steps)}.")
    _check_names(steps)
    for place in range(len(steps)):
        _check_place(steps, place)
    _check_updates(steps)
    _check_packages(whole, steps)


def _check_names(steps: Sequence[Placed]) -> None:
    seen: set[str] = set()
    for section, step in steps:
        if step.name in seen:
            raise _wrong(
                section,
                "name" if "name" in section else "kind",
                f"there are two steps with the name {step.name!r}.",
                hint="Take one out, or give it a name of its own with a line name = ...",
            )
        seen.add(step.name)


def _check_place(steps: Sequence[Placed], place: int) -> None:
    section, step = steps[place]
    earlier = {each.kind for _, each in steps[:place]}
    kind = KINDS[step.kind]
    if not place and step.kind != "scan":
        raise _wrong(
            section,
            "kind",
            f"the first step is {step.kind!r}, and has to be 'scan': a run belongs to a serial"
            " number.",
        )
    if kind.once and kind.name in earlier:
        raise _wrong(section, "kind", f"a recipe has one step {kind.name!r}, and this is another.")
    if kind.needs and not earlier & set(kind.needs):
        needed = " or ".join(map(repr, kind.needs))
        later = {each.kind for _, each in steps[place:]} & set(kind.needs)
        why = "which comes later" if later else "and there is none"
        raise _wrong(
            section, "kind", f"the step {step.name!r} needs a step {needed} before it, {why}."
        )


def _check_updates(steps: Sequence[Placed]) -> None:
    updates = [place for place, (_, step) in enumerate(steps) if isinstance(step.action, Update)]
    if not updates:
        return
    last = updates[-1]
    verified = [place for place, (_, step) in enumerate(steps) if isinstance(step.action, Verify)]
    if not verified or verified[-1] < last:
        section, step = steps[last]
        raise _wrong(
            section,
            "kind",
            f"nothing verifies the step {step.name!r}: without a step 'verify' behind it a unit"
            " could pass that does not run.",
            hint='Add a [[steps]] with kind = "verify" behind it.',
        )
    for section, step in steps[: verified[-1]]:
        if isinstance(step.action, Label) and step.action.when is LabelWhen.PASS:
            raise _wrong(
                section,
                "kind",
                f"the step {step.name!r} prints a label before the new application was seen.",
                hint="Put it behind the last step 'verify'.",
            )


def _check_packages(whole: Section, steps: Sequence[Placed]) -> None:
    sent: set[str] = set()
    for section, step in steps:
        match step.action:
            case Update(package=package):
                sent.add(package)
            case Preflight(package=package) if package in sent:
                raise _wrong(
                    section,
                    "kind",
                    f"the package {package!r} is checked after it was sent.",
                    hint="Put the step 'preflight' before the update.",
                )
            case _:
                pass
    for path, content in whole.items("packages"):
        name = content["name"]
        if name not in sent:
            raise whole.error_at(
                path,
                f"no step sends the package {name!r}.",
                hint="Add a step 'update' with it, or take the package out.",
                code=Code.RECIPE_STEPS,
            )


def _wrong(section: Section, name: str, sentence: str, *, hint: str = "") -> InputError:
    return section.error(name, sentence, hint=hint, code=Code.RECIPE_STEPS)
