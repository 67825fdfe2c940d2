"""The centre, as a station sees it; and one that is a database in the same network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from firmline.line.records.attachments import AttachmentStore
from firmline.line.records.sql import SqlRecords
from firmline.line.records.values import Entry, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the centre says of a station.

    Attributes:
        newest: The newest row that it has of it; 0: none.
        now: Its time; ``None``: it does not say.
    """

    newest: int
    now: datetime | None = None


class Centre(Protocol):
    """Where records go. Every method blocks, and may be called from any thread."""

    @property
    def where(self) -> str:
        """Its address, without a password."""
        ...

    def standing(self, station: str) -> Standing:
        """How far it has come with a station.

        Raises:
            StoreError: It cannot be asked.
        """
        ...

    def missing(self, station: str, digests: Sequence[str]) -> tuple[str, ...]:
        """Which of these attachments it does not have.

        Raises:
            StoreError: It cannot be asked.
        """
        ...

    def attach(self, station: str, sha256: str, content: bytes) -> None:
        """Keep an attachment.

        Raises:
            StoreError: It is not kept.
        """
        ...

    def write(self, station: str, rows: Sequence[Row[Entry]]) -> int:
        """Keep rows; how many were new.

        Raises:
            StoreError: None is kept.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class DatabaseCentre:
    """A centre in the same network: its PostgreSQL.

    Args:
        records: Of the centre.
        attachments: Its folder of attachments, where the station reaches it; ``None``: they stay
            at the station.
    """

    def __init__(self, records: SqlRecords, attachments: AttachmentStore | None = None) -> None:
        self._records = records
        self._attachments = attachments

    @property
    def where(self) -> str:
        """See :class:`Centre`."""
        return self._records.database.where

    def standing(self, station: str) -> Standing:
        """See :class:`Centre`."""
        return Standing(newest=self._records.newest(station))

    def missing(self, station: str, digests: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002
        """See :class:`Centre`."""
        if self._attachments is None:
            return ()
        return tuple(each for each in digests if not self._attachments.has(each))

    def attach(self, station: str, sha256: str, content: bytes) -> None:  # noqa: ARG002
        """See :class:`Centre`."""
        if self._attachments is not None:
            self._attachments.keep(sha256, content)

    def write(self, station: str, rows: Sequence[Row[Entry]]) -> int:  # noqa: ARG002
        """See :class:`Centre`."""
        return self._records.write(rows).new

    def close(self) -> None:
        """See :class:`Centre`."""
        self._records.close()
