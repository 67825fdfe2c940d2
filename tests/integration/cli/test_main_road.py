"""The road of the issue, whole: a key, a package, a look into it, an update, its trace."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from firmline import __version__
from firmline.device.description import gallery_unit
from firmline.device.fabrication import fabricate
from firmline.errors import Code, ExitCode
from firmline.formats.init_command import BootValidationType, FwType
from firmline.formats.keys import SigningKey
from firmline.formats.package import read_package, write_package
from firmline.formats.package_build import build_package
from unit.cli.makers import GENERATE, KEY, inputs, package, spec
from unit.cli.program import (
    SCRIPT,
    Program,
    assert_failed,
    environment,
    files_in,
    run_at_terminal,
    run_process,
)
from unit.formats.makers import image

pytestmark = pytest.mark.slow

SIM = "sim:ble-reference?key=private.key"
OF_THE_ISSUE = shlex.split(
    "pkg generate --hw-version 52 --app-boot-validation VALIDATE_GENERATED_CRC"
    " --application-version 5 --application file.hex --sd-req 0x103 --key-file private.key dfu.zip"
)


@pytest.fixture
def dfu(folder: Path) -> Path:
    """``dfu.zip`` and the inputs it was made of."""
    inputs(folder)
    path = folder / "dfu.zip"
    path.write_bytes(package())
    return path


def test_the_exact_command_of_the_issue_and_what_follows_it(peer: Path, folder: Path) -> None:
    for name in ("file.hex", "private.key"):
        shutil.copy(peer / "in" / name, folder)

    made = run_process(*OF_THE_ISSUE, cwd=folder)
    # Its images are random bytes, and that is told.
    assert (made.code, made.err.count("\n")) == (0, 1)
    assert made.err.startswith("warning: ")
    assert made.err.endswith("[vector-table]\n")
    assert made.out == "Package: dfu.zip (150,582 bytes)\n"
    content = (folder / "dfu.zip").read_bytes()
    theirs = read_package((peer / "pkg" / "app_user_shape.zip").read_bytes(), name="theirs")
    (ours,) = read_package(content, name="ours").images
    assert ours.firmware == theirs.images[0].firmware
    assert ours.init_packet.command == theirs.images[0].init_packet.command

    shown = run_process("pkg", "display", "dfu.zip", cwd=folder)
    assert (shown.code, shown.err) == (0, "")
    assert "dfu.zip: 1 image, 150,582 bytes\n" in shown.out
    assert "\n  version     5 (0x00000005)\n" in shown.out

    fields = run_process("pkg", "display", "dfu.zip", "--json", cwd=folder)
    assert fields.code == 0
    (shown_image,) = fields.result["images"]
    assert (shown_image["fw_version"], shown_image["hw_version"]) == (5, 52)
    assert (shown_image["type"], shown_image["sd_req"]) == (FwType.APPLICATION.name, ["0x0103"])
    validation = BootValidationType.VALIDATE_GENERATED_CRC.name
    assert shown_image["boot_validation"] == [{"type": validation, "bytes": ""}]

    updated = run_process(
        "update", "dfu.zip", "--to", SIM, "--trace", "t.jsonl", "--json", cwd=folder
    )
    assert (updated.code, updated.err) == (0, "")
    assert updated.result["outcome"] == "updated"
    assert updated.result["bytes"] == len(ours.firmware) == 150_000
    first, *trace = (folder / "t.jsonl").read_text().splitlines()
    assert json.loads(first)["type"] == "trace_started"
    assert trace == updated.out.splitlines()[:-1]
    types = [json.loads(line)["type"] for line in trace]
    assert (types[0], types[-1]) == ("update_started", "update_finished")
    assert files_in(folder) == {"file.hex", "private.key", "dfu.zip", "t.jsonl"}


@pytest.mark.usefixtures("dfu")
def test_an_update_in_words(firmline: Program) -> None:
    ran = firmline("update", "dfu.zip", "--to", SIM)
    assert (ran.code, ran.err) == (0, "")
    *lines, last = ran.out.splitlines()
    labels = [line[2:12].strip() for line in lines]
    assert labels == [
        *("update", "seen", "runs", "has", "restarts", "seen", "connected", "accepted"),
        *("seen", "runs"),
    ]
    assert last.startswith("Updated in ")
    assert last.endswith(", new application seen running.")
    assert "2,048 bytes" in last


@pytest.mark.usefixtures("dfu")
def test_the_result_has_what_programs_rely_on(firmline: Program) -> None:
    result = firmline("update", "dfu.zip", "--to", SIM, "--json").result
    assert set(result) >= {"type", "outcome", "code", "bytes", "seconds", "limit_share"}
    assert (result["outcome"], result["code"], result["bytes"]) == ("updated", "", 2048)
    assert (result["next"], result["limit_share"]) == ("", None)
    assert result["proof"] == "application"
    assert 0 < result["transfer_seconds"] <= result["seconds"]


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.usefixtures("dfu")
def test_a_unit_that_refuses_is_exit_code_4(as_json: bool, firmline: Program) -> None:
    words = ["update", "dfu.zip", "--to", "sim:other-softdevice?key=private.key"]
    ran = firmline(*words, *(["--json"] if as_json else []))
    assert_failed(ran, Code.REFUSED_SOFTDEVICE, ExitCode.REFUSED)
    assert "0x0103" in ran.err
    if as_json:
        result = ran.result
        assert (result["outcome"], result["code"]) == ("refused", "DFU-UNIT-107")
        assert result["next"] in ran.err
        assert ran.json_lines[-2]["type"] == "update_finished"
        assert result["diagnosis"]["cause"] == "pkg-wrong-sd-req"


@pytest.mark.usefixtures("dfu")
def test_a_failure_ends_with_its_likeliest_cause_and_where_to_read_on(firmline: Program) -> None:
    words = ["update", "dfu.zip", "--to", "sim:other-softdevice?key=private.key"]
    last = firmline(*words).err.splitlines()[-1]
    assert last.startswith("  cause: the package is for another SoftDevice (pkg-wrong-sd-req, ")
    assert last.endswith("More: keep a trace (--trace FILE), then firmline diagnose FILE.")
    kept = firmline(*words, "--trace", "my unit.jsonl").err.splitlines()[-1]
    assert kept.endswith("More: firmline diagnose 'my unit.jsonl'")
    more = firmline("diagnose", "my unit.jsonl", "--json").result
    assert more["causes"][0]["cause"] == "pkg-wrong-sd-req"


@pytest.mark.usefixtures("dfu")
def test_an_update_that_succeeded_has_no_cause(firmline: Program) -> None:
    ran = firmline("update", "dfu.zip", "--to", SIM, "--json")
    assert ran.result["diagnosis"] is None
    assert "cause:" not in firmline("update", "dfu.zip", "--to", SIM).err


@pytest.mark.usefixtures("dfu")
def test_a_unit_with_another_key_refuses(firmline: Program) -> None:
    ran = firmline("update", "dfu.zip", "--to", "sim:ble-reference", "--json")
    assert_failed(ran, Code.REFUSED_OBJECT, ExitCode.REFUSED)
    assert ran.result["bytes"] == 0


@pytest.mark.parametrize("as_json", [True, False])
def test_the_same_application_again_is_told_by_the_way_the_unit_came_back(
    as_json: bool, dfu: Path, firmline: Program
) -> None:
    unit = gallery_unit("ble-reference")
    board = fabricate(unit).board
    data = board.flash.read(board.bank_0_start, unit.application_size)
    again = replace(spec(image(data)), application_version=unit.application_version)
    dfu.write_bytes(write_package(build_package(again)))
    ran = firmline("update", "dfu.zip", "--to", SIM, *(["--json"] if as_json else []))
    assert ran.code == 0
    words = "to put the image in place takes"
    assert words in (ran.result["message"] if as_json else ran.out)


def test_the_same_application_at_once_is_not_called_updated(dfu: Path, firmline: Program) -> None:
    """Without physics nothing takes time, and a unit that is back at once has copied nothing."""
    unit = gallery_unit("ble-reference")
    board = fabricate(unit).board
    data = board.flash.read(board.bank_0_start, unit.application_size)
    again = replace(spec(image(data)), application_version=unit.application_version)
    dfu.write_bytes(write_package(build_package(again)))
    ran = firmline("update", "dfu.zip", "--to", f"{SIM}&physics=off", "--json")
    assert_failed(ran, Code.SAME_APPLICATION_SEEN, ExitCode.UNVERIFIED)
    assert "sooner than" in ran.result["message"]
    assert (ran.result["outcome"], ran.result["bytes"]) == ("unverified", len(data))


@pytest.mark.usefixtures("dfu")
def test_the_scheme_may_come_from_the_environment(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRMLINE_LINK", "sim")
    ran = firmline("update", "dfu.zip", "--to", "ble-reference?key=private.key", "--json")
    assert ran.result["outcome"] == "updated"


@pytest.mark.usefixtures("dfu")
def test_a_public_key_is_enough_for_a_virtual_unit(firmline: Program, folder: Path) -> None:
    words = ("--key", "pk", "--format", "pem", "--out_file", "public.pem", "private.key")
    assert firmline("keys", "display", *words).code == 0
    assert (folder / "public.pem").read_bytes() == KEY.public_key.format_pem()
    ran = firmline("update", "dfu.zip", "--to", "sim:ble-reference?key=public.pem")
    assert ran.code == 0


# The trace.


@pytest.mark.usefixtures("dfu")
def test_a_refused_update_has_a_trace_to_its_end(firmline: Program, folder: Path) -> None:
    ran = firmline("update", "dfu.zip", "--to", "sim:ble-reference", "--trace", "t", "--json")
    first, *trace = [json.loads(line) for line in (folder / "t").read_text().splitlines()]
    assert first["type"] == "trace_started"
    assert trace == ran.json_lines[:-1]
    assert trace[-1]["outcome"] == "refused"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.usefixtures("dfu")
def test_a_trace_on_a_full_disk_does_not_stop_an_update(firmline: Program) -> None:
    ran = firmline("update", "dfu.zip", "--to", SIM, "--trace", "/dev/full", "--json")
    assert ran.result["outcome"] == "updated"
    assert_failed(ran, Code.TRACE_NOT_WRITABLE, ExitCode.LINK)


@pytest.mark.parametrize("target", ["sim:nope", "ble:nowhere", "sim:ble-reference?x=1"])
@pytest.mark.usefixtures("dfu")
def test_an_old_trace_is_kept_until_an_update_begins(
    target: str, firmline: Program, folder: Path
) -> None:
    (folder / "t.jsonl").write_text("old\n")
    ran = firmline("update", "dfu.zip", "--to", target, "--trace", "t.jsonl")
    assert ran.code in (ExitCode.INPUT, ExitCode.LINK)
    assert (folder / "t.jsonl").read_text() == "old\n"


@pytest.mark.parametrize("name", ["dfu.zip", "private.key"])
@pytest.mark.usefixtures("dfu")
def test_a_trace_does_not_replace_an_input(name: str, firmline: Program, folder: Path) -> None:
    before = (folder / name).read_bytes()
    ran = firmline("update", "dfu.zip", "--to", SIM, "--trace", name)
    assert_failed(ran, Code.OPTION_CONFLICT)
    assert (folder / name).read_bytes() == before


# The reader of the output leaves.


@pytest.mark.parametrize(
    ("target", "code", "as_json"),
    [
        (SIM, ExitCode.DONE, False),
        ("sim:other-softdevice?key=private.key", ExitCode.REFUSED, True),
    ],
)
@pytest.mark.usefixtures("dfu")
def test_an_update_goes_on_when_its_reader_has_left(
    target: str, code: ExitCode, as_json: bool, folder: Path
) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    words = ["update", "dfu.zip", "--to", target, "--trace", "t", *(["--json"] if as_json else [])]
    try:
        ran = run_process(*words, cwd=folder, stdout=theirs)
    finally:
        os.close(theirs)
    assert ran.code == code
    assert "Traceback" not in ran.err
    last = json.loads((folder / "t").read_text().splitlines()[-1])
    assert last["type"] == "update_finished"


@pytest.mark.usefixtures("dfu")
def test_control_c_ends_an_update_with_its_trace(folder: Path) -> None:
    with subprocess.Popen(
        [SCRIPT, "update", "dfu.zip", "--to", f"{SIM}&speed=1", "--trace", "t", "--json"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["type"] == "packets_sent":
                break
        process.send_signal(2)
        rest, err = process.communicate()
    lines = [json.loads(line) for line in rest.splitlines()]
    assert process.returncode == 130
    assert "Traceback" not in err
    assert (lines[-1]["type"], lines[-1]["code"]) == ("result", "DFU-LINK-009")
    finished = json.loads((folder / "t").read_text().splitlines()[-1])
    assert (finished["type"], finished["code"]) == ("update_finished", "DFU-LINK-009")


# At a terminal, and in a pipe.


@pytest.mark.usefixtures("dfu")
def test_a_terminal_sees_the_update_and_gets_itself_back(folder: Path) -> None:
    seen = run_at_terminal("update", "dfu.zip", "--to", SIM, cwd=folder)
    assert seen.code == 0
    assert seen.restored
    assert seen.text.rindex("\x1b[?25h") > seen.text.rindex("\x1b[?25l")
    assert "\x1b[36m" in seen.text
    assert "Updated in " in seen.text


@pytest.mark.usefixtures("dfu")
def test_a_terminal_without_colour_gets_none(folder: Path) -> None:
    target = "sim:other-softdevice?key=private.key"
    seen = run_at_terminal(
        *("update", "dfu.zip", "--to", target), cwd=folder, env=environment(NO_COLOR="1")
    )
    assert seen.code == ExitCode.REFUSED
    assert "error: The unit refused" in seen.text
    assert "\x1b[3" not in seen.text
    assert "\x1b[9" not in seen.text


@pytest.mark.usefixtures("dfu")
def test_a_pipe_gets_plain_text(folder: Path) -> None:
    target = "sim:other-softdevice?key=private.key"
    ran = run_process("update", "dfu.zip", "--to", target, cwd=folder)
    assert ran.code == ExitCode.REFUSED
    assert "\x1b" not in ran.out + ran.err
    assert "\r" not in ran.out + ran.err


def test_the_installed_program_tells_its_version_and_its_help(folder: Path) -> None:
    version = run_process("--version", cwd=folder)
    assert (version.code, version.out, version.err) == (0, f"firmline {__version__}\n", "")
    told = run_process("--help", cwd=folder)
    assert (told.code, told.err) == (0, "")
    assert "Exit codes:" in told.out


# The demo.


def test_the_demo_is_a_shift_with_its_page_its_yield_and_the_origin_case(folder: Path) -> None:
    left = folder / "left"
    left.mkdir()
    # Forty updates over a real Bluetooth stack: about 20 s of one core.
    ran = run_process(
        *("demo", "--speed", "1000"),
        cwd=folder,
        env=environment(TMPDIR=str(left)),
        patience_s=240,
    )
    assert (ran.code, ran.err) == (0, "")
    assert "\x1b" not in ran.out
    assert "Serving http://127.0.0.1:" in ran.out
    assert "40 runs: 33 pass, 7 fail." in ran.out
    assert "  FAIL  SN-0009 in slot " in ran.out
    assert "Yield (units" in ran.out
    assert "by cause" in ran.out
    verdict = ran.out[ran.out.index("4. ") :]
    assert "power-brownout-coincell (> 99 %)" in verdict
    assert ran.out.rstrip().endswith("firmline --help")
    (place,) = left.iterdir()
    assert f"--db {place}/shift.db" in ran.out
    export = run_process("line", "export", "--db", f"{place}/shift.db", "--json", cwd=folder)
    serials = [line["unit"]["serial"] for line in export.json_lines if line["type"] == "run"]
    assert sorted(serials) == [f"SN-{number:04d}" for number in range(1, 41)]


@pytest.mark.usefixtures("dfu")
def test_a_key_of_the_program_signs_for_a_unit(firmline: Program, folder: Path) -> None:
    assert firmline("keys", "generate", "new.key").code == 0
    words = ("--application", "app.hex", "--key-file", "new.key", "new.zip")
    assert firmline(*GENERATE, *words).code == 0
    key = SigningKey.parse_pem((folder / "new.key").read_bytes(), name="new.key")
    (made,) = read_package((folder / "new.zip").read_bytes(), name="new.zip").images
    assert made.init_packet.signature is not None
    assert key.public_key.verify(made.init_packet.signed_bytes, made.init_packet.signature)
    assert firmline("update", "new.zip", "--to", "sim:ble-reference?key=new.key").code == 0


@pytest.mark.usefixtures("dfu")
def test_an_end_that_is_merely_not_proven_has_no_cause(firmline: Program, folder: Path) -> None:
    words = ["update", "dfu.zip", "--to", "sim:uart-reference?key=private.key"]
    ran = firmline(*words, "--trace", "line.jsonl", "--json")
    assert ran.result["outcome"] == "unverified"
    assert ran.result["diagnosis"] is None
    assert "cause:" not in firmline(*words).err
    result = firmline("diagnose", "line.jsonl", "--json").result
    (told,) = result["unused"]
    assert told.startswith("Nothing is shown to have failed")
    assert result["unproven"]
    assert not result["ended_well"]
    shown = firmline("diagnose", "line.jsonl").out
    assert shown.startswith("Nothing is shown to have failed.\n")
    assert "\nCauses, if it is not the new one\n" in shown
    (folder / "again.json").write_text(json.dumps(result))
    assert firmline("diagnose", "again.json", "--json").result["unproven"]
