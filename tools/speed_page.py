"""Write ``docs/reference/speed.md`` and its picture from updates in virtual time.

Usage: ``make speed``, or ``PYTHONPATH=tests python tools/speed_page.py [--check]``; it takes a
minute or two. With ``--check`` nothing is written; the exit status is 1 when the page is not what
the updates say. What is updated, and how, is in ``tests/bench/limit_shares.py``.
"""

from __future__ import annotations

import itertools
import re
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import speed_picture
from bench.limit_shares import (
    MTU,
    SIZE,
    USUAL_INTERVAL_MS,
    Case,
    Method,
    Reached,
    Road,
    cases,
    measure,
)

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "speed.md"
PICTURE = ROOT / "docs" / "reference" / "speed.svg"
GOAL = 90.0
"""Per cent of the unit's limit, over Bluetooth LE and USB."""
HEAD = """
| chip | drain | method | kB/s | of its limit | of its bare flash | told |
|---|---|---|--:|--:|--:|--:|
"""
COLUMNS = 7
NOTHING = ""
WIDTH = 98
"""Of a line of text, characters."""

INTRODUCTION = f"""\
# Speed

<!-- Made by tools/speed_page.py, which runs every update that is shown: make speed. -->

How fast an update can be is the unit's doing: its flash has to erase a page and write 1,024 words
for every 4,096 bytes, and the link has to carry them. The **limit** of an update is the sum over
its objects of the larger of link time and erase + write time, with no round trip in it. This page
shows what share of that limit updates of {SIZE:,} bytes reach; `firmline update` tells the same
of yours, as `limit_share` in its [result](commands.md#the-result-of-an-update).

![Share of the unit's own limit by chip, link, drain and method, as in the tables](speed.svg)

"""

METHODS = """
## Methods

- **firmline**: what `firmline update` does. Over Bluetooth LE data are sent [ahead of the
  answers](../adr/0015-ahead-of-the-answers.md), as fast as the unit's flash is learned to take
  them; nothing is known of it beforehand. On a serial line objects go one by one.
- **step by step**: firmline's careful way, which it falls back to. After the first 15 packets of
  an object it asks whether each was taken. Over `ble:` it is the only one: no system's own
  Bluetooth tells a program what has arrived, and who sends ahead has to know.
- **100 ms, 400 ms after CREATE**: what hosts do that know nothing of the unit's flash: CREATE, a
  fixed wait, all packets at once, the CRC, EXECUTE; three attempts for each object. It is a small
  host of our own, written for this comparison (`tests/bench/customary.py`): no product was
  measured. *Gives up*: packets were lost, or CREATE refused, in all three attempts at one object.
"""

MEASURED = """
## How it was measured

Every row is one update of one virtual unit in virtual time, from the first CREATE of data to the
answer to the last EXECUTE: the same on every computer, and to the microsecond. `make speed` runs
them all again and writes this page; the suite runs some, and fails where one differs.

- *Of its limit*: an erase takes what it takes that unit on this connection, with what its
  SoftDevice waits for a gap between radio events. At 15 ms, the connection interval that the
  bootloader asks for, no erase fits between two of them.
- What a write waits for that fits into no gap either, as at 7.5 ms, is in no limit: firmline then
  asks for a longer interval, and gets the update done as if it had had that from the beginning.
- *Of its bare flash*: without that wait. No host reaches it over Bluetooth LE while the
  SoftDevice waits.
- *Told*: what the update itself said (`limit_share`). It is known only to a host that has learned
  the unit; over Bluetooth LE it is what its flash was surely busy with, a little below the
  truth, and nothing where the host let flash rest too much for that to show. On a UART that is
  slower than flash the wire hides how long writing takes: it then counts as the fastest flash
  there is, and the share is at least what is told.

What the virtual unit assumes, and real ones may do otherwise:

- Flash takes the datasheet's longest: 89.7 ms for a page and 338 µs for a word on the nRF52832,
  85 ms and 41 µs on the nRF52840.
- *Drain* is what the SoftDevice adds to each write of 20 bytes. Nobody we know of has measured
  it: 0.3 to 5 ms are assumed.
- An erase that fits into no gap waits 78 ms (worked out from a report about an nRF51), and the
  radio is deaf while it lasts. The tables with *erases that wait for no gap* show what becomes of
  this where it does not wait; the bootloader of SDK 15.3 as it was recorded, with an erase of 85
  ms, lost nothing 100 ms after CREATE, which fits those better.
- The radio loses nothing, and sends as many packets in a connection event as fit. A phone sends
  fewer. Where a table names no other, MTU is 247 and the connection interval 15 ms.
- Neither the host nor the bootloader's processor takes any time to think, and USB carries bytes
  in none at all. A real one waits for three round trips in every object.

More in [time and current of a virtual unit](../explanation/physics.md).
"""

