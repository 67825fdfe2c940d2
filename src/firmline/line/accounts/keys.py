"""Keys of stations and of programs, in a database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from firmline.errors import Code, InputError, shortened
from firmline.line.accounts.roles import Role
from firmline.line.accounts.secrets import is_kept_as, kept, new_key, parse_key
from firmline.line.accounts.values import Held, Holder, Key
from firmline.line.audit.chain import Actor, deed, written_time
from firmline.line.audit.sql import enter
from firmline.line.records.checks import check_name
from firmline.line.records.database import Database
from firmline.line.records.tables import line_keys


class Keys:
    """The keys of a line.

    Args:
        database: Where what is kept of them is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, name: str, role: Role, *, by: Actor, at: datetime, expires_at: datetime | None = None
    ) -> tuple[Key, str]:
        """Make a key; and the key itself, which nobody can read again.

        Args:
            name: The station, or what the key is for.
            role: What its holder is.
            by: Who makes it.
            at: When.
            expires_at: From when on it opens nothing; ``None``: never.

        Raises:
            StoreError: ``RECORD_MALFORMED``: the name cannot be kept.
        """
        check_name("key", name)
        made = new_key()
        key = Key(id=made.id, name=name, role=role, made_at=at, expires_at=expires_at)
        details = {
            "name": name,
            "role": role.value,
            "expires_at": None if expires_at is None else written_time(expires_at),
        }
        with self._database.writing() as connection:
            connection.execute(
                insert(line_keys).values(
                    id=key.id,
                    name=name,
                    role=role.value,
                    digest=kept(made.secret),
                    made_at=at,
                    expires_at=expires_at,
                    revoked_at=None,
                )
            )
            enter(connection, deed("key.add", key.id, at=at, by=by, details=details))
        return key, made.written()

    def revoke(self, key_id: str, *, by: Actor, at: datetime) -> Key:
        """Let a key open nothing any more, from this moment on.

        Raises:
            InputError: ``ACCESS_KEY_UNKNOWN``.
        """
        mine = line_keys.c.id == key_id
        with self._database.writing() as connection:
            row = connection.execute(select(line_keys).where(mine).with_for_update()).first()
            if row is None or row.revoked_at is not None:
                what = "there is none" if row is None else "it was revoked before"
                raise InputError(
                    Code.ACCESS_KEY_UNKNOWN,
                    f"The key {shortened(key_id)} cannot be revoked: {what}.",
                )
            connection.execute(update(line_keys).where(mine).values(revoked_at=at))
            enter(connection, deed("key.revoke", key_id, at=at, by=by, details={"name": row.name}))
            changed = connection.execute(select(line_keys).where(mine)).one()
        return _key(changed)

    def listed(self) -> tuple[Key, ...]:
        """All keys in the order in which they were made, revoked ones among them."""
        query = select(line_keys).order_by(line_keys.c.made_at, line_keys.c.id)
        with self._database.reading() as connection:
            return tuple(map(_key, connection.execute(query)))

    def holder(self, text: str, *, now: datetime) -> Holder | None:
        """Who shows this key; ``None``: it opens nothing."""
        shown = parse_key(text)
        if shown is None:
            return None
        query = select(line_keys).where(line_keys.c.id == shown.id)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None or not is_kept_as(shown.secret, row.digest):
            return None
        if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
            return None
        return Holder(name=row.name, role=Role(row.role), held=Held.KEY)


def _key(row: Row[Any]) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        made_at=row.made_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
