"""The steps of a recipe, one by one: the keys of each kind, and what they mean for another."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterator
from typing import Final

from firmline.errors import Code, InputError
from firmline.formats.toml_keys import Key, Kind, Section, nearest, shown
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe import steps
from firmline.line.recipe.keys import GO_ON, STEP, STOP, keys_of
from firmline.line.recipe.kinds import KINDS, LABEL_FIELDS, NAME_FIELDS, StepKind
from firmline.line.recipe.reading_limits import read_limits
from firmline.line.recipe.recipe import PackageReference
from firmline.line.recipe.slugs import checked_slug

DEFAULT_LOAD_S: Final = 2.0
"""Ours: some hundred connection events."""
_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_CALL: Final = re.compile(r"(?P<module>[^:]+):(?P<function>[^:]+)")
_ARGUMENT: Final = Key(kind=Kind.SCALAR, least=-1e15, most=1e15)


def step_sections(whole: Section) -> Iterator[Section]:
    """The tables of the steps, each with the keys that its kind may have."""
    for path, content in whole.items("steps"):
        # Which kind it is decides which other keys it may have.
        head = {key: value for key, value in content.items() if key == "kind"}
        kind = whole.item(path, head, {"kind": STEP["kind"].key}).values["kind"]
        yield whole.item(path, content, keys_of({**STEP, **KINDS[kind].rows}))


def read_step(section: Section, packages: tuple[PackageReference, ...]) -> steps.Step:
    """One step.

    Args:
        section: Its table.
        packages: Those that it may name.

    Raises:
        InputError: ``RECIPE_MALFORMED``, ``RECIPE_LIMIT`` or ``RECIPE_STEPS``.
    """
    kind = KINDS[section.values["kind"]]
    name = checked_slug(section, "name") if "name" in section else kind.name
    return steps.Step(
        name=name,
        kind=kind.name,
        title=section.get("title", kind.title),
        action=_action(section, kind, packages),
        timeout_s=float(section.get("timeout_s", kind.timeout_s)),
        ends_run=_ends_run(section, kind),
        retry=_retry(section, kind),
        limits=read_limits(section, kind),
    )


def _ends_run(section: Section, kind: StepKind) -> bool:
    goes_on = section.get("on_fail", STOP) == GO_ON
    if goes_on and not kind.may_go_on:
        able = ", ".join(each.name for each in KINDS.values() if each.may_go_on)
        raise section.error(
            "on_fail",
            f"a run cannot go on where its step {kind.name!r} did not pass.",
            hint=f"Take the line out; {GO_ON!r} is for {able}.",
            code=Code.RECIPE_STEPS,
        )
    return not goes_on


def _retry(section: Section, kind: StepKind) -> steps.RetryRule:
    most = section.get("retries", 0)
    if most and not kind.may_retry:
        raise section.error(
            "retries",
            f"a step {kind.name!r} is not tried again: that would change nothing.",
            hint="Take the line out.",
            code=Code.RECIPE_STEPS,
        )
    on = section.get("retry_on", [StepOutcome.ERROR, StepOutcome.TIMEOUT])
    return steps.RetryRule(most=most, on=frozenset(map(StepOutcome, on)))


def _action(
    section: Section, kind: StepKind, packages: tuple[PackageReference, ...]
) -> steps.Action:
    if kind.name in _PLAIN:
        return _PLAIN[kind.name]
    if kind.name in _SENDING:
        return _SENDING[kind.name](package=_package(section, packages))
    return _READERS[kind.name](section)


_PLAIN: Final[dict[str, steps.Action]] = {
    "scan": steps.Scan(),
    "inspect": steps.Inspect(),
    "verify": steps.Verify(),
    "measure": steps.Measure(),
}


_SENDING: Final[dict[str, type[steps.Preflight | steps.Update]]] = {
    "preflight": steps.Preflight,
    "update": steps.Update,
}


def _battery(section: Section) -> steps.Battery:
    return steps.Battery(load_s=float(section.get("load_s", DEFAULT_LOAD_S)))


def _find(section: Section) -> steps.Find:
    by = steps.FindBy(section.values["by"])
    if by is not steps.FindBy.NAME:
        if "advertised" in section:
            raise section.error(
                "advertised",
                f"a name means nothing to a unit that is found by {by.value!r}.",
                hint='Take the line out, or write by = "name".',
            )
        return steps.Find(by=by)
    if "advertised" not in section:
        raise section.error(
            "by",
            "a unit that is found by its name needs that name.",
            hint='Add a line such as advertised = "Tag {serial_number}".',
        )
    name = _filled(section, "advertised", NAME_FIELDS, required=NAME_FIELDS[0])
    return steps.Find(by=by, advertised=name)


def _label(section: Section) -> steps.Label:
    when = steps.LabelWhen(section.get("when", steps.LabelWhen.PASS))
    return steps.Label(text=_filled(section, "text", LABEL_FIELDS), when=when)


def _filled(section: Section, name: str, fields: tuple[str, ...], *, required: str = "") -> str:
    """A text with fields in braces, which have to be known."""
    text: str = section.values[name]
    known = ", ".join(f"{{{field}}}" for field in fields)
    for field in _FIELD.findall(text):
        if field not in fields:
            meant = nearest(field, fields)
            raise section.error(
                name,
                f"{name} has the field {shown(field)}, and there is none of that name.",
                hint=f"Did you mean {{{meant}}}?" if meant else f"There are: {known}.",
            )
    if set(_FIELD.sub("", text)) & set("{}"):
        raise section.error(
            name, f"{name} has a brace that is no field.", hint=f"The fields are: {known}."
        )
    if required and f"{{{required}}}" not in text:
        raise section.error(
            name,
            f"{name} does not hold {{{required}}}, so that any unit would be taken.",
            hint=f'Write it as "Tag {{{required}}}".',
        )
    return text


def _package(section: Section, packages: tuple[PackageReference, ...]) -> str:
    names = tuple(each.name for each in packages)
    if "package" not in section:
        if len(names) == 1:
            return names[0]
        which = f"one of {', '.join(names)}" if names else "a table [[packages]] with it first"
        raise section.error(
            "",
            f"the step does not say which package it sends or checks; it needs {which}.",
            hint='Add a line such as package = "application".',
            code=Code.RECIPE_STEPS,
        )
    name: str = section.values["package"]
    if name not in names:
        meant = nearest(name, names)
        there = f"there are {', '.join(names)}" if names else "there is no [[packages]] at all"
        raise section.error(
            "package",
            f"there is no package with the name {shown(name)}: {there}.",
            hint=f"Did you mean {meant}?" if meant else "",
            code=Code.RECIPE_STEPS,
        )
    return name


def _custom(section: Section) -> steps.Custom:
    found = _CALL.fullmatch(section.values["call"])
    if found is None or not _is_callable_name(found["module"], found["function"]):
        raise section.wrong(
            "call", "a module and a function with : between", hint="Write it as fixture:check_led."
        )
    arguments = section.get("arguments", {})
    for name, value in arguments.items():
        if not (isinstance(value, bool) or _ARGUMENT.admits(value)):
            raise _wrong_argument(section, name, value)
    return steps.Custom(
        module=found["module"], function=found["function"], arguments=dict(arguments)
    )


def _is_callable_name(module: str, function: str) -> bool:
    parts = [*module.split("."), function]
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)


def _wrong_argument(section: Section, name: str, value: object) -> InputError:
    return section.error(
        "arguments",
        f"the argument {shown(name)} is {shown(value)}, and has to be a number, a text of at most"
        " 80 printable characters, true or false.",
        hint="Anything larger belongs into a file beside the module.",
    )


_READERS: Final[dict[str, Callable[[Section], steps.Action]]] = {
    "find": _find,
    "battery": _battery,
    "label": _label,
    "custom": _custom,
}
