"""``firmline settings`` beside pc-nrfutil 6.1.7, which was not written by us.

The command lines are those of ``MANIFEST.md`` in the evidence, with one word changed.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from firmline.errors import Code
from firmline.formats.init_command import BootValidationType
from firmline.formats.keys import SigningKey
from firmline.formats.records import parse_intel_hex
from firmline.formats.settings_file import read_settings_file
from firmline.formats.settings_page import PageValidations, SettingsPage
from firmline.formats.spans import Span
from integration.serving.nrfutil import find_nrfutil, run_nrfutil
from unit.cli.program import Program, assert_failed, files_in

PEER = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "nrfutil"
RANDOM = ((0x25C, 0x260), (0x261, 0x2A1), (0x2A2, 0x2E2))
"""Where signatures lie in a page, and the checksum over them: nrfutil draws random numbers."""

pytestmark = pytest.mark.skipif(not PEER.is_dir(), reason="../shared/data/nrfutil is not here")


class Recorded(NamedTuple):
    """A command line of nrfutil that was run, and how it ended."""

    name: str
    words: tuple[str, ...]
    code: int

    @property
    def output(self) -> str:
        """The file it wrote, if it wrote one."""
        return self.words[-1]


def recorded() -> dict[str, Recorded]:
    """Every ``settings generate`` of the manifest, by name."""
    if not PEER.is_dir():
        return {}
    text = (PEER / "MANIFEST.md").read_text(encoding="utf-8")
    runs = re.findall(r"^## (\w+)\n`nrfutil (settings generate .*)`\nrc=(\d+)", text, re.MULTILINE)
    return {name: Recorded(name, tuple(shlex.split(line)), int(code)) for name, line, code in runs}


RUNS = recorded()
MADE = [run for run in RUNS.values() if run.code == 0]
REFUSED = {
    "set_err_ecdsa_nokey": Code.KEY_REQUIRED,
    "set_err_v3": Code.SETTINGS_VERSION,
    "set_err_nobackup_addr": Code.OPTION_CONFLICT,
}
MENDED = {
    "set_v2_start_backup": [0x7A000, 0x78000],
    "set_backup_addr_only": [0xFF000, 0xFD000],
    "set_err_family": [0x7F000, 0x7E000],
}
"""What nrfutil refuses without a reason, and where our pages lie."""


def ours(words: tuple[str, ...]) -> tuple[str, ...]:
    """The same words for us: inputs from the evidence, the output into the current folder."""
    found = [str(PEER / word) if word.startswith(("in/", "keys/")) else word for word in words]
    return (*found[:-1], "new.hex")


def test_every_file_of_the_evidence_has_its_command() -> None:
    files = {path.relative_to(PEER).as_posix() for path in PEER.glob("settings/*.hex")}
    assert {run.output for run in MADE} == files
    assert {run.name for run in RUNS.values() if run.code} == set(REFUSED) | set(MENDED)


@pytest.mark.slow
@pytest.mark.parametrize("run", MADE, ids=lambda run: run.name)
def test_the_same_command_makes_the_same_file(
    run: Recorded, firmline: Program, folder: Path
) -> None:
    ran = firmline(*ours(run.words))
    assert ran.code == 0, ran.err
    assert files_in(folder) == {"new.hex"}
    made, reference = (folder / "new.hex").read_bytes(), (PEER / run.output).read_bytes()
    if "ECDSA" not in run.name:
        assert made == reference
        return
    assert [masked(span) for span in spans(made)] == [masked(span) for span in spans(reference)]
    for found in read_settings_file(made, name="new.hex"):
        assert found.page.validation_crc_ok
        check_signatures(found.page)


def spans(content: bytes) -> tuple[Span, ...]:
    return parse_intel_hex(content, name="s")


def masked(span: Span) -> tuple[int, bytes]:
    data = bytearray(span.data)
    for start, end in RANDOM:
        data[start:end] = bytes(end - start)
    return span.address, bytes(data)


def check_signatures(page: SettingsPage) -> None:
    """Every signature in a page is one over its image, by the key of the evidence."""
    key = SigningKey.parse_pem((PEER / "keys" / "private.key").read_bytes(), name="private.key")
    assert isinstance(page.validations, PageValidations)
    images = {"application": "in/file.bin", "softdevice": "in/sd.bin"}
    ecdsa = BootValidationType.VALIDATE_ECDSA_P256_SHA256
    checked = {
        kind: key.public_key.verify((PEER / name).read_bytes(), entry.data)
        for kind, name in images.items()
        if (entry := getattr(page.validations, kind)).type == ecdsa
    }
    assert checked
    assert all(checked.values())


@pytest.mark.parametrize("name", REFUSED)
def test_what_nrfutil_refused_is_refused_in_one_sentence(
    name: str, firmline: Program, folder: Path
) -> None:
    assert_failed(firmline(*ours(RUNS[name].words)), REFUSED[name])
    assert files_in(folder) == set()


@pytest.mark.parametrize("name", MENDED)
def test_what_nrfutil_could_not_do(name: str, firmline: Program, folder: Path) -> None:
    ran = firmline(*ours(RUNS[name].words))
    assert ran.code == 0, ran.err
    found = read_settings_file((folder / "new.hex").read_bytes(), name="new.hex")
    assert [page.address for page in found] == MENDED[name]


# What is displayed: by nrfutil of its files, by nrfutil of ours, by us of both.


def numbers(text: str) -> dict[str, int]:
    """The numbers that nrfutil displays, by its names."""
    lines = re.findall(r"^\* ([^:]+): +(0x[0-9A-F]+)", text, re.MULTILINE)
    return {label: int(value, 16) for label, value in lines}


def same_numbers(page: dict[str, Any]) -> dict[str, int]:
    """The numbers that we display, by nrfutil's names; for version 1 it shows some as zero."""
    block = page["boot_validation"]
    return {
        "CRC": page["crc"],
        "Settings Version": page["settings_version"],
        "App Version": page["app_version"],
        "Bootloader Version": page["bootloader_version"],
        "Bank Layout": page["bank_layout"],
        "Current Bank": page["bank_current"],
        "Application Size": page["bank_0"]["size"],
        "Application CRC": page["bank_0"]["crc"],
        "Bank0 Bank Code": page["bank_0"]["code"],
        "Softdevice Size": page["sd_size"] if block else 0,
        "Boot Validation CRC": block["crc"] if block else 0,
        "SD Boot Validation Type": block["softdevice"]["type"] if block else 0,
        "App Boot Validation Type": block["application"]["type"] if block else 0,
    }


