"""What may stand behind ``?`` in a ``sim:`` target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, InputError
from firmline.links.base import USUAL_INTERVAL_S
from firmline.links.target import Target
from firmline.links.target_options import interval_option, number_option, refuse_others

SIM_OPTIONS: Final = ("key", "flash", "speed", "interval", "packets", "physics")
"""``key``: a PEM file whose public half the virtual unit trusts instead of its own key.
``flash``: a dump; the virtual unit is the one that it was read from.
``speed``: how many times faster than real time; without it, as fast as this computer.
``interval``: the connection interval the host asks for, in milliseconds.
``packets``: how many packets the host's radio sends in a connection event.
``physics``: ``off``: nothing takes time or current, to try a host as fast as this computer is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimOptions:
    """The options of a ``sim:`` target, but for its files.

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
    refuse_others(target, SIM_OPTIONS)
    physics = _physics(target)
    packets = number_option(target, "packets", 1, 100, "a whole number of packets", step=1)
    return SimOptions(
        speed=number_option(target, "speed", 0.01, 100_000, "a factor"),
        interval_s=interval_option(target),
        packets_per_event=None if packets is None else int(packets),
        physics=physics,
    )


def _physics(target: Target) -> bool:
    """Whether there is physics; without it, nothing that is about time makes sense."""
    text = target.options.get("physics", "on")
    if text not in ("on", "off"):
        raise InputError(
            Code.TARGET_MALFORMED,
            f"physics={text[:20]} is neither on nor off.",
            hint="Write physics=off where nothing is to take time; else leave it out.",
        )
    for name in ("speed", "interval", "packets"):
        if text == "off" and name in target.options:
            raise InputError(
                Code.TARGET_MALFORMED,
                f"Without physics nothing takes time: {name}= means nothing.",
                hint=f"Leave out physics=off or {name}=.",
            )
    return text == "on"
