"""``firmline trace convert``: files for other programs, whole or not at all."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import pytest

from firmline import events
from firmline.cli.main import run
from firmline.cli.trace_csv import packets_table, traces_table
from firmline.errors import Code, ExitCode
from firmline.formats.hci_capture import (
    CapturedPacket,
    encode_btsnoop,
    encode_pcap,
    read_btsnoop,
)
from firmline.formats.trace import Trace, UnknownEvent, encode_event, read_traces
from firmline.protocol.traces.rebuild import rebuild
from unit.cli.event_samples import FINISHED, HOME, SAMPLES, STARTED
from unit.cli.program import Program, assert_failed

TOLD = tuple(event for event in SAMPLES if not isinstance(event, events.PortOpened))


@pytest.fixture(autouse=True)
def trace(folder: Path) -> Path:
    (folder / "t.jsonl").write_text("".join(map(encode_event, TOLD)), "utf-8")
    return folder / "t.jsonl"


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


@pytest.mark.parametrize("to", ["btsnoop", "pcap"])
def test_a_trace_becomes_packets(to: str, trace: Path, folder: Path, firmline: Program) -> None:
    ran = firmline("trace", "convert", "t.jsonl", "--to", to, "out")
    packets = rebuild(read_traces(trace.read_bytes(), name="t"), name="t")
    written = encode_pcap(packets) if to == "pcap" else encode_btsnoop(packets)
    assert (folder / "out").read_bytes() == written
    assert ran.out == (
        f"Written: out ({len(packets)} packets, rebuilt from events; no data packets)\n"
    )


def test_a_trace_becomes_a_table(folder: Path, firmline: Program) -> None:
    ran = firmline("trace", "convert", "t.jsonl", "--to", "csv", "out.csv", "--json")
    assert ran.result == {
        "type": "result",
        "file": "out.csv",
        "format": "csv",
        "rows": len(TOLD),
        "rebuilt": False,
        "cut": False,
    }
    rows = table((folder / "out.csv").read_bytes())
    assert len(rows) == len(TOLD)
    assert rows[0]["utc"] == "2026-03-01T12:30:00.250000Z"
    assert rows[0]["type"] == "trace_started"


def test_a_capture_becomes_pcap_and_a_table(folder: Path, firmline: Program) -> None:
    assert firmline("trace", "convert", "t.jsonl", "--to", "btsnoop", "c.btsnoop").code == 0
    packets = read_btsnoop((folder / "c.btsnoop").read_bytes(), name="c").packets
    ran = firmline("trace", "convert", "c.btsnoop", "--to", "pcap", "c.pcap")
    assert ran.out == f"Written: c.pcap ({len(packets)} packets)\n"
    assert (folder / "c.pcap").read_bytes() == encode_pcap(packets)
    assert firmline("trace", "convert", "c.btsnoop", "--to", "csv", "c.csv").code == 0
    assert (folder / "c.csv").read_bytes() == packets_table(packets)


def test_a_cut_capture_is_said_to_be_one(folder: Path, firmline: Program) -> None:
    firmline("trace", "convert", "t.jsonl", "--to", "btsnoop", "c")
    (folder / "c").write_bytes((folder / "c").read_bytes()[:-3])
    ran = firmline("trace", "convert", "c", "--to", "pcap", "o")
    assert "the end of what was read is cut off" in ran.out


def test_standard_input_is_a_file_too(
    trace: Path, firmline: Program, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(trace.read_bytes())))
    assert firmline("trace", "convert", "-", "--to", "csv", "o.csv").code == 0
    assert (folder / "o.csv").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("none", "--to", "csv", "out"), Code.FILE_MISSING),
        (("t.jsonl", "out"), Code.USAGE),
        (("t.jsonl", "--to", "pdf", "out"), Code.USAGE),
        (("t.jsonl", "--to", "csv", "t.jsonl"), Code.OPTION_CONFLICT),
        (("t.jsonl", "--to", "csv", "none/out"), Code.FILE_NOT_WRITABLE),
        (("t.jsonl", "--to", "csv", "."), Code.FILE_NOT_WRITABLE),
        (("serial", "--to", "pcap", "out"), Code.TRACE_NOT_CONVERTIBLE),
        (("capture", "--to", "btsnoop", "out"), Code.TRACE_NOT_CONVERTIBLE),
        (("nonsense", "--to", "csv", "out"), Code.TRACE_MALFORMED),
        (("damaged", "--to", "csv", "out"), Code.TRACE_MALFORMED),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    words: tuple[str, ...], code: Code, folder: Path, firmline: Program
) -> None:
    (folder / "serial").write_text("".join(map(encode_event, SAMPLES)), "utf-8")
    (folder / "capture").write_bytes(encode_btsnoop([]))
    (folder / "nonsense").write_text("nonsense\n\n")
    (folder / "damaged").write_bytes(b"btsnoop\0\0\0\0\2")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    ran = firmline("trace", "convert", *words)
    assert ran.code == ExitCode.INPUT
    assert f"[{code}]" in ran.err
    assert "next:" in ran.err
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


# Tables.


def test_no_cell_is_a_formula() -> None:
    evil = UnknownEvent(at_s=None, type="=cmd()", fields={"type": "=cmd()", "x": "=1"})
    seen = events.UnitSeen(address=HOME, name="=HYPERLINK()", rssi_dbm=None)
    rows = table(traces_table([Trace(entries=(STARTED, seen, evil, FINISHED))]))
    for row in rows:
        assert not any(cell.startswith(("=", "+", "@")) for cell in row.values())
    assert rows[2]["type"] == "'=cmd()"
    assert (rows[2]["utc"], rows[2]["seconds"]) == ("", "")


def test_a_line_end_in_a_name_ends_no_row() -> None:
    seen = events.UnitSeen(address=HOME, name='a\r\nb,"c', rssi_dbm=None)
    (row,) = table(traces_table([Trace(entries=(seen,))]))
    assert row["text"].startswith('seen: a\\r\\nb,"c at')


def test_packets_of_every_kind_are_rows() -> None:
    found = [
        CapturedPacket(time_us=time_us, from_controller=bool(time_us), data=data, size=len(data))
        for time_us, data in (
            (0, b"\x01\x03"),
            (1_500_000, b"\x09"),
            (2**60, b""),
            (-(2**62), b"\x05"),
        )
    ]
    rows = table(packets_table(found))
    assert [row["packet"] for row in rows] == ["command", "unknown", "empty", "iso"]
    assert [row["direction"][:4] for row in rows] == ["to c", "from", "from", "from"]
    assert rows[1]["seconds"] == "1.500000"
    assert rows[1]["utc"] == "1970-01-01T00:00:01.500000Z"
    assert rows[3]["utc"] == ""
    assert table(packets_table([])) == []


# Standard output.


@pytest.mark.parametrize("to", ["btsnoop", "pcap", "csv"])
def test_standard_output_takes_the_file_and_nothing_else(
    to: str, folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(["trace", "convert", "t.jsonl", "--to", to, "out"]) == 0
    capfdbinary.readouterr()
    assert run(["trace", "convert", "t.jsonl", "--to", to, "-"]) == 0
    printed = capfdbinary.readouterr()
    assert printed.out == (folder / "out").read_bytes()
    assert printed.err.startswith(b"Written: - (")
    assert not (folder / "-").exists()


def test_a_file_of_that_name_is_written_with_its_folder(folder: Path, firmline: Program) -> None:
    assert firmline("trace", "convert", "t.jsonl", "--to", "csv", "./-").code == 0
    assert len(table((folder / "-").read_bytes())) == len(TOLD)
    assert firmline("trace", "convert", "./-", "--to", "csv", "again").code != 0  # it is a table


def test_a_result_and_a_file_do_not_share_standard_output(firmline: Program) -> None:
    ran = firmline("trace", "convert", "t.jsonl", "--to", "csv", "-", "--json")
    assert ran.result["outcome"] == "failed"
    assert Code.OPTION_CONFLICT in ran.err


def test_a_terminal_gets_no_packets(firmline: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    ran = firmline("trace", "convert", "t.jsonl", "--to", "pcap", "-")
    assert_failed(ran, Code.USAGE)
    assert "wireshark" in ran.err
