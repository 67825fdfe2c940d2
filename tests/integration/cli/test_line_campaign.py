"""Campaigns as people run them: at the command line, on a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unit.cli.program import Ran, run_process
from unit.line.campaigns_world import ABORT, CANARY, HEAD, REST, WHOLE

pytestmark = pytest.mark.slow


class Line:
    """A line with its server.

    Args:
        folder: Where people work.
        url: Of the server.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        (folder / "spring.toml").write_text(WHOLE, "utf-8")

    def campaign(self, *said: str, by: str = "ann") -> Ran:
        who = () if said[0] in {"show", "list"} else ("--by", by)
        return run_process(*("line", "campaign", *said, "--db", self.url, *who), cwd=self.folder)

    def shown(self, *more: str) -> list[dict[str, Any]]:
        return self.campaign("show", "spring", "--json", *more).json_lines


@pytest.fixture
def line(folder: Path, postgresql_url: str) -> Line:
    return Line(folder, postgresql_url)


def test_a_campaign_from_its_file_to_its_start(line: Line) -> None:
    made = line.campaign("make", "spring.toml")
    assert made.code == 0, made.err
    assert "spring is made" in made.out
    assert "campaign release spring" in made.out
    refused = line.campaign("release", "spring")
    assert (refused.code, "DFU-PLAN-006" in refused.err) == (2, True)
    assert line.campaign("release", "spring", by="bob").code == 0
    started = line.campaign("start", "spring")
    assert "canary, the canary, is open" in started.out
    shown = line.campaign("show", "spring", "--units", "--events").out
    assert "canary (canary, open): 2 queued; 100 % have to pass" in shown
    assert "north is offline: 2 wait behind it." in shown
    assert "SN-0004  rest  south  planned" in shown
    assert "bob  released" in shown
    *units, result = line.shown("--units")
    assert [unit["state"] for unit in units] == ["queued"] * 2 + ["planned"] * 3
    assert result["groups"][0]["units"] == {"queued": 2}
    moved = line.campaign("move", "spring", "SN-0001", "--to", "south")
    assert moved.code == 0, moved.err
    listed = line.campaign("list").out
    assert "north: offline, never seen, 1 queued, 0 at work" in listed
    assert "south: offline, never seen, 1 queued, 0 at work" in listed
    assert line.campaign("pause", "spring", "--why", "lunch").code == 0
    assert line.shown()[-1]["reason"] == "lunch"
    assert line.campaign("resume", "spring").code == 0
    assert line.campaign("cancel", "spring", "SN-0002").code == 0
    assert "aborted" in line.campaign("abort", "spring", "--why", "enough").out
    gone = line.campaign("resume", "spring")
    assert (gone.code, "DFU-PLAN-005" in gone.err) == (2, True)


def test_units_come_from_a_csv_file_beside_the_campaign(line: Line) -> None:
    more = '[[groups]]\nname = "more"\nfile = "more.csv"\nsuccess_percent = 90\n'
    (line.folder / "spring.toml").write_text(HEAD + CANARY + REST + more + ABORT, "utf-8")
    missing = line.campaign("make", "spring.toml")
    assert (missing.code, "more.csv" in missing.err) == (2, True)
    (line.folder / "more.csv").write_text("serial,station\nSN-1000,east\nSN-1001,\n", "utf-8")
    assert line.campaign("make", "spring.toml").code == 0
    units = [each for each in line.shown("--units") if each["type"] == "unit"]
    assert [unit["station"] for unit in units[-2:]] == ["east", "south"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (("show", "autumn"), "DFU-PLAN-003"),
        (("start", "autumn"), "DFU-PLAN-003"),
        (("make", "nothing.toml"), "DFU-FILE-001"),
    ],
)
def test_what_is_not_there_is_told(line: Line, said: tuple[str, ...], code: str) -> None:
    ran = line.campaign(*said)
    assert (ran.code, code in ran.err) == (2, True), ran.err


def test_what_is_not_in_a_campaign_is_told(line: Line) -> None:
    line.campaign("make", "spring.toml")
    for said in (("move", "spring", "XX", "--to", "north"), ("cancel", "spring", "XX")):
        ran = line.campaign(*said)
        assert (ran.code, "DFU-PLAN-008" in ran.err) == (2, True), ran.err


