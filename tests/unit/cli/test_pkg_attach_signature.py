"""``pkg generate --unsigned-request`` and ``pkg attach-signature``: two steps make one package."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from firmline.errors import Code
from firmline.formats.keys import SigningKey
from unit.cli.makers import GENERATE, KEY, inputs
from unit.cli.program import Program, assert_failed, files_in

APP = ("--application", "app.hex")
SYSTEM = (*APP, "--softdevice", "sd.hex", "--sd-id", "0x101")
BOOT = ("--app-boot-validation", "VALIDATE_ECDSA_P256_SHA256")
BOTH = (*BOOT, "--sd-boot-validation", "VALIDATE_ECDSA_P256_SHA256")
ASK = (*GENERATE, "--unsigned-request", "request", "unsigned.zip")
ATTACH = ("pkg", "attach-signature", "--request", "request", "--public-key", "public.pem")
DONE = (*ATTACH, "unsigned.zip", "signed.zip")


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    inputs(folder)
    (folder / "public.pem").write_bytes(KEY.public_key.format_pem())


def ask(firmline: Program, *words: str) -> None:
    assert firmline(*ASK, *words).code == 0


def der(signature: bytes) -> bytes:
    r, s = (int.from_bytes(half, "little") for half in (signature[:32], signature[32:]))
    return encode_dss_signature(r, s)


def sign(folder: Path, key: SigningKey = KEY) -> None:
    """What the owner of the offline key does."""
    for path in folder.glob("*.tosign"):
        path.with_suffix(".sig").write_bytes(der(key.sign(path.read_bytes())))


def at_once(firmline: Program, folder: Path, *words: str) -> bytes:
    assert firmline(*GENERATE, *words, "--key-file", "private.key", "once.zip").code == 0
    return (folder / "once.zip").read_bytes()


@pytest.mark.parametrize(
    "words", [APP, SYSTEM, (*APP, "--external-app"), (*APP, "--timestamp", "2026-01-02T03:04:06Z")]
)
def test_two_steps_make_what_one_makes(
    words: tuple[str, ...], firmline: Program, folder: Path
) -> None:
    ran = firmline(*ASK, *words)
    assert ran.code == 0
    assert "request/application.tosign" in ran.out
    assert "not signed" not in ran.err
    sign(folder / "request")
    ran = firmline(*DONE)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Signed package: signed.zip (")
    assert (folder / "signed.zip").read_bytes() == at_once(firmline, folder, *words)


@pytest.mark.parametrize("words", [(*APP, *BOOT), (*SYSTEM, *BOOT), (*SYSTEM, *BOTH)])
def test_boot_validations_are_signed_in_a_round_before(
    words: tuple[str, ...], firmline: Program, folder: Path
) -> None:
    ask(firmline, *words)
    assert (folder / "request" / "application.boot.tosign").is_file()
    assert not (folder / "request" / "application.tosign").exists()
    sign(folder / "request")
    ran = firmline(*ATTACH, "--next-request", "second", "unsigned.zip", "half.zip")
    assert ran.code == 0
    assert "second/application.tosign" in ran.out
    sign(folder / "second")
    again = ("--request", "second", "--public-key", "public.pem", "half.zip", "signed.zip")
    assert firmline("pkg", "attach-signature", *again).code == 0
    assert (folder / "signed.zip").read_bytes() == at_once(firmline, folder, *words)


def test_openssl_signs_what_is_asked_for(firmline: Program, folder: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl here")
    ask(firmline, *APP)
    words = ("dgst", "-sha256", "-sign", "private.key", "-out", "request/application.sig")
    command = [openssl, *words, "request/application.tosign"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    assert firmline(*DONE).code == 0
    shown = firmline("pkg", "display", "signed.zip", "--json").result
    assert shown["images"][0]["signature"] is not None


def test_a_signature_may_lie_elsewhere_and_the_key_be_private(
    firmline: Program, folder: Path
) -> None:
    ask(firmline, *APP)
    signature = KEY.sign((folder / "request" / "application.tosign").read_bytes())
    (folder / "hex.txt").write_text(der(signature).hex())
    words = ("--request", "request", "--public-key", "private.key", "unsigned.zip", "signed.zip")
    named = ("--signature", "application=hex.txt")
    assert firmline("pkg", "attach-signature", *words, *named).code == 0
    assert (folder / "signed.zip").read_bytes() == at_once(firmline, folder, *APP)


def test_several_signatures_may_be_named(firmline: Program, folder: Path) -> None:
    ask(firmline, *SYSTEM)
    sign(folder / "request")
    named = []
    for name in ("softdevice", "application"):
        (folder / "request" / f"{name}.sig").rename(folder / f"{name[:3]}.der")
        named += ["--signature", f"{name}={name[:3]}.der"]
    assert firmline(*DONE, *named).code == 0
    assert (folder / "signed.zip").read_bytes() == at_once(firmline, folder, *SYSTEM)


# What is refused; nothing is written then.


@pytest.fixture
def asked(firmline: Program, folder: Path) -> Path:
    """The folder of a request for two signatures, signed."""
    ask(firmline, *SYSTEM)
    sign(folder / "request")
    return folder / "request"


def refused(firmline: Program, folder: Path, code: Code, fragment: str, *words: str) -> None:
    before = files_in(folder)
    ran = firmline(*(words or DONE))
    assert_failed(ran, code)
    assert fragment in ran.err
    assert files_in(folder) == before


def test_a_signature_of_another_key(firmline: Program, folder: Path, asked: Path) -> None:
    sign(asked, SigningKey.generate())
    refused(firmline, folder, Code.SIGNATURE_WRONG, "not this key's on softdevice.tosign")


def test_two_rounds_by_two_keys(firmline: Program, folder: Path) -> None:
    other = SigningKey.generate()
    (folder / "other.pem").write_bytes(other.public_key.format_pem())
    ask(firmline, *APP, *BOOT)
    sign(folder / "request", other)
    first = ("--request", "request", "--public-key", "other.pem", "--next-request", "second")
    assert firmline("pkg", "attach-signature", *first, "unsigned.zip", "half.zip").code == 0
    sign(folder / "second")
    second = ("--request", "second", "--public-key", "public.pem", "half.zip", "signed.zip")
    words = ("pkg", "attach-signature", *second)
    refused(firmline, folder, Code.SIGNATURE_WRONG, "by another key than this one", *words)


def test_swapped_signatures(firmline: Program, folder: Path, asked: Path) -> None:
    (asked / "softdevice.sig").rename(asked / "x")
    (asked / "application.sig").rename(asked / "softdevice.sig")
    (asked / "x").rename(asked / "application.sig")
    refused(firmline, folder, Code.SIGNATURE_WRONG, "swapped")


def test_missing_signatures_are_all_named(firmline: Program, folder: Path, asked: Path) -> None:
    (asked / "softdevice.sig").unlink()
    (asked / "application.sig").unlink()
    refused(firmline, folder, Code.SIGNATURE_MISSING, "no softdevice.sig, application.sig")


def test_something_that_is_no_signature(firmline: Program, folder: Path, asked: Path) -> None:
    (asked / "softdevice.sig").write_bytes((asked / "softdevice.tosign").read_bytes())
    refused(firmline, folder, Code.SIGNATURE_MALFORMED, "is not an ECDSA signature")


@pytest.mark.usefixtures("asked")
def test_a_package_of_another_request(firmline: Program, folder: Path) -> None:
    assert firmline(*GENERATE, *APP, "unsigned.zip").code == 0
    refused(firmline, folder, Code.SIGNING_REQUEST_OTHER, "unsigned.zip is not the package")


@pytest.mark.usefixtures("asked")
def test_a_signed_package(firmline: Program, folder: Path) -> None:
    assert firmline(*GENERATE, *APP, "--key-file", "private.key", "unsigned.zip").code == 0
    refused(firmline, folder, Code.SIGNATURE_NOT_WANTED, "unsigned.zip is signed already")


@pytest.mark.usefixtures("asked")
def test_a_signature_that_is_not_asked_for(firmline: Program, folder: Path) -> None:
    words = (*DONE, "--signature", "bootloader=public.pem")
    refused(firmline, folder, Code.SIGNATURE_NOT_WANTED, "named 'bootloader'", *words)


@pytest.mark.usefixtures("asked")
def test_a_signature_named_twice(firmline: Program, folder: Path) -> None:
    words = (*DONE, *("--signature", "application=a") * 2)
    refused(firmline, folder, Code.OPTION_CONFLICT, "twice", *words)


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("value", ["application", "=file", "application="])
def test_a_signature_without_name_or_file(value: str, firmline: Program, folder: Path) -> None:
    refused(firmline, folder, Code.USAGE, "", *DONE, "--signature", value)


def test_a_damaged_request(firmline: Program, folder: Path, asked: Path) -> None:
    (asked / "request.json").write_text("{}")
    refused(firmline, folder, Code.SIGNING_REQUEST_MALFORMED, "request/request.json")


def test_a_folder_that_is_no_request(firmline: Program, folder: Path, asked: Path) -> None:
    (asked / "request.json").unlink()
    refused(firmline, folder, Code.FILE_MISSING, "signing request")


@pytest.mark.usefixtures("asked")
def test_the_output_is_not_an_input(firmline: Program, folder: Path) -> None:
    for taken in ("unsigned.zip", "request/softdevice.tosign"):
        words = (*ATTACH, "unsigned.zip", taken)
        refused(firmline, folder, Code.OPTION_CONFLICT, "is read by this command", *words)


@pytest.mark.usefixtures("asked")
def test_a_next_request_that_is_not_needed(firmline: Program, folder: Path) -> None:
    words = (*DONE, "--next-request", "second")
    refused(firmline, folder, Code.OPTION_CONFLICT, "is complete", *words)


def test_a_next_request_that_is_needed(firmline: Program, folder: Path) -> None:
    ask(firmline, *APP, *BOOT)
    sign(folder / "request")
    refused(firmline, folder, Code.OPTION_MISSING, "--next-request is missing")


# The request's folder.


def test_an_empty_folder_may_be_there(firmline: Program, folder: Path) -> None:
    (folder / "request").mkdir()
    ask(firmline, *APP)
    assert {path.name for path in (folder / "request").iterdir()} == {
        "application.tosign",
        "request.json",
    }
    assert json.loads((folder / "request" / "request.json").read_text())["version"] == 1


@pytest.mark.parametrize("is_folder", [True, False])
def test_anything_else_of_that_name_is_left_alone(
    is_folder: bool, firmline: Program, folder: Path
) -> None:
    if is_folder:
        (folder / "request").mkdir()
        (folder / "request" / "mine").touch()
    else:
        (folder / "request").write_text("mine")
    refused(firmline, folder, Code.FILE_EXISTS, "not an empty folder", *ASK, *APP)


def test_no_request_without_its_package(firmline: Program, folder: Path) -> None:
    words = (*GENERATE, *APP, "--unsigned-request", "request", "none/unsigned.zip")
    refused(firmline, folder, Code.FILE_NOT_WRITABLE, "there is no folder none", *words)


def test_no_package_without_its_request(firmline: Program, folder: Path) -> None:
    words = (*GENERATE, *APP, "--unsigned-request", "none/request", "unsigned.zip")
    refused(firmline, folder, Code.FILE_NOT_WRITABLE, "there is no folder none", *words)


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("zipfile", ["request", "./request", "request/dfu.zip", "link/dfu.zip"])
def test_request_and_package_each_have_their_place(
    zipfile: str, there: bool, firmline: Program, folder: Path
) -> None:
    (folder / "link").symlink_to("request")
    if there:
        (folder / "request").mkdir()
    words = (*GENERATE, *APP, "--unsigned-request", "request", zipfile)
    refused(firmline, folder, Code.OPTION_CONFLICT, "Give each output a place", *words)


def test_a_folder_that_cannot_be_replaced_leaves_no_package(
    firmline: Program, folder: Path
) -> None:
    (folder / "empty").mkdir()
    (folder / "request").symlink_to("empty")
    refused(firmline, folder, Code.FILE_NOT_WRITABLE, "request cannot be made", *ASK, *APP)


def test_an_empty_folder_is_given_back_without_a_package(firmline: Program, folder: Path) -> None:
    (folder / "request").mkdir()
    (folder / "unsigned.zip").mkdir()
    refused(firmline, folder, Code.FILE_NOT_WRITABLE, "unsigned.zip cannot", *ASK, *APP)


@pytest.mark.parametrize("name", ["request.json", "application.sig"])
def test_the_request_is_not_written_over(name: str, firmline: Program, folder: Path) -> None:
    ask(firmline, *APP)
    sign(folder / "request")
    before = (folder / "request" / name).read_bytes()
    words = (*ATTACH, "unsigned.zip", f"request/{name}")
    refused(firmline, folder, Code.OPTION_CONFLICT, "is read by this command", *words)
    assert (folder / "request" / name).read_bytes() == before


def test_a_key_at_hand_contradicts_a_key_elsewhere(firmline: Program, folder: Path) -> None:
    words = (*ASK, *APP, "--key-file", "private.key")
    refused(firmline, folder, Code.OPTION_CONFLICT, "--unsigned-request", *words)
