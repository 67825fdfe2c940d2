"""``firmline line audit``: the chain verified, printed, exported, and broken."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from firmline.errors import Code, ExitCode
from firmline.line.audit.sql import SqlAudit
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.database import Database
from firmline.line.records.open import open_records
from unit.cli.program import Program, assert_failed
from unit.line.audit_world import chain, done
from unit.line.records_world import whole_run

DEEDS = [done("bert"), done("cara", after_s=60, role="engineer")]
HEADS = [entry.digest for entry in chain(*DEEDS)]
AUDIT = ("line", "audit", "--db", "shift.db")


@pytest.fixture
def shift(folder: Path) -> Path:
    """Records with two entries in their trail."""
    path = folder / "shift.db"
    with closing(Database.open(DatabaseAddress(path=path), create=True)) as database:
        for each in DEEDS:
            SqlAudit(database).append(each)
    return path


def break_into(path: Path, statement: str) -> None:
    """As somebody does who owns the file."""
    with closing(sqlite3.connect(path)) as database:
        for name in ("no_update", "no_delete"):
            database.execute(f"DROP TRIGGER audit_trail_{name}")
        database.execute(statement)
        database.commit()


@pytest.mark.usefixtures("shift")
def test_a_whole_trail_is_said_to_hold_and_its_head_is_printed(firmline: Program) -> None:
    ran = firmline(*AUDIT)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "2 entries, each follows from the one before.",
        f"Head: {HEADS[-1]}",
        "Note the head down elsewhere: with --anchor it proves later what stood here today.",
    ]


@pytest.mark.usefixtures("shift")
def test_entries_are_printed_since_a_time(firmline: Program) -> None:
    ran = firmline(*AUDIT, "--since", "2026-11-23T08:00:30Z")
    assert ran.out.splitlines()[0] == (
        "     2  2026-11-23 08:01:00Z  anna (release manager)  account.add  cara"
        '  {"role":"engineer"}'
    )
    assert len(ran.out.splitlines()) == 4
    assert len(firmline(*AUDIT, "--since", "2026-11-23").out.splitlines()) == 5


@pytest.mark.usefixtures("shift")
def test_programs_can_verify_what_is_exported(firmline: Program) -> None:
    ran = firmline(*AUDIT, "--json", "--anchor", HEADS[0].upper())
    *entries, result = ran.json_lines
    assert result == {
        "type": "result",
        "database": "shift.db",
        "holds": True,
        "entries": 2,
        "head": HEADS[-1],
        "broken_at": None,
        "fault": None,
        "missing_anchors": [],
        "earlier_times": 0,
        "records": None,
    }
    before = "0" * 64
    names = ("sequence", "at", "actor", "role", "action", "subject", "details", "previous")
    for number, entry in enumerate(entries, 1):
        told = ["firmline-audit-1", *(entry[name] for name in names)]
        text = json.dumps(told, separators=(",", ":"))
        assert entry["digest"] == hashlib.sha256(text.encode()).hexdigest()
        assert (entry["previous"], entry["sequence"]) == (before, number)
        before = entry["digest"]


@pytest.mark.usefixtures("shift")
def test_noted_heads_are_looked_for(firmline: Program) -> None:
    ran = firmline(*AUDIT, "--anchor", HEADS[0], "--anchor", HEADS[1])
    assert ran.code == 0
    assert "with 2 noted digests among them." in ran.out


def test_a_changed_entry_is_named(firmline: Program, shift: Path) -> None:
    break_into(shift, "UPDATE audit_trail SET subject = 'zoe' WHERE sequence = 2")
    ran = firmline(*AUDIT)
    assert_failed(ran, Code.AUDIT_BROKEN, ExitCode.UNVERIFIED)
    assert "Entry 2 of the audit trail in shift.db was changed since it was written" in ran.err
    assert "1 entry before it holds" in ran.err
    ran = firmline(*AUDIT, "--json")
    assert ran.code == ExitCode.UNVERIFIED
    assert (ran.result["holds"], ran.result["broken_at"], ran.result["fault"]) == (
        *(False, 2),
        "changed",
    )
    assert ran.result["head"] == HEADS[0]


def test_an_entry_that_was_cut_off_is_missed_by_its_noted_digest(
    firmline: Program, shift: Path
) -> None:
    break_into(shift, "DELETE FROM audit_trail WHERE sequence = 2")
    assert firmline(*AUDIT).code == 0, "the chain alone does not show it"
    ran = firmline(*AUDIT, "--anchor", HEADS[1])
    assert_failed(ran, Code.AUDIT_CUT, ExitCode.UNVERIFIED)
    assert HEADS[1] in ran.err


def test_a_first_entry_that_was_taken_out_is_missed(firmline: Program, shift: Path) -> None:
    break_into(shift, "DELETE FROM audit_trail WHERE sequence = 1")
    ran = firmline(*AUDIT)
    assert_failed(ran, Code.AUDIT_BROKEN, ExitCode.UNVERIFIED)
    assert "Entry 1 of the audit trail in shift.db is missing" in ran.err


@pytest.mark.usefixtures("shift")
@pytest.mark.parametrize("anchor", ["", "abc", "g" * 64, "0" * 63])
def test_what_is_no_digest_is_refused(firmline: Program, anchor: str) -> None:
    ran = firmline(*AUDIT, "--anchor", anchor)
    assert_failed(ran, Code.NUMBER_MALFORMED, ExitCode.INPUT)


def test_an_empty_trail_is_said_to_be_empty(firmline: Program, folder: Path) -> None:
    Database.open(DatabaseAddress(path=folder / "shift.db"), create=True).close()
    ran = firmline(*AUDIT)
    assert (ran.code, ran.out) == (0, "The audit trail is empty.\n")
    assert firmline(*AUDIT, "--anchor", HEADS[0]).code == ExitCode.UNVERIFIED


def test_records_that_are_not_there_are_told(firmline: Program) -> None:
    assert_failed(firmline(*AUDIT), Code.DATABASE_GONE, ExitCode.LINK)


def test_what_an_entry_holds_obeys_nothing(firmline: Program, shift: Path) -> None:
    break_into(shift, "UPDATE audit_trail SET subject = char(27) || '[2J'")
    ran = firmline(*AUDIT, "--since", "2020-01-01")
    assert "\x1b" not in ran.out + ran.err


def test_a_clock_that_was_set_back_is_told(firmline: Program, shift: Path) -> None:
    with closing(Database.open(DatabaseAddress(path=shift), create=False)) as database:
        SqlAudit(database).append(done("dora", after_s=30))
    ran = firmline(*AUDIT)
    assert ran.code == 0
    assert "1 time, an entry is older than the one before it" in ran.out


EDITS = {
    "UPDATE runs SET outcome = 'pass'": ("changed", "is not what was written"),
    "UPDATE measurements SET number = number + 1": ("changed", "is not what was written"),
    "UPDATE phases SET outcome = 'good'": ("unreadable", "is no record any more"),
    "UPDATE runs_begun SET at = 'noon'": ("unreadable", "is no record any more"),
    "UPDATE runs SET began_at = 7": ("unreadable", "is no record any more"),
    "DELETE FROM diagnoses": ("missing", "was taken out since it was written"),
    "DELETE FROM causes": ("changed", "is not what was written"),
}


@pytest.fixture
def with_runs(shift: Path) -> Path:
    with closing(open_records(DatabaseAddress(path=shift), create=False)) as records:
        records.write([*whole_run("north"), *whole_run("south", 1001)])
    return shift


@pytest.mark.usefixtures("with_runs")
def test_records_are_compared_with_their_digests(firmline: Program) -> None:
    ran = firmline(*AUDIT, "--records")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == "8 records, each as it was written."
    assert firmline(*AUDIT, "--records", "--json").result["records"] == {
        "compared": 8,
        "altered": 0,
    }
    assert firmline(*AUDIT, "--json").result["records"] is None


@pytest.mark.parametrize("edit", EDITS)
def test_records_that_somebody_edited_are_named(
    firmline: Program, with_runs: Path, edit: str
) -> None:
    with closing(sqlite3.connect(with_runs)) as database:
        database.execute(f"{edit} WHERE station = 'south'")
        database.commit()
    difference, words = EDITS[edit]
    ran = firmline(*AUDIT, "--records")
    assert_failed(ran, Code.RECORDS_ALTERED, exit_code=ExitCode.UNVERIFIED)
    assert ran.out.count(words) == 1
    assert "of the station south" in ran.err
    assert "Head:" in ran.out, "the trail itself holds"
    (told,) = [
        line
        for line in firmline(*AUDIT, "--records", "--json").json_lines
        if line["type"] == "altered_record"
    ]
    assert (told["station"], told["difference"]) == ("south", difference)


def test_every_edited_record_is_named_and_all_are_counted(
    firmline: Program, with_runs: Path
) -> None:
    with closing(sqlite3.connect(with_runs)) as database:
        database.execute("UPDATE runs SET serial = 'SN-9'")
        database.commit()
    ran = firmline(*AUDIT, "--records")
    assert "Record 3 of the station north (of the unit SN-9) is not what was written." in ran.out
    assert "Record 1003 of the station south (of the unit SN-9)" in ran.out
    assert "2 of 8 records are so." in ran.err


@pytest.mark.usefixtures("shift")
def test_where_there_are_no_records_none_are_compared(firmline: Program) -> None:
    assert firmline(*AUDIT, "--records").out.splitlines()[-1] == "There are no records."


def test_a_run_whose_time_is_none_is_a_damaged_database_elsewhere(
    firmline: Program, with_runs: Path
) -> None:
    with closing(sqlite3.connect(with_runs)) as database:
        database.execute("UPDATE runs SET began_at = 'noon'")
        database.commit()
    ran = firmline("line", "export", "--db", "shift.db")
    assert_failed(ran, Code.DATABASE_DAMAGED, exit_code=ExitCode.LINK)