def test_a_batch_that_nobody_knows_is_told(line: Line) -> None:
    text = HEAD + '[[groups]]\nname = "canary"\nbatch = "B7"\nsuccess_percent = 90\n'
    (line.folder / "spring.toml").write_text(text, "utf-8")
    ran = line.campaign("make", "spring.toml")
    assert (ran.code, "DFU-PLAN-002" in ran.err) == (2, True), ran.err


def test_a_file_is_no_queue(folder: Path) -> None:
    ran = run_process("line", "campaign", "list", "--db", "line.db", cwd=folder)
    assert (ran.code, "DFU-PLAN-007" in ran.err) == (2, True), ran.err


def test_a_server_that_is_not_there_is_told(folder: Path) -> None:
    url = "postgresql://line@/records?host=%2Fnonexistent"
    ran = run_process("line", "campaign", "list", "--db", url, cwd=folder)
    assert (ran.code, "DFU-REC-003" in ran.err) == (3, True), ran.err


SECRET = "correct horse battery"  # noqa: S105 - of a test


@pytest.fixture
def people(line: Line) -> Line:
    """The line with accounts: ann and bob may release, eva plans, and otto scans."""
    path = line.folder / "secret"
    path.touch(mode=0o600)
    path.write_text(f"{SECRET}\n", "utf-8")
    roles = {"ann": "release-manager", "bob": "release-manager", "eva": "engineer"}
    for name, role in {**roles, "otto": "operator"}.items():
        words = ("line", "accounts", "add", name, "--role", role, "--db", line.url)
        ran = run_process(*words, "--password-file", "secret", cwd=line.folder)
        assert ran.code == 0, ran.err
    return line


def by_account(line: Line, *said: str, by: str) -> Ran:
    return line.campaign(*said, "--password-file", "secret", by=by)


def test_where_there_are_accounts_two_persons_are_two_of_them(people: Line) -> None:
    assert by_account(people, "make", "spring.toml", by="Ann").code == 0
    refused = by_account(people, "release", "spring", by="ann")
    assert (refused.code, "DFU-PLAN-006" in refused.err) == (2, True)
    assert by_account(people, "release", "spring", by="bob").code == 0
    assert by_account(people, "start", "spring", by="eva").code == 0
    audit = run_process("line", "audit", "--db", people.url, "--json", cwd=people.folder)
    assert audit.code == 0
    done = [
        (each["actor"], each["role"])
        for each in audit.json_lines
        if str(each.get("action", "")).startswith("campaign.")
    ]
    assert ("bob", "release manager") in done
    assert ("eva", "engineer") in done


@pytest.mark.parametrize(
    ("by", "code"),
    [("nobody", "DFU-ACC-007"), ("eva", "DFU-ACC-011"), ("otto", "DFU-ACC-011")],
)
def test_who_is_not_allowed_releases_nothing(people: Line, by: str, code: str) -> None:
    by_account(people, "make", "spring.toml", by="ann")
    refused = by_account(people, "release", "spring", by=by)
    assert (refused.code, code in refused.err) == (2, True), refused.err
    assert people.shown()[-1]["state"] == "made"


def test_an_operator_plans_nothing(people: Line) -> None:
    refused = by_account(people, "make", "spring.toml", by="otto")
    assert (refused.code, "DFU-ACC-011" in refused.err) == (2, True), refused.err
    assert people.campaign("list", "--json").json_lines[-1].get("campaigns") in ([], 0, None)


def test_a_wrong_password_is_nobodys(people: Line) -> None:
    by_account(people, "make", "spring.toml", by="ann")
    (people.folder / "secret").write_text("another horse", "utf-8")
    refused = by_account(people, "release", "spring", by="bob")
    assert (refused.code, "DFU-ACC-007" in refused.err) == (2, True), refused.err


def test_where_nobody_can_be_asked_a_password_is_asked_for_in_a_file(people: Line) -> None:
    refused = people.campaign("make", "spring.toml", by="ann")
    assert (refused.code, "DFU-ACC-005" in refused.err) == (2, True), refused.err
