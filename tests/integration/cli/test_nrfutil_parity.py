"""Every ``keys`` and ``pkg generate`` line that nrfutil 6.1.7 was run with, run with ours.

The lines are those of MANIFEST.md in the evidence. Where nrfutil made something, ours is compared
with it field by field; where nrfutil failed, ours says so in one sentence. And nrfutil, where it is
installed, reads what ours makes.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from firmline.formats.init_packet import InitCommand, decode_init_packet
from firmline.formats.keys import PublicKey, SigningKey
from firmline.formats.package import Package, PackageImage, read_package
from firmline.formats.zigbee_ota import ZigbeeOta, decode_zigbee_ota, encode_zigbee_ota
from integration.serving.nrfutil import find_nrfutil
from unit.cli.program import Program, Ran, files_in

EVIDENCE = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "nrfutil"
LINE = re.compile(
    r"^## (\S+)\n`(?:bash -c (.*?))?nrfutil ([^`&]+?)(?: && [^`]*)?`\nrc=(\d+)", re.MULTILINE
)
"""A run's name, what a shell did before, the words, and the exit code."""
C_SOURCE = ("code", "dbgcode")
NOTHING_LEFT = {"in", "keys", "pkg"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One run of nrfutil."""

    name: str
    words: tuple[str, ...]
    code: int
    folder: str = "."


def recorded(*command: str) -> list[Recorded]:
    """The runs of one command; a line that tells where there is no evidence."""
    manifest = EVIDENCE / "MANIFEST.md"
    if not manifest.exists():
        return [Recorded("no evidence", command, -1)]
    runs = [
        Recorded(name, tuple(shlex.split(words)), int(code), "in" if "cd in" in shell else ".")
        for name, shell, words, code in LINE.findall(manifest.read_text())
    ]
    return [run for run in runs if run.words[: len(command)] == command]


GENERATE = recorded("pkg", "generate")
MADE = [run for run in GENERATE if run.code <= 0]
REFUSED = [run for run in GENERATE if run.code > 0]
OCTAL = "err_octal"  # 052 and 010: read as 42 and 8 by nrfutil, refused by us
pytestmark = pytest.mark.skipif(not EVIDENCE.is_dir(), reason="../shared/data/nrfutil is not here")


def named(runs: list[Recorded]) -> list[object]:
    return [pytest.param(run, id=run.name) for run in runs]


@pytest.fixture(autouse=True)
def place(folder: Path) -> Iterator[Path]:
    """The inputs under the names that the lines give them, and a folder for the packages."""
    if EVIDENCE.is_dir():
        shutil.copytree(EVIDENCE / "in", folder / "in")
        shutil.copytree(EVIDENCE / "keys", folder / "keys")
        (folder / "pkg").mkdir()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_the_manifest_has_the_lines_that_are_compared() -> None:
    assert len(MADE) == len(list((EVIDENCE / "pkg").glob("*.zip")))
    assert len(REFUSED) == 10
    assert OCTAL in [run.name for run in MADE]


@pytest.mark.slow
@pytest.mark.parametrize("run", named([run for run in MADE if run.name != OCTAL]))
def test_the_same_words_make_the_same_package(
    run: Recorded, firmline: Program, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.folder)
    ran = firmline(*run.words)
    assert ran.code == 0, ran.err
    ours = read_package(Path(run.words[-1]).read_bytes(), name="ours")
    theirs = read_package((EVIDENCE / "pkg" / f"{run.name}.zip").read_bytes(), name="theirs")
    key = SigningKey.parse_pem((place / "keys/private.key").read_bytes(), name="k").public_key
    if "--zigbee" in run.words:
        _assert_same_zigbee(ours, theirs, key, place)
        return
    for our, their in zip(ours.images, theirs.images, strict=True):
        assert our.firmware == their.firmware
        assert (our.kind, our.bin_name, our.dat_name) == (
            their.kind,
            their.bin_name,
            their.dat_name,
        )
        assert unsigned(our.init_packet.command) == unsigned(their.init_packet.command)
        _assert_signed(our, key, signed="--key-file" in run.words)


def unsigned(command: InitCommand) -> InitCommand:
    """A command without random signatures, and without nrfutil's order of ``sd_req``."""
    entries = tuple(
        replace(entry, data=bytes(len(entry.data))) for entry in command.boot_validations
    )
    return replace(command, boot_validations=entries, sd_req=tuple(sorted(command.sd_req)))


def _assert_signed(image: PackageImage, key: PublicKey, *, signed: bool) -> None:
    packet = image.init_packet
    assert (packet.signature is not None) == signed
    assert packet.signature is None or key.verify(packet.signed_bytes, packet.signature)
    for entry in packet.command.boot_validations:
        part = image.firmware[: image.sd_size or None]
        assert not entry.data or key.verify(part, entry.data)


def _assert_same_zigbee(ours: Package, theirs: Package, key: PublicKey, place: Path) -> None:
    (our_image,), (their_image,) = ours.images, theirs.images
    assert (our_image.bin_name, our_image.dat_name) == (their_image.bin_name, their_image.dat_name)
    our_file, their_file = (
        decode_zigbee_ota(image.firmware, name="z") for image in (our_image, their_image)
    )
    assert (place / "pkg" / our_file.file_name).read_bytes() == encode_zigbee_ota(our_file)
    assert (EVIDENCE / their_file.file_name).read_bytes() == encode_zigbee_ota(their_file)
    assert without_packet(our_file) == without_packet(their_file)
    inner, their_inner = (decode_init_packet(ota.init_packet) for ota in (our_file, their_file))
    assert inner.command == their_inner.command
    assert inner.signature is not None
    assert key.verify(inner.signed_bytes, inner.signature)
    # The outer image holds a signature, and its hash with it: all else is the same.
    outer, their_outer = (image.init_packet.command for image in (our_image, their_image))
    assert replace(outer, hash=b"") == replace(their_outer, hash=b"")
    _assert_signed(our_image, key, signed=True)


def without_packet(ota: ZigbeeOta) -> ZigbeeOta:
    return replace(ota, init_packet=bytes(len(ota.init_packet)))


def test_a_number_with_a_leading_zero_is_not_read_as_octal(firmline: Program, place: Path) -> None:
    (run,) = (run for run in MADE if run.name == OCTAL)
    assert_one_sentence(firmline(*run.words))
    assert {path.name for path in place.iterdir()} == NOTHING_LEFT
    assert not list((place / "pkg").iterdir())


@pytest.mark.parametrize("run", named(REFUSED))
def test_what_nrfutil_refuses_is_refused_in_one_sentence(
    run: Recorded, firmline: Program, place: Path
) -> None:
    before = files_in(place)
    assert_one_sentence(firmline(*run.words))
    assert files_in(place) == before


def assert_one_sentence(ran: Ran) -> None:
    assert ran.code == 2, ran.err
    assert ran.err.count("error: ") == 1
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("run", named(recorded("keys", "display")))
def test_keys_are_shown_in_the_same_forms(run: Recorded, firmline: Program, place: Path) -> None:
    ran = firmline(*run.words)
    assert ran.code == run.code
    if run.code:
        assert_one_sentence(ran)
        return
    text = ran.out
    if "--out_file" in run.words:
        text = (place / run.words[run.words.index("--out_file") + 1]).read_text()
    if "--format" in run.words and run.words[run.words.index("--format") + 1] in C_SOURCE:
        # Of nrfutil's C source the evidence holds nothing but the numbers, which it shows as hex.
        octets = re.findall(r"0x([0-9a-f]{2})\b", text)
        assert "".join(octets) in (EVIDENCE / "log" / "keys_display_pk_hex.txt").read_text()
        assert len(octets) == 64
        assert ("#error" in text) == ("dbgcode" in run.words)
        return
    theirs = (EVIDENCE / "log" / f"{run.name}.txt").read_text()
    theirs = theirs or (EVIDENCE / "keys" / "public_key.pem").read_text()
    assert content_of_key(text) == content_of_key(theirs) != ""


def content_of_key(text: str) -> str:
    """What a form says of the key: the body of its PEM, however wrapped, or the hex digits."""
    if pem := re.search(r"-----BEGIN .*-----END [A-Z ]+-----", text, re.DOTALL):
        return "".join(pem[0].split())
    return "".join(re.findall(r"\b[0-9a-f]{64,}\b", text))


# nrfutil reads what ours makes.

SHAPES = [
    *MADE,
    Recorded(
        "zigbee_range",
        (
            *("pkg", "generate", "--hw-version", "52", "--application-version", "7"),
            *("--application", "in/app_small.hex", "--sd-req", "0x00", "--zigbee", "yes"),
            *("--zigbee-ota-hw-version", "53", "--zigbee-ota-min-hw-version", "50"),
            *("--zigbee-ota-max-hw-version", "60", "--key-file", "keys/private.key"),
            "pkg/zigbee_range.zip",
        ),
        0,
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "run", named([run for run in SHAPES if run.name != OCTAL and run.folder == "."])
)
def test_nrfutil_reads_what_ours_makes(run: Recorded, firmline: Program, place: Path) -> None:
    nrfutil = find_nrfutil()
    assert firmline(*run.words).code == 0
    file = run.words[-1]
    shown = displayed(nrfutil, place, file)
    package = read_package((place / file).read_bytes(), name="p")
    assert len(shown["type"]) == len(package.images)
    for number, image in enumerate(package.images):
        command = image.init_packet.command
        assert shown["type"][number] == command.kind.name
        assert shown["Image file"][number] == image.bin_name
        assert shown["app_size"][number] == str(command.app_size)
        assert shown["sd_size"][number] == str(command.sd_size)
        assert shown["bl_size"][number] == str(command.bl_size)
        assert shown["is_debug"][number] == str(command.is_debug)
        assert f"({command.fw_version})" in shown["fw_version"][number]
        assert command.hash.hex() in shown["hash (little-endian)"][number]
        for entry in command.boot_validations:
            assert entry.type.name in shown["boot_validation_type"][number]
            assert entry.data.hex() in shown["boot_validation_signature (little-endian)"][number]


def displayed(nrfutil: str, place: Path, file: str) -> dict[str, list[str]]:
    """The fields that ``nrfutil pkg display`` shows, by its names, one value for each image."""
    done = subprocess.run(
        [nrfutil, "pkg", "display", file],
        cwd=place,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"\|- ([^:\n]+): ?(.*)$", done.stdout, re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.slow
def test_the_zigbee_file_is_nrfutils_with_other_options_too(firmline: Program, place: Path) -> None:
    nrfutil = find_nrfutil()
    run = SHAPES[-1]
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
    subprocess.run([nrfutil, *run.words], cwd=place, env=env, check=True, capture_output=True)
    name = "FFFF-FFFF-00000007-.zigbee"
    theirs = (place / name).read_bytes()  # nrfutil leaves it in the current folder
    assert firmline(*run.words).code == 0
    ours = (place / "pkg" / name).read_bytes()
    their_file, our_file = decode_zigbee_ota(theirs, name="t"), decode_zigbee_ota(ours, name="o")
    assert encode_zigbee_ota(their_file) == theirs
    assert our_file.hw_versions == (50, 60)
    assert without_packet(our_file) == without_packet(their_file)
