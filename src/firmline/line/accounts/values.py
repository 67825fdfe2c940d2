"""Accounts, keys and those who hold them, as values."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from firmline.errors import Code, InputError, shortened
from firmline.line.accounts.roles import Permission, Role, may
from firmline.line.audit.chain import Actor

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
SHORTEST: Final = 10
"""Of a password, characters; ours. NIST SP 800-63B asks for 8 at least."""
LONGEST: Final = 256
"""Of a password, characters; ours: hashing what is longer would be work for an attacker's sake."""


class Held(StrEnum):
    """What somebody showed."""

    ACCOUNT = "account"
    KEY = "key"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody who is let in.

    Attributes:
        name: Of the account, of the station, or of the key.
        role: What he is.
        held: What he showed for it.
    """

    name: str
    role: Role
    held: Held

    @property
    def actor(self) -> Actor:
        """Himself, as the audit trail names him."""
        name = self.name if self.held is Held.ACCOUNT else f"{self.held.value}:{self.name}"
        return Actor(name=name, role=self.role.value)

    def may(self, permission: Permission) -> bool:
        """Whether he may do this."""
        return may(self.role, permission)

    def refusal(self, permission: Permission) -> InputError | None:
        """Why he may not do this (``NOT_ALLOWED``); ``None``: he may."""
        if self.may(permission):
            return None
        return InputError(
            Code.NOT_ALLOWED,
            f"Somebody whose role is {self.role.value} may not do this: {permission.value}.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person's account.

    Attributes:
        name: By which he signs in.
        role: What he is.
        made_at: When it was made.
        is_disabled: Whether nobody signs in with it any more.
    """

    name: str
    role: Role
    made_at: datetime
    is_disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The key of a station or of a program.

    Attributes:
        id: The part of it that is no secret.
        name: The station, or what the key is for.
        role: What its holder is.
        made_at: When it was made.
        expires_at: From when on it opens nothing; ``None``: never.
        revoked_at: Since when it opens nothing; ``None``: it does.
    """

    id: str
    name: str
    role: Role
    made_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


def checked_name(text: str) -> str:
    """The name of an account, in small letters.

    Raises:
        InputError: ``ACCOUNT_NAME``.
    """
    name = text.strip().lower()
    if not NAME.fullmatch(name):
        raise InputError(
            Code.ACCOUNT_NAME,
            f"{shortened(text)!r} is no name for an account: at most 64 letters a to z, digits,"
            " dots, hyphens and underscores.",
        )
    return name


def normal_password(password: str) -> str:
    """The same password from every keyboard (NFKC, as NIST SP 800-63B asks)."""
    return unicodedata.normalize("NFKC", password)


def checked_password(password: str, *, name: str) -> str:
    """A new password, normalised.

    Raises:
        InputError: ``PASSWORD_WEAK``; it is never repeated.
    """
    normal = normal_password(password)
    if not SHORTEST <= len(normal) <= LONGEST:
        raise InputError(Code.PASSWORD_WEAK, f"A password has {SHORTEST} to {LONGEST} characters.")
    if not normal.isprintable():
        raise InputError(Code.PASSWORD_WEAK, "The password holds characters nobody can type.")
    if name in normal.lower() or len(set(normal)) < 4:
        raise InputError(
            Code.PASSWORD_WEAK, "The password holds the name, or fewer than 4 different characters."
        )
    return normal
