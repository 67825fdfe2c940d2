"""What may be done where: one table, read from the top; the first line that fits counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmline.line.accounts.roles import Permission

SIGN_IN: Final = "/sign-in"
SIGN_OUT: Final = "/sign-out"
OPEN: Final = frozenset({SIGN_IN, SIGN_OUT, "/healthz"})
"""What anybody may ask: to be let in, to be let out, and whether the server is alive."""
READING: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of the table.

    Attributes:
        path: The addresses: this one, and all below it.
        reading: What it takes to read there.
        changing: What it takes to change something there.
    """

    path: str
    reading: Permission
    changing: Permission


RULES: Final = (
    Rule("/station", Permission.SEE, Permission.WORK),
    Rule("/campaigns", Permission.SEE, Permission.PLAN),
    Rule("/audit", Permission.AUDIT, Permission.MANAGE),
    Rule("/api/v1/audit", Permission.AUDIT, Permission.MANAGE),
    Rule("/api/v1/webhooks", Permission.MANAGE, Permission.MANAGE),
    Rule("/api/v1/sync", Permission.SYNC, Permission.SYNC),
    Rule("/", Permission.SEE, Permission.MANAGE),
)
RELEASE: Final = "/release"
"""The end of an address at which a campaign is released, by somebody else than its planner."""


def permission_for(method: str, path: str) -> Permission | None:
    """What a request takes; ``None``: nothing.

    Args:
        method: Of the request.
        path: Its address, as it is compared with the routes.
    """
    if path in OPEN:
        return None
    rule = next(each for each in RULES if _is_below(path, each.path))
    if method in READING:
        return rule.reading
    if rule.path == "/campaigns" and path.endswith(RELEASE):
        return Permission.RELEASE
    return rule.changing


def _is_below(path: str, place: str) -> bool:
    return place in {"/", path} or path.startswith(f"{place}/")
