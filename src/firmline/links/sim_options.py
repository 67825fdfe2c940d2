"""What may stand behind ``?`` in a ``sim:`` target."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, InputError
from firmline.links.base import USUAL_INTERVAL_S
from firmline.links.target import Target

SIM_OPTIONS: Final = ("key", "speed", "interval", "packets", "physics")
"""``key``: a PEM file whose public half the virtual unit trusts instead of its own key.
``speed``: how many times faster than real time; without it, as fast as this computer.
``interval``: the connection interval the host asks for, in milliseconds.
``packets``: how many packets the host's radio sends in a connection event.
``physics``: ``off``: nothing takes time or current, to try a host as fast as this computer is."""

NUMBER: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
MIN_INTERVAL_MS, MAX_INTERVAL_MS = 7.5, 4000.0
"""Connection intervals there are (Core spec, Vol 4, Part E, 7.8.12)."""
INTERVAL_STEP_MS: Final = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class SimOptions:
    """The options of a ``sim:`` target, but for the key.

    Attributes:
        speed: How many times faster than real time; ``None``: without any waiting.
        interval_s: The connection interval the host asks for.
        packets_per_event: How many packets the host sends in a connection event; ``None``: what
            fits.
        physics: Whether things take time and current.
    """

    speed: float | None = None
    interval_s: float = USUAL_INTERVAL_S
    packets_per_event: int | None = None
    physics: bool = True


def sim_options(target: Target) -> SimOptions:
    """Read the options of a ``sim:`` target.

    Raises:
        InputError: ``TARGET_MALFORMED``: there is no such option, or not with this value.
    """
    for name in target.options:
        if name not in SIM_OPTIONS:
            raise InputError(
                Code.TARGET_MALFORMED,
                f"A sim: target has no option {name[:20]!r}.",
                hint=f"Its options are: {', '.join(SIM_OPTIONS)}.",
            )
    physics = _physics(target)
    packets = _number(target, "packets", 1, 100, "a whole number of packets", step=1)
    interval_ms = _number(
        target,
        "interval",
        MIN_INTERVAL_MS,
        MAX_INTERVAL_MS,
        "a number of milliseconds in steps of 1.25",
        step=INTERVAL_STEP_MS,
    )
    return SimOptions(
        speed=_number(target, "speed", 0.01, 100_000, "a factor"),
        interval_s=USUAL_INTERVAL_S if interval_ms is None else interval_ms / 1000,
        packets_per_event=None if packets is None else int(packets),
        physics=physics,
    )


def _physics(target: Target) -> bool:
    """Whether there is physics; without it, nothing that is about time makes sense."""
    text = target.options.get("physics", "on")
    if text not in ("on", "off"):
        raise InputError(Code.TARGET_MALFORMED, f"physics={text[:20]} is neither on nor off.")
    for name in ("speed", "interval", "packets"):
        if text == "off" and name in target.options:
            raise InputError(
                Code.TARGET_MALFORMED, f"Without physics nothing takes time: {name}= means nothing."
            )
    return text == "on"


def _number(
    target: Target, name: str, least: float, most: float, kind: str, *, step: float | None = None
) -> float | None:
    text = target.options.get(name)
    if text is None:
        return None
    value = float(text) if NUMBER.fullmatch(text) else -1.0
    if not least <= value <= most or (step is not None and value % step):
        raise InputError(
            Code.TARGET_MALFORMED,
            f"{name}={text[:20]} is not {kind} from {least:g} to {most:g}.",
        )
    return value
