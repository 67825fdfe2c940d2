"""``firmline trace show``: a trace as text for a person, and as JSON for a program."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click
import pytest

from firmline import events
from firmline.cli.trace_timeline import time_line
from firmline.errors import Code, ExitCode
from firmline.events import Event, Outcome, UnitMode, stamp
from firmline.formats.hci_capture import encode_btsnoop
from firmline.formats.trace import Trace, encode_event
from firmline.updater.telling.trace_words import refusal_in_words
from firmline.values import ImageKind
from unit.cli.event_samples import FINISHED, HOME, SAMPLES, STARTED
from unit.cli.program import Program, environment, run_process

IMAGE = events.ImageStarted(kind=ImageKind.APPLICATION, index=0, init_packet_size=141, size=20_000)
REFUSED = events.UpdateFinished(
    at_s=9.0,
    outcome=Outcome.REFUSED,
    code="DFU-UNIT-107",
    message="The unit refused the init packet.",
    size=0,
    duration_s=9.0,
    transfer_s=0.5,
)


def text(*told: Event) -> str:
    return "".join(encode_event(event) for event in told)


def lines(*told: Event) -> list[str]:
    return [click.unstyle(line) for line in time_line(Trace(entries=told), 0.0)]


@pytest.fixture
def path(folder: Path) -> Path:
    (folder / "t.jsonl").write_text(text(*SAMPLES), "utf-8")
    return folder / "t.jsonl"


# The time line.


def test_objects_in_a_row_are_one_line_with_their_speed() -> None:
    told: list[Event] = [IMAGE]
    for number in range(3):
        at_s = 1.0 + number
        told += [
            events.RequestSent(at_s=at_s, request="object_create", data=b"\x01\x02"),
            events.ObjectCreated(
                at_s=at_s + 0.1, object_type="data", offset=number * 4096, size=4096
            ),
            events.ObjectExecuted(at_s=at_s + 1, object_type="data", offset=(number + 1) * 4096),
        ]
    (_, row) = lines(*told)
    assert row == "      1.000  sends      3 objects to 12,288 of 20,000 bytes in 3.0 s, 4.1 kB/s"


def test_what_comes_between_ends_the_line() -> None:
    created = events.ObjectCreated(at_s=1, object_type="data", offset=0, size=4096)
    done = events.ObjectExecuted(at_s=2, object_type="data", offset=4096)
    again = events.ObjectRepeated(at_s=3, object_type="data", offset=4096, attempt=2)
    lost = events.LinkLost(at_s=4, hci_reason=0x08, expected=False)
    told = lines(IMAGE, created, done, again, created, done, lost)
    labels = [line.split()[1] for line in told]
    assert labels == ["image", "sends", "repeats", "sends", "lost"]
    assert told[-1].endswith("the connection: the other side was not heard any more (0x08)")
    assert "1 object to" in told[1]


def test_a_lost_connection_tells_what_was_not_answered() -> None:
    asked = events.RequestSent(at_s=2, request="crc_get", data=b"\x03")
    lost = events.LinkLost(at_s=6, hci_reason=0x08, expected=False)
    answered = events.AnswerReceived(at_s=2.5, data=b"\x60\x03\x01")
    (row,) = lines(asked, lost)
    assert row.endswith("(0x08), 4.0 s after crc_get, which was not answered")
    (row,) = lines(asked, answered, lost)
    assert row.endswith("was not heard any more (0x08)")


def test_probes_are_one_line() -> None:
    probe = next(event for event in SAMPLES if isinstance(event, events.ProbeRefused))
    (row,) = lines(stamp(probe, 1.0), stamp(probe, 2.5))
    assert row == "      1.000  probed     2 probes in 1.5 s, each refused as it has to be"
    rows = lines(stamp(probe, 1.0), stamp(REFUSED, 2.0))
    assert "1 probe in 0.0 s" in rows[0]
    assert len(rows) == 2


def test_a_search_in_vain_is_told_with_its_time() -> None:
    searching = events.Searching(at_s=1, address=HOME, expected_mode=UnitMode.APPLICATION)
    found = events.UnitSeen(at_s=17, address=HOME, name="Tag", rssi_dbm=-60)
    told = lines(searching, stamp(searching, 16.0), found)
    assert told == [
        "     16.000  not seen   C6:05:04:03:02:01 as application for 15.0 s",
        "     17.000  seen       Tag at C6:05:04:03:02:01, -60 dBm",
    ]


def test_a_unit_whose_address_is_hidden_is_searched_for_all_the_same() -> None:
    searching = events.Searching(address=None, expected_mode=None)
    assert lines(searching, stamp(REFUSED, 2.0))[0].endswith("not seen   the unit for 2.0 s")


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (3000, "1,096 of the bytes up to 4,096 did not arrive"),
        (4096, "the bytes up to 4,096 arrived with another CRC"),
    ],
)
def test_damage_is_told_in_bytes(offset: int, words: str) -> None:
    checked = events.CrcChecked(
        object_type="data", offset=offset, crc=1, expected_offset=4096, expected_crc=2
    )
    assert lines(checked)[0].endswith(f"damaged    {words}")


@pytest.mark.parametrize(
    ("refused", "kind", "words"),
    [
        (
            events.Refused(request="object_execute", result=0x0B, ext_error=0x07),
            "command",
            (
                "its SoftDevice is not one that the package was made for (result 0B EXTENDED_ERROR,"
                " extended error 07 SD_VERSION_FAILURE)"
            ),
        ),
        (
            events.Refused(request="object_create", result=0x04, ext_error=None),
            "data",
            "the object is larger than it takes (result 04 INSUFFICIENT_RESOURCES)",
        ),
        (
            events.Refused(request="object_execute", result=0x05, ext_error=None),
            "data",
            "the image is not valid for this unit (result 05 INVALID_OBJECT)",
        ),
        (
            events.Refused(request="crc_get", result=0x77, ext_error=0x66),
            "data",
            (
                "with a result this protocol has no name for (result 77 without a name, extended"
                " error 66 without a name)"
            ),
        ),
        (
            events.Refused(request="enter_bootloader", result=0x07, ext_error=None),
            "data",
            "result 07 NOT_BONDED",
        ),
        (
            events.Refused(request="set_advertising_name", result=0x05, ext_error=None),
            "data",
            "result 05 INVALID_ADVERTISING_NAME",
        ),
    ],
)
def test_refusals_have_words_and_numbers(refused: events.Refused, kind: str, words: str) -> None:
    assert refusal_in_words(refused, object_type=kind) == words


# The command.


def test_a_trace_of_everything_is_drawn(path: Path, firmline: Program) -> None:
    ran = firmline("trace", "show", str(path))
    assert (ran.code, ran.err) == (0, "")
    assert "\x1b" not in ran.out
    assert "Time line, seconds from the beginning" in ran.out
    assert "result 0B EXTENDED_ERROR" in ran.out


def test_an_update_says_at_once_how_it_ended(folder: Path, firmline: Program) -> None:
    (folder / "t").write_text(text(SAMPLES[0], STARTED, *SAMPLES[3:5], IMAGE, REFUSED))
    out = firmline("trace", "show", "t").out
    first = out.splitlines()[0]
    assert (
        first == "  ended     refused after 9.0 s: The unit refused the init packet. [DFU-UNIT-107]"
    )
    assert "The last events in full" in out
    assert "update_finished       outcome refused, code DFU-UNIT-107" in out
    assert "2026-03-01T12:30:00.250Z by firmline 0.1.0, Python 3.13.1, Linux 6.1.0 x86_64" in out


def test_a_good_update_needs_no_last_events(folder: Path, firmline: Program) -> None:
    (folder / "t").write_text(text(STARTED, IMAGE, FINISHED))
    assert "The last events in full" not in firmline("trace", "show", "t").out


def test_a_trace_without_an_end_says_so(folder: Path, firmline: Program) -> None:
    (folder / "t").write_text(text(STARTED, stamp(IMAGE, 2.0), FINISHED)[:-9])
    ran = firmline("trace", "show", "t")
    assert ran.code == 0
    assert "has no end: whoever wrote it was stopped" in ran.out
    assert "its last line was cut off" in ran.out
    assert "The last events in full" in ran.out
    fields = firmline("trace", "show", "t", "--json").json_lines[0]
    assert (fields["complete"], fields["cut"], fields["outcome"]) == (False, True, None)
    assert fields["seconds"] == 2.0


def test_events_of_tomorrow_are_counted_and_shown(folder: Path, firmline: Program) -> None:
    tomorrow = '{"type": "of_tomorrow", "at_s": 1.5, "x": 1}\n{"type": "timeless"}\n'
    (folder / "t").write_text(text(STARTED) + tomorrow + text(FINISHED))
    assert "2 events are not known to this version" in firmline("trace", "show", "t").out
    ran = firmline("trace", "show", "t", "--all")
    assert "      1.500000  of_tomorrow           x 1" in ran.out
    assert "                timeless" in ran.out
    assert firmline("trace", "show", "t", "--json").json_lines[0]["unknown_events"] == 2


def test_all_prints_every_event(path: Path, firmline: Program) -> None:
    out = firmline("trace", "show", str(path), "--all").out
    assert sum("  packets_sent " in line for line in out.splitlines()) == 1
    assert "Time line" not in out
    printed = firmline("trace", "show", str(path), "--all", "--json")
    kinds = [line["type"] for line in printed.json_lines]
    assert kinds.count("packets_sent") == 1
    assert kinds[-1] == "result"


def test_several_traces_are_numbered(path: Path, firmline: Program) -> None:
    content = path.read_bytes()
    path.write_bytes(text(STARTED, FINISHED).encode() * 2)
    out = firmline("trace", "show", str(path)).out
    assert "Trace 1 of 2" in out
    assert "Trace 2 of 2" in out
    assert firmline("trace", "show", str(path), "--json").result == {"type": "result", "traces": 2}
    assert content


def test_standard_input_is_a_file_too(
    path: Path, firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert firmline("trace", "show", "-").code == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", Code.FILE_EMPTY), (b"hello\n\n", Code.TRACE_MALFORMED)],
)
def test_standard_input_may_be_no_trace(
    content: bytes, code: Code, firmline: Program, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    ran = firmline("trace", "show", "-")
    assert ran.code == ExitCode.INPUT
    assert f"[{code}]" in ran.err
    assert "tandard input" in ran.err
    assert list(folder.iterdir()) == []


def test_standard_input_has_a_largest_size(
    firmline: Program, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr("firmline.cli.trace_input.MAX_SIZE", 10)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * 11)))
    ran = firmline("trace", "show", "-", "--json")
    assert ran.result["code"] == Code.FILE_TOO_LARGE
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["none.jsonl", ".", "zero"])
def test_what_cannot_be_read_is_a_sentence(name: str, folder: Path, firmline: Program) -> None:
    (folder / "zero").touch()
    ran = firmline("trace", "show", name)
    assert ran.code == ExitCode.INPUT
    assert ran.err.startswith("error: The trace")
    assert "next:" in ran.err


def test_nothing_of_a_unit_reaches_the_terminal_alive(folder: Path, firmline: Program) -> None:
    evil = "\x1b[31mred\n\u202e"
    (folder / "t").write_text(
        text(
            events.UpdateStarted(
                unit=evil, package=evil, package_sha256=evil, images=(), total_size=0
            ),
            events.UnitSeen(address=HOME, name=evil, rssi_dbm=None),
            events.LinkDeclared(link=evil, capabilities={evil: evil}),
            events.TimingPlanned(prn=1, pacing={evil: 1.0}, timeouts={}),
            events.Refused(request=evil, result=5, ext_error=None),
            events.UpdateFinished(
                outcome=Outcome.FAILED,
                code=evil,
                message=evil,
                size=0,
                duration_s=0,
                transfer_s=0,
            ),
        )
        + '{"type": "\\u001b[2J", "at_s": 1}\n'
    )
    for words in ((), ("--all",)):
        ran = firmline("trace", "show", "t", *words)
        assert ran.code == 0
        assert "\x1b" not in ran.out
        assert "\u202e" not in ran.out


@pytest.mark.slow
def test_colour_is_for_terminals_that_want_it(path: Path) -> None:
    assert "\x1b" not in run_process("trace", "show", str(path), cwd=path.parent).out
    env = environment(NO_COLOR="1")
    assert "\x1b" not in run_process("trace", "show", str(path), cwd=path.parent, env=env).out


@pytest.mark.parametrize("words", [(), ("--all",), ("--json",)])
def test_a_capture_has_packets_and_no_events(
    words: tuple[str, ...], path: Path, firmline: Program
) -> None:
    path.write_bytes(encode_btsnoop(()))
    ran = firmline("trace", "show", str(path), *words)
    assert ran.code == ExitCode.INPUT
    assert Code.TRACE_MALFORMED in ran.err
    assert "is a btsnoop capture: packets, and no events" in ran.err
    assert "firmline trace convert FILE --to csv OUT" in ran.err