COMPUTER = """
## What it costs a computer

These are no virtual seconds. `make bench` measures them beside their targets; this is what it
said on 22 November 2026, on a busy machine with two cores and Python 3.11 (medians):

| what | |
|---|--:|
| 150 kB through a pseudo-terminal to a unit that takes no time, whole process | 0.58 s |
| the same with `--expect`, the new application seen | 0.63 s |
| the same by nrfutil 6.1.7 with its waits off (`-cd 0 -t 1`) | 1.29 s |
| the same by nrfutil 6.1.7 with its defaults (one run, 23 November) | 33.6 s |
| processor time for a megabyte over the virtual radio: host, radio and unit together | 0.56 s |
| 32 virtual units of 64 kB at once on the wall clock, to the last (one run, 23 November) | 37.0 s |
| the same, processor time | 10.7 s |
"""

WHY_SLOWER = """\
What a packet costs is learned from 16 of them, as many as the queue takes, and both their arrival
and the answer behind them are heard at connection events alone. So up to a round trip, two
intervals, counts as the flash's that is not. On an nRF52840 with a drain of 0.3 ms that makes of
6.4 ms for a packet of 244 bytes 6.9 at 15 ms and 10.3 at 50 ms; and of 0.5 ms for one of 20 bytes
1.4 at 15 ms and 2.7 at 30 ms, which an object of 205 of them pays 205 times. Flash rests for the
difference. More packets than 16 in one go would show it more closely, and find room only if flash
writes while others are still in the air: firmline does not count on that, since where it is wrong,
packets are lost. A slow chip or a slow drain loses less, as the same milliseconds are a smaller
part of what a packet takes. Over `hci:` the remedy is the usual connection, MTU 247 and 15 ms.

"""
UART = """\
A UART is not part of that goal. No data may be sent before their CREATE was answered, because a
real bootloader loses a receive buffer to each packet that it refuses, and it answers when the
page is erased: so the wire is idle during every erase. Where the wire is slower than flash, that
time is lost.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table, as it is printed.

    Attributes:
        case: What was updated, and how.
        speed: Thousand bytes a second, or that the host gives up.
        share: Per cent of the unit's limit; ``None``: it was given up.
        bare_share: Per cent of the limit of its bare flash.
        told: Per cent that the update told.
    """

    case: Case
    speed: str
    share: float | None
    bare_share: float | None
    told: float | None

    @classmethod
    def of(cls, reached: Reached) -> Row:
        """What an update reached."""
        speed = reached.speed_kb_s
        return cls(
            case=reached.case,
            speed="gives up" if speed is None else f"{speed:.1f}",
            share=_per_cent(reached.share),
            bare_share=_per_cent(reached.bare_share),
            told=_per_cent(reached.reported),
        )

    def line(self) -> str:
        """The line."""
        drain = self.case.drain_ms
        cells = (
            self.case.chip,
            NOTHING if drain is None else f"{drain:g} ms",
            self.case.method,
            self.speed,
            *(
                NOTHING if share is None else f"{share:.1f} %"
                for share in (self.share, self.bare_share, self.told)
            ),
        )
        return f"| {' | '.join(cells)} |\n"


def _per_cent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def page(rows: Sequence[Row]) -> str:
    """The whole page."""
    parts = [
        INTRODUCTION,
        _verdict(rows),
        _verdict_without_wait(rows),
        _verdict_of_others(rows),
        WHY_SLOWER,
        UART,
    ]
    for table, group in itertools.groupby(rows, key=lambda row: row.case.table):
        parts += [f"\n## {table}\n", HEAD, *(row.line() for row in group)]
    return "".join([*parts, METHODS, MEASURED, COMPUTER])


def _verdict(rows: Sequence[Row]) -> str:
    """Where the goal is met, and where not."""
    promised = [
        row
        for row in _ours(rows)
        if row.case.waits_for_gap
        and row.case.is_usual
        and (row.case.road.is_radio or row.case.road is Road.USB)
    ]
    return _filled(
        f"The goal is {GOAL:g} % over Bluetooth LE with MTU {MTU} and a connection interval of"
        f" {USUAL_INTERVAL_MS:g} ms, and over USB, whatever the flash costs."
        f" {_range(promised, 'firmline')}"
    )


