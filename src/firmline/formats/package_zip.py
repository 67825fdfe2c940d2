"""The zip container of a package: a careful reader and a reproducible writer.

Rules of this module: a package comes from anywhere, so nothing in it is trusted. Sizes are bounded
before and while bytes are unpacked, whatever the directory claims; names are plain file names;
nothing is written to disk. The same entries always give the same bytes, on every platform.

nrfutil stores its entries, other makers deflate them; other methods are refused, because their
decoders can be made to take gigabytes of memory. With these bounds a high compression ratio does no
harm, and an image of 0xFF has one.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime

from firmline.errors import Code, InputError

MAX_PACKAGE_SIZE = 16 * 1024 * 1024  # all ours: the images of one unit fit into 1 MiB
MAX_ENTRIES = 64
MAX_ENTRY_SIZE = 4 * 1024 * 1024
MAX_TOTAL_SIZE = 12 * 1024 * 1024
MAX_NAME_LENGTH = 255

_LOCAL_HEADER = b"PK\x03\x04"
_DIRECTORY_HEADER = b"PK\x01\x02"
_DIRECTORY_END = b"PK\x05\x06"
_MAX_SIGNATURES = 4096  # firmware may hold a few by chance, not thousands
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1 | 0x40  # general purpose bits 0 and 6 (PKWARE APPNOTE 4.4.4)
# The first and last moments that a zip can hold (PKWARE APPNOTE 4.4.6: MS-DOS date and time).
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
LATEST = datetime(2107, 12, 31, 23, 59, 59, tzinfo=UTC)
_UNIX, _REGULAR_FILE = 3, 0o100644 << 16
# What zipfile raises on broken input, beyond its own error.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


def read_entries(content: bytes, *, name: str) -> dict[str, bytes]:
    """Unpack a zip file of at most 16 MiB into memory.

    Args:
        content: The file.
        name: What to call it in a message.

    Returns:
        The entries by name, in the directory's order.

    Raises:
        InputError: ``FILE_EMPTY``, ``PACKAGE_NOT_A_ZIP`` (also for encryption and rare methods),
            ``PACKAGE_TRUNCATED`` (also for damaged entries), ``PACKAGE_TOO_LARGE``,
            ``PACKAGE_UNSAFE_NAME`` or ``PACKAGE_DUPLICATE_NAME``.
    """
    _check_container(content, name)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            _check_directory(infos, name)
            return {info.filename: _unpack(archive, info, name) for info in infos}
    except _DAMAGE:
        raise _damaged(name) from None


def write_entries(entries: Mapping[str, bytes], *, time: datetime = EARLIEST) -> bytes:
    """Pack entries into a zip file: stored, sorted by name.

    Args:
        entries: What, by name.
        time: When they were made, as all entries will say. A zip holds no time zone and every
            second second: it is written in UTC and rounded down.

    Raises:
        InputError: ``PACKAGE_UNSAFE_NAME``, or ``NUMBER_OUT_OF_RANGE`` for a time before 1980 or
            after 2107.
    """
    if not EARLIEST <= time <= LATEST:
        raise InputError(
            Code.NUMBER_OUT_OF_RANGE,
            f"A zip file holds times from 1980 to 2107, not {time.astimezone(UTC):%Y-%m-%d}.",
        )
    moment = time.astimezone(UTC).timetuple()[:6]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for entry_name in sorted(entries):
            check_entry_name(entry_name, package="The new package")
            info = zipfile.ZipInfo(entry_name, moment)
            info.create_system, info.external_attr = _UNIX, _REGULAR_FILE
            archive.writestr(info, entries[entry_name])
    return buffer.getvalue()


def check_entry_name(entry_name: str, *, package: str) -> None:
    """Refuse a name that is no plain file name: folders, drives, control characters.

    Raises:
        InputError: ``PACKAGE_UNSAFE_NAME``.
    """
    plain = entry_name.isprintable() and not any(mark in entry_name for mark in "/\\:")
    if not plain or entry_name in ("", ".", "..") or len(entry_name) > MAX_NAME_LENGTH:
        raise InputError(
            Code.PACKAGE_UNSAFE_NAME,
            f"{package} has an entry named {entry_name[:60]!a}, which is not a plain file name.",
            hint="The files of a package lie at its top, not in folders.",
        )


def _check_container(content: bytes, name: str) -> None:
    if not content:
        raise InputError(Code.FILE_EMPTY, f"{name} is empty.")
    if len(content) > MAX_PACKAGE_SIZE:
        raise _too_large(name, f"has {len(content)} bytes")
    if _DIRECTORY_END not in content:
        if content.startswith(_LOCAL_HEADER):
            raise InputError(
                Code.PACKAGE_TRUNCATED,
                f"{name} ends before its table of contents.",
                hint="The copy or download stopped early; take the file again.",
            )
        raise InputError(Code.PACKAGE_NOT_A_ZIP, f"{name} is not a zip file.")
    if content.count(_DIRECTORY_HEADER) > _MAX_SIGNATURES:
        raise _too_large(name, "has thousands of entries")


def _check_directory(infos: list[zipfile.ZipInfo], name: str) -> None:
    if len(infos) > MAX_ENTRIES:
        raise _too_large(name, f"has {len(infos)} entries")
    seen = set()
    for info in infos:
        check_entry_name(info.orig_filename, package=name)
        if info.filename in seen:
            raise InputError(
                Code.PACKAGE_DUPLICATE_NAME,
                f"{name} has two entries named {info.filename!a}.",
            )
        seen.add(info.filename)
        if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
            raise InputError(
                Code.PACKAGE_NOT_A_ZIP,
                f"{name} is encrypted or packed by a rare method ({info.filename!a}); a"
                " package is a plain zip file.",
            )
        if info.file_size > MAX_ENTRY_SIZE:
            raise _too_large(name, f"has an entry of {info.file_size} bytes")
    if sum(info.file_size for info in infos) > MAX_TOTAL_SIZE:
        raise _too_large(name, "unpacks to more than 12 MiB")


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    with archive.open(info) as entry:
        # No more than is declared: zipfile unpacks all that is asked for, and cuts it off then.
        data = entry.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise _damaged(name)
    return data


def _damaged(name: str) -> InputError:
    return InputError(
        Code.PACKAGE_TRUNCATED,
        f"{name} is a damaged or incomplete zip file.",
        hint="Take the file again from where it was made.",
    )


def _too_large(name: str, what: str) -> InputError:
    return InputError(Code.PACKAGE_TOO_LARGE, f"{name} {what}, which no package of firmware has.")
