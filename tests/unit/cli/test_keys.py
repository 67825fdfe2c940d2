"""``firmline keys``."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from firmline.cli import keys
from firmline.errors import Code
from firmline.formats.keys import PublicKey, SigningKey, format_public_key_c
from unit.cli.program import Program, assert_failed, files_in, run_at_terminal

KEY = SigningKey.generate()
NOTE = b"a note \x1b[2J in front of the key\n"


@pytest.fixture
def key_file(folder: Path) -> Path:
    path = folder / "private.key"
    path.write_bytes(KEY.format_pem())
    return path


def test_a_new_key_is_private_and_works(firmline: Program, folder: Path) -> None:
    ran = firmline("keys", "generate", "new.key")
    assert (ran.code, ran.err) == (0, "")
    path = folder / "new.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = SigningKey.parse_pem(path.read_bytes(), name="new.key")
    assert key.public_key.verify(b"data", key.sign(b"data"))
    assert files_in(folder) == {"new.key"}
    assert ran.out.splitlines() == [
        "Private key:      new.key (readable for you alone)",
        "Its public half:  firmline keys display --key pk --format code new.key",
    ]


def test_the_command_it_names_works_for_any_file_name(firmline: Program, folder: Path) -> None:
    ran = firmline("keys", "generate", "my new.key")
    assert "--format code 'my new.key'" in ran.out
    assert firmline("keys", "generate", r"a\x1b").code == 0
    assert files_in(folder) == {"my new.key", r"a\x1b"}


def test_two_keys_are_never_the_same(firmline: Program, folder: Path) -> None:
    assert firmline("keys", "generate", "a").code == firmline("keys", "generate", "b").code == 0
    assert (folder / "a").read_bytes() != (folder / "b").read_bytes()


def test_a_key_that_is_there_is_not_replaced(
    firmline: Program, key_file: Path, folder: Path
) -> None:
    before = key_file.read_bytes()
    ran = firmline("keys", "generate", "private.key")
    assert_failed(ran, Code.FILE_EXISTS)
    assert "--force" in ran.err
    assert key_file.read_bytes() == before
    assert files_in(folder) == {"private.key"}


def test_a_folder_in_the_place_of_a_key_is_told_as_one(firmline: Program, folder: Path) -> None:
    (folder / "keys").mkdir()
    for words in (("keys",), ("keys", "--force")):
        ran = firmline("keys", "generate", *words)
        assert_failed(ran, Code.FILE_NOT_WRITABLE)
        assert "keys cannot be written: it is a folder." in ran.err
    assert files_in(folder) == {"keys"}


def test_a_key_is_replaced_where_it_is_asked_for(firmline: Program, key_file: Path) -> None:
    key_file.chmod(0o644)
    assert firmline("keys", "generate", "--force", "private.key").code == 0
    new = SigningKey.parse_pem(key_file.read_bytes(), name="private.key")
    assert new.public_key != KEY.public_key
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_a_key_that_appears_in_the_meantime_is_not_replaced(
    firmline: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_answer(path: Path) -> bytes:
        path.write_bytes(b"another key")
        return b"correct horse"

    monkeypatch.setattr(keys, "new_password", slow_answer)
    ran = firmline("keys", "generate", "--password", "new.key")
    assert_failed(ran, Code.FILE_EXISTS)
    assert (folder / "new.key").read_bytes() == b"another key"
    assert files_in(folder) == {"new.key"}


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "code", "replaced"), [("y\n", 0, True), ("n\n", 2, False)])
def test_a_person_is_asked_before_a_key_is_replaced(
    answer: str, code: int, replaced: bool, key_file: Path, folder: Path
) -> None:
    before = key_file.read_bytes()
    seen = run_at_terminal(
        *("keys", "generate", "private.key"),
        cwd=folder,
        answers=[("Replace the key that is already in private.key?", answer)],
    )
    assert seen.code == code
    assert (key_file.read_bytes() != before) is replaced
    assert files_in(folder) == {"private.key"}


def test_an_encrypted_key_names_no_password(
    firmline: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRMLINE_KEY_PASSWORD", "correct horse")
    ran = firmline("keys", "generate", "--password", "new.key")
    assert ran.code == 0
    assert "correct horse" not in ran.out + ran.err
    content = (folder / "new.key").read_bytes()
    assert content.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    SigningKey.parse_pem(content, name="new.key", password=b"correct horse")


def test_a_key_that_nobody_gives_a_password_for_is_not_made(
    firmline: Program, folder: Path
) -> None:
    assert_failed(firmline("keys", "generate", "--password", "new.key"), Code.KEY_ENCRYPTED)
    assert files_in(folder) == set()


def public_hex(key: PublicKey) -> str:
    return key.le_bytes.hex() + "\n"


def public_debug_code(key: PublicKey) -> str:
    return format_public_key_c(key, debug=True)


def public_pem(key: PublicKey) -> str:
    return key.format_pem().decode()


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("hex", public_hex),
        ("code", format_public_key_c),
        ("dbgcode", public_debug_code),
        ("pem", public_pem),
    ],
)
@pytest.mark.usefixtures("key_file")
def test_the_public_half_is_shown_in_every_form(
    form: str, text: Callable[[PublicKey], str], firmline: Program, folder: Path
) -> None:
    words = ("keys", "display", "--key", "pk", "--format", form, "private.key")
    ran = firmline(*words)
    assert (ran.code, ran.out, ran.err) == (0, text(KEY.public_key), "")
    written = firmline(*words, "--out_file", "out")
    assert (written.code, written.out, written.err) == (0, "", "")
    assert (folder / "out").read_text() == text(KEY.public_key)
    assert stat.S_IMODE((folder / "out").stat().st_mode) & 0o077


@pytest.mark.usefixtures("key_file")
def test_the_secret_number_is_shown_where_it_is_asked_for(firmline: Program) -> None:
    ran = firmline("keys", "display", "--key", "sk", "--format", "hex", "private.key")
    assert (ran.code, ran.out) == (0, KEY.format_hex() + "\n")


def test_a_secret_key_in_a_file_is_private(firmline: Program, key_file: Path, folder: Path) -> None:
    words = ("--key", "sk", "--format", "pem", "--out_file", "copy.key", "private.key")
    assert firmline("keys", "display", *words).code == 0
    copy = folder / "copy.key"
    assert copy.read_bytes() == key_file.read_bytes()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_only_the_key_of_a_key_file_is_shown(firmline: Program, key_file: Path) -> None:
    key_file.write_bytes(NOTE + KEY.format_pem() + NOTE)
    ran = firmline("keys", "display", "--key", "sk", "--format", "pem", "private.key")
    assert (ran.code, ran.out) == (0, KEY.format_pem().decode())


def test_an_encrypted_key_stays_encrypted(
    firmline: Program, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = KEY.format_pem(password=b"correct horse")
    key_file.write_bytes(pem.replace(b"\n", b"\r\n"))
    monkeypatch.setenv("FIRMLINE_KEY_PASSWORD", "correct horse")
    ran = firmline("keys", "display", "--key", "sk", "--format", "pem", "private.key")
    assert (ran.code, ran.out) == (0, pem.decode())


@pytest.mark.parametrize("form", ["code", "dbgcode"])
@pytest.mark.usefixtures("key_file")
def test_a_secret_key_has_no_place_in_source(form: str, firmline: Program) -> None:
    ran = firmline("keys", "display", "--key", "sk", "--format", form, "private.key")
    assert_failed(ran, Code.OPTION_CONFLICT)
    assert ran.out == ""


def test_a_key_is_not_written_over_by_its_public_half(firmline: Program, key_file: Path) -> None:
    before = key_file.read_bytes()
    words = ("--key", "pk", "--format", "pem", "--out_file", "./private.key", "private.key")
    assert_failed(firmline("keys", "display", *words), Code.OPTION_CONFLICT)
    assert key_file.read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: b"\xef\xbb\xbf" + pem,
        lambda pem: pem.replace(b"\n", b"\r\n"),
        lambda pem: b"Key of the line\n\n" + pem,
        lambda pem: pem.rstrip(b"\n"),
    ],
    ids=["byte order mark", "Windows line ends", "text in front", "no last line end"],
)
def test_what_editors_do_to_a_key_file_does_no_harm(
    change: Callable[[bytes], bytes], firmline: Program, folder: Path
) -> None:
    key = SigningKey.generate()
    (folder / "k").write_bytes(change(key.format_pem()))
    shown = firmline("keys", "display", "--key", "pk", "--format", "hex", "k")
    assert (shown.code, shown.out.strip()) == (0, key.public_key.le_bytes.hex())
    assert firmline("keys", "display", "--key", "sk", "--format", "pem", "k").out == (
        key.format_pem().decode()
    )
