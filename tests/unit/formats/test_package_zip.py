from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from firmline.errors import Code
from firmline.formats import package_zip
from firmline.formats.package_zip import read_entries, write_entries
from unit.formats.makers import refuses, zip_file

GOOD = zip_file(("a.bin", b"abcd" * 100), ("b.dat", b"xy"))


def patched(content: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """The file with bytes changed behind the first header of a kind."""
    at = content.index(signature) + offset
    return content[:at] + value + content[at + len(value) :]


@pytest.mark.parametrize("deflated", [False, True])
def test_entries_come_out_in_the_order_of_the_directory(*, deflated: bool) -> None:
    content = zip_file(("b", b"2"), ("a", b"1" * 500), deflated=deflated)
    assert list(read_entries(content, name="p").items()) == [("b", b"2"), ("a", b"1" * 500)]


def test_the_same_entries_give_the_same_bytes_whatever_their_order() -> None:
    first = write_entries({"b.bin": b"2", "a.dat": b"1"})
    assert first == write_entries({"a.dat": b"1", "b.bin": b"2"})
    infos = zipfile.ZipFile(io.BytesIO(first)).infolist()
    assert [info.filename for info in infos] == ["a.dat", "b.bin"]
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.create_system for info in infos} == {3}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}
    assert read_entries(first, name="p") == {"a.dat": b"1", "b.bin": b"2"}


def test_names_beyond_ascii_survive() -> None:
    assert read_entries(write_entries({"größe.bin": b"1"}), name="p") == {"größe.bin": b"1"}


@pytest.mark.parametrize(
    ("content", "code", "fragment"),
    [
        (b"", Code.FILE_EMPTY, "p.zip is empty"),
        (b"hello", Code.PACKAGE_NOT_A_ZIP, "not a zip file"),
        (bytes(16 * 1024 * 1024 + 1), Code.PACKAGE_TOO_LARGE, "16777217 bytes"),
        (GOOD[:-30], Code.PACKAGE_TRUNCATED, "ends before its table of contents"),
        (GOOD[:200], Code.PACKAGE_TRUNCATED, "ends before its table of contents"),
        (GOOD[40:], Code.PACKAGE_TRUNCATED, "damaged or incomplete"),
        (b"PK\x05\x06", Code.PACKAGE_TRUNCATED, "damaged or incomplete"),
        (patched(GOOD, b"abcd", 0, b"x"), Code.PACKAGE_TRUNCATED, "damaged"),
        (patched(GOOD, b"PK\x03\x04", 30, b"z"), Code.PACKAGE_TRUNCATED, "damaged"),
        (patched(GOOD, b"PK\x01\x02", 24, b"\xff\x00"), Code.PACKAGE_TRUNCATED, "damaged"),
        (patched(GOOD, b"PK\x01\x02", 42, b"\xff\xff\xff\x7f"), Code.PACKAGE_TRUNCATED, "damaged"),
        (patched(GOOD, b"PK\x01\x02", 6, b"\x63"), Code.PACKAGE_TRUNCATED, "damaged"),
        (patched(GOOD, b"PK\x01\x02", 8, b"\x01"), Code.PACKAGE_NOT_A_ZIP, "encrypted"),
        (patched(GOOD, b"PK\x01\x02", 8, b"\x41"), Code.PACKAGE_NOT_A_ZIP, "encrypted"),
        (patched(GOOD, b"PK\x01\x02", 10, b"\x0e"), Code.PACKAGE_NOT_A_ZIP, "rare method"),
        (patched(GOOD, b"PK\x01\x02", 10, b"\x08"), Code.PACKAGE_TRUNCATED, "damaged"),
        (zip_file(("a", b""), ("a", b"")), Code.PACKAGE_DUPLICATE_NAME, "two entries named 'a'"),
    ],
)
def test_bad_containers(content: bytes, code: Code, fragment: str) -> None:
    with refuses(code, fragment):
        read_entries(content, name="p.zip")


@pytest.mark.parametrize(
    "name",
    [
        "../a",
        "/etc/passwd",
        "dir/a",
        "dir/",
        "a\\b",
        "C:a",
        "..",
        ".",
        "a\nb",
        "a\x1bb",
        "a\u202eb",
    ],
)
def test_names_that_are_no_plain_file_names(name: str) -> None:
    with refuses(Code.PACKAGE_UNSAFE_NAME, "which is not a plain file name"):
        read_entries(zip_file((name, b"1")), name="p.zip")
    with refuses(Code.PACKAGE_UNSAFE_NAME, "which is not a plain file name"):
        write_entries({name: b"1"})


