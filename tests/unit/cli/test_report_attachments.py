"""What is sent along with a report."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from firmline.cli.report import attachments
from firmline.cli.report.attachments import (
    MAX_COUNT,
    MAX_LINES,
    Attachment,
    File,
    Shown,
    attached,
    holds_private_key,
    read_attachments,
)
from firmline.errors import Code, InputError
from unit.cli.makers import KEY

PEM = KEY.format_pem()
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>x</script></svg>'


def of(content: bytes, name: str = "x") -> Attachment:
    (attachment,) = attached([File(name=name, content=content)])
    return attachment


def zip_of(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner", content)
    return buffer.getvalue()


def test_a_file_is_named_measured_and_embedded() -> None:
    attachment = of(b"one\ntwo\n", "notes.txt")
    assert attachment.size == 8
    assert attachment.sha256 == hashlib.sha256(b"one\ntwo\n").hexdigest()
    assert base64.b64decode(attachment.content) == b"one\ntwo\n"
    assert attachment.url.startswith("data:application/octet-stream;base64,")
    assert attachment.lines == ("one", "two")


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "image/jpeg"),
        (SVG, "image/svg+xml"),
        (b"<svg/>"[:4] + b" width='1'/>", "image/svg+xml"),
    ],
)
def test_images_are_shown_as_images(content: bytes, media_type: str) -> None:
    attachment = of(content)
    assert (attachment.shown, attachment.media_type) == (Shown.IMAGE, media_type)


@pytest.mark.parametrize(
    "content", [b"<html><script>alert(1)</script>", b"<!doctype html>", b"%PDF-1.7 text"]
)
def test_what_a_browser_would_open_is_mere_bytes(content: bytes) -> None:
    assert of(content).media_type == "application/octet-stream"


@pytest.mark.parametrize("content", [bytes(range(256)) * 8, b"PK\x03\x04" + bytes(64)])
def test_what_is_no_text_shows_no_lines(content: bytes) -> None:
    assert of(content).shown is Shown.NOTHING


def test_long_texts_are_shown_by_their_first_lines() -> None:
    attachment = of(b"line\n" * 100)
    assert len(attachment.lines) == MAX_LINES
    assert attachment.lines_left_out == 100 - MAX_LINES


def test_lines_are_cleaned_and_capped() -> None:
    (line,) = of(b"\x1b[2Jred\x07" + b"x" * 10_000).lines
    assert "\x1b" not in line
    assert len(line) == 200


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_what_powershell_has_redirected_is_shown(encoding: str) -> None:
    assert of("one\r\ntwo\r\n".encode(encoding)).lines == ("one", "two")


def test_the_result_of_another_command_is_told_in_its_words() -> None:
    result = json.dumps({"type": "result", "verdict": "It is the <b>cell</b>."})
    assert of(result.encode()).verdict == "It is the <b>cell</b>."
    assert of(f'{{"type": "run"}}\n{result}\n'.encode()).verdict.startswith("It is")
    compared = {"type": "result", "verdict": "different", "message": "They differ."}
    assert of(json.dumps(compared).encode()).verdict == "They differ."
    for other in ("{}", '{"type": "result", "verdict": 1}', '{"type": "x"}', "{" * 100_000):
        assert of(other.encode()).verdict == ""


def test_large_files_are_listed_and_not_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MAX_EACH", 100)
    monkeypatch.setattr(attachments, "MAX_ALL", 150)
    files = [File(name=str(size), content=b"x" * size) for size in (101, 100, 60, 50)]
    told = [(each.size, bool(each.content), bool(each.why_not)) for each in attached(files)]
    assert told == [(101, False, True), (100, True, False), (60, False, True), (50, True, False)]


@pytest.mark.parametrize(
    "content",
    [
        PEM,
        b"a log\n" * 100 + PEM,
        PEM.decode().encode("utf-16"),
        base64.b64decode("".join(PEM.decode().splitlines()[1:-1])),
        zip_of(PEM),
        zip_of(b"\n" * 1000 + PEM),
    ],
)
def test_a_private_key_does_not_get_into_a_report(content: bytes, tmp_path: Path) -> None:
    assert holds_private_key(content)
    path = tmp_path / "given"
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_attachments([path])
    assert refused.value.code is Code.USAGE
    attachment = of(content)
    assert not attachment.content
    assert "private key" in attachment.why_not
    assert "PRIVATE" not in "".join(attachment.lines) or "MIG" not in "".join(attachment.lines)


@pytest.mark.parametrize(
    "content", [KEY.public_key.format_pem(), zip_of(b"firmware"), b"PK\x03\x04damaged", PNG, b"x"]
)
def test_other_files_hold_none(content: bytes) -> None:
    assert not holds_private_key(content)


def test_a_zip_that_is_locked_or_damaged_is_no_obstacle() -> None:
    whole = zip_of(PEM * 50)
    for damaged in (
        whole[:-5],
        whole[:40] + bytes(20) + whole[60:],
        whole.replace(b"\x08", b"\x63"),
    ):
        of(damaged)


def test_a_log_with_a_password_is_listed_and_not_embedded() -> None:
    attachment = of(b"opened ble:AA?passkey=123456\n")
    assert not attachment.content
    assert "password" in attachment.why_not
    assert attachment.lines == ()  # nor a line of it: who knows what the next one says


@pytest.mark.parametrize(
    "line",
    [
        "password=...",
        "Password: ",
        "Enter the password, please",
        'passkey: null, "password": ""',
        "password: ********",
        "Reset pin: 21",
        "token 5 of 7",
        "a bearer of news",
        "opened ble:AA?passkey=...",
        "firmline keys generate --key-password-file pw.txt",
    ],
)
def test_the_mere_word_is_no_password(line: str) -> None:
    assert of(f"{line}\nnext line\n".encode()).why_not == ""


def test_a_password_is_found_in_any_encoding() -> None:
    assert of("password=hunter2".encode("utf-16")).why_not
    assert of(b"\xff\x80 password=hunter2").why_not


def test_too_many_are_refused_before_any_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_attachments([tmp_path / "missing"] * (MAX_COUNT + 1))
    assert refused.value.code is Code.USAGE
