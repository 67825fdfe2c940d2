"""Files of runs of an experiment: whole, cut, edited by hand, and of other experiments."""

from __future__ import annotations

import json
import random

from firmline.cli.diagnose_compare import is_side
from firmline.cli.experiment_records import read_runs, run_fields
from firmline.cli.margin_text import Swept, hints, margin_csv, margin_sentence
from firmline.diagnosis.comparison import Counted, Side, compare
from firmline.diagnosis.margin_search import MarginSearch, Sweep, Tried
from firmline.updater.experiments.runs import Run, RunEnd, counting
from fuzz.damage import damaged_lines
from fuzz.files import Target

HEADER = {"type": "experiment", "format": 1, "a": "cell", "alpha": 0.05, "units": ["u"]}
SWEPT = Swept(is_voltage=True, good=3.0, bad=1.8, resolution=0.2, fixed=0.0)
_VALUES = (
    *("null", "true", "[]", "{}", '""', '"\\ud800"', '"\\u001b[2J"', '"a"', '"DFU-LINK-004"'),
    *("-1", "0", "1e400", "-1e400", "NaN", "9" * 5000, "1e300", "2.5", "1.5", "[" * 3000),
    *('"not_met"', '"not_counted"', "false", "3", '"c"', '{"mean_a": NaN}', "-Infinity"),
)


def _run(rng: random.Random, number: int, condition: str | float) -> dict[str, object]:
    end = rng.choice([*RunEnd, RunEnd.PASS, RunEnd.FAIL])
    current = {"least_a": 0.0, "mean_a": 4e-3, "most_a": 9e-3, "charge_c": 1e-2}
    return {
        "type": "run",
        "number": number,
        "condition": condition,
        "end": end.value,
        "code": "DFU-LINK-004" if end is RunEnd.FAIL else "",
        "message": "gone",
        "seconds": 1.5,
        "sent_size": 7,
        "met": end is not RunEnd.NOT_MET,
        "trace": "runs-1.jsonl",
        "current": rng.choice([None, {**current, "duration_s": 3.0, "lost_samples": 0}]),
        "current_file": "",
        "at": "2026-01-01T00:00:00Z",
    }


def _draw(rng: random.Random) -> bytes:
    is_margin = rng.random() < 0.5
    many = rng.choice([0, 1, 3, 8])
    runs = [
        _run(rng, number, rng.choice([3.0, 1.8, 2.31]) if is_margin else rng.choice("ab"))
        for number in range(1, many + 1)
    ]
    lines = [json.dumps(each) for each in ({**HEADER, "is_margin": is_margin}, *runs)]
    if rng.random() < 0.5:
        at = rng.randrange(len(lines))
        fields = json.loads(lines[at])
        fields[rng.choice([*fields])] = "@value@"
        lines[at] = json.dumps(fields).replace('"@value@"', rng.choice(_VALUES))
    content = "".join(f"{line}\n" for line in lines).encode()
    return damaged_lines(rng, [content]) if rng.random() < 0.3 else content


def _read(content: bytes) -> list[Run]:
    is_margin = b'"is_margin": true' in content
    header = {**HEADER, "is_margin": is_margin}
    whole = content[: content.rfind(b"\n") + 1]
    return read_runs(
        whole or b"\n", header, name="f", is_condition=SWEPT.has if is_margin else is_side
    )


def _check(content: bytes, runs: list[Run]) -> None:
    """What is believed can be reckoned with, written again, and is read as the same."""
    first = content.splitlines()[0]
    written = b"\n".join([first, *(json.dumps(run_fields(run)).encode() for run in runs), b""])
    assert _read(written) == runs
    counted = counting(runs)
    if b'"is_margin": true' not in content:
        compare(
            [Counted(Side(str(run.condition)), run.ended.end is RunEnd.FAIL) for run in counted],
            most_runs=40,
        )
        return
    tried = [
        Tried(value=float(run.condition), failed=run.ended.end is RunEnd.FAIL) for run in counted
    ]
    sweep = Sweep(good=SWEPT.good, bad=SWEPT.bad, resolution=SWEPT.resolution)
    margin = MarginSearch(sweep, tried).margin()
    assert list(hints(margin, runs)) is not None
    assert margin_csv(runs, SWEPT)
    assert margin_sentence(margin, SWEPT, tried=tried, is_at_bound=True)


TARGET = Target(name="runs", draw=_draw, read=_read, check=_check)
