"""Who may come in.

Every request but those for scripts and styles is asked here first. As long as there are no accounts
everybody who reaches the server may do everything, and it is reached from this computer alone
(:mod:`firmline.web.listen`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from firmline.line.accounts.values import Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks.

    Attributes:
        name: As records name them; empty: nobody says.
        holder: What they showed, and may do; ``None``: nobody asked.
    """

    name: str = ""
    holder: Holder | None = None


class Access(Protocol):
    """Decides about a request before anything is done for it."""

    async def admit(self, request: Request) -> Visitor | Response:
        """Who asks, where they may; else the answer that they get instead.

        Whoever is admitted is ``request.state.visitor``.
        """
        ...


class Everybody:
    """Lets everybody in, without a name."""

    async def admit(self, request: Request) -> Visitor | Response:  # noqa: ARG002 - the protocol's
        """Nobody in particular."""
        return Visitor()
