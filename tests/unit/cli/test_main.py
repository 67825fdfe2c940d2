"""The program around its commands: exit codes, one sentence a failure, ends of all kinds."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from array import array
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from firmline import __version__
from firmline.cli import main
from firmline.errors import (
    Code,
    ExitCode,
    FirmlineError,
    InputError,
    LocalProtocolError,
    RemoteProtocolError,
    StoreError,
    TargetRefusedError,
    TransportError,
    TransportReason,
    VerifyError,
)
from unit.cli.program import (
    PATIENCE_S,
    SCRIPT,
    Program,
    assert_failed,
    environment,
    run_at_terminal,
    run_process,
)

Raise = Callable[[BaseException], None]

ERRORS = [
    (InputError(Code.FILE_MISSING, "What is meant is not there."), 2),
    (
        TransportError(Code.LINK_LOST, "The link went.", reason=TransportReason.LOST),
        3,
    ),
    (RemoteProtocolError(Code.ANSWER_MALFORMED, "The answer has no end."), 3),
    (StoreError(Code.TRACE_NOT_WRITABLE, "The trace has no place."), 3),
    (TargetRefusedError(Code.REFUSED_SPACE, "The unit has no room.", result=11, ext_error=13), 4),
    (VerifyError(Code.UNIT_DID_NOT_RETURN, "The unit was not seen again."), 5),
    (LocalProtocolError("The session was fed after its end."), 70),
]


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Raise:
    """Gives the program a command ``fail`` that raises what it is told to."""

    def prepare(problem: BaseException) -> None:
        def callback(as_json: bool) -> None:
            assert as_json in (True, False)
            raise problem

        option = click.Option(["--json", "as_json"], is_flag=True)
        command = click.Command("fail", callback=callback, params=[option])
        monkeypatch.setitem(main.cli.commands, "fail", command)

    return prepare


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda value: type(value).__name__)
def test_the_class_of_an_error_decides_the_exit_code(
    error: FirmlineError, code: int, fails: Raise, firmline: Program
) -> None:
    fails(error)
    ran = firmline("fail")
    assert_failed(ran, error.code, ExitCode(code))
    assert ran.err.startswith(f"error: {error.message} [{error.code}]\n  next: ")
    assert ran.out == ""


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda value: type(value).__name__)
def test_a_command_that_fails_ends_its_json_with_one_result(
    error: FirmlineError, code: int, fails: Raise, firmline: Program
) -> None:
    fails(error)
    ran = firmline("fail", "--json")
    assert ran.code == code
    assert len(ran.json_lines) == 1
    assert ran.result["outcome"] == "failed"
    assert ran.result["code"] == str(error.code)
    assert ran.result["message"] == error.message
    assert ran.result["next"]
    assert_failed(ran, error.code, ExitCode(code))


def test_the_hint_of_an_error_goes_before_the_general_advice(
    fails: Raise, firmline: Program
) -> None:
    fails(InputError(Code.FILE_MISSING, "It is gone.", hint="Look under the table."))
    assert firmline("fail").err.endswith("  next: Look under the table.\n")


def test_an_error_is_cleaned_of_what_a_terminal_obeys(fails: Raise, firmline: Program) -> None:
    fails(InputError(Code.FILE_MISSING, "No \x1b[2Jfile\nerror: \udc80", hint="Try \x07that."))
    ran = firmline("fail", "--json")
    assert_failed(ran, Code.FILE_MISSING)
    assert r"No \x1b[2Jfile\nerror: \udc80" in ran.err
    assert r"Try \x07that." in ran.err
    assert ran.result["message"] == r"No \x1b[2Jfile\nerror: \udc80"


def test_a_defect_is_one_sentence_without_a_traceback(fails: Raise, firmline: Program) -> None:
    fails(ZeroDivisionError("by zero"))
    ran = firmline("fail")
    assert_failed(ran, Code.DEFECT, ExitCode.DEFECT)
    assert "ZeroDivisionError: by zero" in ran.err
    assert "FIRMLINE_DEBUG=1" in ran.err


def test_a_defect_shows_its_traceback_where_it_is_asked_for(
    fails: Raise, firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRMLINE_DEBUG", "1")
    fails(ZeroDivisionError("by zero"))
    ran = firmline("fail", "--json")
    assert ran.code == ExitCode.DEFECT
    assert "Traceback (most recent call last)" in ran.err
    assert ran.result["code"] == "DFU-BUG-001"


def test_the_debug_variable_changes_no_exit_code(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRMLINE_DEBUG", "1")
    assert firmline("pkg", "display", "none.zip").code == ExitCode.INPUT


@pytest.mark.parametrize("problem", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption_is_130(problem: BaseException, fails: Raise, firmline: Program) -> None:
    fails(problem)
    ran = firmline("fail")
    assert_failed(ran, Code.INTERRUPTED, ExitCode.INTERRUPTED)
    assert ran.out == ""


def test_an_interruption_ends_the_json_too(fails: Raise, firmline: Program) -> None:
    fails(KeyboardInterrupt())
    ran = firmline("fail", "--json")
    assert ran.code == 130
    assert ran.result["outcome"] == "failed"
    assert ran.result["code"] == "DFU-LINK-009"


def test_no_space_for_the_output_is_not_called_a_defect(fails: Raise, firmline: Program) -> None:
    fails(OSError(errno.ENOSPC, "No space left on device"))
    assert_failed(firmline("fail"), Code.OUTPUT_NOT_WRITABLE, ExitCode.LINK)


@pytest.mark.parametrize(
    ("words", "message", "see"),
    [
        (["nope"], "No such command 'nope'", "firmline"),
        (["pkg", "nope"], "No such command 'nope'", "firmline pkg"),
        (["--nope"], "No such option '--nope'", "firmline"),
        (["keys", "generate"], "Missing argument 'FILE'", "firmline keys generate"),
        (["keys", "generate", "a", "b"], "unexpected extra argument", "firmline keys generate"),
        (["keys", "generate", "a", "--password", "--forc"], "--forc", "firmline keys generate"),
        (["keys", "display", "a", "--key", "xx"], "'xx' is not one of", "firmline keys display"),
        (["pkg", "generate", "--application"], "requires an argument", "firmline pkg generate"),
        (["update", "a.zip"], "Missing option '--to'", "firmline update"),
    ],
)
def test_a_command_line_that_does_not_fit_is_refused(
    words: list[str], message: str, see: str, firmline: Program
) -> None:
    ran = firmline(*words)
    assert_failed(ran, Code.USAGE)
    assert message in ran.err
    assert f" See {see} --help." in ran.err


def test_a_wrong_option_beside_json_ends_with_a_result(firmline: Program) -> None:
    ran = firmline("update", "--json", "--nope")
    assert_failed(ran, Code.USAGE)
    assert ran.result["code"] == "DFU-ARG-001"


@pytest.mark.parametrize("words", [[], ["pkg"], ["keys"]])
def test_a_group_alone_shows_its_help(words: list[str], firmline: Program) -> None:
    ran = firmline(*words)
    assert ran.code == ExitCode.INPUT
    assert ran.err == firmline(*words, "--help").out
    assert "error:" not in ran.err
    assert ran.out == ""


def test_the_version_is_told(firmline: Program) -> None:
    ran = firmline("--version")
    assert (ran.code, ran.out, ran.err) == (0, f"firmline {__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["demo"],
        ["keys"],
        ["keys", "generate"],
        ["keys", "display"],
        ["pkg"],
        ["pkg", "generate"],
        ["pkg", "display"],
        ["update"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help(words: list[str], option: str, firmline: Program) -> None:
    ran = firmline(*words, option)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: {' '.join(['firmline', *words])} ")


def test_the_help_names_every_exit_code(firmline: Program) -> None:
    out = firmline("--help").out
    told = out[out.index("Exit codes:") :].replace("\n", " ")
    assert [f" {int(code)} " in told for code in ExitCode] == [True] * len(ExitCode)


# As a process: what only a process shows.


@pytest.mark.slow
@pytest.mark.parametrize("words", [["--version"], ["--help"], ["keys", "display", "--help"]])
def test_a_reader_that_has_left_is_no_failure(words: list[str], folder: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        ran = run_process(*words, cwd=folder, stdout=theirs)
    finally:
        os.close(theirs)
    assert (ran.code, ran.err) == (0, "")


def test_a_reader_that_has_left_hides_no_failure(folder: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        ran = run_process("pkg", "display", "none.zip", "--json", cwd=folder, stdout=theirs)
    finally:
        os.close(theirs)
    assert_failed(ran, Code.FILE_MISSING)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_under_the_output_is_told(folder: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = run_process("--version", cwd=folder, stdout=full.fileno())
    assert_failed(ran, Code.OUTPUT_NOT_WRITABLE, ExitCode.LINK)


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_failure(closed: str, folder: Path) -> None:
    script = ("sh", "-c", f'exec "$0" "$@" {closed}', SCRIPT)
    made = run_process("keys", "generate", "new.key", cwd=folder, script=script)
    assert (made.code, made.err) == (0, "")
    assert (folder / "new.key").stat().st_size == 227
    again = run_process("keys", "generate", "new.key", cwd=folder, script=script)
    assert again.code == ExitCode.INPUT
    assert (folder / "new.key").stat().st_size == 227


@pytest.mark.slow
def test_a_shell_may_ask_for_completions(folder: Path) -> None:
    ran = run_process(
        cwd=folder,
        env=environment(
            _FIRMLINE_COMPLETE="bash_complete", COMP_WORDS="firmline up", COMP_CWORD="1"
        ),
    )
    assert (ran.code, ran.out) == (0, "plain,update\n")


def _is_unread(pipe: int) -> bool:
    """Whether a pipe holds bytes; asked at its end that is written to."""
    held = array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, held)
    return held[0] > 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_end_is_130(kind: signal.Signals, folder: Path) -> None:
    ours, theirs = os.pipe()
    with subprocess.Popen(
        [SCRIPT, "pkg", "display", "/dev/stdin"],
        cwd=folder,
        env=environment(),
        stdin=ours,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(ours)
        os.write(theirs, b"PK")
        while _is_unread(theirs):
            time.sleep(0.01)
        time.sleep(0.1)  # it has taken the bytes, and is about to wait for more
        process.send_signal(kind)
        out, err = process.communicate(timeout=PATIENCE_S)
        os.close(theirs)
    assert (process.returncode, out) == (130, b"")
    assert err.decode().splitlines() == [
        "error: The command was interrupted. [DFU-LINK-009]",
        "  next: Run the same command again.",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("words", ["cat dfu.zip | {} /dev/stdin", "{} <(cat dfu.zip)"])
def test_a_package_may_come_through_the_shells_pipes(words: str, folder: Path) -> None:
    (folder / "dfu.zip").write_bytes(b"no package")
    script = ("bash", "-c", words.format('"$0" "$@"'), SCRIPT)
    ran = run_process("pkg", "display", cwd=folder, script=script)
    assert_failed(ran, Code.PACKAGE_NOT_A_ZIP)


@pytest.mark.parametrize(("word", "goes_on"), [("update", True), ("sim", False), ("pkg", False)])
def test_only_an_update_goes_on_where_it_was_interrupted(
    word: str,
    goes_on: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "_call", interrupted)
    assert main.run([word, "--json"]) == ExitCode.INTERRUPTED
    printed = capsys.readouterr()
    assert ("an update goes on where the unit says it is" in printed.err) is goes_on
    assert ("an update goes on where the unit says it is" in printed.out) is goes_on


def test_a_name_that_the_terminal_cannot_show_is_no_failure(folder: Path) -> None:
    ran = run_process(
        "keys", "generate", "鍵", cwd=folder, env=environment(PYTHONIOENCODING="latin1")
    )
    assert ran.code == 0
    assert r"Private key:      \u9375 (" in ran.out
    assert (folder / "鍵").stat().st_size == 227


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_for_terminals_that_want_it(
    variables: dict[str, str], coloured: bool, folder: Path
) -> None:
    seen = run_at_terminal("nope", cwd=folder, env=environment(**variables))
    assert seen.code == ExitCode.INPUT
    assert ("\x1b[31m" in seen.text) is coloured
    assert ("\x1b" in seen.text) is coloured


def test_the_interpreter_runs_the_same_program(folder: Path) -> None:
    words = ["-c", "from firmline.cli.main import main; main()"]
    ran = run_process("--version", cwd=folder, script=(sys.executable, *words))
    assert (ran.code, ran.out) == (0, f"firmline {__version__}\n")


def test_what_scripts_for_nrfutil_put_in_front_is_taken(firmline: Program) -> None:
    plain = firmline("--version")
    assert firmline("version") == plain
    assert firmline("-v", "-v", "pkg", "softdevices").out == firmline("pkg", "softdevices").out
    shown = [line.split()[0] for line in firmline("--help").out.splitlines() if line]
    assert "version" not in shown
