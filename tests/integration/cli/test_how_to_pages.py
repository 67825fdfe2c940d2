"""The commands of the how-to pages, run as they stand there; what they show is what they print.

Sizes, checksums and keys depend on the inputs and are not compared; every word and every small
number is. ``...`` in a page stands for lines that it leaves out, or for options that a reader has.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from firmline.formats.keys import SigningKey
from house_tree import ROOT
from unit.cli.program import Program
from unit.formats.makers import hex_file, softdevice_image
from unit.formats.programs import program

pytestmark = pytest.mark.slow
HOW_TO = ROOT / "docs" / "how-to"
KEY = SigningKey.generate()
BASE = 0x26000
LEFT_OUT = "..."
SHELL = "/bin/sh"
SIGNED = "--hw-version 52 --key-file private.key"
APP = "--application app.hex --application-version 5"
PAGES = {
    "check-a-package": "",
    "who-signed-this": "",
    "sign-with-a-token-or-offline": f"{APP} --hw-version 52 --sd-req 0x101",
    "settings-page": "",
    "make-a-probe-pack": "",
    "read-a-unit": "",
    "read-a-trace": "",
    "find-out-why": "",
    "origin-case": "",
    "read-a-dump": "",
    "experiment-on-a-unit": "",
    "send-a-report": "",
    "write-a-recipe": "",
    "make-a-package": f"--application-version 5 {SIGNED}",
}
"""The pages, and the options that their reader has where a command says ``...``."""
FROM_NOTHING = {
    *("find-out-why", "origin-case", "read-a-dump", "experiment-on-a-unit", "send-a-report"),
}
"""Pages that make everything that they need: their reader starts in an empty folder."""
NOT_HERE = ("pkcs11", "swd:", "pip install", "sim serve", "nrfjprog", "mine.toml", "git log")
"""It asks for a PIN or a probe, installs something, does not end, is another maker's tool, or needs
what only the reader has."""
REFUSES = {
    **{f"update dfu.zip --to 'sim:{unit}.toml": 3 for unit in ("contact", "register", "buffers")},
    "update dfu.zip --to 'sim:other-softdevice": 4,
    **{f"pkg check dfu.zip {option}": 4 for option in ("--for", "--unit", "--to")},
}
"""Commands that are shown for what they refuse, and their exit codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A command of a page and the lines that are shown below it."""

    command: str
    shown: list[str]


def examples(page: str) -> list[Example]:
    """Those that can be run here, in the order of the page."""
    text = (HOW_TO / f"{page}.md").read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
            command, *shown = part.rstrip().splitlines()
            if not any(word in command for word in NOT_HERE):
                found.append(Example(command=command, shown=shown))
    return found


def plain(line: str) -> str:
    """A line without what depends on the inputs."""
    return re.sub(
        r"\b0x[0-9A-F]{8}\b|\b[0-9a-f]{16,}\b(\.\.\.)?|\b\d{1,3}(,\d{3})+\b|\b\d{4,}\b", "#", line
    )


def is_printed(shown: list[str], printed: list[str]) -> bool:
    """Whether exactly these lines were printed, and others only where the page leaves some out."""
    parts = "\n".join(map(plain, shown)).split(LEFT_OUT)
    whole = ".*".join(re.escape(part) for part in parts)
    return re.fullmatch(whole, "\n".join(map(plain, printed)), re.DOTALL) is not None


@pytest.fixture(autouse=True)
def reader(folder: Path, firmline: Program, request: pytest.FixtureRequest) -> None:
    """The files that the reader of a page has."""
    if request.node.name.partition("[")[2].rstrip("]") in FROM_NOTHING:
        return
    (folder / "app.hex").write_bytes(hex_file((BASE, program(5000, base=BASE))))
    (folder / "s132.hex").write_bytes(hex_file((0x1000, softdevice_image(end=BASE).data)))
    (folder / "private.key").write_bytes(KEY.format_pem())
    (folder / "public.pem").write_bytes(KEY.public_key.format_pem())
    bootloader = b"bootloader  " + KEY.public_key.le_bytes
    (folder / "flash.hex").write_bytes(hex_file((0x78000, bootloader)))
    versions = {"app-1.4.0": 4, "dfu": 5, "release-1": 5, "release-2": 6, "old": 5, "new": 6}
    for name, version in versions.items():
        words = f"pkg generate --application app.hex --application-version {version} {SIGNED}"
        assert firmline(*words.split(), "--sd-req", "0x103", f"{name}.zip").code == 0
    words = (
        f"settings generate --family NRF52832 {APP.replace('5', '7')} --bootloader-version 1"
        " --bl-settings-version 2 --softdevice s132.hex unit.hex"
    )
    assert firmline(*words.split()).code == 0


def run(example: Example, options: str, firmline: Program) -> list[str]:
    """What a command prints; ``...`` in it are the options that it does not name itself."""
    first, _, then = example.command.partition(" && ")
    if then:
        return [
            line
            for part in (first, then)
            for line in run(replace(example, command=part), options, firmline)
        ]
    if not example.command.startswith("firmline "):
        done = subprocess.run([SHELL, "-c", example.command], capture_output=True, check=True)
        return done.stdout.decode().splitlines()
    own, _, kept = example.command.removeprefix("firmline ").partition(" > ")
    if LEFT_OUT in own:
        if "--application " not in own + options:
            options += " --application app.hex"
        if "--sd-req " not in own + options:
            options += " --sd-req s132-6.1.1"
    words = shlex.split(own.replace(LEFT_OUT, options))
    ran = firmline(*words)
    expected = next((code for start, code in REFUSES.items() if own.startswith(start)), 0)
    assert ran.code == expected, (own, ran.err)
    if kept:
        Path(kept).write_text(ran.out, encoding="utf-8")
        return ran.err.splitlines()
    return [*ran.err.splitlines(), *ran.out.splitlines()]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_what_its_commands_print(page: str, firmline: Program) -> None:
    found = examples(page)
    assert found
    for example in found:
        printed = run(example, PAGES[page], firmline)
        if example.shown:
            assert is_printed(example.shown, printed), "\n".join([example.command, *printed])


def test_a_line_that_is_not_printed_is_seen() -> None:
    printed = ["Size: 1,224 bytes", "one", "two", "three"]
    assert is_printed(["Size: 12,007 bytes", "one", "two", "three"], printed)
    assert is_printed(["...", "one", "...", "three"], printed)
    assert not is_printed(["...", "one", "three"], printed)
    assert not is_printed(["...", "one"], printed)
    assert not is_printed(["Size: 1,224 bytes", "One", "..."], printed)
