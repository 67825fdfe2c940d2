"""Hostile files for every reader: ``make fuzz``, or ``python -m fuzz.run --target zip``.

Input number I of seed N is always the same, whatever the time. What must hold of each input: a
value comes out, or an :class:`~firmline.errors.InputError` with one printable sentence, nothing
else; within bounds of processor time and memory; and what was accepted can be written and read
again. A failure is printed with the input, which is saved, and the command that repeats it; the
exit status is then 1. It is also 1 where nearly everything is refused, or nearly nothing: such a
run does not get past the first check, or tries nothing.
"""

from __future__ import annotations

import contextlib
import random
import re
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmline.errors import Code, InputError

MOST_CPU_S = 0.5
MOST_GROWTH_KIB = 64 * 1024
"""Bounds for one input, its round trip included; the memory is above what the process had."""
HANGS_S = 10.0
LEAST_INPUTS = 200
LEAST_SHARE = 0.05
"""Of inputs that are accepted, and of those that are refused."""
FOLDER = Path("fuzz-failures")
LONGEST_MESSAGE = 1000
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A reader, and what it is given.

    Attributes:
        name: What the command line calls it.
        draw: Makes an input.
        read: The reader under test; refuses by an InputError.
        check: What must hold of a value that was read from these bytes, by asserting it.
    """

    name: str
    draw: Callable[[random.Random], bytes]
    read: Callable[[bytes], Any]
    check: Callable[[bytes, Any], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What came of a run.

    Attributes:
        codes: How many inputs were refused by each code; those accepted are under ``None``.
        slowest_s: Processor time of the slowest input.
        most_kib: Most memory that one input took.
        spent_s: How long the run was.
    """

    codes: Counter[Code | None]
    slowest_s: float
    most_kib: int
    spent_s: float

    @property
    def share(self) -> float:
        """Of inputs that were accepted."""
        return self.codes[None] / self.codes.total()


class BrokenError(Exception):
    """Something that must hold does not."""


class _HangsError(BaseException):
    """Not an Exception, so that nobody takes it for damage in a file."""


def examine(target: Target, content: bytes) -> tuple[Code | None, float, int]:
    """Read an input; the code of its refusal (``None``: accepted), seconds and KiB that it took.

    Raises:
        BrokenError: Something does not hold.
    """
    _reset_peak()
    before_kib, before_s = _peak_kib(), time.process_time()
    try:
        with _alarm():
            code = _read(target, content)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {str(error)[:300]}"
        raise BrokenError(f"{what} ({place.name}, line {place.lineno})") from error
    except _HangsError as error:
        place = traceback.extract_tb(error.__traceback__)[-2]
        raise BrokenError(f"it hangs ({place.name}, line {place.lineno})") from None
    cpu_s, growth_kib = time.process_time() - before_s, _peak_kib() - before_kib
    if cpu_s > MOST_CPU_S:
        raise BrokenError(f"{cpu_s:.2f} s of processor time; {MOST_CPU_S} s are allowed")
    if growth_kib > MOST_GROWTH_KIB:
        raise BrokenError(f"{growth_kib} KiB of memory; {MOST_GROWTH_KIB} are allowed")
    return code, cpu_s, growth_kib


def _read(target: Target, content: bytes) -> Code | None:
    try:
        value = target.read(content)
    except InputError as error:
        _check_refusal(error)
        return error.code
    try:
        target.check(content, value)
    except InputError as error:
        raise BrokenError(f"accepted, and then refused: {error}") from error
    return None


def _check_refusal(error: InputError) -> None:
    message = error.message
    if not (message.isprintable() and error.hint.isprintable() and message.endswith((".", "?"))):
        raise BrokenError(f"no printable sentence: {message[:300]!a}")
    if len(message) > LONGEST_MESSAGE:
        raise BrokenError(f"a message of {len(message)} characters: {message[:300]!a}")


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    def ring(_number: int, _frame: object) -> None:
        raise _HangsError

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, HANGS_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _reset_peak() -> None:
    """Let Linux count the most memory anew; elsewhere the most of the whole run has to do."""
    with contextlib.suppress(OSError):
        _CLEAR.write_text("5")


def _peak_kib() -> int:
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text())
    except OSError:
        found = None
    if found:
        return int(found[1])
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 if sys.platform == "darwin" else most


def input_of(target: Target, seed: str, number: int) -> bytes:
    """The input with this number of a seed."""
    return target.draw(random.Random(f"{seed}/{target.name}/{number}"))


def run(target: Target, *, seconds: float, seed: str) -> Tally:
    """Examine inputs until the time is over, and never only a few.

    Raises:
        SystemExit: One failed, and was reported.
    """
    codes: Counter[Code | None] = Counter()
    slowest_s, most_kib = 0.0, 0
    begin = time.monotonic()
    while (spent_s := time.monotonic() - begin) < seconds or codes.total() < LEAST_INPUTS:
        number = codes.total() + 1
        content = input_of(target, seed, number)
        try:
            code, cpu_s, growth_kib = examine(target, content)
        except BrokenError as error:
            _report(target, f"{seed}-{number}", content, str(error))
            raise SystemExit(1) from None
        codes[code] += 1
        slowest_s, most_kib = max(slowest_s, cpu_s), max(most_kib, growth_kib)
    return Tally(codes=codes, slowest_s=slowest_s, most_kib=most_kib, spent_s=spent_s)


def _report(target: Target, which: str, content: bytes, failure: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{target.name}-{re.sub(r'[^A-Za-z0-9-]', '_', which)}.bin"
    path.write_bytes(content)
    print(f"FAILED target {target.name}, input {which} ({len(content)} bytes): {failure}")
    print(f"  saved as {path}; again with")
    print(f"  PYTHONPATH=tests .venv/bin/python -m fuzz.run --target {target.name} --input {path}")
    sys.stdout.flush()


def show(target: Target, tally: Tally) -> None:
    """What came of a run: a line, and one for each code."""
    total = tally.codes.total()
    print(
        f"{target.name:14} {total:7,} inputs, {total / max(tally.spent_s, 1e-9):6,.0f} a second;"
        f" {tally.share:4.0%} accepted, {1 - tally.share:4.0%} refused;"
        f" at most {tally.slowest_s:.3f} s and {tally.most_kib / 1024:.1f} MiB"
    )
    for code, count in sorted(tally.codes.items(), key=str):
        if code is not None:
            print(f"  {code.value:14} {code.name.lower():28} {count:7,}", flush=True)


def is_well_made(tally: Tally) -> bool:
    """Whether the run saw both answers often enough."""
    return LEAST_SHARE <= tally.share <= 1 - LEAST_SHARE


def run_and_show(target: Target, *, seconds: float, seed: str) -> bool:
    """Run a target; whether its run proves anything."""
    tally = run(target, seconds=seconds, seed=seed)
    show(target, tally)
    if not is_well_made(tally):
        print(f"NOT BALANCED: {target.name} has to see at least {LEAST_SHARE:.0%} of each answer")
    return is_well_made(tally)
