"""``make fuzz``: all targets, one after the other, which share the seconds; or one of them alone.

The virtual unit's sessions take a third, because a session is long and its depths are rare; the
readers of files share the rest. ``--target zip --input FILE`` examines a file that was saved.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from pathlib import Path

from fuzz import files, unit
from fuzz.files import BrokenError, Target
from fuzz.targets import TARGETS

UNIT_SHARE = 1 / 3


def run_all(*, seconds: float, seed: str) -> bool:
    """Run every target; whether all of them proved something."""
    of_unit = seconds * UNIT_SHARE
    good = unit.main(["--seconds", str(of_unit), "--seed", seed]) == 0
    each = (seconds - of_unit) / len(TARGETS)
    for target in TARGETS.values():
        good &= files.run_and_show(target, seconds=each, seed=seed)
    return good


def examine_again(target: Target, path: Path) -> bool:
    """Examine a saved input, and tell all of a failure; whether there is none."""
    try:
        code, cpu_s, growth_kib = files.examine(target, path.read_bytes())
    except BrokenError as error:
        traceback.print_exception(error.__cause__ or error, file=sys.stdout)
        print(f"FAILED: {error}")
        return False
    print(f"{code or 'accepted'}; {cpu_s:.3f} s, {growth_kib} KiB")
    return True


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; the exit status."""
    parser = argparse.ArgumentParser(prog="fuzz.run", description="Fuzz units and readers.")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", default="1", help="any text; the same seed, the same inputs")
    parser.add_argument("--target", choices=sorted(TARGETS), help="one reader of files alone")
    parser.add_argument("--input", type=Path, help="a saved input of that target, not a run")
    options = parser.parse_args(arguments)
    if options.target is None:
        if options.input is not None:
            parser.error("--input needs --target")
        return 0 if run_all(seconds=options.seconds, seed=options.seed) else 1
    target = TARGETS[options.target]
    if options.input is not None:
        return 0 if examine_again(target, options.input) else 1
    print(f"seed {options.seed}", flush=True)
    good = files.run_and_show(target, seconds=options.seconds, seed=options.seed)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
