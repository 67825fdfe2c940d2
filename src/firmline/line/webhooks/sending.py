"""Sending what is due, in a thread of its own: a slow program elsewhere holds nothing up here."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Final

import httpx

from firmline import __version__
from firmline.errors import StoreError
from firmline.line.records.base import RunFilter
from firmline.line.records.exporting import with_all
from firmline.line.records.fields import run_fields
from firmline.line.records.sql import SqlRecords
from firmline.line.webhooks.signing import HEADER, delivery_id, signature
from firmline.line.webhooks.store import Delivery, Webhooks

ANSWER_S: Final = 10.0
"""How long an answer is waited for, seconds; ours."""
LOOK_S: Final = 2.0
"""How often is looked for what is due, seconds; ours."""
END_S: Final = 3.0
"""How long the end waits for one that is under way, seconds; a lease brings it back."""


def _now() -> datetime:
    return datetime.now(UTC)


class Sender:
    """Sends what is due until it is ended.

    Args:
        records: What is told of, and where deliveries are.
        defect: Hears of defects of ours.
        clock: Tells the time in UTC.
    """

    def __init__(
        self,
        records: SqlRecords,
        *,
        defect: Callable[[Exception], None],
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._records = records
        self._hooks = Webhooks(records.database)
        self._clock = clock
        self._defect = defect
        self._ended = Event()
        self._thread = Thread(target=self._go_on, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Send no more."""
        self._ended.set()
        self._thread.join(END_S)

    def send_due(self) -> int:
        """Send what is due now; how many arrived."""
        arrived = 0
        # No proxy of the environment, no redirect: it goes where a release manager said.
        with httpx.Client(timeout=ANSWER_S, follow_redirects=False, trust_env=False) as client:
            while not self._ended.is_set():
                delivery = self._hooks.claim(now=self._clock())
                if delivery is None:
                    return arrived
                problem = self._problem_of(client, delivery)
                if problem:
                    self._hooks.failed(delivery, problem, now=self._clock())
                else:
                    self._hooks.arrived(delivery)
                    arrived += 1
        return arrived

    def _go_on(self) -> None:
        while not self._ended.wait(LOOK_S):
            try:
                self.send_due()
            except StoreError:
                continue  # a database that is away is asked again
            except Exception as defect:  # noqa: BLE001 - the others are sent all the same
                self._defect(defect)

    def _problem_of(self, client: httpx.Client, delivery: Delivery) -> str:
        """Send one; what was wrong, or nothing."""
        body = self._body(delivery)
        headers = {
            "content-type": "application/json",
            "user-agent": f"firmline/{__version__}",
            "Firmline-Delivery": delivery_id(
                delivery.hook, delivery.key.station, delivery.key.sequence
            ),
            HEADER: signature(delivery.secret, body, at_s=int(self._clock().timestamp())),
        }
        try:
            request = client.build_request("POST", delivery.url, content=body, headers=headers)
            answer = client.send(request, stream=True)
            answer.close()  # whatever it says, only the status counts
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            return type(problem).__name__
        return "" if answer.is_success else f"HTTP {answer.status_code}"

    def _body(self, delivery: Delivery) -> bytes:
        """The run as it is kept, with what was found out since; the same in every try otherwise."""
        wanted = RunFilter(
            station=delivery.key.station,
            since=delivery.began_at,
            until=delivery.began_at + timedelta(microseconds=1),
        )
        page = self._records.runs(wanted)
        mine = tuple(row for row in page.runs if row.key == delivery.key)
        told = [run_fields(each) for each in with_all(self._records, mine)]
        event = {"type": "run.ended", "run": told[0] if told else None}
        return json.dumps(event, separators=(",", ":")).encode()
