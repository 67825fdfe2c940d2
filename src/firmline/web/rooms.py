"""What a site is made of: rooms, each with its pages, and what all of them share."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.routing import BaseRoute

from firmline.web.access import Access, Everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Pages that belong together.

    Attributes:
        title: What it is called in the navigation; empty: it has no page to go to.
        path: Of its first page.
        routes: What it serves, in the order in which they are compared.
        close: Ends whatever it keeps open, when the server ends.
    """

    title: str = ""
    path: str = ""
    routes: tuple[BaseRoute, ...]
    close: Callable[[], None] = lambda: None


def _report_nothing(_defect: Exception) -> None:
    """Nobody wants to hear of defects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all rooms share.

    Attributes:
        name: What it is called, above every page.
        access: Who may come in.
        hosts: The names that it is reached under, without ports; empty: any.
        defect: Hears of defects of ours; whoever asked gets a page with their code.
        heard: Hears of every request when it was answered; ``None``: nobody does.
        epoch: Another one each time it is started: pages that were drawn before load anew.
    """

    name: str
    access: Access = field(default_factory=Everybody)
    hosts: frozenset[str] = frozenset()
    defect: Callable[[Exception], None] = _report_nothing
    heard: Callable[[dict[str, object]], None] | None = None
    epoch: str = field(default_factory=lambda: secrets.token_hex(8))
