"""The answers of the API: values out of the records, as JSON knows them."""

from __future__ import annotations

from dataclasses import dataclass

from firmline import __version__
from firmline.errors import Code, InputError
from firmline.line.audit.sql import SqlAudit
from firmline.line.outcomes import StepOutcome
from firmline.line.queue.fields import campaign_fields, event_fields, unit_fields
from firmline.line.queue.views import all_campaigns, campaign_view, events_of, units_of
from firmline.line.records.digest import plain
from firmline.line.records.exporting import left_half_done, reworks, with_all
from firmline.line.records.fields import half_done_fields, rework_fields, run_fields
from firmline.line.records.sql import SqlRecords
from firmline.line.statistics.grouping import By
from firmline.line.statistics.proportion import Share
from firmline.line.statistics.yields import Yield, yields
from firmline.web.api.questions import (
    MOST_ENTRIES,
    MOST_RUNS,
    USUAL_RUNS,
    malformed,
    mark_of,
    number,
    place_of_mark,
    run_filter,
)

Answer = dict[str, object]
Given = dict[str, str]
MOST_OF_A_UNIT = 500
"""Runs of one serial number that are told at once; ours. A unit has a handful."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is asked: the records of a line, and what lies beside them.

    Attributes:
        records: The records.
    """

    records: SqlRecords

    def health(self, _given: Given) -> Answer:
        """That the records can be read, and by whom."""
        head = SqlAudit(self.records.database).head()
        return {"status": "ok", "firmline": __version__, "audit_entries": head.sequence}

    def runs(self, given: Given) -> Answer:
        """A page of runs, in the order in which they began."""
        after = place_of_mark(given.get("after"))
        size = number("limit", given, most=MOST_RUNS, usual=USUAL_RUNS)
        page = self.records.runs(run_filter(given), after=after, size=size)
        told = [run_fields(each) for each in with_all(self.records, page.runs)]
        return {"runs": told, "after": mark_of(page.after)}

    def unit(self, given: Given) -> Answer:
        """Everything that was done to the units with a serial number."""
        wanted = run_filter(given)
        page = self.records.runs(wanted, size=MOST_OF_A_UNIT)
        told = [run_fields(each) for each in with_all(self.records, page.runs)]
        half = [half_done_fields(row) for row in left_half_done(self.records, wanted)]
        if not told and not half:
            raise InputError(Code.NO_RUNS, "No unit with this serial number is in the records.")
        back = [rework_fields(row) for row in reworks(self.records, wanted)]
        return {"serial": wanted.serial, "runs": told, "half_done": half, "reworks": back}

    def yields(self, given: Given) -> Answer:
        """First-, second- and last-pass yield."""
        words = [each.value for each in By]
        if given.get("by") not in {None, *words}:
            raise malformed(f"by is one of {', '.join(words)}.")
        by = By(given["by"]) if "by" in given else None
        wanted = run_filter(given)
        counts = self.records.counts(wanted, by_hour=by is not None and by.is_time)
        told = yields(counts, by)
        return {
            "by": by and by.value,
            "first_at": plain(told.first_at),
            "last_at": plain(told.last_at),
            "golden_runs": told.golden,
            "all": _yield(told.whole),
            "groups": [_yield(each) for each in told.groups],
        }

    def stations(self, _given: Given) -> Answer:
        """The stations that have sent runs, and what they have done."""
        runs: dict[str, dict[str, int]] = {}
        for each in self.records.ends():
            counted = runs.setdefault(each.cell.station, dict.fromkeys(map(str, StepOutcome), 0))
            counted[each.outcome.value] += each.runs
        return {
            "stations": [
                {
                    "station": station,
                    "runs": sum(outcomes.values()),
                    "outcomes": outcomes,
                    "last_at": plain(self.records.newest_time(station)),
                    "half_done": len(self.records.half_done(station=station)),
                }
                for station, outcomes in sorted(runs.items())
            ]
        }

    def campaigns(self, _given: Given) -> Answer:
        """All campaigns, the newest first."""
        listed = all_campaigns(self.records.database)
        return {"campaigns": [campaign_fields(each) for each in listed]}

    def campaign(self, given: Given) -> Answer:
        """A campaign with its units, and what happened to it."""
        name, database = given["campaign"], self.records.database
        return {
            **campaign_fields(campaign_view(database, name)),
            "units": [unit_fields(each) for each in units_of(database, name)],
            "events": [event_fields(each) for each in events_of(database, name)],
        }

    def audit(self, given: Given) -> Answer:
        """A page of the audit trail, with all that its digests cover."""
        after = number("after", given, most=2**62, usual=0, least=0)
        size = number("limit", given, most=MOST_ENTRIES, usual=100)
        trail = SqlAudit(self.records.database)
        entries = trail.page(after=after, size=size)
        head = trail.head()
        return {
            "entries": [each.fields for each in entries],
            "after": entries[-1].sequence if len(entries) == size else None,
            "head": {"sequence": head.sequence, "digest": head.digest},
        }


def _yield(told: Yield) -> Answer:
    return {
        "group": told.group,
        "units": told.units,
        "first_pass": _share(told.first),
        "second_pass": _share(told.second),
        "last_pass": _share(told.last),
        "runs": told.runs,
        "outcomes": {each.value: told.outcomes.get(each, 0) for each in StepOutcome},
    }


def _share(share: Share) -> Answer:
    low, high = share.interval or (None, None)
    return {"count": share.count, "of": share.of, "share": share.value, "low": low, "high": high}
