"""The chain: how an entry's digest is reckoned, and how a trail is verified. Pure.

The digest is SHA-256 over the ASCII text of one JSON array, without spaces::

    ["firmline-audit-1", sequence, time, actor, role, action, subject, details, previous]

``time`` is written as ``2026-11-23T08:00:00.000000Z``; ``details`` is itself a text, the JSON that
the entry keeps; ``previous`` is the digest of the entry before in 64 hexadecimal digits, of the
first entry 64 zeros. Any language checks it in ten lines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from firmline.errors import Code, StoreError
from firmline.line.records.checks import (
    MAX_TEXT,
    check_name,
    check_time,
)

FORMAT: Final = "firmline-audit-1"
"""In every digest: what is hashed elsewhere never passes for an entry."""
NOTHING: Final = "0" * 64
"""What the first entry names as the one before it."""
CONSOLE: Final = "console"
"""The role of somebody who runs commands at the database itself, and needs no account there."""

Detail = str | int | bool | None
"""What an entry may tell beside its subject; no fractions, which programs write differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something.

    Attributes:
        name: An account, a station, a key, or the user of the computer.
        role: The role in which it is done, or :data:`CONSOLE`.
    """

    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that was done and has to be in the trail.

    Only :func:`deed` makes a new one, and checks it; one that is read is what stands there, so that
    an entry that was changed into nonsense is found as one that was changed.

    Attributes:
        at: When, in UTC, as the digest covers it.
        actor: By whom.
        action: What, as ``account.add``.
        subject: To what: the name of an account, a campaign, a key.
        details: More of it, by name; :func:`deed` writes it as JSON.
    """

    at: str
    actor: Actor
    action: str
    subject: str
    details: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A deed with its place in the chain.

    Attributes:
        sequence: 1 is the first; there is no gap.
        deed: What was done.
        previous: The digest of the entry before, 64 hexadecimal digits.
        digest: Its own.
    """

    sequence: int
    deed: Deed
    previous: str
    digest: str

    @property
    def head(self) -> Head:
        """The end of the chain, if it is the last."""
        return Head(self.sequence, self.digest)

    @property
    def fields(self) -> dict[str, str | int]:
        """Everything that its digest covers, as it is covered, and the digest."""
        done = self.deed
        return {
            "sequence": self.sequence,
            "at": done.at,
            "actor": done.actor.name,
            "role": done.actor.role,
            "action": done.action,
            "subject": done.subject,
            "details": done.details,
            "previous": self.previous,
            "digest": self.digest,
        }


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: to be noted down where the owner of the database cannot write.

    Attributes:
        sequence: How many entries there are.
        digest: Of the last one.
    """

    sequence: int = 0
    digest: str = NOTHING


def deed(
    action: str,
    subject: str,
    *,
    at: datetime,
    by: Actor,
    details: Mapping[str, Detail] | None = None,
) -> Deed:
    """A deed, its details written as JSON: names sorted, no spaces, ASCII.

    Raises:
        StoreError: ``RECORD_MALFORMED``: something of it cannot be kept.
    """
    check_time("time of an entry", at)
    for what, name in (
        *(("actor", by.name), ("role", by.role)),
        *(("action", action), ("subject", subject)),
    ):
        check_name(what, name)
    written = json.dumps(details or {}, sort_keys=True, separators=(",", ":"), allow_nan=False)
    if len(written) > MAX_TEXT:
        raise StoreError(
            Code.RECORD_MALFORMED,
            f"What the audit trail is told of {action} is longer than {MAX_TEXT} characters.",
        )
    return Deed(at=written_time(at), actor=by, action=action, subject=subject, details=written)


def linked(done: Deed, head: Head) -> AuditEntry:
    """The entry of a deed behind this head."""
    sequence = head.sequence + 1
    return AuditEntry(
        sequence=sequence,
        deed=done,
        previous=head.digest,
        digest=digest_of(sequence, done, head.digest),
    )


def written_time(time: datetime) -> str:
    """A time as the digest covers it: microseconds, and Z for UTC."""
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


def digest_of(sequence: int, done: Deed, previous: str) -> str:
    """SHA-256 over all that an entry tells, 64 hexadecimal digits."""
    told = [
        *(FORMAT, sequence, done.at),
        *(done.actor.name, done.actor.role, done.action, done.subject, done.details),
        previous,
    ]
    text = json.dumps(told, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


class Fault(StrEnum):
    """What is wrong with the first entry that is wrong."""

    MISSING = "missing"
    CHANGED = "changed"
    CUT_FROM_THE_ONE_BEFORE = "cut from the one before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What came of reading a trail.

    Attributes:
        head: The last entry that holds.
        broken_at: The number of the first entry that does not; 0: all hold.
        fault: What is wrong with it.
        earlier: Entries that tell an earlier time than the one before them: a clock was set back.
        missing: Noted digests that no entry has: it was removed, or written anew.
    """

    head: Head
    broken_at: int = 0
    fault: Fault | None = None
    earlier: int = 0
    missing: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every entry follows from the one before, and all that was noted is there."""
        return self.fault is None and not self.missing


class Verifier:
    """Follows a chain, entry by entry, in their order.

    Args:
        anchors: Digests that were noted down; each has to be that of some entry.
    """

    def __init__(self, anchors: Iterable[str] = ()) -> None:
        self._anchors = tuple(dict.fromkeys(anchors))
        self._unseen = set(self._anchors) - {NOTHING}
        self._head = Head()
        self._at = ""
        self._broken: tuple[int, Fault] | None = None
        self._earlier = 0

    def follow(self, entry: AuditEntry) -> None:
        """Look at the next entry; behind the first that is wrong nothing is proven any more."""
        if self._broken is not None:
            return
        fault = self._fault(entry)
        if fault is not None:
            # A number is missing where the next one is not the one that is due.
            due = self._head.sequence + 1
            self._broken = (due if fault is Fault.MISSING else entry.sequence, fault)
            return
        self._earlier += entry.deed.at < self._at
        self._at = entry.deed.at
        self._head = entry.head
        self._unseen.discard(entry.digest)

    def verified(self) -> Verified:
        """What came of it."""
        broken_at, fault = self._broken or (0, None)
        return Verified(
            head=self._head,
            broken_at=broken_at,
            fault=fault,
            earlier=self._earlier,
            missing=tuple(anchor for anchor in self._anchors if anchor in self._unseen),
        )

    def _fault(self, entry: AuditEntry) -> Fault | None:
        if entry.sequence != self._head.sequence + 1:
            return Fault.MISSING
        if entry.digest != digest_of(entry.sequence, entry.deed, entry.previous):
            return Fault.CHANGED
        return Fault.CUT_FROM_THE_ONE_BEFORE if entry.previous != self._head.digest else None


def verify(entries: Iterable[AuditEntry], *, anchors: Iterable[str] = ()) -> Verified:
    """Follow a whole chain from its first entry."""
    verifier = Verifier(anchors)
    for entry in entries:
        verifier.follow(entry)
    return verifier.verified()
