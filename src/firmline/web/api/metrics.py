"""Figures for Prometheus, in a registry of our own: counted when they are asked for.

What is counted are the records themselves, so nothing is lost when the server is started anew. They
are counted at most once in fifteen seconds, however many ask.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from threading import Lock
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from firmline import __version__
from firmline.line.audit.sql import SqlAudit
from firmline.line.records.sql import SqlRecords

KEPT_S: Final = 15.0
"""How long counted figures are answered again, seconds; ours: Prometheus asks every 15 to 60."""
MEDIA_TYPE: Final = CONTENT_TYPE_LATEST


class LineFigures(Collector):
    """What the records come to.

    Args:
        records: Them.
    """

    def __init__(self, records: SqlRecords) -> None:
        self._records = records

    def describe(self) -> Iterator[Metric]:
        """Nothing in advance, so that nothing is counted at the start."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The figures."""
        runs = CounterMetricFamily(
            "firmline_runs",
            "Ended runs, by station and outcome.",
            labels=("station", "outcome", "golden"),
        )
        counted: Counter[tuple[str, str, str]] = Counter()
        for each in self._records.ends():
            golden = "true" if each.is_golden else "false"
            counted[each.cell.station, each.outcome.value, golden] += each.runs
        for labels, number in sorted(counted.items()):
            runs.add_metric(labels, number)
        yield runs
        half = GaugeMetricFamily(
            "firmline_runs_without_end",
            "Runs that were begun and have no end, by station.",
            labels=("station",),
        )
        begun = Counter(row.key.station for row in self._records.half_done())
        for station in sorted({key[0] for key in counted} | {*begun}):
            half.add_metric((station,), begun[station])
        yield half
        entries = SqlAudit(self._records.database).head().sequence
        yield CounterMetricFamily(
            "firmline_audit_entries", "Entries of the audit trail.", value=entries
        )
        version = GaugeMetricFamily("firmline_info", "The program.", labels=("version",))
        version.add_metric((__version__,), 1)
        yield version


class Figures:
    """The page of figures.

    Args:
        records: What is counted.
    """

    def __init__(self, records: SqlRecords) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(LineFigures(records))
        self._counting = Lock()
        self._page = b""
        self._counted_s = float("-inf")

    def page(self) -> bytes:
        """The figures in Prometheus' own format."""
        with self._counting:
            now_s = time.monotonic()
            if now_s - self._counted_s >= KEPT_S:
                self._page = generate_latest(self._registry)
                self._counted_s = now_s
            return self._page
