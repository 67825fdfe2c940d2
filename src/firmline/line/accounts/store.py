"""Accounts in a database: made, changed, disabled; every change with its entry in the trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from firmline.errors import Code, InputError, shortened
from firmline.line.accounts.roles import PEOPLE, Role
from firmline.line.accounts.values import Account, checked_name
from firmline.line.audit.chain import Actor, deed
from firmline.line.audit.sql import enter
from firmline.line.records.database import Database
from firmline.line.records.tables import line_accounts, line_sessions


class Accounts:
    """The accounts of a line.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, role: Role, password_hash: str, *, by: Actor, at: datetime) -> Account:
        """Make an account.

        Raises:
            InputError: ``ACCOUNT_NAME`` or ``ACCOUNT_EXISTS``.
        """
        name = checked_name(name)
        if role not in PEOPLE:
            raise InputError(Code.ACCOUNT_NAME, f"An account of a {role.value} is a key.")
        with self._database.writing() as connection:
            if _row(connection, name, is_locked=True) is not None:
                raise InputError(Code.ACCOUNT_EXISTS, f"There is an account {name} already.")
            values = {"name": name, "role": role.value, "password": password_hash}
            connection.execute(
                insert(line_accounts).values(**values, made_at=at, is_disabled=False)
            )
            enter(connection, deed("account.add", name, at=at, by=by, details={"role": role.value}))
        return Account(name=name, role=role, made_at=at, is_disabled=False)

    def set_role(self, name: str, role: Role, *, by: Actor, at: datetime) -> Account:
        """Make somebody something else; his sessions have to begin anew."""
        return self._changed(name, "account.role", {"role": role.value}, by=by, at=at)

    def set_password(self, name: str, password_hash: str, *, by: Actor, at: datetime) -> Account:
        """Give an account another password; its sessions have to begin anew."""
        return self._changed(
            name, "account.password", {"password": password_hash}, by=by, at=at, is_secret=True
        )

    def disable(self, name: str, *, by: Actor, at: datetime) -> Account:
        """Let nobody sign in with an account any more; its sessions are over at once."""
        return self._changed(name, "account.disable", {"is_disabled": True}, by=by, at=at)

    def enable(self, name: str, *, by: Actor, at: datetime) -> Account:
        """Let it be used again."""
        return self._changed(name, "account.enable", {"is_disabled": False}, by=by, at=at)

    def listed(self) -> tuple[Account, ...]:
        """All accounts by name, those that are disabled among them."""
        query = select(line_accounts).order_by(line_accounts.c.name)
        with self._database.reading() as connection:
            return tuple(map(_account, connection.execute(query)))

    def are_there(self) -> bool:
        """Whether there is any account that can be used: then everybody has to sign in."""
        query = select(func.count()).where(line_accounts.c.is_disabled.is_(False))
        with self._database.reading() as connection:
            return bool(connection.execute(query).scalar())

    def _changed(
        self,
        name: str,
        action: str,
        values: dict[str, str | bool],
        *,
        by: Actor,
        at: datetime,
        is_secret: bool = False,
    ) -> Account:
        with self._database.writing() as connection:
            row = _row(connection, name.strip().lower(), is_locked=True)
            if row is None:
                raise InputError(Code.ACCOUNT_UNKNOWN, f"There is no account {shortened(name)}.")
            mine = line_accounts.c.name == row.name
            connection.execute(update(line_accounts).where(mine).values(**values))
            connection.execute(delete(line_sessions).where(line_sessions.c.account == row.name))
            details = {} if is_secret or "is_disabled" in values else {**values, "was": row.role}
            enter(connection, deed(action, row.name, at=at, by=by, details=details))
            changed = _row(connection, row.name)
        if changed is None:
            raise InputError(Code.ACCOUNT_UNKNOWN, f"There is no account {shortened(name)}.")
        return _account(changed)


def _row(connection: Connection, name: str, *, is_locked: bool = False) -> Row[Any] | None:
    query = select(line_accounts).where(line_accounts.c.name == name)
    return connection.execute(query.with_for_update() if is_locked else query).first()


def _account(row: Row[Any]) -> Account:
    return Account(
        name=row.name, role=Role(row.role), made_at=row.made_at, is_disabled=row.is_disabled
    )
