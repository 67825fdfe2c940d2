"""Signing in with a name and a password, and the sessions that begin with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from firmline.errors import Code, InputError
from firmline.line.accounts.hashing import Passwords
from firmline.line.accounts.roles import Role
from firmline.line.accounts.secrets import kept, new_token
from firmline.line.accounts.throttle import FORGOTTEN_S, Tries, another, wait_s
from firmline.line.accounts.values import LONGEST, NAME, Held, Holder, normal_password
from firmline.line.audit.chain import deed
from firmline.line.audit.sql import enter
from firmline.line.records.database import Database
from firmline.line.records.tables import line_accounts, line_sessions, line_tries

LASTS: Final = timedelta(hours=12)
"""How long a session lasts: a shift, with what comes before and after; ours."""
MOST_TRIES: Final = 10_000
"""Names that tries are remembered of, so that made-up ones do not fill the disk; ours."""
REFUSED: Final = "This name and this password do not belong together."


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session that has begun.

    Attributes:
        token: The secret of it, which only the cookie holds.
        holder: Who signed in.
        expires_at: When it is over.
    """

    token: str
    holder: Holder
    expires_at: datetime

    def __repr__(self) -> str:
        """Without the token, also in a traceback."""
        return f"Session({self.holder.name})"


class Sessions:
    """The sessions of a line.

    Args:
        database: Where they are.
        passwords: Compares them.
    """

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    def sign_in(self, name: str, password: str, *, now: datetime) -> Session:
        """Begin a session.

        A try counts as a wrong one until it turns out right, so that many at once are as slow as
        one after the other. What is done for a wrong one does not depend on what was wrong: neither
        the words nor the time tell whether there is such an account. So a try enters the audit
        trail with the sign-in that follows it, and nobody fills the trail from outside.

        Raises:
            InputError: ``SIGN_IN_REFUSED``, ``SIGN_IN_TOO_OFTEN`` or ``SIGN_IN_BUSY``.
        """
        name = name.strip().lower()
        known = self._begin_try(name, now) if NAME.fullmatch(name) else None
        is_fit = len(password) <= LONGEST
        normal = normal_password(password) if is_fit else ""
        usable = None if known is None or known.is_disabled or not is_fit else known.password
        if not self._passwords.matches(usable, normal):
            raise InputError(Code.SIGN_IN_REFUSED, REFUSED)
        return self._begin(name, str(usable), normal, now)

    def holder(self, token: str, *, now: datetime) -> Holder | None:
        """Who has this session; ``None``: nobody any more."""
        query = (
            select(line_accounts.c.name, line_accounts.c.role)
            .join(line_sessions, line_sessions.c.account == line_accounts.c.name)
            .where(
                line_sessions.c.digest == kept(token),
                line_sessions.c.expires_at > now,
                line_accounts.c.is_disabled.is_(False),
            )
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return Holder(name=row.name, role=Role(row.role), held=Held.ACCOUNT)

    def end(self, token: str, *, now: datetime) -> None:
        """End a session, if it is one."""
        mine = line_sessions.c.digest == kept(token)
        holder = self.holder(token, now=now)
        with self._database.writing() as connection:
            ended = connection.execute(delete(line_sessions).where(mine)).rowcount
            if ended and holder is not None:
                enter(connection, deed("session.end", holder.name, at=now, by=holder.actor))

    def _begin_try(self, name: str, now: datetime) -> Row[Any] | None:
        """Count a try, and look the account up.

        Raises:
            InputError: ``SIGN_IN_TOO_OFTEN``.
        """
        mine = line_tries.c.name == name
        with self._database.writing() as connection:
            _make_room(connection, now)
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            first = dialect.insert(line_tries).values(name=name, tries=0, last_at=now)
            connection.execute(first.on_conflict_do_nothing())
            row = connection.execute(select(line_tries).where(mine).with_for_update()).one()
            tries = Tries(count=row.tries, last_at=row.last_at)
            left_s = wait_s(tries, now)
            if left_s:
                raise InputError(
                    Code.SIGN_IN_TOO_OFTEN,
                    f"Too many wrong passwords were given for this name: wait {left_s} s.",
                    wait_s=left_s,
                )
            later = another(tries, now)
            values = {"tries": later.count, "last_at": later.last_at}
            connection.execute(update(line_tries).where(mine).values(**values))
            account = select(line_accounts).where(line_accounts.c.name == name)
            return connection.execute(account).first()

    def _begin(self, name: str, usable: str, password: str, now: datetime) -> Session:
        token, expires_at = new_token(), now + LASTS
        anew = self._passwords.hash(password) if self._passwords.is_outdated(usable) else usable
        mine = line_accounts.c.name == name
        with self._database.writing() as connection:
            row = connection.execute(select(line_accounts).where(mine).with_for_update()).first()
            if row is None or row.is_disabled or row.password != usable:
                raise InputError(Code.SIGN_IN_REFUSED, REFUSED)  # changed in the meantime
            if anew != usable:
                connection.execute(update(line_accounts).where(mine).values(password=anew))
            holder = Holder(name=name, role=Role(row.role), held=Held.ACCOUNT)
            tried = delete(line_tries).where(line_tries.c.name == name)
            tries = connection.execute(tried.returning(line_tries.c.tries)).scalar() or 1
            connection.execute(delete(line_sessions).where(line_sessions.c.expires_at <= now))
            values = {"account": name, "began_at": now, "expires_at": expires_at}
            connection.execute(insert(line_sessions).values(digest=kept(token), **values))
            told = {"wrong_passwords_before": tries - 1}
            enter(connection, deed("session.begin", name, at=now, by=holder.actor, details=told))
        return Session(token=token, holder=holder, expires_at=expires_at)


def _make_room(connection: Connection, now: datetime) -> None:
    """Forget what counts no more, and of a flood of names the oldest."""
    connection.execute(
        delete(line_tries).where(line_tries.c.last_at < now - timedelta(seconds=FORGOTTEN_S))
    )
    count = connection.execute(select(func.count()).select_from(line_tries)).scalar() or 0
    if count >= MOST_TRIES:
        oldest = select(line_tries.c.name).order_by(line_tries.c.last_at).limit(MOST_TRIES // 10)
        connection.execute(delete(line_tries).where(line_tries.c.name.in_(oldest)))
