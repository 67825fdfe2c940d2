"""Write the pages of the diagnosis: evidence, causes and tests, from their tables.

Usage: ``python tools/diagnosis_pages.py``. A test sees that the pages are what the tables say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from firmline.diagnosis.catalogue import Cause, Family, Seen, catalogue
from firmline.diagnosis.contradiction_rules import Side, group, one_value, rules, wider
from firmline.diagnosis.diagnostic_tests import Test, destroyed, diagnostic_tests, equipment
from firmline.diagnosis.vocabulary import vocabulary

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"

EVIDENCE = """\
# Evidence

<!-- Made by tools/diagnosis_pages.py from src/firmline/data/evidence.toml: change it there. -->

What `firmline diagnose` knows of a failure, field by field. A report is JSON with an object
`evidence`, of which every field may be left out: a field that is absent says nothing, and is never
a "no". Fields marked *several* take a list. What was looked for and is not so goes into a second
object, `ruled_out`, likewise.

```json
{"evidence": {"transport": "ble", "phase": "init_execute", "flags": ["app_ok"]},
 "ruled_out": {"flags": ["reset_reason_brownout"]}}
```

In a report stand symptoms and plain facts, not what somebody concludes from them. Two actions that
were taken together, such as another cell and with it the loss of power, are both listed: that they
cannot be told apart is for the diagnosis to see.
"""
NEVER = """\
## What is never true together

<!-- From src/firmline/data/contradictions.toml. -->

Where the evidence says both of one failure, `firmline diagnose` says so. It uses the side that is
the more certain: what a unit or firmline's own trace has recorded before the line of a log, that
before what somebody describes. Where none is, it uses neither, and takes `unknown` for likelier.

Two values of one of these fields are a contradiction by themselves: {fields}.
Of any other field both count, in part. No contradiction is a value that takes in another one:

| field | value | takes in |
|---|---|---|
{wider}

Nor are several bits of RESETREAS ({bits}):
they add up until a program clears them or the power goes, so that they count as one.

| one | and the other | because |
|---|---|---|"""
CAUSES = """\
# Causes

<!-- Made by tools/diagnosis_pages.py from src/firmline/data/causes: change it there. -->

What [the diagnosis](../explanation/diagnosis.md) knows, by the place where it arises. Percentages
say how likely something is seen where that is the cause: of a field with one value, in a report
that fills it in; of flags and changes, that a report speaks of it; of what helps, that it does.
They are judged from the mechanism, and what is not named is as likely as in any other failure.
"spec" is the project's description of the nRF5 SDK bootloader, by section, "physics", "stacks" and
"peer" are those of flash and supply, of Bluetooth stacks, and of nrfutil.
"""
TESTS = """\
# Tests that tell causes apart

<!-- Made by tools/diagnosis_pages.py from data/diagnostic_tests.toml: change it there. -->

The tests that `firmline diagnose` plans. What takes the power away comes last: cell, buffers in
RAM and registers that only power holds are gone together, and with them the answer. `--lacks`
leaves out what needs equipment that is not at hand, `--done` what was done already.
"""


def pages() -> dict[Path, str]:
    """Every page, by its place."""
    return {
        REFERENCE / "evidence.md": "\n".join((EVIDENCE, *_evidence(), _one_value(), *_never())),
        REFERENCE / "causes.md": "\n".join((CAUSES, *_causes())),
        REFERENCE / "diagnostic-tests.md": "\n".join((TESTS, *_tests())),
    }


def _evidence() -> Iterator[str]:
    for field in vocabulary().values():
        several = " *Several.*" if field.many else ""
        yield f"## {field.name}\n\n{field.question}{several}\n"
        if field.name == "not_cured_by":
            yield "The same values as `cured_by`.\n"
            continue
        yield "| value | meaning |\n|---|---|"
        yield from (f"| `{value}` | {meaning} |" for value, meaning in field.meanings.items())
        yield ""


def _one_value() -> str:
    rows = (f"| `{name}` | `{value}` | {_codes(of)} |" for (name, value), of in _wider())
    return NEVER.format(
        fields=_codes([name for name in vocabulary() if name in one_value()]),
        wider="\n".join(rows),
        bits=_codes(sorted(group("bit_set"))),
    )


def _wider() -> Iterator[tuple[tuple[str, str], list[str]]]:
    for (name, value), narrower in wider().items():
        yield (name, value), [each for each in vocabulary()[name].meanings if each in narrower]


def _never() -> Iterator[str]:
    for rule in rules():
        yield f"| {_side(rule.one)} | {_side(rule.other)} | {rule.because} |"
    yield ""


def _side(side: Side) -> str:
    values = [value for value in vocabulary()[side.field].meanings if value in side.values]
    is_all = len(values) == len(vocabulary()[side.field].meanings)
    return f"`{side.field}`: {'any' if is_all else _codes(values)}"


def _causes() -> Iterator[str]:
    families: dict[str, Family] = {}
    for cause in catalogue().values():
        if cause.family.slug not in families:
            families[cause.family.slug] = cause.family
            yield f"## {cause.family.title}\n\n{cause.family.meaning}\n"
        yield from _cause(cause)


def _cause(cause: Cause) -> Iterator[str]:
    yield f"### {cause.slug}\n\n**{cause.title}.** {cause.meaning}\n"
    yield f"*How it arises:* {cause.arises}\n"
    lost = ", ".join(destroyed(each) for each in cause.fix_destroys)
    yield f"*Fix:* {cause.fix}{f' That destroys {lost}.' if lost else ''}\n"
    yield f"*On the line:* {cause.prevent}\n"
    yield "| seen in | how likely | because | source |\n|---|---|---|---|"
    yield from map(_seen, cause.seen.values())
    for field, values in cause.excludes.items():
        because = "; ".join(dict.fromkeys(values.values()))
        yield f"| `{field}` | never {_codes(values)} | {because} | |"
    yield ""


def _seen(row: Seen) -> str:
    chances = sorted(row.chances.items(), key=lambda item: -item[1])
    told = ", ".join(f"`{value}` {chance * 100:.0f} %" for value, chance in chances)
    source = f"<{row.source}>" if row.source.startswith("https://") else row.source
    return f"| `{row.field}` | {told} | {row.because} | {source} |"


def _tests() -> Iterator[str]:
    for test in diagnostic_tests().values():
        yield from _test(test)


def _test(test: Test) -> Iterator[str]:
    yield f"## {test.slug}\n\n**{test.title}**, {test.minutes:g} min.\n"
    yield from (f"{number}. {step}" for number, step in enumerate(test.steps, 1))
    yield ""
    if test.needs:
        needs = "; ".join(equipment()[each] for each in test.needs)
        yield f"Needs {needs} ({_codes(test.needs)}).\n"
    looks = (*test.fields, *test.flags)
    shows = f"whether `{test.action}` helps" if test.action else _codes(looks)
    destroys = f" Destroys: {', '.join(test.destroys)}." if test.destroys else ""
    yield f"Shows {shows}.{destroys}\n"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text.rstrip() + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
