"""What all parts of a unit share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from firmline.device.board import Board
from firmline.device.faults.at_work import FaultsAtWork
from firmline.device.faults.plan import FaultPlan
from firmline.device.inside.outbox import Outbox
from firmline.device.inside.times import UnitTime
from firmline.device.unit_log import UnitLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What all parts of a unit share.

    Attributes:
        board: Its hardware.
        faults: What is wrong with it, at work.
        time: Where it is in time.
        log: What happens in it.
        outbox: What it wants done outside.
    """

    board: Board
    faults: FaultsAtWork
    time: UnitTime
    log: UnitLog
    outbox: Outbox

    @classmethod
    def of(cls, board: Board, plan: FaultPlan) -> Self:
        """The core of a unit with this board, whose happenings go to the unit's log from now on."""
        time = UnitTime(board.physics)
        log = UnitLog(time)
        board.log = log.record
        faults = FaultsAtWork(plan, board, log.record)
        return cls(board=board, faults=faults, time=time, log=log, outbox=Outbox(time))
