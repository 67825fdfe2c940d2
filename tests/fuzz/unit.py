"""Random sessions against virtual units: ``make fuzz``, or ``python -m fuzz.unit --seconds 600``.

Session number I of seed N is always the same, whatever the time. A failure is printed with what
repeats it, and as few of its steps as a simple search leaves; the exit status is then 1. It is also
1 where the sessions did not get as deep as they must, since such a run proves nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from firmline.device.profile import PROFILES
from fuzz.steps import Plan, draw_plan
from fuzz.transcripts import run_transcript
from fuzz.world import World

TWICE = 10
"""Every so-manieth session is run twice and must come to the same."""
TRANSCRIPT = 8
"""Every so-manieth session is a transcript."""
MUST_REACH: dict[str, Callable[[Counter[str]], int]] = {
    "an accepted init packet": lambda reached: reached["answer OBJECT_EXECUTE 01"],
    "a whole activation": lambda reached: _count(reached, "activated "),
    "a bootloader copied by the MBR": lambda reached: reached["bootloader copied"],
    "a refusal of the image, 0B/0C": lambda reached: reached["answer OBJECT_EXECUTE 0b/0c"],
    "a power cut": lambda reached: reached["reset power"],
    "an untouched application": lambda reached: reached[
        "an untouched application was looked after"
    ],
}
MUST_REACH_BY_RADIO: dict[str, Callable[[Counter[str]], int]] = {
    "a lost buffer": lambda reached: reached["packet_without_buffer"]
}


def _count(reached: Counter[str], prefix: str) -> int:
    return sum(count for name, count in reached.items() if name.startswith(prefix))


def run(plan: Plan) -> World:
    """A whole session; what goes wrong is raised."""
    world = World(profile=plan.profile, chip=plan.chip, application_size=plan.application_size)
    for step in plan.steps:
        world.do(step)
    world.check_boot()
    return world


def failure_of(plan: Plan) -> str:
    """How a session fails; empty: it does not."""
    try:
        run(plan)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {error} ({place.name}, line {place.lineno})"
    return ""


def shortened(plan: Plan) -> Plan:
    """The shortest beginning that still fails, then without every step that is not needed."""
    for length in range(len(plan.steps) + 1):
        shorter = replace(plan, steps=plan.steps[:length])
        if failure_of(shorter):
            plan = shorter
            break
    for index in reversed(range(len(plan.steps))):
        without = replace(plan, steps=plan.steps[:index] + plan.steps[index + 1 :])
        if failure_of(without):
            plan = without
    return plan


def report(plan: Plan, failure: str) -> None:
    """Say how to repeat a failure."""
    print(f"FAILED session {plan.seed!r} on {plan.profile}, {plan.chip}: {failure}")
    short = shortened(plan)
    print(f"{len(short.steps)} of {len(plan.steps)} steps are enough: {failure_of(short)}")
    print(f"  World(profile={short.profile!r}, chip={short.chip!r},", end="")
    print(f" application_size={short.application_size})")
    for step in short.steps:
        print(f"  world.do({step!r})")
    print("  world.check_boot()", flush=True)


def session(seed: str, number: int, profile: str | None) -> tuple[Counter[str], int]:
    """One session: what it reached, and its steps.

    Raises:
        SystemExit: It failed, and was reported.
    """
    name = f"{seed}/{number}"
    if number % TRANSCRIPT == 0:
        try:
            return Counter([run_transcript(name)]), 1
        except Exception:
            print(f"FAILED transcript {name!r}: from fuzz.transcripts import run_transcript")
            raise
    plan = draw_plan(name, profile)
    try:
        world = run(plan)
    except Exception:  # noqa: BLE001 - run again by what describes it
        report(plan, failure_of(plan))
        raise SystemExit(1) from None
    if number % TWICE == 1 and run(plan).digest != world.digest:
        print(f"FAILED session {name!r} on {plan.profile}: the same seed came to another end")
        raise SystemExit(1)
    return world.reached, len(plan.steps)


def show(reached: Counter[str]) -> None:
    """What was reached, a line each."""
    for name, count in sorted(reached.items()):
        print(f"  {name:48} {count:9,}")


def not_reached(reached: Counter[str], profile: str | None) -> list[str]:
    """What a run must have seen and has not."""
    wanted = dict(MUST_REACH)
    if profile is None or PROFILES[profile].is_ble:
        wanted |= MUST_REACH_BY_RADIO
    return [what for what, count in wanted.items() if not count(reached)]


def main(arguments: list[str] | None = None) -> int:
    """Run sessions until the time is over; the exit status."""
    parser = argparse.ArgumentParser(prog="fuzz.unit", description="Fuzz the virtual unit.")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", default="1", help="any text; the same seed, the same sessions")
    parser.add_argument("--profile", choices=sorted(PROFILES))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    reached: Counter[str] = Counter()
    number = steps = 0
    begin = time.monotonic()
    while (spent := time.monotonic() - begin) < options.seconds or number == 0:
        number += 1
        seen, count = session(options.seed, number, options.profile)
        reached += seen
        steps += count
    show(reached)
    print(f"{number:,} sessions, {steps:,} steps, {steps / max(spent, 1e-9):,.0f} steps a second")
    missing = not_reached(reached, options.profile)
    for what in missing:
        print(f"NOT REACHED: {what}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
