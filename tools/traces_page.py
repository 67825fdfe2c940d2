"""Write ``docs/reference/traces.md`` from the events of ``src/firmline/events/``.

Usage: ``python tools/traces_page.py [--check]``. With ``--check`` nothing is written; the exit
status is 1 when the page is not what the events say.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import sys
import typing
from pathlib import Path
from types import ModuleType

from firmline.events import Event, inspection, meeting, opening, transfer, trouble, update
from firmline.formats.event_json import event_to_json, event_types, type_in_words
from firmline.formats.trace import MAX_LINE, MAX_LINES, TRACE_FORMAT

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "traces.md"
ROLE = re.compile(r":\w+:`~?(?:[\w.]*\.)?(\w+)`")
"""A reference to code in a docstring; its last name stays."""

INTRODUCTION = f"""\
# Traces

<!-- Made by tools/traces_page.py from src/firmline/events/: change it there. -->

`--trace FILE` of `update` and `inspect` keeps everything that happens, as it happens: one JSON
object on each line, flushed before the next step is taken.
[Read a trace](../how-to/read-a-trace.md) says what to do with it. This is format {TRACE_FORMAT}.

* Every line has `type` and `at_s`: seconds on the clock of the link, which begins anywhere. The
  time of day of a line is `started_at` of `trace_started` and the difference of their `at_s`.
* Bytes are lower-case hexadecimal; a request is as it was written (on a serial port a SLIP frame),
  an answer without its frame. Data packets are counted, not kept: they are the package's.
* Events and fields may be added, none is renamed or removed. A reader passes over what it does not
  know.
* The last line may be cut off, where the writing computer lost its power. A file may hold several
  traces, one after the other; each begins with `trace_started`. A line has at most
  {MAX_LINE // 1024} KiB, a file {MAX_LINES:,} lines and 64 MiB.
* A trace holds no secret: PINs, passwords and pairing keys in URIs are replaced by `...`, and
  nothing else that is written is one. It does hold addresses and serial numbers of units, and
  what the user typed to name the unit. The file gets the customary rights of a new file.
* `update --json` and `inspect --json` print the same lines, without `trace_started` and with the
  [result](commands.md#the-result-of-an-update) behind them.
* Of several units `update --json` prints the lines of all as they happen, each with `unit`, and a
  `unit_result` for each before the result. A reader makes a trace for each unit of it.

```json
EXAMPLE
```
"""


def example() -> str:
    """A line as it stands in a trace."""
    kind = event_types()["packets_sent"]
    values = {"object_type": "data", "count": 17, "offset": 4096, "size": 150_000, "at_s": 5.85}
    return json.dumps(event_to_json(kind(**values)))  # type: ignore[arg-type] # its own fields


def described(kind: type[Event]) -> tuple[str, dict[str, str]]:
    """What the docstring of an event says of it, and of its fields."""
    text = (
        ROLE.sub(r"\1", inspect.getdoc(kind) or "")
        .replace("``None``", "``null``")
        .replace("``", "`")
    )
    summary, _, attributes = text.partition("Attributes:\n")
    fields: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc(attributes).splitlines():
        found = re.match(r"(\w+): (.*)", line)
        if found is not None:
            name = found[1]
            fields[name] = found[2]
        elif name:
            fields[name] += " " + line.strip()
    return " ".join(summary.split()), fields


def section(name: str, kind: type[Event]) -> str:
    """One event."""
    summary, texts = described(kind)
    hints = typing.get_type_hints(kind)
    rows = [
        f"| `{field.name}` | {type_in_words(hints[field.name])} | {texts.get(field.name, '')} |"
        for field in dataclasses.fields(kind)
        if field.name != "at_s"
    ]
    table = "\n".join(["| field | type | |", "|---|---|---|", *rows])
    return f"\n### {name}\n\n{summary}\n\n{table}\n"


def chapter(room: ModuleType) -> str:
    """The events of one module, in its order, under what its docstring says it is about."""
    title = (inspect.getdoc(room) or "").splitlines()[0].rstrip(".")
    own = [
        section(name, kind)
        for name, kind in sorted(event_types().items(), key=lambda named: line_of(named[1]))
        if kind.__module__ == room.__name__
    ]
    return f"\n## {title}\n" + "".join(own)


def line_of(kind: type[Event]) -> int:
    """Where an event stands in its module."""
    return inspect.getsourcelines(kind)[1]


def page() -> str:
    """The whole page: a chapter for each module, in the order in which things happen."""
    rooms = (opening, update, meeting, inspection, transfer, trouble)
    text = INTRODUCTION.replace("EXAMPLE", example()) + "".join(map(chapter, rooms))
    left_out = [name for name in event_types() if f"\n### {name}\n" not in text]
    if left_out:
        raise SystemExit(f"no chapter has the events {left_out}")
    return text


def main(arguments: list[str]) -> int:
    """Write the page, or compare it; the exit status."""
    text = page()
    if arguments == ["--check"]:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print("traces.md is as the events say" if fresh else "traces.md is stale: run make docs")
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
