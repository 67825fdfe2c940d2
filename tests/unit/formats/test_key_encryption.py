"""Encrypted key files that would keep the program busy for hours are refused before they are."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest

from firmline.errors import Code
from firmline.formats.key_encryption import MAX_WORK, opening_work
from firmline.formats.keys import SigningKey
from unit.formats.makers import refuses

KEY = SigningKey.generate()
SECRET = b"correct horse"
PBES2, PBKDF2, SCRYPT, PBES1, AES = (
    bytes.fromhex(text)
    for text in (
        "06092a864886f70d01050d",
        "06092a864886f70d01050c",
        "06092b06010401da47040b",
        "060a2a864886f70d010c0103",
        "060960864801650304012a",
    )
)


def value(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    return bytes([tag, 0x82]) + size.to_bytes(2) + content


def integer(number: int) -> bytes:
    return value(2, number.to_bytes(number.bit_length() // 8 + 1))


def sequence(*parts: bytes) -> bytes:
    return value(0x30, *parts)


SALT = value(4, bytes(8))


def pem(*algorithm: bytes) -> bytes:
    """A key file with that algorithm in front of what it encrypted."""
    body = base64.encodebytes(sequence(sequence(*algorithm), value(4, bytes(150))))
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n%s-----END ENCRYPTED PRIVATE KEY-----\n" % body


def pbkdf2(count: int) -> bytes:
    derivation = sequence(PBKDF2, sequence(SALT, integer(count), integer(32)))
    return pem(PBES2, sequence(derivation, sequence(AES, value(4, bytes(16)))))


def scrypt(*numbers: int) -> bytes:
    derivation = sequence(SCRYPT, sequence(SALT, *map(integer, numbers)))
    return pem(PBES2, sequence(derivation, sequence(AES, value(4, bytes(16)))))


def pbes1(count: int) -> bytes:
    return pem(PBES1, sequence(SALT, integer(count)))


@pytest.mark.parametrize(
    ("file", "work"),
    [
        (pbkdf2(1), 1),
        (pbkdf2(600_000), 600_000),
        (pbkdf2(2**31), 2**31),
        (pbkdf2(2**600), 2**600),
        (pbes1(2048), 2048),
        (scrypt(16384, 8, 1), 16384 * 8),
        (scrypt(16384, 8, 1, 32), 16384 * 8),
        (pbkdf2(7) + pbkdf2(9), 9),
        (pbkdf2(9).replace(b"-----\n", b"-----\nName: one\n\n", 1), 9),
        (pbkdf2(9).replace(b"\n", b"\r\n"), 9),
        (KEY.format_pem(), 0),
        (b"", 0),
    ],
)
def test_the_work_a_file_asks_for(file: bytes, work: int) -> None:
    assert opening_work(file) == work


def test_a_damaged_file_asks_for_none_that_could_be_told() -> None:
    body = base64.b64decode(b"".join(pbkdf2(2**31).splitlines()[1:-1]))
    frame = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n%s\n-----END ENCRYPTED PRIVATE KEY-----\n"
    for size in range(len(body)):
        assert opening_work(frame % base64.b64encode(body[:size])) == 0
    assert opening_work(frame % base64.b64encode(body)) == 2**31


@pytest.mark.parametrize("file", [pbkdf2(2**31), pbes1(MAX_WORK + 1), scrypt(2**24, 8, 1)])
def test_absurd_work_is_refused_before_the_password_is_wanted(file: bytes) -> None:
    for password in (None, SECRET):
        with refuses(Code.KEY_MALFORMED, "more than 10,000,000, before it opens"):
            SigningKey.parse_pem(file, name="k", password=password)


def test_what_we_write_can_be_read_by_us() -> None:
    file = KEY.format_pem(password=SECRET)
    assert 1000 < opening_work(file) <= MAX_WORK
    assert SigningKey.parse_pem(file, name="k", password=SECRET).public_key == KEY.public_key


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize(
    ("options", "work"),
    [
        (("-iter", "12345"), 12345),
        (("-v2prf", "hmacWithSHA512", "-iter", "70000"), 70000),
        (("-v1", "PBE-SHA1-3DES", "-iter", "3000"), 3000),
        (("-scrypt", "-scrypt_N", "1024", "-scrypt_r", "4", "-scrypt_p", "2"), 8192),
    ],
)
def test_files_of_openssl(options: tuple[str, ...], work: int, tmp_path: Path) -> None:
    (tmp_path / "k").write_bytes(KEY.format_pem())
    command = ("openssl", "pkcs8", "-topk8", "-in", "k", "-passout", "pass:x", *options)
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert opening_work(done.stdout) == work
