"""Opening the campaigns of a line; only here SQLAlchemy, psycopg and Procrastinate come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from firmline.errors import Code, InputError
from firmline.line.records.address import DatabaseAddress
from firmline.links.extras import extra_missing

if TYPE_CHECKING:
    from firmline.line.queue.campaigns import CampaignBook

_PARTS: Final = {"sqlalchemy", "alembic", "psycopg", "psycopg_pool", "procrastinate"}


def check_server(address: DatabaseAddress) -> None:
    """See that a queue can be there.

    Raises:
        InputError: ``QUEUE_ADDRESS``: it is a file.
    """
    if address.path is not None:
        raise InputError(
            Code.QUEUE_ADDRESS, f"{address} is a file, and planned work needs PostgreSQL."
        )


def open_campaigns(address: DatabaseAddress) -> CampaignBook:
    """Open the campaigns of a line, and make their tables where there are none.

    Raises:
        InputError: ``QUEUE_ADDRESS``: it is no server.
        StoreError: The database cannot be used.
        TransportError: ``LINK_EXTRA_MISSING``: the extra firmline[server] is not installed.
    """
    check_server(address)
    try:
        import procrastinate  # noqa: F401, PLC0415 - heavy, and here to be missed in time
        import psycopg  # noqa: F401, PLC0415

        from firmline.line.queue.campaigns import CampaignBook  # noqa: PLC0415
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] not in _PARTS:
            raise
        raise extra_missing("server", f"The queue needs {problem.name}") from None
    return CampaignBook.open(address)
