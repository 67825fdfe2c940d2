"""Write ``docs/reference/recipe.md`` from ``firmline.line.recipe``.

Usage: ``python tools/recipe_page.py [--check]``. With ``--check`` nothing is written; the exit
status is 1 when the page is not what the tables say.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from firmline.formats.toml_text import MAX_LINE, MAX_SIZE
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe.keys import LIMIT, PACKAGE, PRODUCT, RECIPE, RETEST, STEP
from firmline.line.recipe.kinds import KINDS, LimitsOf, Row, StepKind
from firmline.line.recipe.serial_numbers import LONGEST, MOST_RANGES

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "recipe.md"

INTRODUCTION = f"""\
# Recipes

<!-- Made by tools/recipe_page.py from src/firmline/line/recipe: change it there. -->

A recipe is a TOML file: what is done to each unit of one product revision, in which order, and
what has to be measured. `firmline line init` [writes one](../how-to/write-a-recipe.md) to start
from, `firmline line check` reads it as a station does. A file has at most {MAX_SIZE // 1024} kB,
and lines of at most {MAX_LINE:,} characters. Whatever is wrong in it is told with its line and
what is expected ([DFU-RCP-001](errors.md#dfu-rcp-001) to [006](errors.md#dfu-rcp-006)); a key
that does not exist is an error, not a remark.
"""
VERSIONS = """\

`schema` is firmline's: it is raised when a reader of the old form would misread the new one, and a
firmline that does not know it refuses the recipe. `version` is yours: raise it with every change.
Records keep name, version and the SHA-256 of the text, so that two recipes that claim to be the
same version are seen.
"""
SERIAL_NUMBERS = f"""\

## Serial numbers

A pattern is a row of items, in the notation of regular expressions: a letter, digit, space or one
of `-_:/#` stands for itself, `\\d` is a digit, `[A-Z0-9]` one of several, `\\.` a dot; `{{6}}`
behind an item says how often it comes, `{{4,12}}` from how often to how often. A pattern takes at
most {LONGEST} characters, and at most {MOST_RANGES} of its items vary in length. Groups, `*`
and `+` are not understood: without them no text that a scanner reads takes long to compare. Write
it between single quotes, in which TOML leaves `\\` alone: `'TAG-\\d{{6}}'`.
"""
OUTCOMES = """\

## Outcomes

| outcome | of a step | of a run |
|---|---|---|
"""
OF_A_STEP = {
    StepOutcome.PASS: ("done, and every measurement within its limits", "no step went wrong"),
    StepOutcome.FAIL: (
        "the unit's fault: it refused, did not come back, or is outside of a limit",
    ),
    StepOutcome.ERROR: (
        "the station's fault: no radio, no package, a step of yours that raised",
        "or no step passed: nothing was shown of the unit",
    ),
    StepOutcome.TIMEOUT: ("not done in its time; whose fault that is, nobody has seen",),
    StepOutcome.SKIP: ("not begun: the run had ended, or it does not apply", "never"),
    StepOutcome.ABORTED: ("somebody stopped it",),
}
OF_A_RUN = """\

The first step that ended in neither PASS nor SKIP decides the outcome of the run: what comes after
it may be its consequence. A unit that failed has failed though the label printer stops later.
"""
RETESTS = """\

## Retests

`[retest]`. The attempts are counted on the unit, over all stations; what was the station's fault
uses none up.

"""
STEPS = """\

## Steps

`[[steps]]`, one table each. The first is a `scan`, for a run belongs to a serial number; after the
last `update` comes a `verify`.
"""
LIMITS = """\

## Limits

`[[steps.limits]]` below a step, one table for each measurement, with exactly one of `at_least`,
`at_most`, `in_range` and `equals`. A measurement that is no number where one is expected is an
ERROR, never a FAIL. Between a limit and its marginal band a unit passes, and is said to be
marginal: a batch that drifts is seen before it fails.
"""
CUSTOM = """\

The function is called with one argument, what it is told of the unit, and returns its measurements
by name, such as `{"led_current": 4.1}`. What it raises is an ERROR, and what takes longer than its
`timeout_s` a TIMEOUT; whether the unit passes is decided by the limits. `firmline line check`
imports the module in a process of its own, and calls nothing.
"""


def page() -> str:
    """The whole page."""
    parts = [
        INTRODUCTION,
        "\n## The recipe\n\n",
        _rows(RECIPE),
        VERSIONS,
        "\n## Product\n\n`[product]`\n\n",
        _rows(PRODUCT),
        SERIAL_NUMBERS,
        "\n## Packages\n\n`[[packages]]`, one table each.\n\n",
        _rows(PACKAGE),
        RETESTS,
        _rows(RETEST),
        STEPS,
        "\n",
        _rows(STEP),
        *(_kind(kind) for kind in KINDS.values()),
        LIMITS,
        "\n",
        _rows(LIMIT),
        OUTCOMES,
        *(_outcome(outcome) for outcome in StepOutcome),
        OF_A_RUN,
    ]
    return "".join(parts)


def _rows(rows: Mapping[str, Row]) -> str:
    head = "| key | meaning | allowed | default |\n|---|---|---|---|\n"
    return head + "".join(
        f"| `{name}` | {row.meaning} | {row.key.allowed} | {_default(row)} |\n"
        for name, row in rows.items()
    )


def _default(row: Row) -> str:
    return "required" if row.key.required else row.default or "none"


def _kind(kind: StepKind) -> str:
    said = [kind.meaning]
    if kind.needs:
        said.append("Needs before it: " + " or ".join(f"`{each}`" for each in kind.needs) + ".")
    if kind.once:
        said.append("Once in a recipe.")
    if not kind.may_go_on:
        said.append("The run ends where it does not pass.")
    if not kind.may_retry:
        said.append("It is not tried again.")
    said.append(f"Time: {kind.timeout_s:,.0f} s by default.")
    text = f"\n### {kind.name}\n\n" + " ".join(said) + "\n"
    if kind.rows:
        text += "\n" + _rows(kind.rows)
    if kind.measures:
        text += _measures(kind)
    return text + (CUSTOM if kind.name == "custom" else "")


def _measures(kind: StepKind) -> str:
    need = "; at least one limit" if kind.limits is LimitsOf.REQUIRED else ""
    rows = "".join(
        f"| `{each.name}` | {each.meaning} | {each.unit or 'none'} |"
        f" {each.least:.12g} to {each.most:.12g} |\n"
        for each in kind.measures
    )
    return f"\n| measurement{need} | meaning | unit | possible |\n|---|---|---|---|\n{rows}"


def _outcome(outcome: StepOutcome) -> str:
    step, *run = OF_A_STEP[outcome]
    return f"| {outcome.name} | {step} | {run[0] if run else 'that step decides'} |\n"


def main(arguments: list[str]) -> int:
    """Write the page, or compare it; the exit status."""
    text = page()
    if arguments == ["--check"]:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print("recipe.md is as the tables say" if fresh else "recipe.md is stale: run make docs")
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
