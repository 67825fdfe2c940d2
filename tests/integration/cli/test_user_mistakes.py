"""What users did to nrfutil, done to firmline: the recorded command lines, and more of the kind.

Every mistake ends in one sentence with its code, exit code 2, nothing new in any folder, a file of
the output's name as it was, and not a letter of a private key; wherever the output lies, and
whatever language and file names the machine has.
"""

from __future__ import annotations

import base64
import io
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmline.errors import Code
from unit.cli.makers import APPLICATION, KEY, package
from unit.cli.program import (
    PATIENCE_S,
    SCRIPT,
    Program,
    Ran,
    as_ordinary_user,
    assert_failed,
    environment,
    files_in,
    run_process,
)
from unit.formats.makers import hex_file

GENERATE = "pkg generate --hw-version 52 --application-version 5"
SETTINGS = "settings generate --family NRF52840"
APP = "--application in/file.hex --application-version 5 --bootloader-version 3"
RECORDED = {
    "err_no_hwver": (
        (
            "pkg generate --application-version 5 --application in/file.hex --sd-req 0x103"
            " --key-file keys/private.key pkg/x.zip"
        ),
        Code.OPTION_MISSING,
    ),
    "err_no_sdreq": (
        f"{GENERATE} --application in/file.hex --key-file keys/private.key pkg/x.zip",
        Code.OPTION_MISSING,
    ),
    "err_no_appver": (
        (
            "pkg generate --hw-version 52 --application in/file.hex --sd-req 0x103"
            " --key-file keys/private.key pkg/x.zip"
        ),
        Code.OPTION_MISSING,
    ),
    "err_nofile": (
        (
            f"{GENERATE} --application in/nope.hex --sd-req 0x103 --key-file keys/private.key"
            " pkg/x.zip"
        ),
        Code.FILE_MISSING,
    ),
    "err_badsdreq": (
        f"{GENERATE} --application in/file.hex --sd-req zz --key-file keys/private.key pkg/x.zip",
        Code.NUMBER_MALFORMED,
    ),
    "err_octal": (
        (
            "pkg generate --hw-version 052 --application-version 010 --application in/app_small.hex"
            " --sd-req 0x103 --key-file keys/private.key pkg/octal.zip"
        ),
        Code.NUMBER_OCTAL_LOOKING,
    ),
    "err_negver": (
        (
            "pkg generate --hw-version -1 --application-version 5 --application in/app_small.hex"
            " --sd-req 0x103 --key-file keys/private.key pkg/x.zip"
        ),
        Code.NUMBER_MALFORMED,
    ),
    "err_badkey": (
        f"{GENERATE} --application in/file.hex --sd-req 0x103 --key-file keys/bad.key pkg/x.zip",
        Code.KEY_MALFORMED,
    ),
    "err_badhex": (
        f"{GENERATE} --application in/bad.hex --sd-req 0x103 --key-file keys/private.key pkg/x.zip",
        Code.IMAGE_MALFORMED,
    ),
    "err_overwrite_keys": ("keys generate keys/private.key", Code.FILE_EXISTS),
    "err_display_notzip": ("pkg display in/file.hex", Code.PACKAGE_NOT_A_ZIP),
    "err_display_missing": ("pkg display nope.zip", Code.FILE_MISSING),
    "set_err_ecdsa_nokey": (
        (
            f"{SETTINGS} {APP} --bl-settings-version 2"
            " --app-boot-validation VALIDATE_ECDSA_P256_SHA256 settings/x.hex"
        ),
        Code.KEY_REQUIRED,
    ),
    "set_err_v3": (
        f"{SETTINGS} {APP} --bl-settings-version 3 settings/x3.hex",
        Code.SETTINGS_VERSION,
    ),
    "set_err_nobackup_addr": (
        (
            "settings generate --no-backup --backup-address 0x1000 --family NRF52840"
            " --bootloader-version 3 --bl-settings-version 2 settings/x4.hex"
        ),
        Code.OPTION_CONFLICT,
    ),
}
# A mistake of nrfutil's, not of its user: firmline knows the family.
NO_MISTAKE = {"set_err_family"}
WITH_KEY = f"{GENERATE} --application in/file.hex --sd-req 0x103 --key-file"
MORE = {
    "a damaged key": (f"{WITH_KEY} keys/damaged.key pkg/x.zip", Code.KEY_MALFORMED),
    "half a key": (f"{WITH_KEY} keys/half.key pkg/x.zip", Code.KEY_MALFORMED),
    "a key of another curve": (f"{WITH_KEY} keys/p384.key pkg/x.zip", Code.KEY_WRONG_CURVE),
    "a key and nobody to ask": (f"{WITH_KEY} keys/locked.key pkg/x.zip", Code.KEY_ENCRYPTED),
    "a public key": (f"{WITH_KEY} keys/public.pem pkg/x.zip", Code.KEY_NOT_PRIVATE),
    "a key as the image": (
        f"{GENERATE} --application keys/private.key --sd-req 0x103 pkg/x.zip",
        Code.IMAGE_MALFORMED,
    ),
    "a key as the package": ("pkg display keys/private.key", Code.PACKAGE_NOT_A_ZIP),
    "a key as the settings": ("settings display keys/private.key", Code.IMAGE_MALFORMED),
    "a key as the output": (f"{WITH_KEY} keys/private.key keys/private.key", Code.OPTION_CONFLICT),
    "a key as an option": (f"{GENERATE} --key-fil keys/private.key pkg/x.zip", Code.USAGE),
    "a damaged key to show": (
        "keys display --key sk --format hex keys/damaged.key",
        Code.KEY_MALFORMED,
    ),
    "a damaged key for the settings": (
        (
            f"{SETTINGS} {APP} --bl-settings-version 2 --key-file keys/damaged.key"
            " --app-boot-validation VALIDATE_ECDSA_P256_SHA256 settings/x.hex"
        ),
        Code.KEY_MALFORMED,
    ),
    "the package as the image": (
        f"{GENERATE} --application pkg/old.zip --sd-req 0x103 pkg/x.zip",
        Code.IMAGE_MALFORMED,
    ),
    "the image as the settings": ("settings display in/file.hex", Code.SETTINGS_MALFORMED),
    "half a hex file": (
        f"{GENERATE} --application in/half.hex --sd-req 0x103 pkg/x.zip",
        Code.IMAGE_TRUNCATED,
    ),
    "half a package": ("pkg display pkg/half.zip", Code.PACKAGE_TRUNCATED),
    "half a package to check": (
        "pkg check pkg/half.zip --for chip=nrf52832-512k",
        Code.PACKAGE_TRUNCATED,
    ),
    "no output": (f"{WITH_KEY} keys/private.key", Code.USAGE),
    "a forgotten value": (f"{GENERATE} --sd-req --application in/file.hex pkg/x.zip", None),
    "a command that is none": ("pkg generat in/file.hex", Code.USAGE),
    "settings at an odd place": (
        f"{SETTINGS} {APP} --bl-settings-version 2 --start-address 0xFF001 settings/x.hex",
        Code.SETTINGS_PLACE,
    ),
    "settings for no family": (
        f"settings generate --family NRF9160 {APP} --bl-settings-version 2 settings/x.hex",
        Code.USAGE,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A command line, and the code it ends with; None: any."""

    words: list[str]
    code: Code | None


MISTAKES = {
    name: Mistake(words=shlex.split(line), code=code)
    for name, (line, code) in (RECORDED | MORE).items()
}
NAMES = pytest.mark.parametrize("name", MISTAKES)
PASSWORD = b"correct horse"
OLD = b"what was here before"
# With a vector table that nobody warns about: stack in RAM, reset inside and Thumb.
IMAGE = (0x2000_8000).to_bytes(4, "little") + (0x2_6101).to_bytes(4, "little") + APPLICATION[8:]
OUTPUTS = ("pkg/x.zip", "pkg/octal.zip", "settings/x.hex", "settings/x3.hex", "settings/x4.hex")
P384 = ec.derive_private_key(0x1357_9BDF << 200, ec.SECP384R1()).private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.NoEncryption(),
)


def make_files(folder: Path, *, outputs: bool) -> None:
    """The files of the recording, and outputs of an earlier run."""
    for name in ("in", "keys", "pkg", "settings"):
        (folder / name).mkdir()
    hex_text = hex_file((0x26000, IMAGE))
    pem = KEY.format_pem()
    at = pem.index(b"\n") + 40
    contents = {
        "in/file.hex": hex_text,
        "in/app_small.hex": hex_text,
        "in/half.hex": hex_text[: len(hex_text) // 2],
        "in/bad.hex": b":zz\n",
        "keys/private.key": pem,
        "keys/damaged.key": pem[:at]
        + (b"A" if pem[at : at + 1] != b"A" else b"B") * 4
        + pem[at + 4 :],
        "keys/half.key": pem[: len(pem) // 2],
        "keys/locked.key": KEY.format_pem(PASSWORD),
        "keys/public.pem": KEY.public_key.format_pem(),
        "keys/p384.key": P384,
        "keys/bad.key": b"hello\n",
        "pkg/old.zip": package(),
        "pkg/half.zip": package()[:1000],
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    for name in OUTPUTS if outputs else ():
        (folder / name).write_bytes(OLD)


def state(folder: Path) -> dict[str, bytes]:
    """Everything below a folder."""
    return {
        name: (folder / name).read_bytes() if (folder / name).is_file() else b""
        for name in files_in(folder)
    }


def assert_mistake(ran: Ran, mistake: Mistake) -> None:
    if mistake.code is None:
        (said,) = re.findall(r"\[(DFU-[A-Z]+-\d+)\]", ran.err)
        assert_failed(ran, Code(said))
    else:
        assert_failed(ran, mistake.code)
    assert ran.out == ""
    (sentence,) = (line for line in ran.err.splitlines() if line.startswith("error: "))
    others = [line for line in ran.err.splitlines() if not line.startswith("warning: ")]
    assert len(others) == 2  # the sentence, and the next thing to do
    assert re.search(r"[.?] \[DFU-[A-Z]+-\d+\]$", sentence)
    assert_silent(ran)


SECRET = KEY.format_hex()
SECRETS = (
    SECRET,
    bytes.fromhex(SECRET)[::-1].hex(),
    str(int.from_bytes(bytes.fromhex(SECRET), "little")),
    base64.b64encode(bytes.fromhex(SECRET)).decode(),
    PASSWORD.decode(),
)


def assert_silent(ran: Ran) -> None:
    """No secret is in what was printed: whole, as numbers, or a piece of a line of the file."""
    said = ran.out + ran.err
    bodies = [line for line in (KEY.format_pem() + P384).decode().splitlines() if line[:1] != "-"]
    pieces = [line[at : at + 12] for line in bodies for at in range(0, len(line) - 12, 4)]
    assert [secret for secret in (*SECRETS, *pieces) if secret.lower() in said.lower()] == []


def test_every_recorded_mistake_is_here(shared: Path) -> None:
    text = (shared / "data" / "nrfutil" / "MANIFEST.md").read_text()
    recorded = re.findall(r"^## ((?:set_)?err_\w+)\n`(.*)`$", text, re.MULTILINE)
    assert {name for name, _ in recorded} == RECORDED.keys() | NO_MISTAKE
    for name, line in recorded:
        if name not in NO_MISTAKE:
            words = sorted(shlex.split(line.partition("nrfutil ")[2]))
            assert words == sorted(MISTAKES[name].words)


@pytest.mark.slow
@NAMES
@pytest.mark.parametrize("outputs", [False, True], ids=["new", "over an old file"])
def test_a_mistake_leaves_everything_as_it_was(
    name: str, outputs: bool, firmline: Program, folder: Path
) -> None:
    make_files(folder, outputs=outputs)
    before = state(folder)
    assert_mistake(firmline(*MISTAKES[name].words), MISTAKES[name])
    assert state(folder) == before


def test_the_question_whether_to_replace_a_key_is_answered_with_no(
    firmline: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_files(folder, outputs=False)
    before = state(folder)
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    ran = firmline(*MISTAKES["err_overwrite_keys"].words)
    assert_mistake(ran, MISTAKES["err_overwrite_keys"])
    assert state(folder) == before


@pytest.fixture
def locked(folder: Path) -> Iterator[Path]:
    """The same files where an ordinary user may read but not write."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        make_files(place, outputs=True)
        places = [place, *(path for path in place.iterdir() if path.is_dir())]
        for path in places:
            path.chmod(0o555)
        os.chdir(place)
        try:
            yield place
        finally:
            os.chdir(folder)
            for path in places:
                path.chmod(0o755)


@pytest.mark.slow
@NAMES
def test_a_mistake_is_told_where_nothing_can_be_written_too(
    name: str, locked: Path, firmline: Program
) -> None:
    before = state(locked)
    firmline(*MISTAKES[name].words)  # what is imported late is imported with permission
    with as_ordinary_user():
        ran = firmline(*MISTAKES[name].words)
    assert_mistake(ran, MISTAKES[name])
    assert state(locked) == before


@pytest.mark.parametrize("name", ["a damaged key", "half a key", "a key as the image"])
def test_no_trace_of_a_developer_tells_a_key(
    name: str, firmline: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_files(folder, outputs=False)
    monkeypatch.setenv("FIRMLINE_DEBUG", "1")
    ran = firmline(*MISTAKES[name].words)
    assert ran.code == 2
    assert "Traceback" in ran.err
    assert_silent(ran)


# The machine's language, and names that are no text in it.

LOCALES = (
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "POSIX"},
    {"LC_ALL": "xx_YY.ISO-8859-15"},
    {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C.UTF-8"},
)
FOREIGN = b"k\xe4se \xff\xe2\x82\xac.zip"


def in_each_language(*, quick: int) -> pytest.MarkDecorator:
    """A case for each of them, the first ones with the quick tests."""
    return pytest.mark.parametrize(
        "locale",
        [
            pytest.param(locale, marks=[] if number < quick else [pytest.mark.slow])
            for number, locale in enumerate(LOCALES)
        ],
        ids=lambda locale: "-".join(locale.values()),
    )


@pytest.mark.slow
@in_each_language(quick=1)
@pytest.mark.parametrize("name", ["err_badkey", "err_display_notzip", "set_err_v3"])
def test_a_mistake_in_any_language(name: str, locale: dict[str, str], folder: Path) -> None:
    make_files(folder, outputs=True)
    before = state(folder)
    ran = run_process(*MISTAKES[name].words, cwd=folder, env=environment(**locale))
    assert_mistake(ran, MISTAKES[name])
    assert state(folder) == before


@pytest.mark.slow
@in_each_language(quick=1)
def test_names_that_are_no_text(locale: dict[str, str], folder: Path) -> None:
    make_files(folder, outputs=False)
    name = os.fsdecode(FOREIGN)
    shutil.copy(folder / "pkg/half.zip", folder / name)
    env = environment(**locale)
    cases: tuple[tuple[tuple[str | bytes, ...], Code], ...] = (
        (("pkg", "display", FOREIGN), Code.PACKAGE_TRUNCATED),
        (("pkg", "display", b"no " + FOREIGN), Code.FILE_MISSING),
        ((*WITH_KEY.split(), b"keys/" + FOREIGN, b"pkg/" + FOREIGN), Code.FILE_MISSING),
        ((*WITH_KEY.split(), "keys/bad.key", b"pkg/" + FOREIGN), Code.KEY_MALFORMED),
        ((*WITH_KEY.split(), "keys/private.key", FOREIGN + b"/x.zip"), Code.FILE_NOT_WRITABLE),
    )
    for words, code in cases:
        before = state(folder)
        ran = run_process(*words, cwd=folder, env=env)
        assert_mistake(ran, Mistake(words=[], code=code))
        assert "".join(ran.err.splitlines()).isprintable()
        assert state(folder) == before


# A disk that is full.


MAKE = [*WITH_KEY.split(), "keys/private.key", "pkg/x.zip"]
MAKE_PAGE = shlex.split(f"{SETTINGS} {APP} --bl-settings-version 2 settings/x.hex")
MAKE_KEY = ["keys", "generate", "--force", "pkg/x.zip"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "kept"),
    [(MAKE, 0), (MAKE, 1000), (MAKE_PAGE, 0), (MAKE_PAGE, 1000), (MAKE_KEY, 0), (MAKE_KEY, 50)],
)
def test_an_output_that_does_not_fit_leaves_the_old_one(
    words: list[str], kept: int, folder: Path
) -> None:
    make_files(folder, outputs=True)
    before = state(folder)

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (kept, kept))

    done = subprocess.run(
        [SCRIPT, *words],
        cwd=folder,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        preexec_fn=fill,
    )
    ran = Ran(code=done.returncode, out=done.stdout, err=done.stderr)
    assert_mistake(ran, Mistake(words=words, code=Code.FILE_NOT_WRITABLE))
    assert state(folder) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_an_output_is_never_a_device(firmline: Program, folder: Path) -> None:
    make_files(folder, outputs=False)
    ran = firmline(*WITH_KEY.split(), "keys/private.key", "/dev/full")
    assert_mistake(ran, Mistake(words=[], code=Code.FILE_NOT_WRITABLE))
    assert Path("/dev/full").is_char_device()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_mistake_that_cannot_be_told_still_has_its_exit_code(folder: Path) -> None:
    make_files(folder, outputs=True)
    before = state(folder)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [SCRIPT, *MISTAKES["err_badkey"].words],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=full,
            timeout=PATIENCE_S,
            check=False,
        )
    assert (done.returncode, done.stdout) == (2, b"")
    assert state(folder) == before
