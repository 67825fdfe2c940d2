"""Weak spots of the real bootloader that the sweep meets, each with its name and its reason.

A finding is not a pass: a unit is lost there. It is not a defect of the virtual unit either: the
rules of the real one allow it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmline.device.cuts.sweep import Verdict
from firmline.device.flash import FlashOperation
from firmline.device.profile import MemoryMap


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakSpot:
    """A place where the real bootloader can be left in a bad state.

    Attributes:
        name: Stable name.
        why: What the rules say, in one sentence.
    """

    name: str
    why: str


MBR_PARAMETERS: Final = WeakSpot(
    name="mbr-parameters",
    why="The MBR takes its copy command up as soon as the first of its three parameter words is in"
    " flash; where the power fails before the other two, it is not known what it copies, and here"
    " it copies from an address outside flash at every boot.",
)


def weak_spot(verdict: Verdict, memory: MemoryMap) -> WeakSpot | None:
    """The known weak spot that a harmful cut, or either of two, has met; ``None``: it is none."""
    parameters = range(memory.backup_page + 4, memory.backup_page + 12)
    for place in verdict.places:
        if place.kind is FlashOperation.WRITE and place.address in parameters:
            return MBR_PARAMETERS
    return None
