"""``firmline diagnose`` of whatever a user may have: it says what it could use, and what not."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from firmline import events
from firmline.errors import Code, ExitCode
from firmline.events import Outcome
from unit.cli.failed_trace import failed_update, trace_of
from unit.cli.program import Program, assert_failed

TRACE = trace_of(failed_update())
LINES = TRACE.splitlines()
LOG = (Path(__file__).parents[2] / "golden/diagnosis/logs/android-logcat-refused.txt").read_text(
    encoding="utf-8"
)
LOGS = Path(__file__).parents[2] / "golden/diagnosis/logs"
IOS_LOG = (Path(__file__).parents[2] / "golden/diagnosis/logs/ios-secure-bytes-lost.txt").read_text(
    encoding="utf-8"
)
REPORT = json.dumps({"evidence": {"result_code": "r0B", "ext_error": "x05"}})
VERSION = "pkg-version-not-higher"
"""What all of these show, whatever they are written in."""


def powershell(text: str) -> bytes:
    """As Windows PowerShell's ``>`` writes it."""
    return text.replace("\n", "\r\n").encode("utf-16")


def diagnosed(firmline: Program, content: bytes | str) -> dict[str, Any]:
    """What is said of a file; a page of it can be drawn as well."""
    given = content if isinstance(content, bytes) else content.encode()
    Path("given").write_bytes(given)
    Path("out.html").unlink(missing_ok=True)  # one that is there is left as it is
    ran = firmline("diagnose", "given", "--json", "--report", "out.html")
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out + Path("out.html").read_text(encoding="utf-8")
    return ran.result


def first(result: dict[str, Any]) -> str:
    return str(result["causes"][0]["cause"])


def evidence(result: dict[str, Any]) -> set[str]:
    return {f"{each['field']}={each['value']}" for each in result["evidence"]}


