"""Webhooks and their deliveries in a database."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Row, and_, case, delete, func, insert, select, update

from firmline.errors import Code, InputError, shortened, without_secrets
from firmline.line.audit.chain import Actor, deed
from firmline.line.audit.sql import enter
from firmline.line.records.database import Database
from firmline.line.records.outbox import AT_ONCE, ENDED, FAILED
from firmline.line.records.tables import line_deliveries, line_webhooks
from firmline.line.records.values import RowKey
from firmline.line.webhooks.signing import wait_s

LEASE: Final = timedelta(seconds=60)
"""For so long nobody else takes a delivery that is being sent; ours."""
LONGEST_URL: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Somebody who wants to hear of the ends of runs.

    Attributes:
        id: Its number.
        url: Where it is told.
        wants: ``ended``: all of them; ``failed``: those that did not pass.
        made_at: When it was made.
        waiting: Deliveries that have not arrived yet.
        dead: Deliveries that were given up.
        problem: What was wrong with the last that did not arrive; empty: nothing.
    """

    id: str
    url: str
    wants: str
    made_at: datetime
    waiting: int = 0
    dead: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Something that is to be told.

    Attributes:
        hook: To which webhook.
        url: Where that is.
        secret: With what it is signed.
        key: The row of the run.
        began_at: When the run began.
        tries: How often it was tried, this time among them.
    """

    hook: str
    url: str
    secret: str
    key: RowKey
    began_at: datetime
    tries: int

    def __repr__(self) -> str:
        """Without the secret, also in a traceback."""
        return f"Delivery({self.hook}, {self.key})"


class Webhooks:
    """The webhooks of a line.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, url: str, *, only_failed: bool, by: Actor, at: datetime) -> tuple[Webhook, str]:
        """Make a webhook for what ends from now on; and its secret.

        Raises:
            InputError: ``WEBHOOK_MALFORMED``.
        """
        check_url(url)
        secret = secrets.token_hex(32)
        wants = FAILED if only_failed else ENDED
        made = Webhook(id=secrets.token_hex(4), url=url, wants=wants, made_at=at)
        with self._database.writing() as connection:
            values = {"id": made.id, "url": url, "secret": secret, "wants": wants, "made_at": at}
            connection.execute(insert(line_webhooks).values(values))
            details = {"url": without_secrets(url)[:1000], "wants": wants}
            enter(connection, deed("webhook.add", made.id, at=at, by=by, details=details))
        return made, secret

    def remove(self, hook: str, *, by: Actor, at: datetime) -> int:
        """Take a webhook away, with what it was not told yet; how many deliveries that were.

        Raises:
            InputError: ``WEBHOOK_UNKNOWN``.
        """
        with self._database.writing() as connection:
            mine = delete(line_webhooks).where(line_webhooks.c.id == hook)
            if not connection.execute(mine).rowcount:
                raise _unknown(hook)
            untold = delete(line_deliveries).where(line_deliveries.c.hook == hook)
            lost = connection.execute(untold).rowcount
            details = {"deliveries": lost}
            enter(connection, deed("webhook.remove", hook, at=at, by=by, details=details))
        return lost

    def revive(self, hook: str, *, by: Actor, at: datetime) -> int:
        """Send dead deliveries again; how many there are.

        Raises:
            InputError: ``WEBHOOK_UNKNOWN``.
        """
        columns = line_deliveries.c
        with self._database.writing() as connection:
            mine = select(line_webhooks.c.id).where(line_webhooks.c.id == hook)
            if connection.execute(mine).first() is None:
                raise _unknown(hook)
            again = (
                update(line_deliveries)
                .where(columns.hook == hook, columns.is_dead.is_(True))
                .values(is_dead=False, tries=0, next_at=AT_ONCE)
            )
            number = connection.execute(again).rowcount
            details = {"deliveries": number}
            enter(connection, deed("webhook.retry", hook, at=at, by=by, details=details))
        return number

    def listed(self) -> tuple[Webhook, ...]:
        """All webhooks, with what they have not heard yet."""
        columns = line_deliveries.c
        query = (
            select(
                line_webhooks,
                func.count(columns.hook).label("all"),
                func.sum(case((columns.is_dead.is_(True), 1), else_=0)).label("dead"),
                func.max(columns.problem).label("problem"),
            )
            .outerjoin(line_deliveries, columns.hook == line_webhooks.c.id)
            .group_by(*line_webhooks.c)
            .order_by(line_webhooks.c.made_at, line_webhooks.c.id)
        )
        with self._database.reading() as connection:
            return tuple(map(_webhook, connection.execute(query)))

    def claim(self, *, now: datetime) -> Delivery | None:
        """The next delivery that is due, for whoever asks alone; ``None``: none is."""
        columns = line_deliveries.c
        due = (
            select(line_deliveries, line_webhooks.c.url, line_webhooks.c.secret)
            .join(line_webhooks, line_webhooks.c.id == columns.hook)
            .where(columns.is_dead.is_(False), columns.next_at <= now)
            .order_by(columns.next_at, columns.began_at, columns.station, columns.sequence)
            .limit(1)
            .with_for_update(skip_locked=True, of=line_deliveries)
        )
        with self._database.reading() as connection:
            if connection.execute(due.with_only_columns(columns.hook)).first() is None:
                return None
        with self._database.writing() as connection:
            row = connection.execute(due).first()
            if row is None:
                return None
            taken = {"tries": row.tries + 1, "next_at": now + LEASE}
            connection.execute(update(line_deliveries).where(_is(row)).values(taken))
        return Delivery(
            hook=row.hook,
            url=row.url,
            secret=row.secret,
            key=RowKey(station=row.station, sequence=row.sequence),
            began_at=row.began_at,
            tries=row.tries + 1,
        )

    def arrived(self, delivery: Delivery) -> None:
        """It has arrived: nothing is left to do."""
        with self._database.writing() as connection:
            connection.execute(delete(line_deliveries).where(_of(delivery)))

    def failed(self, delivery: Delivery, problem: str, *, now: datetime) -> None:
        """It has not arrived: it is tried again later, or given up."""
        wait = wait_s(delivery.tries)
        values: dict[str, object] = {"problem": problem[:200], "is_dead": wait is None}
        if wait is not None:
            values["next_at"] = now + timedelta(seconds=wait)
        with self._database.writing() as connection:
            connection.execute(update(line_deliveries).where(_of(delivery)).values(values))


