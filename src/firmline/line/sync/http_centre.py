"""A centre at another site, over HTTPS, with the station's key."""

from __future__ import annotations

import json
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import httpx

from firmline.errors import Code, InputError, StoreError, shortened, uri_without_secrets
from firmline.line.records.values import Entry, Row
from firmline.line.sync.centre import Standing
from firmline.line.sync.wire import SCHEMA, encode_rows

TIMEOUT_S: Final = 20.0
"""How long an answer may take, seconds; ours: a batch of a slow line."""
CONNECT_S: Final = 5.0
LONGEST_ANSWER: Final = 1_000_000
"""Bytes; ours. A centre answers with a few numbers and digests."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class HttpCentre:
    """A centre behind ``firmline line serve``.

    Args:
        url: Of its pages.
        key: The station's.

    Raises:
        InputError: ``SYNC_ADDRESS``: it is no address, or the key would pass in the clear.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url = checked_url(url)
        self._client = httpx.Client(
            base_url=f"{self._url}/api/v1/sync/",
            headers={
                "authorization": f"Bearer {key}",
                "accept": "application/json",
                "firmline-sync": str(SCHEMA),
            },
            timeout=httpx.Timeout(TIMEOUT_S, connect=CONNECT_S),
            verify=_trusted(),
            follow_redirects=False,
        )

    @property
    def where(self) -> str:
        """See :class:`~.centre.Centre`."""
        return shortened(self._url)

    def standing(self, station: str) -> Standing:
        """See :class:`~.centre.Centre`."""
        answer = self._ask("GET", _path(station))
        newest = self._fields(answer).get("newest")
        if type(newest) is not int or newest < 0:
            raise self._nonsense()
        return Standing(newest=newest, now=_date(answer))

    def missing(self, station: str, digests: Sequence[str]) -> tuple[str, ...]:
        """See :class:`~.centre.Centre`."""
        answer = self._ask("POST", f"{_path(station)}/missing", json={"sha256": list(digests)})
        listed = self._fields(answer).get("missing")
        if not isinstance(listed, list):
            raise self._nonsense()
        return tuple(each for each in digests if each in listed)

    def attach(self, station: str, sha256: str, content: bytes) -> None:
        """See :class:`~.centre.Centre`."""
        self._ask("PUT", f"{_path(station)}/attachments/{sha256}", content=content)

    def write(self, station: str, rows: Sequence[Row[Entry]]) -> int:
        """See :class:`~.centre.Centre`."""
        body = {"schema": SCHEMA, "rows": encode_rows(rows)}
        new = self._fields(self._ask("POST", f"{_path(station)}/rows", json=body)).get("new")
        if type(new) is not int:
            raise self._nonsense()
        return new

    def close(self) -> None:
        """See :class:`~.centre.Centre`."""
        self._client.close()

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        try:
            answer = self._client.request(method, path, **more)
        except httpx.TimeoutException:
            raise self._gone("it does not answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise self._gone(_reason(problem)) from problem
        if answer.status_code != HTTPStatus.OK:
            raise self._refusal(answer)
        return answer

    def _refusal(self, answer: httpx.Response) -> StoreError:
        """What an answer says that is not the one wanted."""
        fields: dict[str, Any] = {}
        if len(answer.content) <= LONGEST_ANSWER:
            with suppress(ValueError):
                read = json.loads(answer.content)
                fields = read if isinstance(read, dict) else {}
        known = {str(code): code for code in Code}
        code, message = known.get(str(fields.get("code"))), fields.get("message")
        if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return StoreError(
                Code.SYNC_REFUSED, f"The centre {self.where} does not take this station's key."
            )
        if code is not None and isinstance(message, str):
            return StoreError(code, f"The centre {self.where} says: {message[:300]}")
        return self._gone(f"it answers with the status {answer.status_code}")

    def _fields(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            fields = json.loads(answer.content[:LONGEST_ANSWER])
        except ValueError:
            raise self._nonsense() from None
        if not isinstance(fields, dict):
            raise self._nonsense()
        return fields

    def _gone(self, why: str) -> StoreError:
        return StoreError(Code.SYNC_GONE, f"The centre {self.where} cannot be reached: {why}.")

    def _nonsense(self) -> StoreError:
        return StoreError(
            Code.SYNC_VERSION, f"What answers at {self.where} is no centre that is understood here."
        )


def _trusted() -> ssl.SSLContext:
    """Who may vouch for a centre: whom this computer trusts, too, such as a house's own authority.

    ``SSL_CERT_FILE`` names the file of one, as for every program of OpenSSL's.
    """
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def checked_url(text: str) -> str:
    """The address of a centre.

    Raises:
        InputError: ``SYNC_ADDRESS``.
    """
    shown = shortened(uri_without_secrets(text))
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo:
        raise InputError(Code.SYNC_ADDRESS, f"{shown!r} is no address of a centre.")
    if url.scheme == "http" and url.host not in LOOPBACK:
        raise InputError(Code.SYNC_ADDRESS, f"{shown!r} would send the station's key in the clear.")
    return text.rstrip("/")


def _path(station: str) -> str:
    return quote(station, safe="")


def _date(answer: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return None


def _reason(problem: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(problem):
        return (
            "this computer does not trust its certificate (install that of its authority, or name"
            " its file in SSL_CERT_FILE)"
        )
    lines = str(problem).strip().splitlines()
    return lines[0].rstrip(".")[:120].lower() if lines else type(problem).__name__
