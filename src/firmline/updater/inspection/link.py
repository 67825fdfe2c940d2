"""One inspection over one link, whichever kind that is: from its first event to its last."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import Generic, TypeVar

from firmline.events import Reporter
from firmline.updater.inspection.plan import InspectionPlan
from firmline.updater.inspection.record import InspectionRecord, InspectionResult, one_then_other
from firmline.updater.opening import AnyLink

_L = TypeVar("_L", bound=AnyLink)


class LinkInspection(ABC, Generic[_L]):
    """Carries out one plan on one unit.

    Args:
        plan: What is to be read.
        link: The road to the unit.
        report: Takes every event, in order, as it happens; when it returns, the event is kept.
    """

    def __init__(self, plan: InspectionPlan, *, link: _L, report: Reporter) -> None:
        self._plan = plan
        self._link = link
        self._record = InspectionRecord(now_s=link.now_s, sink=report)

    async def run(self) -> InspectionResult:
        """Do it; errors end as a result, never as an exception (but for defects of ours)."""
        work = partial(one_then_other, self._inspect, self._leave_as_found)
        return await self._record.of(work, plan=self._plan, link=self._link)

    @property
    def result(self) -> InspectionResult | None:
        """How it ended, also where it was cancelled; ``None``: it has not."""
        return self._record.result

    async def _leave_as_found(self) -> None:
        """See a unit that was taken out of its application run it again."""
        if self._goes_back:
            await self._see_return()

    @property
    def _goes_back(self) -> bool:
        """Whether the unit is not where it was found, and is to be."""
        return self._record.entered and not self._plan.stay

    @abstractmethod
    async def _inspect(self) -> None:
        """Read the unit; who takes it out of its application tells the record before."""

    async def _see_return(self) -> None:
        """See the application run again: at once, or when the bootloader gives up by itself."""