def check_url(url: str) -> None:
    """See that something can be sent there.

    Raises:
        InputError: ``WEBHOOK_MALFORMED``.
    """
    try:
        parts = urlsplit(url)
        is_fit = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_fit = is_fit and parts.port != 0 and "@" not in parts.netloc and not parts.fragment
    except ValueError:
        is_fit = False
    is_plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if not is_fit or not is_plain or len(url) > LONGEST_URL:
        raise InputError(
            Code.WEBHOOK_MALFORMED,
            f"{shortened(url)!r} is no address of a webhook, such as https://mes.example/firmline.",
        )


def _unknown(hook: str) -> InputError:
    return InputError(Code.WEBHOOK_UNKNOWN, f"There is no webhook {shortened(hook)}.")


def _webhook(row: Row[Any]) -> Webhook:
    dead = int(row.dead or 0)
    return Webhook(
        id=row.id,
        url=row.url,
        wants=row.wants,
        made_at=row.made_at,
        waiting=row.all - dead,
        dead=dead,
        problem=row.problem or "",
    )


def _is(row: Row[Any]) -> Any:  # noqa: ANN401 - a condition of SQLAlchemy's
    columns = line_deliveries.c
    return and_(
        columns.hook == row.hook, columns.station == row.station, columns.sequence == row.sequence
    )


def _of(delivery: Delivery) -> Any:  # noqa: ANN401 - as above
    columns = line_deliveries.c
    return and_(
        columns.hook == delivery.hook,
        columns.station == delivery.key.station,
        columns.sequence == delivery.key.sequence,
    )