def _verdict_of_others(rows: Sequence[Row]) -> str:
    """What smaller packets and longer intervals come to."""
    others = [row for row in _ours(rows) if not row.case.is_usual]
    text = (
        "Other connections are slower. With small packets the queue of 16 entries holds little,"
        " and what a packet costs is known the less exactly, the longer an answer takes: the host"
        " leaves room to spare, and flash rests. Where it rested for more than a tenth of the time,"
        " its limit does not show either, and no share is told. In the tables of other MTUs and"
        f" intervals firmline reaches {GOAL:g} % in {_met(others)}:"
    )
    lines = [_filled(text)]
    for table, group in itertools.groupby(others, key=lambda row: row.case.table):
        shares = [row.share or 0.0 for row in group]
        lines.append(f"- {table}: {min(shares):.1f} to {max(shares):.1f} %\n")
    return "".join([*lines, "\n"])


def _met(rows: Sequence[Row]) -> str:
    """How many are at the goal."""
    return f"{sum((row.share or 0.0) >= GOAL for row in rows)} of {len(rows)} cases"


def _verdict_without_wait(rows: Sequence[Row]) -> str:
    """The same where an assumption about the unit does not hold."""
    others = [row for row in _ours(rows) if not row.case.waits_for_gap]
    return _filled(
        "How long a SoftDevice waits before it erases against the radio is the assumption in"
        " which the most can be wrong. If it does not wait at all, the limit is that of the bare"
        " flash, and the radio is deaf while it erases."
        f" {_range(others, 'With such units firmline')}"
    )


def _filled(text: str) -> str:
    """A paragraph."""
    return textwrap.fill(text, WIDTH, break_on_hyphens=False) + "\n\n"


def _ours(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.case.method is Method.FIRMLINE]


def _range(rows: Sequence[Row], who: str) -> str:
    """What was reached, and where it is not enough."""
    shares = [row.share or 0.0 for row in rows]
    missed = [row for row in rows if (row.share or 0.0) < GOAL]
    reached = f"{who} reaches {min(shares):.1f} to {max(shares):.1f} %: the goal is"
    if not missed:
        return f"{reached} met in all {len(rows)} cases."
    where = "; ".join(f"{_name(row.case)}: {row.share} %" for row in missed)
    return f"{reached} **missed** in {len(missed)} of {len(rows)} cases ({where})."


def _name(case: Case) -> str:
    drain = NOTHING if case.drain_ms is None else f", drain {case.drain_ms:g} ms"
    return f"{case.chip} over {case.road}{drain}"


def read(text: str) -> list[Row]:
    """The rows of a page, in order.

    Raises:
        KeyError: A row is there that nobody asked for.
    """
    wanted = {(c.table, c.chip, c.drain_ms, c.method): c for c in cases()}
    rows: list[Row] = []
    table = NOTHING
    for line in text.splitlines():
        table = line.removeprefix("## ") if line.startswith("## ") else table
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != COLUMNS or cells[2] not in tuple(Method):
            continue
        drain_ms = float(cells[1].removesuffix(" ms")) if cells[1] else None
        shares = [float(re.sub(r" %$", "", cell)) if cell else None for cell in cells[4:]]
        rows.append(
            Row(
                case=wanted[table, cells[0], drain_ms, Method(cells[2])],
                speed=cells[3],
                share=shares[0],
                bare_share=shares[1],
                told=shares[2],
            )
        )
    return rows


def picture(rows: Sequence[Row]) -> str:
    """The picture of the shares."""
    bars = [speed_picture.Bar(case=row.case, share=row.share) for row in rows if row.case.is_usual]
    return speed_picture.draw(bars, goal=GOAL)


def main(arguments: list[str]) -> int:
    """Write page and picture, or compare them; the exit status."""
    rows = []
    for case in cases():
        rows.append(Row.of(measure(case)))
        print(f"{case.table}: {rows[-1].line()}", end="", flush=True)
    made = {PAGE: page(rows), PICTURE: picture(rows)}
    if arguments == ["--check"]:
        stale = [path.name for path, text in made.items() if _kept(path) != text]
        print(f"stale: {', '.join(stale)}" if stale else "speed.md is as the updates say")
        return 1 if stale else 0
    for path, text in made.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return 0


def _kept(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
