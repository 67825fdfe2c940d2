"""What has to be told to other programs: entered with the run, in the same transaction.

So nothing is lost where a server dies between the two, and nothing is told of a run that was not
kept. :mod:`firmline.line.webhooks` sends it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, insert, select

from firmline.line.outcomes import StepOutcome
from firmline.line.records.tables import line_deliveries, line_webhooks
from firmline.line.records.values import Entry, Row, Run

AT_ONCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a delivery is due that was never tried: no clock is needed for it."""
ENDED: Final = "ended"
FAILED: Final = "failed"


def enter_deliveries(connection: Connection, rows: Iterable[Row[Entry]]) -> None:
    """Enter the ends of runs for every webhook that wants to hear of them.

    Args:
        connection: Of the transaction in which the rows are written.
        rows: Rows that are new.
    """
    ends = [(row.key, row.entry) for row in rows if isinstance(row.entry, Run)]
    if not ends:
        return
    hooks = connection.execute(select(line_webhooks.c.id, line_webhooks.c.wants)).all()
    lines = [
        {
            "hook": hook.id,
            "station": key.station,
            "sequence": key.sequence,
            "began_at": run.began_at,
            "tries": 0,
            "next_at": AT_ONCE,
            "is_dead": False,
            "problem": "",
        }
        for hook in hooks
        for key, run in ends
        if hook.wants == ENDED or run.outcome is not StepOutcome.PASS
    ]
    if lines:
        connection.execute(insert(line_deliveries), lines)
