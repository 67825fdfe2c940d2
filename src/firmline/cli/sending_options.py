"""The options that make an update go slower than it has to, which tells causes apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import click

from firmline.cli.numbers import Amount, Number
from firmline.protocol.pacing import Pacing
from firmline.protocol.requests import MAX_PRN

_F = TypeVar("_F", bound=Callable[..., Any])

LEAST_MTU, MOST_MTU = 23, 517
"""Of ATT, bytes: the smallest that there is, and the largest that a value fills (stacks spec)."""
MOST_PAUSE_S: Final = 10.0
"""Longest pause for each object; ours: an image of 100 objects takes 17 minutes longer then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How packets are sent, where somebody has said so.

    Attributes:
        prn: Ask for an unasked CRC after every ``prn`` packets; 0 = as the road needs it.
        most_mtu: Bytes; packets are made for no larger one. ``None``: as large as can be.
        pause_s: How long the unit's flash is given behind each CREATE; ``None``: as usual.
    """

    prn: int = 0
    most_mtu: int | None = None
    pause_s: float | None = None

    def pacing(self, usual: Pacing) -> Pacing:
        """The pauses of a road, with the one that was asked for: then nothing is sent ahead."""
        if self.pause_s is None:
            return usual
        return replace(usual, after_free_s=self.pause_s, streams=False, leaves_starved=False)


def sending_options(command: _F) -> _F:
    """Add the options to a command: ``prn``, ``most_mtu`` and ``pause_s``."""
    for option in (
        click.option(
            "--pause",
            "pause_s",
            metavar="SECONDS",
            type=Amount(0.0, MOST_PAUSE_S),
            help="Give the unit's flash so long behind each CREATE, and send nothing ahead.",
        ),
        click.option(
            "--mtu",
            "most_mtu",
            metavar="N",
            type=Number(MOST_MTU, minimum=LEAST_MTU),
            help="Over a radio: packets for an ATT MTU of N bytes at most; 23 is the smallest.",
        ),
        click.option(
            "--prn",
            metavar="N",
            type=Number(MAX_PRN),
            default=0,
            help="Have the unit confirm every N packets, which is slower.  [default: as the road"
            " needs it]",
        ),
    ):
        command = option(command)
    return command
