"""``firmline inspect``: the report, the result line, the trace, and every way to ask wrongly."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from firmline.cli.facts_text import LABELS, fact_lines
from firmline.errors import Code, ExitCode
from firmline.events import FactFound, How
from unit.cli.makers import KEY, package, probe_pack
from unit.cli.program import PATIENCE_S, SCRIPT, Program, assert_failed, environment, files_in

UNIT = "sim:other-softdevice?key=public.pem"


@pytest.fixture(autouse=True)
def files(folder: Path) -> Path:
    """A probe pack, its key, the key's public half, and a package."""
    (folder / "probes.zip").write_bytes(probe_pack())
    (folder / "private.key").write_bytes(KEY.format_pem())
    (folder / "public.pem").write_bytes(KEY.public_key.format_pem())
    (folder / "dfu.zip").write_bytes(package())
    return folder


def facts_in(result: dict[str, object]) -> set[tuple[str, str, str]]:
    facts = result["facts"]
    assert isinstance(facts, list)
    assert all(set(fact) == {"fact", "value", "how"} for fact in facts)
    return {(fact["fact"], fact["value"], fact["how"]) for fact in facts}


def test_the_softdevice_of_a_unit_is_read_without_a_key(firmline: Program) -> None:
    ran = firmline("inspect", UNIT)
    assert (ran.code, ran.err) == (0, "")
    assert "  SoftDevice                 0x00B7 (S132 6.1.1)  (remote version)\n" in ran.out
    assert "  inspect    sim:other-softdevice?key=public.pem, without touching it\n" in ran.out
    assert "not known:\n" in ran.out
    assert "restarts" not in ran.out
    assert ran.out.endswith("The unit runs its application.\n")