@pytest.mark.slow
@pytest.mark.parametrize("text", [TRACE, LOG, REPORT], ids=["trace", "log", "report"])
@pytest.mark.parametrize(
    "write",
    [
        powershell,
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: b"\xff\xfe" + text.encode("utf-16-be"),
        lambda text: b"\xfe\xff" + text.encode("utf-16-le"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\n\n" + text.encode() + b"\n\n",
    ],
    ids=["powershell", "le", "be", "be-marked-le", "le-marked-be", "bom", "crlf", "blank-lines"],
)
def test_any_encoding_and_line_end_is_read(firmline: Program, text: str, write: Any) -> None:
    assert first(diagnosed(firmline, write(text))) == VERSION


@pytest.mark.slow
@pytest.mark.parametrize(
    "front",
    [
        "\x1b[32m",
        "2026-11-23T10:00:01.123+01:00 ",
        "Nov 23 10:00:02 host app[22]: ",
        "[1732356003.55] ",
        "11/23/2026 10:00:04 AM ",
        "23.11.2026, 10.00.04 | ",
        "<14>1 2026-11-23T10:00:00Z host - - - ",
    ],
)
def test_colours_and_any_time_in_front_change_nothing(firmline: Program, front: str) -> None:
    lines = [f"{front}{line}\x1b[0m" for line in LOG.splitlines()]
    assert first(diagnosed(firmline, "\n".join(lines))) == VERSION


@pytest.mark.parametrize("text", [TRACE, LOG], ids=["trace", "log"])
def test_a_file_that_powershell_has_gone_on_with_is_read(firmline: Program, text: str) -> None:
    half = text.index("\n", len(text) // 3) + 1
    mixed = text[:half].encode() + text[half:].replace("\n", "\r\n").encode("utf-16-le")
    assert first(diagnosed(firmline, mixed)) == VERSION


# Half of something.


def assert_tells_of_no_failure(result: dict[str, Any]) -> None:
    """No cause is guessed, and that is said."""
    assert first(result) == "unknown"
    assert result["causes"][0]["probability"] >= 0.9
    assert result["failure_unseen"]
    assert not result["ended_well"]


@pytest.mark.slow
@pytest.mark.parametrize("end", range(2, len(LINES) - 2))
def test_a_trace_that_breaks_off_is_no_failure_that_it_does_not_show(
    firmline: Program, end: int
) -> None:
    result = diagnosed(firmline, "\n".join(LINES[:end]) + "\n" + LINES[end][:20])
    assert any("no end, and shows nothing that failed" in each for each in result["unused"])
    assert "The last line of the trace is cut off." in result["unused"]
    assert not [each for each in evidence(result) if each.startswith("failure_kind")]
    assert_tells_of_no_failure(result)


def test_a_trace_whose_beginning_is_missing_tells_what_it_has(firmline: Program) -> None:
    result = diagnosed(firmline, "\n".join(LINES[-4:]))
    assert "ext_error=x05" in evidence(result)
    assert (
        "The beginning of the trace is missing: what happened before is not known."
        in (result["unused"])
    )
    assert first(result) == VERSION


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8])
def test_half_a_log_is_read_as_far_as_it_goes(firmline: Program, share: float) -> None:
    result = diagnosed(firmline, LOG[: int(len(LOG) * share)])
    assert any("of its" in each and "lines" in each for each in result["unused"])


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(LOGS.glob("*.txt")), ids=lambda path: path.stem)
def test_half_a_log_names_a_cause_only_for_what_it_shows(firmline: Program, path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for end in {max(1, len(lines) * quarter // 4) for quarter in (1, 2, 3)}:
        Path("given").write_text("\n".join(lines[:end]), encoding="utf-8")
        ran = firmline("diagnose", "given", "--json")
        if ran.code:
            assert_failed(ran, Code.REPORT_MALFORMED)
            continue
        shown = [each for each in evidence(ran.result) if each.startswith("failure_kind")]
        if not shown:
            assert_tells_of_no_failure(ran.result)
            assert ran.result["unused"]


@pytest.mark.slow
@pytest.mark.parametrize("count", range(1, len(LINES)))
def test_the_end_of_a_trace_tells_only_what_it_has(firmline: Program, count: int) -> None:
    """Where it failed is told by what stands there, and how far the image came is not guessed."""
    result = diagnosed(firmline, "\n".join(LINES[-count:]))
    told = evidence(result)
    assert {each for each in told if each.startswith("phase")} <= {"phase=init_execute"}
    has_image = any('"image_started"' in line for line in LINES[-count:])
    assert ("progress=none" in told) == has_image


def test_the_middle_of_a_trace_is_half_of_one_as_well(firmline: Program) -> None:
    sent = events.PacketsSent(at_s=5001.0, object_type="data", count=9, offset=900, size=20_000)
    result = diagnosed(firmline, "\n".join([*LINES[5:8], trace_of((sent,))]))
    assert_tells_of_no_failure(result)
    assert "phase=data_transfer" in evidence(result)
    assert len([each for each in result["unused"] if "missing" in each or "no end" in each]) == 2


def test_who_tells_of_the_failure_beside_half_a_log_gets_causes(firmline: Program) -> None:
    Path("half.txt").write_text("\n".join(LINES[:8]), encoding="utf-8")
    Path("seen.json").write_text(json.dumps({"evidence": {"ext_error": "x05"}}), encoding="utf-8")
    ran = firmline("diagnose", "half.txt", "seen.json", "--json")
    assert first(ran.result) == VERSION
    assert not ran.result["failure_unseen"]
    told = json.dumps({"evidence": {"chip": "nrf52832"}})
    Path("seen.json").write_text(told, encoding="utf-8")
    assert_tells_of_no_failure(firmline("diagnose", "half.txt", "seen.json", "--json").result)


def test_what_was_printed_of_half_a_log_is_read_again_as_such(firmline: Program) -> None:
    half = "\n".join(LINES[: len(LINES) // 2])
    result = diagnosed(firmline, half)
    assert_tells_of_no_failure(diagnosed(firmline, json.dumps(result)))


def test_half_a_trace_says_so_to_people(firmline: Program) -> None:
    Path("half.jsonl").write_text("\n".join(LINES[:8]), encoding="utf-8")
    ran = firmline("diagnose", "half.jsonl", "--report", "out.html")
    assert ran.out.startswith("No failure of the unit is shown")
    assert "What failed is not in it" in ran.out
    page = Path("out.html").read_text(encoding="utf-8")
    assert "whose failure was not recorded" in page
    assert "What failed is not in it" in page
    assert "fits no known cause" not in page + ran.out


# Something else.


@pytest.mark.parametrize(
    "content",
    [
        "hello\n" * 500,
        "\n\n\n",
        "from math import pi\nprint(pi)\n",
        "<html><body>404</body></html>",
        "id,outcome\n1,pass\n",
        ":020000040000FA\n:00000001FF\n",
    ],
)
def test_what_is_of_something_else_is_refused(firmline: Program, content: str) -> None:
    Path("given").write_text(content, encoding="utf-8")
    ran = firmline("diagnose", "given")
    assert_failed(ran, Code.REPORT_MALFORMED)
    assert not ran.out
    assert "a log of neither" in ran.err


@pytest.mark.parametrize(
    "content",
    [
        random.Random(1).randbytes(5000),
        random.Random(2).randbytes(100),
        bytes(5000),
        b"\x7fELF" + bytes(100),
        b"PK\x03\x04" + random.Random(3).randbytes(3000),
    ],
    ids=["noise", "a-little-noise", "zeros", "elf", "zip"],
)
def test_what_is_no_text_is_refused(firmline: Program, content: bytes) -> None:
    Path("given").write_bytes(content)
    assert_failed(firmline("diagnose", "given"), Code.REPORT_MALFORMED)


@pytest.mark.parametrize(
    "content", ["[1, 2]", "12", "null", '"x"', "{}", '{"evidence": 1}', "[" * 200_000]
)
def test_json_of_something_else_is_refused(firmline: Program, content: str) -> None:
    Path("given").write_text(content, encoding="utf-8")
    assert_failed(firmline("diagnose", "given"), Code.REPORT_MALFORMED)


@pytest.mark.parametrize(
    "content",
    [
        REPORT[:-1],
        REPORT[:-5],
        REPORT + " and more",
        REPORT + REPORT,
        REPORT.replace(":", ""),
        '{"type": "report",\n "evidence": {"phase":',
    ],
)
def test_a_damaged_report_is_told_as_one(firmline: Program, content: str) -> None:
    Path("given").write_text(content, encoding="utf-8")
    ran = firmline("diagnose", "given")
    assert_failed(ran, Code.REPORT_MALFORMED)
    assert "a report that is damaged" in ran.err


@pytest.mark.slow
@pytest.mark.parametrize(
    "told", [{}, {"phase": "moon"}, {"phase": None}, {"moon": "full"}, {"flags": []}]
)
def test_a_report_in_which_nothing_is_evidence_guesses_nothing(
    firmline: Program, told: dict[str, Any]
) -> None:
    assert_tells_of_no_failure(diagnosed(firmline, json.dumps({"evidence": told})))
    ran = firmline("diagnose", "given")
    assert ran.out.startswith("Nothing of it is evidence: no cause is more than a guess.")
    more = firmline("diagnose", "given", "--result", "see-phase=r05", "--json").result
    assert not more["failure_unseen"]


def test_nothing_and_too_much_are_refused(firmline: Program) -> None:
    Path("empty").write_bytes(b"")
    assert_failed(firmline("diagnose", "empty"), Code.FILE_EMPTY)
    with Path("huge").open("wb") as file:
        file.truncate(100_000_000)
    assert_failed(firmline("diagnose", "huge"), Code.FILE_TOO_LARGE)


UPLOAD = "$ mcumgr --conntype serial image upload a.bin\n9 KiB / 9 KiB [====] 100.00%\nDone\n"
CONSOLE = "*** Booting MCUboot v2.1.0 ***\nI: Swap type: test\n"
NO_SPACE = "W: required 466944 bytes but only 458752 are there\n"
JUMP = "I: Jumping to the first image slot\n"


@pytest.mark.parametrize("log", [UPLOAD + CONSOLE + NO_SPACE + JUMP, CONSOLE + NO_SPACE + UPLOAD])
def test_a_hosts_log_with_the_console_of_the_unit_in_it_is_read_as_both(
    firmline: Program, log: str
) -> None:
    result = diagnosed(firmline, log)
    assert {"transport=smp_serial", "flags=log_no_swap_space", "phase=activation"} <= evidence(
        result
    )
    assert first(result) == "mcuboot-slot-space"


def test_both_have_to_end_well(firmline: Program) -> None:
    refused = UPLOAD.replace("Done", "Error: 3")
    assert diagnosed(firmline, UPLOAD + CONSOLE + JUMP)["ended_well"]
    assert not diagnosed(firmline, refused + CONSOLE + JUMP)["ended_well"]
    assert not diagnosed(firmline, UPLOAD + CONSOLE + NO_SPACE + JUMP)["ended_well"]


def test_a_log_of_two_tools_says_that_it_is_one(firmline: Program) -> None:
    result = diagnosed(firmline, LOG + IOS_LOG)
    assert any("give each log by itself" in each for each in result["unused"])


# Of another time, of several units, damaged.


def test_a_trace_of_a_version_to_come_is_read_as_far_as_it_is_known(firmline: Program) -> None:
    lines = [json.loads(line) for line in LINES]
    lines[0]["trace_format"] = 9
    lines[0]["moon"] = "full"
    lines[4]["type"] = "unit_dreamt_of"
    lines[5]["information"] = 7
    result = diagnosed(firmline, "\n".join(map(json.dumps, lines)))
    assert first(result) == VERSION
    assert any(each.startswith("2 of the") and "not known" in each for each in result["unused"])


def test_of_mixed_lines_of_several_units_one_is_explained(firmline: Program) -> None:
    mine, other = (
        [json.loads(line) for line in trace_of(failed_update(unit=unit)[1:]).splitlines()]
        for unit in ("ble:A", "ble:B")
    )
    mixed = []
    for one, two in zip(mine, other, strict=True):
        mixed += [{**one, "unit": "ble:A"}, {**two, "unit": "ble:B"}]
    result = diagnosed(firmline, "\n".join(map(json.dumps, mixed)))
    assert first(result) == VERSION
    assert any("ble:A" in each for each in result["unused"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"mtu": 247', '"mtu": "many"'),
        ('"mtu": 247', '"mtu": NaN'),
        ("C6:05:04:03:02:01", "nobody"),
        ('"at_s": 5000.2', '"at_s": 1e400'),
        ('"type": "connected"', '"type": 7'),
        ('{"type": "connected"', '{"type" "connected"'),
    ],
)
def test_a_damaged_line_of_a_trace_is_named_and_the_rest_is_read(
    firmline: Program, old: str, new: str
) -> None:
    """A trace is shown and converted only where it is sound; a diagnosis takes what there is."""
    damaged = TRACE.replace(old, new)
    lines = [str(n) for n, each in enumerate(damaged.splitlines(), 1) if each not in LINES]
    result = diagnosed(firmline, damaged)
    [told] = [each for each in result["unused"] if "damaged, and left out" in each]
    assert told.startswith(f"Line {lines[0]} is " if len(lines) == 1 else "Lines ")
    assert first(result) == VERSION
    assert_failed(firmline("trace", "show", "given"), Code.TRACE_MALFORMED)


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1, len(LINES) // 2, len(LINES) - 1])
@pytest.mark.parametrize("with_what", [b"\x80\xfe\x00\x80", b"{", b"\x00" * 9 + b"}", b"[1]"])
def test_any_line_may_be_damaged(firmline: Program, number: int, with_what: bytes) -> None:
    lines: list[bytes] = [line.encode() for line in LINES]
    lines[number] = with_what
    result = diagnosed(firmline, b"\n".join(lines) + b"\n")
    assert any("damaged" in each or "cut off" in each for each in result["unused"])


def test_what_is_damaged_all_over_is_refused_with_its_first_line(firmline: Program) -> None:
    lines = [line if number % 2 else line[:-9] for number, line in enumerate(LINES)]
    Path("given").write_text("\n".join(lines), encoding="utf-8")
    ran = firmline("diagnose", "given")
    assert_failed(ran, Code.TRACE_MALFORMED)
    assert "its line 1 " in ran.err


def test_a_line_of_a_megabyte_is_one_damaged_line(firmline: Program) -> None:
    lines = [*LINES[:4], '{"type": "' + "x" * 1_000_000, *LINES[4:]]
    told = diagnosed(firmline, "\n".join(lines))["unused"]
    assert any("Line 5 is damaged" in each for each in told)


@pytest.mark.parametrize("front", ['{"evidence": {"phase": ', '{"type": "x", "at_s": ', "["])
def test_a_number_without_end_is_told_in_our_words(firmline: Program, front: str) -> None:
    Path("given").write_text(front + "9" * 5000 + "}}", encoding="utf-8")
    ran = firmline("diagnose", "given")
    assert ran.code == ExitCode.INPUT
    assert "set_int_max_str_digits" not in ran.err
    assert "evidence" not in front or "a number in it has thousands of digits" in ran.err


def test_the_same_trace_twice_is_one_attempt(firmline: Program) -> None:
    result = diagnosed(firmline, TRACE + TRACE)
    assert "reproducibility=always" not in evidence(result)
    assert any("each attempt counts once" in each for each in result["unused"])
    later = TRACE.replace("12:30:00.250Z", "12:31:00.250Z")
    result = diagnosed(firmline, TRACE + later + TRACE)
    assert "reproducibility=always" in evidence(result)
    [told] = [each["where"] for each in result["evidence"] if each["field"] == "reproducibility"]
    assert told == "2 of 2 attempts failed"


def test_times_that_run_backwards_are_said_and_not_counted(firmline: Program) -> None:
    assert "time_to_failure=instant" in evidence(diagnosed(firmline, TRACE))
    result = diagnosed(firmline, TRACE.replace('"at_s": 5000.6', '"at_s": 4000.6'))
    assert any("run backwards" in each for each in result["unused"])
    assert "time_to_failure=instant" not in evidence(result)
    assert first(result) == VERSION


def test_a_clock_from_beyond_all_time_is_no_obstacle(firmline: Program) -> None:
    for when in ("9999-12-31T23:59:59.999Z", "yesterday", "0001-01-01T00:00:00+14:00"):
        assert (
            first(diagnosed(firmline, TRACE.replace("2026-03-01T12:30:00.250Z", when))) == VERSION
        )


# Reports.


def test_fields_and_values_that_are_not_known_are_said_and_capped(firmline: Program) -> None:
    report = {
        "id": 1,
        "evidence": {
            "transprot": "ble",
            "transport": "BLE",
            "phase": 3,
            "flags": {"a": 1},
            "x\x1b[31m": "y" * 50_000,
            "ext_error": "x05",
        },
    }
    result = diagnosed(firmline, json.dumps(report))
    assert len(result["unused"]) == 5
    assert max(map(len, result["unused"])) < 300
    assert evidence(result) == {"ext_error=x05"}


def test_what_contradicts_itself_is_said_and_the_rest_counts(firmline: Program) -> None:
    report = {
        "evidence": {
            "phase": ["scan", "connect"],
            "cured_by": ["retry"],
            "not_cured_by": ["retry"],
            "flags": ["app_ok"],
        },
        "ruled_out": {"flags": ["app_ok"]},
    }
    result = diagnosed(firmline, json.dumps(report))
    assert len(result["contradictions"]) == 2
    assert result["unused"] == ["phase takes one value, and has 2."]


def test_evidence_that_no_cause_could_have_makes_the_unknown_likeliest(firmline: Program) -> None:
    report = {
        "evidence": {
            "supply": "bench",
            "ext_error": "x07",
            "phase": "scan",
            "progress": "end",
            "end_state": "unchanged",
            "failure_kind": "none",
        }
    }
    result = diagnosed(firmline, json.dumps(report))
    assert first(result) == "unknown"
    assert result["causes"][0]["probability"] > 0.5


# What has ended well.


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["trace", "log"])
def test_what_ended_well_is_not_diagnosed_as_failing(firmline: Program, kind: str) -> None:
    end = events.UpdateFinished(
        at_s=5001.0,
        outcome=Outcome.UPDATED,
        code="",
        message="",
        size=20_000,
        duration_s=1.0,
        transfer_s=0.5,
    )
    good = trace_of((*failed_update()[:-1], end))
    Path("given").write_text(
        good if kind == "trace" else "$ nrfutil dfu serial -pkg a.zip\nDevice programmed.\n",
        encoding="utf-8",
    )
    ran = firmline("diagnose", "given")
    assert ran.out.startswith("Nothing failed that could be explained.\n")
    assert "Causes" not in ran.out
    result = firmline("diagnose", "given", "--json", "--report", "out.html").result
    assert result["ended_well"]
    assert result["next_test"] is None
    assert first(result) == "unknown"
    assert sum(each["probability"] for each in result["causes"]) == pytest.approx(1, abs=1e-3)
    assert diagnosed(firmline, json.dumps(result))["ended_well"]