def test_a_name_that_hides_its_end_behind_a_zero_byte() -> None:
    content = zip_file(("a.bin#.exe", b"1")).replace(b"a.bin#.exe", b"a.bin\x00.exe")
    with refuses(Code.PACKAGE_UNSAFE_NAME, r"'a.bin\x00.exe'"):
        read_entries(content, name="p.zip")


def test_a_message_never_carries_control_characters() -> None:
    with refuses(Code.PACKAGE_UNSAFE_NAME, r"'\x1b[31mred'"):
        read_entries(zip_file(("\x1b[31mred", b"1")), name="p.zip")


def test_names_have_an_end() -> None:
    longest = "n" * 255
    assert read_entries(write_entries({longest: b"1"}), name="p") == {longest: b"1"}
    with refuses(Code.PACKAGE_UNSAFE_NAME, "nnn"):
        write_entries({longest + "n": b"1"})


def test_too_many_entries() -> None:
    entries = [(f"{number}", b"") for number in range(65)]
    assert len(read_entries(zip_file(*entries[:64]), name="p")) == 64
    with refuses(Code.PACKAGE_TOO_LARGE, "65 entries"):
        read_entries(zip_file(*entries), name="p.zip")


def test_thousands_of_entries_are_not_even_listed() -> None:
    with refuses(Code.PACKAGE_TOO_LARGE, "thousands of entries"):
        read_entries(b"PK\x01\x02" * 5000 + b"PK\x05\x06", name="p.zip")


def test_a_bomb_is_refused_by_what_it_claims() -> None:
    bomb = zip_file(("a", bytes(4 * 1024 * 1024 + 1)), deflated=True)
    assert len(bomb) < 10_000
    with refuses(Code.PACKAGE_TOO_LARGE, "an entry of 4194305 bytes"):
        read_entries(bomb, name="p.zip")
    many = zip_file(*((str(n), bytes(4 * 1024 * 1024)) for n in range(4)), deflated=True)
    with refuses(Code.PACKAGE_TOO_LARGE, "unpacks to more than 12 MiB"):
        read_entries(many, name="p.zip")


def test_a_bomb_that_lies_about_its_size_is_cut_off() -> None:
    bomb = zip_file(("a", bytes(50 * 1024 * 1024)), deflated=True)
    liar = patched(bomb, b"PK\x01\x02", 24, struct.pack("<I", 100))
    with refuses(Code.PACKAGE_TRUNCATED, "damaged"):
        read_entries(liar, name="p.zip")


def test_no_more_is_unpacked_than_is_declared() -> None:
    # With a right checksum of its beginning the lie is not seen; 64 of them took half a second.
    bomb = zip_file(("a", bytes(50 * 1024 * 1024)), deflated=True)
    liar = patched(bomb, b"PK\x01\x02", 24, struct.pack("<I", 100))
    liar = patched(liar, b"PK\x01\x02", 16, struct.pack("<I", zlib.crc32(bytes(100))))
    tracemalloc.start()
    assert read_entries(liar, name="p.zip") == {"a": bytes(100)}
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_an_entry_shorter_than_it_claims_is_damaged_even_with_a_right_checksum() -> None:
    content = zip_file(("a", b"1" * 99), deflated=True)
    assert read_entries(content, name="p") == {"a": b"1" * 99}
    liar = patched(content, b"PK\x01\x02", 24, struct.pack("<I", 150))
    with refuses(Code.PACKAGE_TRUNCATED, "damaged"):
        read_entries(liar, name="p.zip")


def test_sizes_of_zip64_are_bounded_like_all_others() -> None:
    extra = struct.pack("<HHQQ", 1, 16, 1 << 62, 1 << 62)
    content = bytearray(zip_file(("a", b"1")))
    at = content.index(b"PK\x01\x02")
    content[at + 20 : at + 28] = b"\xff" * 8
    content[at + 30 : at + 32] = struct.pack("<H", len(extra))
    content[at + 47 : at + 47] = extra
    end = content.index(b"PK\x05\x06")
    struct.pack_into("<I", content, end + 12, 47 + len(extra))
    with refuses(Code.PACKAGE_TOO_LARGE, f"an entry of {1 << 62} bytes"):
        read_entries(bytes(content), name="p.zip")


def test_the_bounds_hold_while_reading_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_zip, "MAX_ENTRY_SIZE", 400)
    assert read_entries(GOOD, name="p")["a.bin"] == b"abcd" * 100
    monkeypatch.setattr(package_zip, "MAX_ENTRY_SIZE", 399)
    with refuses(Code.PACKAGE_TOO_LARGE, "an entry of 400 bytes"):
        read_entries(GOOD, name="p.zip")
