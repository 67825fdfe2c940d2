"""Reading what stands behind ``?`` in a target, for every scheme in the same words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from firmline.errors import Code, InputError, shortened
from firmline.links.base import USUAL_INTERVAL_S
from firmline.links.target import Target
from firmline.values import BleAddress

MIN_INTERVAL_MS, MAX_INTERVAL_MS = 7.5, 4000.0
"""Connection intervals there are (Core spec, Vol 4, Part E, 7.8.12)."""
INTERVAL_STEP_MS: Final = 1.25
_ADDRESS: Final = re.compile(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}")
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


def road_and_unit(target: Target, *, kind: str, form: str, example: str) -> tuple[str, BleAddress]:
    """The road that a target names, and the unit behind the last ``/``.

    Args:
        target: The target.
        kind: What the road is, such as a controller.
        form: How the road is written, without the scheme.
        example: One, likewise.

    Raises:
        InputError: ``TARGET_MALFORMED``: it names no road, or no unit.
    """
    road, _, address = target.where.rpartition("/")
    if not road or not address:
        scheme = target.scheme
        raise InputError(
            Code.TARGET_MALFORMED,
            f"The target {shortened(target.text)!r} names no unit behind a {kind}.",
            hint=f"Write {scheme}:{form}/AA:BB:CC:DD:EE:FF, such as"
            f" {scheme}:{example}/AA:BB:CC:DD:EE:FF; firmline scan --on {scheme}:{form} lists the"
            " units.",
        )
    return road, BleAddress.parse(address)


def road_alone(target: Target) -> str:
    """The road that a target names, and no unit.

    Raises:
        InputError: ``TARGET_MALFORMED``: it names one.
    """
    road, _, last = target.where.rpartition("/")
    if road and _ADDRESS.fullmatch(last):
        raise InputError(
            Code.TARGET_MALFORMED,
            f"{shortened(target.text)!r} names a unit, where a radio is wanted.",
            hint=f"Leave the address out: {target.scheme}:{shortened(road)}.",
        )
    return target.where


def phy_2m_option(target: Target, *, fails: str) -> bool:
    """Whether the 2M PHY is asked for: ``phy=2m``, which is usual, or ``phy=1m``.

    Args:
        target: The target.
        fails: What may fail at 2m.

    Raises:
        InputError: ``TARGET_MALFORMED``.
    """
    text = target.options.get("phy", "2m")
    if text.lower() not in ("1m", "2m"):
        raise InputError(
            Code.TARGET_MALFORMED,
            f"phy={text[:20]} is neither 1m nor 2m.",
            hint=f"Write phy=1m for {fails} that fails at 2m; else leave it out.",
        )
    return text.lower() == "2m"


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
