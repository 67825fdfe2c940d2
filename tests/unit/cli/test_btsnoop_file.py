"""``--btsnoop``: every packet on the disk as it passes, and no reason to stop a command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firmline.cli.btsnoop_file import BtsnoopFile
from firmline.errors import Code, ExitCode, InputError, StoreError
from unit.cli.makers import inputs, package
from unit.cli.program import Program, assert_failed

SIM = "sim:ble-reference?key=private.key&physics=off"
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@pytest.fixture
def dfu(folder: Path) -> Path:
    """``dfu.zip`` and the inputs it was made of."""
    inputs(folder)
    path = folder / "dfu.zip"
    path.write_bytes(package())
    return path


# The file.


def test_every_packet_is_out_of_this_process_at_once(tmp_path: Path) -> None:
    path = tmp_path / "b"
    with BtsnoopFile(path) as file:
        assert not path.exists(), "nothing was to be written yet"
        for count in range(1, 4):
            file.write(b"1234")
            assert path.read_bytes() == b"1234" * count
    assert file.problem is None


OLD = b"btsnoop\0old"


def test_an_earlier_file_is_put_aside_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "air.btsnoop"
    path.write_bytes(OLD)
    for new in (b"btsnoop\0one", b"btsnoop\0two"):
        with BtsnoopFile(path) as file:
            file.write(new)
    assert path.read_bytes() == b"btsnoop\0two"
    assert (tmp_path / "air-earlier-1.btsnoop").read_bytes() == OLD
    assert (tmp_path / "air-earlier-2.btsnoop").read_bytes() == b"btsnoop\0one"
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[1].startswith("The earlier btsnoop file ")
    assert said[1].endswith("air-earlier-2.btsnoop.")


def test_what_is_no_btsnoop_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("old\n" * 100)
    with BtsnoopFile(path) as file, pytest.raises(InputError) as caught:
        file.write(b"btsnoop\0new")
    assert caught.value.code is Code.FILE_EXISTS
    assert "is no btsnoop file" in caught.value.message
    assert "--btsnoop" in caught.value.hint
    assert path.read_text() == "old\n" * 100
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("old", [OLD, b""])
def test_where_nothing_was_said_the_old_one_stays(old: bytes, tmp_path: Path) -> None:
    path = tmp_path / "b"
    path.write_bytes(old)
    with BtsnoopFile(path):
        pass
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", [".", "none/b", "a\0b", "n" * 300])
def test_a_file_that_cannot_be_begun_is_an_error(name: str, tmp_path: Path) -> None:
    with BtsnoopFile(tmp_path / name) as file, pytest.raises(StoreError) as caught:
        file.write(b"1234")
    assert caught.value.code is Code.TRACE_NOT_WRITABLE
    assert caught.value.exit_code == ExitCode.LINK
    assert caught.value.message.startswith("The btsnoop file ")
    assert list(tmp_path.iterdir()) == []


def test_a_private_key_is_not_written_over(dfu: Path) -> None:
    key = dfu.parent / "private.key"
    before = key.read_bytes()
    with BtsnoopFile(key) as file, pytest.raises(InputError) as caught:
        file.write(b"1234")
    assert caught.value.code is Code.FILE_EXISTS
    assert key.read_bytes() == before


@needs_full
def test_a_full_disk_is_remembered_and_stops_nothing() -> None:
    with BtsnoopFile(Path("/dev/full")) as file:
        file.write(b"1234")
        first = file.problem
        file.write(b"5678")
    assert first is not None
    assert first.message == "The btsnoop file /dev/full cannot be written: no space left on device."
    assert file.problem is first


def test_it_may_go_into_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with BtsnoopFile(path) as file:
        file.write(b"1234")
    assert os.read(reader, 100) == b"1234"
    os.close(reader)
    assert file.problem is None


def test_a_disk_that_fails_at_the_end_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error", str(descriptor))

    monkeypatch.setattr("os.fsync", fail)
    with BtsnoopFile(tmp_path / "b") as file:
        file.write(b"1234")
    assert file.problem is not None
    assert "input/output error" in file.problem.message


# The option.


@pytest.mark.slow
def test_an_update_keeps_what_passed(firmline: Program, dfu: Path) -> None:
    ran = firmline("update", str(dfu), "--to", SIM, "--btsnoop", "air.btsnoop")
    assert (ran.code, ran.err) == (0, "")
    packets = Path("air.btsnoop").read_bytes()
    assert packets.startswith(b"btsnoop\0")
    assert len(packets) > 4000


def test_an_inspection_keeps_what_passed(firmline: Program, dfu: Path) -> None:
    _ = dfu
    ran = firmline("inspect", SIM, "--btsnoop", "air.btsnoop", "--trace", "air.jsonl")
    assert (ran.code, ran.err) == (0, "")
    assert Path("air.btsnoop").read_bytes().startswith(b"btsnoop\0")
    assert Path("air.jsonl").stat().st_size > 0


@pytest.mark.slow
def test_a_second_update_leaves_the_packets_of_the_first(firmline: Program, dfu: Path) -> None:
    words = ("update", str(dfu), "--to", SIM, "--btsnoop", "air.btsnoop")
    assert firmline(*words).code == 0
    first = Path("air.btsnoop").read_bytes()
    assert "is now air-earlier-1.btsnoop." in firmline(*words).err
    assert Path("air-earlier-1.btsnoop").read_bytes() == first


def test_what_holds_no_packets_stops_the_command_before_the_unit_is_met(
    firmline: Program, dfu: Path
) -> None:
    Path("notes.txt").write_text("what the customer said")
    ran = firmline("update", str(dfu), "--to", SIM, "--btsnoop", "notes.txt")
    assert_failed(ran, Code.FILE_EXISTS)
    assert Path("notes.txt").read_text() == "what the customer said"


@pytest.mark.parametrize("taken", ["dfu.zip", "private.key"])
def test_what_an_update_reads_is_not_written_over(firmline: Program, dfu: Path, taken: str) -> None:
    before = (dfu.parent / taken).read_bytes()
    ran = firmline("update", str(dfu), "--to", SIM, "--btsnoop", taken)
    assert_failed(ran, Code.OPTION_CONFLICT)
    assert (dfu.parent / taken).read_bytes() == before


def test_trace_and_packets_are_two_files(firmline: Program, dfu: Path) -> None:
    ran = firmline("update", str(dfu), "--to", SIM, "--trace", "both", "--btsnoop", "./both")
    assert_failed(ran, Code.OPTION_CONFLICT)
    assert not Path("both").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("update", "dfu.zip", "--to", "sim:uart-reference"),
        ("update", "dfu.zip", "--to", "serial:/dev/null"),
        ("update", "dfu.zip", "--to", "ble:C6:05:04:03:02:01"),
        ("inspect", "sim:uart-reference"),
    ],
)
def test_without_a_controller_of_ours_there_are_no_packets_to_keep(
    firmline: Program, dfu: Path, words: tuple[str, ...]
) -> None:
    _ = dfu
    ran = firmline(*words, "--btsnoop", "air.btsnoop")
    assert_failed(ran, Code.OPTION_CONFLICT)
    assert "is reached over none that is ours" in ran.err
    assert not Path("air.btsnoop").exists()


@pytest.mark.slow
@needs_full
@pytest.mark.parametrize("words", [("update", "dfu.zip", "--to", SIM), ("inspect", SIM)])
def test_a_full_disk_is_said_at_the_end_of_a_command_that_was_carried_out(
    firmline: Program, dfu: Path, words: tuple[str, ...]
) -> None:
    _ = dfu
    ran = firmline(*words, "--json", "--btsnoop", "/dev/full")
    assert ran.code == ExitCode.LINK
    assert ran.result["type"] == "result"
    assert ran.result.get("outcome", "updated") == "updated"
    assert Code.TRACE_NOT_WRITABLE in ran.err
    assert "The btsnoop file /dev/full cannot be written" in ran.err
    assert "Give --btsnoop a file" in ran.err
    (problem,) = ran.result["problems"]
    assert problem["code"] == Code.TRACE_NOT_WRITABLE
    assert problem["message"] in ran.err
    assert problem["next"] in ran.err


@pytest.mark.slow
@needs_full
@pytest.mark.parametrize("words", [("update", "dfu.zip", "--to", SIM), ("inspect", SIM)])
def test_a_result_tells_that_the_trace_was_lost(
    firmline: Program, dfu: Path, words: tuple[str, ...]
) -> None:
    _ = dfu
    ran = firmline(*words, "--json", "--trace", "/dev/full")
    assert ran.code == ExitCode.LINK
    (problem,) = ran.result["problems"]
    assert problem["message"].startswith("The trace /dev/full cannot be written")
    assert "Give --trace a file" in problem["next"]
    assert firmline(*words, "--json", "--trace", "t").result["problems"] == []


@needs_full
def test_a_trace_that_was_lost_is_not_what_to_diagnose(firmline: Program, dfu: Path) -> None:
    _ = dfu
    words = ("update", "dfu.zip", "--to", "sim:other-softdevice?key=private.key")

    def cause(*more: str) -> str:
        [told] = [line for line in firmline(*words, *more).err.splitlines() if "cause:" in line]
        return told

    assert "firmline diagnose /dev/full" not in cause("--trace", "/dev/full")
    assert cause("--trace", "/dev/full") == cause()
    # What is kept beside it may be lost, and the trace is there all the same.
    packets = ("--btsnoop", "/dev/full")
    assert cause("--trace", "t", *packets).endswith("More: firmline diagnose t")


@pytest.mark.parametrize("option", ["--trace", "--btsnoop"])
@pytest.mark.parametrize("words", [("update", "dfu.zip", "--to", SIM), ("inspect", SIM)])
def test_evidence_has_to_have_a_file(
    firmline: Program, dfu: Path, words: tuple[str, ...], option: str
) -> None:
    _ = dfu
    ran = firmline(*words, option, "-")
    assert_failed(ran, Code.USAGE)
    assert f"{option} has to name a file" in ran.err
    assert not Path("-").exists()


def test_packets_of_the_systems_bluetooth_are_kept_by_the_system(
    firmline: Program, dfu: Path
) -> None:
    _ = dfu
    ran = firmline("update", "dfu.zip", "--to", "ble:AA:BB:CC:DD:EE:FF", "--btsnoop", "a")
    assert_failed(ran, Code.OPTION_CONFLICT)
    assert "btmon -w FILE" in ran.err
