"""Deeds as a line has them, for the tests of the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from firmline.line.audit.chain import Actor, AuditEntry, Deed, Detail, Head, deed, linked

BEGIN = datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC)
ANNA = Actor(name="anna", role="release manager")


def done(subject: str = "bert", *, after_s: float = 0, **details: Detail) -> Deed:
    at = BEGIN + timedelta(seconds=after_s)
    return deed("account.add", subject, at=at, by=ANNA, details=details or {"role": "operator"})


def chain(*deeds: Deed) -> list[AuditEntry]:
    made: list[AuditEntry] = []
    for each in deeds:
        made.append(linked(each, made[-1].head if made else Head()))
    return made
