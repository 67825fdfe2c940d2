"""Reading what stands behind ``?`` in a target, for every scheme in the same words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from firmline.errors import Code, InputError
from firmline.links.base import USUAL_INTERVAL_S
from firmline.links.target import Target

MIN_INTERVAL_MS, MAX_INTERVAL_MS = 7.5, 4000.0
"""Connection intervals there are (Core spec, Vol 4, Part E, 7.8.12)."""
INTERVAL_STEP_MS: Final = 1.25
_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


def refuse_others(target: Target, names: Sequence[str], *, hint: str = "") -> None:
    """Refuse an option that targets of this scheme do not have.

    Args:
        target: The target.
        names: The options there are.
        hint: What to do instead; empty: the options are listed.

    Raises:
        InputError: ``TARGET_MALFORMED``.
    """
    for name in target.options:
        if name not in names:
            raise InputError(
                Code.TARGET_MALFORMED,
                f"A {target.scheme}: target has no option {name[:20]!r}.",
                hint=hint or f"Its options are: {', '.join(names)}.",
            )


def number_option(
    target: Target, name: str, least: float, most: float, kind: str, *, step: float | None = None
) -> float | None:
    """A number; ``None``: the target has no such option.

    Args:
        target: The target.
        name: Of the option.
        least: The smallest that is meant.
        most: The largest.
        kind: What it is a number of, behind "is not".
        step: What it has to be a multiple of.

    Raises:
        InputError: ``TARGET_MALFORMED``.
    """
    text = target.options.get(name)
    if text is None:
        return None
    value = float(text) if _NUMBER.fullmatch(text) else -1.0
    if not least <= value <= most or (step is not None and value % step):
        raise InputError(
            Code.TARGET_MALFORMED,
            f"{name}={text[:20]} is not {kind} from {least:.10g} to {most:.10g}.",
            hint=f"Write a number within these bounds behind {name}=, or leave it out for what is"
            " usual.",
        )
    return value


def interval_option(target: Target) -> float:
    """``interval=MS``: the connection interval to ask for, in seconds.

    Raises:
        InputError: ``TARGET_MALFORMED``.
    """
    interval_ms = number_option(
        target,
        "interval",
        MIN_INTERVAL_MS,
        MAX_INTERVAL_MS,
        "a number of milliseconds in steps of 1.25",
        step=INTERVAL_STEP_MS,
    )
    return USUAL_INTERVAL_S if interval_ms is None else interval_ms / 1000
