"""Opening a centre by its address; only here httpx comes in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from firmline.errors import Code, InputError
from firmline.line.records.address import POSTGRESQL, parse_address
from firmline.line.records.attachments import AttachmentStore
from firmline.line.records.open import open_records
from firmline.links.extras import extra_missing

if TYPE_CHECKING:
    from firmline.line.sync.centre import Centre


def open_centre(address: str, *, key: str, attachments: Path | None) -> Centre:
    """Open a centre.

    Args:
        address: ``https://...``, or ``postgresql://...`` in the same network.
        key: The station's, for HTTPS.
        attachments: The centre's folder of attachments, where its database is named.

    Raises:
        InputError: ``SYNC_ADDRESS``, or ``OPTION_MISSING``: there is no key.
        StoreError: The database cannot be used.
        TransportError: ``LINK_EXTRA_MISSING``.
    """
    if address.startswith(POSTGRESQL):
        from firmline.line.sync.centre import DatabaseCentre  # noqa: PLC0415 - heavy

        store = None if attachments is None else AttachmentStore(attachments)
        return DatabaseCentre(open_records(parse_address(address), create=True), store)
    try:
        from firmline.line.sync.http_centre import HttpCentre, checked_url  # noqa: PLC0415 - heavy
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] not in {"httpx", "sqlalchemy"}:
            raise
        raise extra_missing("line", f"Sending records needs {problem.name}") from None
    url = checked_url(address)
    if not key:
        raise InputError(
            Code.OPTION_MISSING,
            "The centre asks for the station's key.",
            hint="Give --key-file, or the key in FIRMLINE_STATION_KEY.",
        )
    return HttpCentre(url, key)


def centre_of_station(address: str, *, key: str) -> Centre:
    """The centre that a station sends to itself; nobody is asked before there is something to send.

    Args:
        address: As for :func:`open_centre`.
        key: The station's, for HTTPS.

    Raises:
        InputError: ``SYNC_ADDRESS``, ``DATABASE_ADDRESS``, or ``OPTION_MISSING``: there is no key.
        TransportError: ``LINK_EXTRA_MISSING``.
    """
    if not address.startswith(POSTGRESQL):
        return open_centre(address, key=key, attachments=None)
    from firmline.line.sync.lazy import LazyCentre  # noqa: PLC0415 - heavy

    return LazyCentre(
        str(parse_address(address)), lambda: open_centre(address, key="", attachments=None)
    )