@pytest.mark.parametrize("run", MADE, ids=lambda run: run.name)
def test_the_same_is_displayed(run: Recorded, firmline: Program) -> None:
    shown = firmline("settings", "display", str(PEER / run.output), "--json").result["pages"]
    assert len(shown) == (1 if "--no-backup" in run.words else 2)
    stem = Path(run.output).stem
    theirs = numbers((PEER / "display" / f"settings_{stem}.txt").read_text(encoding="utf-8"))
    for page in shown:
        assert page["valid"]
        assert page["settings_version"] == int(stem[1])
    if stem == "v2_start":  # nrfutil looks at five addresses, and this is none of them
        assert theirs == {}
        assert [page["address"] for page in shown] == [0x7A000, 0x79000]
        return
    # It names the lowest address in the file, which is the backup's.
    assert theirs.pop("Start Address") == shown[-1]["address"]
    assert same_numbers(shown[0]) == same_numbers(shown[-1]) == theirs


@pytest.fixture(scope="module")
def nrfutil() -> str:
    return find_nrfutil()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *(f"set_v{version}_{family}" for version in (1, 2) for family in ("NRF51", "NRF52840")),
        "set_v2_noapp",
        "set_v2_sd_VALIDATE_GENERATED_CRC",
        "set_v2_sd_VALIDATE_ECDSA_P256_SHA256",
    ],
)
def test_nrfutil_reads_our_file(name: str, nrfutil: str, firmline: Program, folder: Path) -> None:
    assert firmline(*ours(RUNS[name].words)).code == 0
    page = firmline("settings", "display", "new.hex", "--json").result["pages"][0]
    done = run_nrfutil(nrfutil, "settings", "display", "new.hex", cwd=folder)
    assert done.returncode == 0, done.stderr
    theirs = numbers(done.stdout)
    del theirs["Start Address"]
    assert theirs == same_numbers(page)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("application", "softdevice"),
    [
        ("edge/app0.hex", None),
        ("edge/uicr.hex", None),
        ("edge/gap.hex", None),
        ("edge/odd.hex", None),
        ("edge/odd.bin", None),
        ("in/app_small.hex", "edge/mbr_sd.hex"),
    ],
)
@pytest.mark.parametrize("version", ["1", "2"])
def test_both_make_the_same_file_of_odd_images(
    application: str, softdevice: str | None, version: str, nrfutil: str, firmline: Program
) -> None:
    words = ["settings", "generate", "--family", "NRF52840", "--bl-settings-version", version]
    words += ["--bootloader-version", "3", "--application-version-string", "10.20.30"]
    words += ["--application", str(PEER / application)]
    if softdevice is not None:
        words += ["--softdevice", str(PEER / softdevice)]
    done = run_nrfutil(nrfutil, *words, "theirs.hex", cwd=Path.cwd())
    assert done.returncode == 0, done.stderr
    ran = firmline(*words, "ours.hex")
    assert ran.code == 0, ran.err
    assert Path("ours.hex").read_bytes() == Path("theirs.hex").read_bytes()