def test_the_result_line_is_the_contract(firmline: Program) -> None:
    ran = firmline("inspect", UNIT, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ("softdevice_fwid", "0x00B7", "remote_version") in facts_in(ran.result)
    assert ran.result["left_in"] == "application"
    assert (ran.result["code"], ran.result["probes"]) == ("", 0)
    types = [line["type"] for line in ran.json_lines]
    assert types[0] == "inspection_started"
    assert types[-2:] == ["inspection_finished", "result"]


def test_of_a_unit_that_nobody_saw_only_the_error_is_said(firmline: Program) -> None:
    ran = firmline("inspect", "serial:/dev/ttyNOPE")
    assert_failed(ran, Code.PORT_NOT_FOUND, ExitCode.LINK)
    assert "Where the unit" not in ran.out


@pytest.mark.slow
def test_a_pack_and_a_key_find_the_same(firmline: Program) -> None:
    found = {
        ("softdevice_fwid", "0x00B7", "probe"),
        ("hw_version", "52", "probe"),
        ("app_version", "1", "probe"),
        ("bootloader_version", "1", "probe"),
        ("key_ok", "yes", "probe"),
    }
    with_pack = firmline("inspect", UNIT, "--probes", "probes.zip", "--json").result
    assert found <= facts_in(with_pack)
    with_key = firmline("inspect", UNIT, "--key-file", "private.key", "--json").result
    assert found <= facts_in(with_key)
    assert [one["fact"] for one in with_key["missing"]] == ["chip"]
    assert with_key["left_in"] == with_pack["left_in"] == "application"


def test_hardware_versions_may_be_named_with_a_key(firmline: Program) -> None:
    words = ("inspect", UNIT, "--key-file", "private.key", "--json", "--hw-version")
    named = firmline(*words, "7,52").result
    assert ("hw_version", "52", "probe") in facts_in(named)
    others = firmline(*words, "7,8").result
    assert others["probes"] == 2
    assert "none of those asked for (7, 8)" in others["missing"][1]["why"]


def test_a_report_names_each_way_in_which_a_fact_is_known(firmline: Program) -> None:
    ran = firmline("inspect", UNIT, "--probes", "probes.zip")
    assert ran.code == 0
    assert "0x00B7 (S132 6.1.1)  (remote version, probe)\n" in ran.out
    assert "  trusts the probes' key     yes  (probe)\n" in ran.out


def test_another_key_is_told_and_no_failure(firmline: Program) -> None:
    ran = firmline("inspect", "sim:other-softdevice", "--probes", "probes.zip")
    assert (ran.code, ran.err) == (0, "")
    assert "  trusts the probes' key     no  (probe)\n" in ran.out
    assert "does not trust the key of the probes" in ran.out


def test_a_unit_in_its_bootloader_stays_there(firmline: Program) -> None:
    ran = firmline("inspect", "sim:no-application")
    assert ran.code == 0
    assert "The unit is in its bootloader" in ran.out


def test_what_goes_wrong_comes_with_what_was_found(firmline: Program) -> None:
    words = ("inspect", "sim:leaked-buffers", "--probes", "probes.zip")
    ran = firmline(*words)
    assert_failed(ran, Code.OBJECT_DAMAGED, ExitCode.LINK)
    assert "SoftDevice                 0x0103" in ran.out
    result = firmline(*words, "--json").result
    assert result["code"] == Code.OBJECT_DAMAGED
    assert "only a reset cures that" in str(result["next"])
    assert ("softdevice_fwid", "0x0103", "remote_version") in facts_in(result)


@pytest.mark.slow
def test_a_trace_holds_every_probe_and_no_secret(firmline: Program, files: Path) -> None:
    ran = firmline("inspect", UNIT, "--key-file", "private.key", "--trace", "unit.jsonl")
    assert ran.code == 0
    text = (files / "unit.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    begun = ["trace_started", "inspection_started", "link_declared", "timing_planned"]
    assert [line["type"] for line in lines[:4]] == begun
    assert lines[1]["public_key"] == KEY.public_key.le_bytes.hex()
    assert lines[-1]["type"] == "inspection_finished"
    refused = [line for line in lines if line["type"] == "probe_refused"]
    executed = [line for line in lines if line.get("request") == "object_execute"]
    assert len(refused) == len(executed) > 5
    pem = "".join(KEY.format_pem().decode().splitlines()[1:-1])
    assert pem[:30] not in text


PLUGGED = "sim:nrf52840-usb"


def test_a_unit_on_usb_is_taken_into_its_bootloader_where_that_is_wanted(
    firmline: Program,
) -> None:
    ran = firmline("inspect", PLUGGED, "--enter", "--json")
    assert (ran.code, ran.result["code"], ran.result["left_in"]) == (0, "", "application")
    facts = {(fact["fact"], fact["how"]): fact["value"] for fact in ran.result["facts"]}
    assert facts["chip", "query"] == "nrf52840"
    assert facts["softdevice_version", "query"] == "7.2.0"
    assert facts["app_version", "query"] == "1"


def test_what_its_bootloader_would_say_leads_there(firmline: Program) -> None:
    ran = firmline("inspect", PLUGGED, "--json")
    missing = {one["fact"]: one["why"] for one in ran.result["missing"]}
    for fact in ("chip", "bootloader_version", "app_version"):
        assert "--enter" in missing[fact]
    for fact in ("hw_version", "softdevice_fwid", "key_ok"):
        assert "--enter" not in missing[fact]
    assert "without touching it" in firmline("inspect", PLUGGED).out
    assert "in its bootloader" in firmline("inspect", PLUGGED, "--enter").out


def test_what_was_entered_may_stay_there(firmline: Program) -> None:
    ran = firmline("inspect", PLUGGED, "--enter", "--stay", "--json")
    assert (ran.code, ran.result["left_in"]) == (0, "bootloader")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--probes", "probes.zip", "--key-file", "private.key"), Code.OPTION_CONFLICT),
        (("--stay",), Code.OPTION_CONFLICT),
        (("--discard-progress",), Code.OPTION_CONFLICT),
        (("--enter", "--discard-progress"), Code.OPTION_CONFLICT),
        (("--probes", "probes.zip", "--hw-version", "52"), Code.OPTION_CONFLICT),
        (("--hw-version", "52"), Code.OPTION_CONFLICT),
        (("--key-file", "private.key", "--hw-version", "fifty"), Code.NUMBER_MALFORMED),
        (
            ("--key-file", "private.key", "--hw-version", ",".join(map(str, range(17)))),
            Code.PROBE_TOO_MANY,
        ),
        (("--probes", "dfu.zip"), Code.PROBE_PACK_MALFORMED),
        (("--probes", "private.key"), Code.PACKAGE_NOT_A_ZIP),
        (("--probes", "nowhere.zip"), Code.FILE_MISSING),
        (("--key-file", "public.pem"), Code.KEY_NOT_PRIVATE),
        (("--key-file", "probes.zip"), Code.KEY_MALFORMED),
        (("--probes", "probes.zip", "--trace", "probes.zip"), Code.OPTION_CONFLICT),
        (("--key-file", "private.key", "--trace", "private.key"), Code.OPTION_CONFLICT),
        (("--trace", "public.pem"), Code.OPTION_CONFLICT),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    firmline: Program, files: Path, words: tuple[str, ...], code: Code
) -> None:
    before = {name: (files / name).read_bytes() for name in files_in(files)}
    assert_failed(firmline("inspect", UNIT, *words), code)
    assert {name: (files / name).read_bytes() for name in files_in(files)} == before


@pytest.mark.parametrize(
    ("target", "code", "exit_code"),
    [
        ("nobody", Code.TARGET_MALFORMED, ExitCode.INPUT),
        ("sim:nobody", Code.TARGET_UNKNOWN_UNIT, ExitCode.INPUT),
        ("sim:ble-reference?color=red", Code.TARGET_MALFORMED, ExitCode.INPUT),
        ("sim:ble-reference?key=nowhere.pem", Code.FILE_MISSING, ExitCode.INPUT),
        ("nrfconn:COM3/AA:BB:CC:DD:EE:FF", Code.PORT_NOT_FOUND, ExitCode.LINK),
        ("nrfconn:COM3", Code.TARGET_MALFORMED, ExitCode.INPUT),
    ],
)
def test_a_target_that_is_none_is_refused(
    firmline: Program, target: str, code: Code, exit_code: ExitCode
) -> None:
    assert_failed(firmline("inspect", target), code, exit_code)


def test_a_trace_that_cannot_be_begun_stops_the_inspection(firmline: Program) -> None:
    ran = firmline("inspect", UNIT, "--trace", "no/such/folder/unit.jsonl")
    assert_failed(ran, Code.TRACE_NOT_WRITABLE, ExitCode.LINK)


@pytest.mark.slow
def test_an_interrupted_inspection_ends_at_once_and_its_trace_is_whole(files: Path) -> None:
    """In real time: the signal comes while probes are on their way."""
    target = f"{UNIT}&speed=1"
    words = ["inspect", target, "--probes", "probes.zip", "--trace", "unit.jsonl", "--json"]
    with subprocess.Popen(
        [SCRIPT, *words],
        cwd=files,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if json.loads(line)["type"] == "probe_refused":
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()
        said = process.stderr.read()
        assert process.wait(timeout=PATIENCE_S) == ExitCode.INTERRUPTED
    assert "Traceback" not in rest + said
    lines = (files / "unit.jsonl").read_text(encoding="utf-8").splitlines()
    last = json.loads(lines[-1])
    assert (last["type"], last["code"]) == ("inspection_finished", Code.INTERRUPTED)


# The report's lines.


def fact(name: str, value: str, how: How) -> FactFound:
    return FactFound(fact=name, value=value, how=how)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours are click's to strip, which is not asked here."""
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.usefixtures("plain")
def test_values_that_do_not_agree_stand_side_by_side() -> None:
    facts = [
        fact("softdevice_fwid", "0x0103", How.REMOTE_VERSION),
        fact("softdevice_fwid", "0x0999", How.PROBE),
    ]
    (line,) = fact_lines(facts)
    assert line.split("SoftDevice")[1].strip() == (
        "0x0103 (S112 7.2.0)  (remote version); 0x0999  (probe)"
    )


@pytest.mark.usefixtures("plain")
def test_what_a_unit_says_cannot_command_the_terminal() -> None:
    (line,) = fact_lines([fact("model", "Tag\x1b[31m\u202e", How.DIS)])
    assert "\x1b" not in line
    assert r"Tag\x1b[31m\u202e" in line


def test_nothing_held_is_not_worth_a_line() -> None:
    assert list(fact_lines([fact("image_held", "0", How.QUERY)])) == []
    assert len(list(fact_lines([fact("image_held", "4096", How.QUERY)]))) == 1


def test_every_fact_can_be_told() -> None:
    facts = [fact(name, "1", How.QUERY) for name in LABELS]
    assert len(list(fact_lines(facts))) == len(LABELS)
