"""Who may do what: one table. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody is on a line."""

    OPERATOR = "operator"
    ENGINEER = "engineer"
    RELEASE_MANAGER = "release manager"
    STATION = "station"


PEOPLE: Final = (Role.OPERATOR, Role.ENGINEER, Role.RELEASE_MANAGER)
"""The roles that an account may have; a station has a key."""


class Permission(StrEnum):
    """What may be done."""

    SEE = "see units, runs and what they come to"
    WORK = "scan units at a station, and acknowledge"
    PLAN = "plan, pause and abort campaigns"
    RELEASE = "release a campaign that somebody else has planned"
    AUDIT = "read the audit trail"
    MANAGE = "manage webhooks"
    SYNC = "send a station's records"


_WORKS: Final = frozenset({Permission.SEE, Permission.WORK})
_PLANS: Final = _WORKS | {Permission.PLAN, Permission.AUDIT}
PERMISSIONS: Final = {
    Role.OPERATOR: _WORKS,
    Role.ENGINEER: _PLANS,
    Role.RELEASE_MANAGER: _PLANS | {Permission.RELEASE, Permission.MANAGE},
    Role.STATION: frozenset({Permission.SYNC}),
}


def may(role: Role, permission: Permission) -> bool:
    """Whether a role may do this."""
    return permission in PERMISSIONS[role]
