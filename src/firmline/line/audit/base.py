"""What a store of the audit trail can do, whichever database is behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from firmline.line.audit.chain import AuditEntry, Deed, Head

PAGE_SIZE: Final = 500
"""Entries that are read at once; ours."""
BEFORE_ALL: Final = -(2**63)
"""Less than any number that a database keeps: a forged entry in front of the first is read too."""


class AuditTrail(Protocol):
    """A trail. Every method may be called from any thread.

    What goes wrong with the store is a ``StoreError`` with a code ``DFU-REC-...``, and nothing has
    changed then.
    """

    def append(self, done: Deed) -> AuditEntry:
        """Add an entry that stands alone; who changes something as well uses the transaction."""
        ...

    def page(
        self, *, after: int = BEFORE_ALL, size: int = PAGE_SIZE, since: str = ""
    ) -> list[AuditEntry]:
        """Entries in their order.

        Args:
            after: Behind the entry with this number.
            size: At most so many.
            since: That tell this time or a later one, as entries write it; empty: all.
        """
        ...

    def head(self) -> Head:
        """The end of the chain."""
        ...


def every_entry(trail: AuditTrail, *, since: str = "") -> Iterator[AuditEntry]:
    """All entries, page by page: as many as there are, in little memory."""
    after = BEFORE_ALL
    while page := trail.page(after=after, since=since):
        yield from page
        after = page[-1].sequence
