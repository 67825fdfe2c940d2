"""What every store of the audit trail does: memory, SQLite, PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from firmline.line.audit.base import AuditTrail, every_entry
from firmline.line.audit.chain import NOTHING, Head, verify, written_time
from unit.line.audit_world import BEGIN, chain, done


def test_an_empty_trail_has_nothing(trail: AuditTrail) -> None:
    assert trail.head() == Head(0, NOTHING)
    assert [*every_entry(trail)] == []


def test_entries_are_kept_as_they_were_added(trail: AuditTrail) -> None:
    deeds = [
        done("bert"),
        done("J\u00e4rvi \u4f60", note="\u0000 \U0001f600", lost=None),
        done("c"),
    ]
    added = [trail.append(each) for each in deeds]
    assert [*every_entry(trail)] == added == chain(*deeds)
    assert trail.head() == added[-1].head
    assert verify(every_entry(trail)).holds


def test_pages_follow_each_other(trail: AuditTrail) -> None:
    added = [trail.append(done(f"unit-{number}", after_s=number)) for number in range(7)]
    assert trail.page(size=3) == added[:3]
    assert trail.page(after=3, size=3) == added[3:6]
    assert trail.page(after=6, size=3) == added[6:]
    assert trail.page(after=7) == []


def test_entries_since_a_time(trail: AuditTrail) -> None:
    added = [trail.append(done(after_s=number)) for number in (1, 5, 3, 9)]
    since = written_time(BEGIN.replace(second=3))
    assert [*every_entry(trail, since=since)] == [added[1], added[2], added[3]]


def test_many_who_add_at_once_make_one_chain(trail: AuditTrail) -> None:
    def add(writer: int) -> None:
        for number in range(10):
            trail.append(done(f"{writer}-{number}"))

    with ThreadPoolExecutor(6) as pool:
        for each in [pool.submit(add, writer) for writer in range(6)]:
            each.result()
    entries = [*every_entry(trail)]
    assert verify(entries).head.sequence == 60
    assert verify(entries).holds
    assert len({entry.deed.subject for entry in entries}) == 60
