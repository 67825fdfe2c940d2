"""``firmline diagnose --report``: what can be sent to somebody else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from firmline.cli.report.attempts import MAX_ROWS
from firmline.device.description import gallery_unit
from firmline.device.dump import dump_unit
from firmline.device.fabrication import fabricate
from firmline.diagnosis.diagnostic_tests import diagnostic_tests
from firmline.errors import Code
from firmline.events import (
    Event,
    ImageSent,
    ImageStarted,
    Outcome,
    Refused,
    TextHeard,
    UpdateFinished,
)
from firmline.formats.records import format_intel_hex
from firmline.values import ImageKind
from unit.cli.failed_trace import failed_update, trace_of
from unit.cli.makers import KEY
from unit.cli.page import Page
from unit.cli.program import Program, assert_failed, files_in
from unit.formats.makers import hex_file

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\x1b[31m\u202e"


def report_of(firmline: Program, *words: str, name: str = "out.html") -> str:
    Path(name).unlink(missing_ok=True)  # one that is there is left as it is
    ran = firmline("diagnose", *words, "--report", name)
    assert ran.code == 0, ran.err
    assert ran.err.endswith(f"Report: {name}\n")
    return Path(name).read_text(encoding="utf-8")


def fields_of(firmline: Program, *words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(report_of(firmline, *words, name="out.json"))
    return document


@pytest.fixture
def trace(folder: Path) -> str:
    (folder / "unit.jsonl").write_text(trace_of(failed_update()), encoding="utf-8")
    return "unit.jsonl"


def test_the_page_tells_who_what_when_why_and_what_next(firmline: Program, trace: str) -> None:
    page = Page(report_of(firmline, trace))
    for told in (
        "ble:C6:05:04:03:02:01",
        "refused after 1.0 s, begun 2026-03-01 12:30:00 UTC",
        "The version is not higher than what is installed",
        "serial number FL-0001",
        "firmware revision 1.2 its application says so",
        "SoftDevice 0x0103 (S112 7.2.0) its radio says so",
        "SHA-256 " + "ab" * 32,
        "version 5, 20,000 bytes",
        "object_execute 04 60 04 0B 05 0.100 s",
        "12:30:00.350 seen Tag",
        "unit Refused at 0.800 s",
        "What is excluded",
        "Tests that were done",
        "Tests that would tell more",
        "unit.jsonl what was diagnosed",
    ):
        assert told in page.text, told


def test_a_fix_that_has_to_wait_is_nowhere_told_without_that(
    firmline: Program, folder: Path
) -> None:
    seen = {
        "transport": "ble",
        "bootloader": "secure",
        "phase": "init_execute",
        "failure_kind": "disconnect",
        "host_code": "hci_08",
        "time_to_failure": "instant",
        "unit_scope": "one",
        "supply": "coin_cell",
        "flags": ["app_ok"],
    }
    (folder / "report.json").write_text(json.dumps({"evidence": seen}), encoding="utf-8")
    page = Page(report_of(firmline, "report.json"))
    fix = "A fresh cell, a clean contact, more capacitance; measure the supply under at least 8 mA."
    assert page.text.count(fix) == page.text.count(f"{fix} Not yet: that destroys") == 2


def test_the_page_asks_nobody_and_runs_nothing(firmline: Program, trace: str) -> None:
    text = report_of(firmline, trace)
    Page(text).assert_harmless()
    assert "default-src &#39;none&#39;" in text
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_the_style_is_the_one_that_the_page_allows_itself(firmline: Program, trace: str) -> None:
    text = report_of(firmline, trace)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    (policy,) = [
        attributes["content"]
        for _, attributes in Page(text).elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert f"'sha256-{digest}'" in policy


def test_no_string_of_a_unit_or_a_file_is_more_than_text(firmline: Program, folder: Path) -> None:
    attempt = failed_update(
        unit=f"ble:name={HOSTILE}",
        name=HOSTILE,
        revision=HOSTILE,
        package=HOSTILE,
        message=HOSTILE,
    )
    (folder / "unit.jsonl").write_text(trace_of(attempt), encoding="utf-8")
    (folder / "x'<script>.txt").write_text(f"{HOSTILE}\n", encoding="utf-8")
    text = report_of(firmline, "unit.jsonl", "--attach", "x'<script>.txt")
    page = Page(text)
    page.assert_harmless()
    assert page.text.count("<script>alert(1)</script>") >= 6
    assert fields_of(firmline, "unit.jsonl")["unit"].count("<script>") == 1


@pytest.mark.slow
def test_a_hostile_report_and_log_are_text_as_well(firmline: Program, folder: Path) -> None:
    evidence = {"evidence": {HOSTILE: HOSTILE, "phase": HOSTILE, "transport": "ble"}}
    (folder / "r.json").write_text(json.dumps(evidence), encoding="utf-8")
    Page(report_of(firmline, "r.json")).assert_harmless()
    log = f"No ping response after opening COM port {HOSTILE}\nnrfutil {HOSTILE}\n"
    (folder / "x.log").write_text(log, encoding="utf-8")
    page = Page(report_of(firmline, "x.log"))
    page.assert_harmless()
    assert "<script>" in page.text


def test_json_says_the_same_and_is_a_report_that_can_be_diagnosed(
    firmline: Program, trace: str
) -> None:
    told = fields_of(firmline, trace)
    assert told["type"] == "report"
    assert told["evidence"]["ext_error"] == "x05"
    assert told["attempts"][0]["rows"][0] == {
        "at_s": 0.1,
        "utc": "2026-03-01 12:30:00.350",
        "label": "seen",
        "text": "Tag at C6:05:04:03:02:01, -60 dBm",
        "is_trouble": False,
    }
    assert {each["about"] for each in told["facts"]} == {"unit", "package", "station", "link"}
    assert told["excluded"][0].keys() == {"cause", "field", "value", "because"}
    again = firmline("diagnose", "out.json", "--json").result
    first = firmline("diagnose", trace, "--json").result
    chances = {each["cause"]: each["probability"] for each in first["causes"]}
    assert {each["cause"]: each["probability"] for each in again["causes"]} == pytest.approx(
        chances, abs=1e-5
    )


def test_the_contract_stays_in_front_of_the_report(firmline: Program, trace: str) -> None:
    ran = firmline("diagnose", trace, "--json", "--report", "out.html")
    assert ran.result["type"] == "result"
    assert ran.err == "Report: out.html\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("No ping response after opening COM port\nnrfutil\n", "The log of another tool"),
        ('{"evidence": {"transport": "ble"}}', "somebody has written down"),
    ],
)
def test_what_has_no_time_line_says_so(
    firmline: Program, folder: Path, content: str, why: str
) -> None:
    (folder / "given").write_text(content, encoding="utf-8")
    assert why in Page(report_of(firmline, "given")).text
    told = fields_of(firmline, "given")
    assert told["attempts"] == []
    assert why in told["no_time_line"]


def test_answers_alone_are_a_report_too(firmline: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b"init_execute\nq\n")))
    ran = firmline("diagnose", "--ask", "--report", "out.html")
    assert ran.code == 0
    assert "a person's answers" in Page(Path("out.html").read_text(encoding="utf-8")).text


def test_a_dump_alone_is_a_report_too(firmline: Program) -> None:
    Path("dump.hex").write_bytes(hex_file((0x26000, b"\1" * 4096), (0x1000_1014, b"\0\x80\7\0")))
    page = Page(report_of(firmline, "--dump", "dump.hex"))
    assert "from a dump of its flash." in page.text
    assert "not when it came about" in page.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "used"), [("own.hex", "a trace of the update and a dump of its flash."), (None, None)]
)
def test_a_dump_that_was_left_out_is_none_of_what_it_rests_on(
    firmline: Program, folder: Path, own: str | None, used: str | None
) -> None:
    (folder / "unit.jsonl").write_text(trace_of(failed_update()), encoding="utf-8")
    words = ["--dump", "other.hex"]
    dumped("other.hex", "worn-page")
    if own is not None:
        Path(own).write_bytes(hex_file((0x26000, b"\1" * 4096), (0x1000_1014, b"\0\x80\7\0")))
        words += ["--dump", own]
    told = fields_of(firmline, "unit.jsonl", *words)
    assert told["made"]["dumps"] == (0 if own is None else 1)
    assert any("other.hex is of another unit than the trace" in each for each in told["unused"])
    Path("out.json").unlink()
    page = Page(report_of(firmline, "unit.jsonl", *words))
    assert (used or "a trace of the update.") in page.text


def dumped(name: str, unit: str) -> None:
    """A dump of a ready unit, with its FICR."""
    dump = dump_unit(fabricate(gallery_unit(unit)))
    Path(name).write_text(format_intel_hex(dump.spans), encoding="ascii")


@pytest.mark.slow
def test_a_report_of_an_end_that_is_not_proven_calls_nothing_a_failure(
    firmline: Program, folder: Path
) -> None:
    (folder / "unit.jsonl").write_text(trace_of(unproven_update()), encoding="utf-8")
    page = Page(report_of(firmline, "unit.jsonl"))
    assert "Report of an update whose end is not proven" in page.text
    assert "Report of a failed update" not in page.text
    assert "Nothing is shown to have failed The unit took the whole image" in page.text
    assert "Likeliest cause, if it is not the new one" in page.text
    told = fields_of(firmline, "unit.jsonl")
    assert told["unproven"]
    again = firmline("diagnose", "out.json", "--json").result
    assert again["unproven"]
    assert [each["cause"] for each in again["causes"]] == [e["cause"] for e in told["causes"]]


def unproven_update() -> tuple[Event, ...]:
    """An update that is as good as any, but for its proof."""
    *before, ended = [each for each in failed_update() if not isinstance(each, Refused)]
    assert isinstance(ended, UpdateFinished)
    at = ended.at_s
    return (
        *before,
        ImageStarted(at_s=at, kind=ImageKind.APPLICATION, index=0, init_packet_size=140, size=2048),
        ImageSent(at_s=at, kind=ImageKind.APPLICATION, size=2048),
        TextHeard(at_s=at, text="Hello."),
        replace(ended, outcome=Outcome.UNVERIFIED, code=Code.NEW_APPLICATION_NOT_SEEN),
    )


def test_a_report_of_what_nothing_tells_apart_names_each_of_it(
    firmline: Program, folder: Path
) -> None:
    evidence = {
        "transport": "ble",
        "bootloader": "secure",
        "phase": "enter_bootloader",
        "failure_kind": "none",
        "end_state": "back_in_app",
        "unit_resets": "once",
        "unit_scope": "all",
        "reproducibility": "always",
        "not_cured_by": ["retry", "pin_reset", "other_host"],
    }
    (folder / "r.json").write_text(json.dumps({"evidence": evidence}), encoding="utf-8")
    done = [each for slug in diagnostic_tests() for each in ("--done", slug)]
    page = Page(report_of(firmline, "r.json", *done))
    assert "One of these Application and bootloader disagree on bonds (" in page.text
    assert "cannot be told apart by any test that is known" in page.text
    assert "Next test" not in page.text
    without = [
        each for slug in diagnostic_tests() if slug != "read-sources" for each in ("--done", slug)
    ]
    told = fields_of(firmline, "r.json", *without, "--lacks", "sources")
    assert told["undecided"]["tests"] == ["read-sources"]
    shown = firmline("diagnose", "r.json", *without, "--lacks", "sources").out
    assert "cannot be told apart without the sources of application and bootloader" in " ".join(
        shown.split()
    )


def test_a_report_of_a_written_text_says_so(firmline: Program, folder: Path) -> None:
    line = "Then somebody took the cell out of it. It was gone after that, as they said.\n"
    quoted = "mcumgr image upload app.bin\nError: NMP timeout\n"
    (folder / "page.md").write_text(line * 12 + quoted, encoding="utf-8")
    page = Page(report_of(firmline, "page.md"))
    assert "Careful This reads like a text that somebody has written" in page.text
    assert fields_of(firmline, "page.md")["prose"]
    assert firmline("diagnose", "out.json", "--json").result["prose"]


def test_a_trace_without_a_clock_and_an_end_says_so(firmline: Program, folder: Path) -> None:
    events = failed_update()[1:-2]
    (folder / "unit.jsonl").write_text(trace_of(events), encoding="utf-8")
    page = Page(report_of(firmline, "unit.jsonl"))
    assert "no end after 0.7 s. The trace has no end" in page.text
    assert "UTC Event" not in page.text


def test_only_the_explained_unit_is_told_of(firmline: Program, folder: Path) -> None:
    mine, other = failed_update(), failed_update(unit="ble:11:22:33:44:55:66", name="Other")
    again = trace_of(mine).replace("12:30:00.250Z", "12:40:00.250Z")
    (folder / "all.jsonl").write_text(trace_of(mine, other) + again, encoding="utf-8")
    told = fields_of(firmline, "all.jsonl")
    assert [(each["number"], each["is_explained"]) for each in told["attempts"]] == [
        (1, False),
        (2, True),
    ]
    assert "Other" not in json.dumps([told["facts"], told["attempts"]])
    assert "11:22:33:44:55:66" in told["unused"][0]


def test_a_long_time_line_is_cut_in_its_middle_and_says_so(firmline: Program, folder: Path) -> None:
    long = trace_of(failed_update(rows=500))
    (folder / "unit.jsonl").write_text(long, encoding="utf-8")
    (attempt,) = fields_of(firmline, "unit.jsonl")["attempts"]
    assert len(attempt["rows"]) == MAX_ROWS
    assert attempt["rows"][-1]["label"] == "refused"
    assert attempt["rows_left_out"] > 400
    left_out = f"{attempt['rows_left_out']} lines are left out here"
    assert left_out in Page(report_of(firmline, "unit.jsonl")).text


def test_tests_that_were_done_are_told_with_their_results(firmline: Program, folder: Path) -> None:
    evidence = {"transport": "ble", "cured_by": ["power_cycle"], "not_cured_by": ["retry"]}
    (folder / "r.json").write_text(json.dumps({"evidence": evidence}), encoding="utf-8")
    done = ("--done", "see-end", "--done", "power-cycle")
    told = fields_of(firmline, "r.json", *done)["tests_done"]
    assert {each["result"] for each in told} == {
        "it helped",
        "it did not help",
        "no result was given",
    }
    assert len(told) == 3


def test_files_of_this_computer_are_named_without_their_folders(
    firmline: Program, folder: Path
) -> None:
    attempt = failed_update(unit="sim:ble-reference?key=/srv/someone/private.key")
    (folder / "deep").mkdir()
    (folder / "deep" / "unit.jsonl").write_text(trace_of(attempt), encoding="utf-8")
    text = report_of(firmline, "deep/unit.jsonl")
    page = Page(text).text
    assert "someone" not in page
    assert str(folder) not in page
    assert "deep/" not in page


@pytest.mark.parametrize("name", ["out.pdf", "out", "report.txt"])
def test_a_name_that_says_no_form_is_refused(firmline: Program, trace: str, name: str) -> None:
    ran = firmline("diagnose", trace, "--report", name)
    assert_failed(ran, Code.USAGE)
    assert not ran.out
    assert name not in files_in(Path())


def test_the_trace_is_not_written_over(firmline: Program, folder: Path) -> None:
    (folder / "unit.json").write_text(trace_of(failed_update()), encoding="utf-8")
    before = (folder / "unit.json").read_bytes()
    assert_failed(firmline("diagnose", "unit.json", "--report", "unit.json"), Code.OPTION_CONFLICT)
    assert (folder / "unit.json").read_bytes() == before


@pytest.mark.parametrize("name", ["precious.html", "precious.json"])
def test_what_is_there_already_is_left(
    firmline: Program, folder: Path, trace: str, name: str
) -> None:
    (folder / name).write_bytes(b"evidence")
    ran = firmline("diagnose", trace, "--report", name)
    assert_failed(ran, Code.FILE_EXISTS)
    assert not ran.out  # said before anybody is asked anything
    assert (folder / name).read_bytes() == b"evidence"


LOG_OF_PHONE = "No ping response after opening COM port\nnrfutil dfu\n"


@pytest.mark.parametrize("suffix", ["html", "json"])
@pytest.mark.parametrize("front", ["", LOG_OF_PHONE])
def test_a_private_key_that_is_diagnosed_does_not_get_into_a_report(
    firmline: Program, folder: Path, front: str, suffix: str
) -> None:
    (folder / "x.log").write_bytes(front.encode() + KEY.format_pem())
    ran = firmline("diagnose", "x.log", "--report", f"out.{suffix}")
    assert_failed(ran, Code.USAGE)
    assert "private key" in ran.err
    assert not ran.out
    assert files_in(folder) == {"x.log"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "secret",
    [
        "password=hunter2secret",
        "Password: hunter2secret",
        "FIRMLINE_KEY_PASSWORD=hunter2secret",
        "firmline --password hunter2secret",
        'network={ psk="hunter2secret" }',
        "Authorization: Bearer hunter2secret",
        "curl -H 'X: Bearer hunter2secret'",
        '{"access_token": "hunter2secret"}',
        "token=hunter2secret",
    ],
)
@pytest.mark.parametrize("suffix", ["html", "json"])
def test_a_log_with_a_password_is_listed_and_not_embedded(
    firmline: Program, folder: Path, secret: str, suffix: str
) -> None:
    for name in ("x.log", "y.log"):
        (folder / name).write_text(f"{LOG_OF_PHONE}{secret}\n", encoding="utf-8")
    text = report_of(firmline, "x.log", "--attach", "y.log", name=f"out.{suffix}")
    assert "hunter2secret" not in text
    encoded = base64.b64encode(f"{LOG_OF_PHONE}{secret}\n".encode()).decode()
    assert encoded not in text
    assert text.count("what looks like a password") == 2


def test_a_report_that_cannot_be_written_leaves_the_diagnosis_and_no_half_file(
    firmline: Program, trace: str
) -> None:
    ran = firmline("diagnose", trace, "--report", "nowhere/out.html")
    assert_failed(ran, Code.FILE_NOT_WRITABLE)
    assert "What to do next" in ran.out
    assert files_in(Path()) == {trace}


def test_an_attachment_needs_a_report(firmline: Program, trace: str) -> None:
    assert_failed(firmline("diagnose", trace, "--attach", trace), Code.OPTION_CONFLICT)
