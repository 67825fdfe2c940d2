"""What a command reads it does not write over, whatever the options were called."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from firmline.cli.files import file_to_be, keep_outputs_apart, read_file, remember_input, write_file
from firmline.cli.trace_file import TraceFile
from firmline.errors import Code
from unit.cli.makers import GENERATE, KEY, inputs, package
from unit.cli.program import Program, assert_failed, files_in
from unit.formats.makers import refuses

UNIT_FILE = 'chip = "nrf52832-512k"\nprofile = "sdk16.0-ble"\n'
UNIT = ("--unit", "unit.toml")
TERMS = ("--for", "chip=nrf52832-512k,softdevice=s112-7.2.0,key=private.key")
SETTINGS = (
    *("settings", "generate", "--family", "NRF52", "--bootloader-version", "1"),
    *("--bl-settings-version", "2"),
)
NAMED = "pkcs11:object=k?pin-source=file:pin.txt&x-public-key=public.pem&module-path=module.so"


@pytest.fixture
def files(folder: Path) -> Path:
    inputs(folder)
    for name in ("dfu.zip", "old.zip"):
        (folder / name).write_bytes(package())
    (folder / "public.pem").write_bytes(KEY.public_key.format_pem())
    (folder / "pin.txt").write_text("471147\n")
    (folder / "module.so").write_bytes(b"a library")
    (folder / "unit.toml").write_text(UNIT_FILE)
    (folder / "link").symlink_to("private.key")
    return folder


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ("private.key", ("pkg", "check", "dfu.zip", *TERMS, "--svg", "private.key")),
        ("private.key", ("pkg", "check", "dfu.zip", *TERMS, "--svg", "./link")),
        ("dfu.zip", ("pkg", "check", "dfu.zip", *UNIT, "--svg", "dfu.zip")),
        ("unit.toml", ("pkg", "check", "dfu.zip", *UNIT, "--svg", "unit.toml")),
        (
            "old.zip",
            ("pkg", "check", "dfu.zip", *UNIT, "--previous", "old.zip", "--svg", "old.zip"),
        ),
        ("unit.toml", ("update", "dfu.zip", "--to", "sim:unit.toml", "--trace", "unit.toml")),
        ("unit.toml", ("inspect", "sim:unit.toml", "--trace", "unit.toml")),
        (
            "private.key",
            ("inspect", "sim:ble-reference", "--key-file", "link", "--trace", "private.key"),
        ),
        ("app.hex", (*GENERATE, "--application", "app.hex", "app.hex")),
        *((name, (*SETTINGS, "--key-file", NAMED, name)) for name in ("pin.txt", "public.pem")),
        ("module.so", (*SETTINGS, "--key-file", NAMED, "module.so")),
        (
            "public.pem",
            (
                *("keys", "display", "--key", "pk", "--format", "hex"),
                *("--out_file", "public.pem", NAMED),
            ),
        ),
    ],
)
def test_an_input_stays_as_it_was(
    kept: str, words: tuple[str, ...], files: Path, firmline: Program
) -> None:
    content, names = (files / kept).read_bytes(), files_in(files)
    ran = firmline(*words)
    assert_failed(ran, Code.OPTION_CONFLICT)
    assert "is read by this command" in ran.err
    assert (files / kept).read_bytes() == content
    assert files_in(files) == names


@pytest.mark.usefixtures("files")
def test_the_next_command_may_write_what_this_one_read(firmline: Program) -> None:
    assert firmline("pkg", "display", "dfu.zip").code == 0
    words = ("--application", "app.hex", "--key-file", "private.key", "dfu.zip")
    assert firmline(*GENERATE, *words).code == 0


@pytest.fixture
def running() -> click.Context:
    """A command that runs."""
    return click.Context(click.Command("any"))


def test_what_is_read_is_refused_under_every_name(folder: Path, running: click.Context) -> None:
    (folder / "a").write_bytes(b"old")
    (folder / "b").hardlink_to(folder / "a")
    (folder / "c").symlink_to("a")
    with running:
        read_file(folder / "c", what="thing")
        for name in "abc":
            with refuses(Code.OPTION_CONFLICT, "is read by this command"):
                write_file(folder / name, b"new")
            with refuses(Code.OPTION_CONFLICT, "is read by this command"):
                TraceFile(folder / name)
        write_file(folder / "d", b"new")
    assert files_in(folder) == {*"abcd"}
    assert (folder / "a").read_bytes() == b"old"
    write_file(folder / "a", b"new")


def test_a_file_that_is_not_there_is_no_input(folder: Path, running: click.Context) -> None:
    with running:
        remember_input(folder / "a")
        write_file(folder / "a", b"new")
    assert (folder / "a").read_bytes() == b"new"


def test_a_file_to_be_is_there_only_when_the_body_succeeds(folder: Path) -> None:
    out = folder / "out"
    out.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), file_to_be(out, b"new"):
        raise KeyboardInterrupt
    assert (files_in(folder), out.read_bytes()) == ({"out"}, b"old")
    with file_to_be(out, b"new"):
        assert out.read_bytes() == b"old"
    assert (files_in(folder), out.read_bytes()) == ({"out"}, b"new")


def test_what_the_body_raises_is_not_told_as_if_the_file_was_not_writable(folder: Path) -> None:
    with pytest.raises(PermissionError), file_to_be(folder / "out", b"new"):
        raise PermissionError
    assert files_in(folder) == set()


@pytest.mark.parametrize("output", ["a", "./a", "a/b", "x/../a"])
def test_outputs_have_places_of_their_own(output: str, folder: Path) -> None:
    with refuses(Code.OPTION_CONFLICT, "would take its place"):
        keep_outputs_apart(Path(output), folder / "a")
    keep_outputs_apart(Path("ab"), folder / "a")
