"""Where stations at other sites send their records; each with a key of its own.

Whoever comes here has shown a key that may (see ``signing_in.rules``); that it is the key of this
very station is asked here. Everything that comes is checked as a value before it is kept.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from firmline.errors import Code, InputError, StoreError
from firmline.line.accounts.values import Held
from firmline.line.records.attachments import AttachmentStore
from firmline.line.records.sql import SqlRecords
from firmline.line.sync.wire import SCHEMA, decode_rows
from firmline.web.rooms import Room

PATH: Final = "/api/v1/sync/{station}"
LONGEST_ROWS: Final = 16 * 1024 * 1024
"""Bytes of a batch; ours: 500 rows are some 200 kB."""
LONGEST_FILE: Final = 64 * 1024 * 1024
"""Bytes of an attachment; ours: a trace has some 100 kB."""
_SHA256: Final = re.compile("[0-9a-f]{64}")


def sync_room(records: SqlRecords, attachments: AttachmentStore | None) -> Room:
    """The room; it has no page.

    Args:
        records: Of the centre.
        attachments: Of the centre; ``None``: they stay at the stations.
    """
    desk = _Desk(records, attachments)
    return Room(
        routes=(
            Route(PATH, desk.standing),
            Route(f"{PATH}/missing", desk.missing, methods=["POST"]),
            Route(f"{PATH}/rows", desk.rows, methods=["POST"]),
            Route(f"{PATH}/attachments/{{sha256}}", desk.attach, methods=["PUT"]),
        )
    )


class _Desk:
    """Answers stations."""

    def __init__(self, records: SqlRecords, attachments: AttachmentStore | None) -> None:
        self._records = records
        self._attachments = attachments

    async def standing(self, request: Request) -> Response:
        """How far the centre has come with a station."""
        station = _station(request)
        newest = await run_in_threadpool(self._records.newest, station)
        return JSONResponse({"newest": newest, "schema": SCHEMA})

    async def missing(self, request: Request) -> Response:
        """Which attachments are not here."""
        _station(request)
        asked = (await _json(request)).get("sha256")
        if not isinstance(asked, list) or not all(map(_is_digest, asked)):
            raise _malformed("The question names no attachments.")
        store = self._attachments
        if store is None:
            return JSONResponse({"missing": []})
        lacking = await run_in_threadpool(lambda: [each for each in asked if not store.has(each)])
        return JSONResponse({"missing": lacking})

    async def rows(self, request: Request) -> Response:
        """Keep rows, all or none."""
        station = _station(request)
        sent = await _json(request)
        if sent.get("schema") != SCHEMA:
            raise StoreError(
                Code.SYNC_VERSION,
                f"The station sends schema {str(sent.get('schema'))[:20]}, and this centre reads"
                f" schema {SCHEMA}.",
            )
        rows = decode_rows(station, sent.get("rows"))
        written = await run_in_threadpool(self._records.write, rows)
        return JSONResponse({"new": written.new, "known": written.known})

    async def attach(self, request: Request) -> Response:
        """Keep an attachment under its hash."""
        _station(request)
        digest = request.path_params["sha256"]
        content = await _body(request, LONGEST_FILE)
        if hashlib.sha256(content).hexdigest() != digest:
            raise _malformed("The attachment is not what its hash says.")
        if self._attachments is not None:
            await run_in_threadpool(self._attachments.keep, digest, content)
        return JSONResponse({"kept": self._attachments is not None})


def _station(request: Request) -> str:
    """The station of a request, whose own key it has to show.

    Raises:
        InputError: ``NOT_ALLOWED``.
    """
    station: str = request.path_params["station"]
    holder = request.state.visitor.holder
    if holder is None or holder.held is not Held.KEY or holder.name != station:
        raise InputError(Code.NOT_ALLOWED, "Records of a station are sent with its own key.")
    return station


async def _body(request: Request, longest: int) -> bytes:
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > longest:
            raise _malformed(f"What is sent is longer than {longest:,} bytes.")
    return bytes(content)


async def _json(request: Request) -> dict[str, Any]:
    try:
        sent = json.loads(await _body(request, LONGEST_ROWS))
    except (ValueError, RecursionError):
        raise _malformed("What is sent is no JSON.") from None
    if not isinstance(sent, dict):
        raise _malformed("What is sent is no JSON object.")
    return sent


def _is_digest(text: object) -> bool:
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None


def _malformed(sentence: str) -> InputError:
    return InputError(Code.REQUEST_MALFORMED, sentence)
