"""The audit trail in memory: for tests, and as the plain words of what the others do."""

from __future__ import annotations

from threading import Lock

from firmline.line.audit.base import BEFORE_ALL, PAGE_SIZE
from firmline.line.audit.chain import AuditEntry, Deed, Head, linked


class MemoryAudit:
    """A trail as long as the program runs."""

    def __init__(self) -> None:
        self._entries: list[AuditEntry] = []
        self._writing = Lock()

    def append(self, done: Deed) -> AuditEntry:
        """See :meth:`~.base.AuditTrail.append`."""
        with self._writing:
            entry = linked(done, self.head())
            self._entries.append(entry)
        return entry

    def page(
        self, *, after: int = BEFORE_ALL, size: int = PAGE_SIZE, since: str = ""
    ) -> list[AuditEntry]:
        """See :meth:`~.base.AuditTrail.page`."""
        wanted = (each for each in self._entries if each.sequence > after and each.deed.at >= since)
        return [entry for entry, _ in zip(wanted, range(size), strict=False)]

    def head(self) -> Head:
        """See :meth:`~.base.AuditTrail.head`."""
        return self._entries[-1].head if self._entries else Head()
