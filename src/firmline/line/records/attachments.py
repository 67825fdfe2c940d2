"""Attachments: traces, pictures and dumps, each under the SHA-256 of its bytes.

A file is written whole under another name, brought to the disk and renamed: what has a name here is
complete. The same bytes are kept once. What is read is compared with its name: a damaged file is no
evidence.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from firmline.errors import Code, StoreError, shortened
from firmline.line.records.checks import check_sha256
from firmline.line.records.values import Attachment


class AttachmentStore:
    """A folder of attachments: ``ab/cdef...``, the first two digits of the hash as a folder.

    Args:
        folder: Which; it is made with the first attachment.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(
        self, name: str, content: bytes, *, media_type: str = "application/octet-stream"
    ) -> Attachment:
        """Keep these bytes; on the disk when this returns.

        Args:
            name: What the file is called in the record.
            content: Its bytes.
            media_type: What it is.

        Raises:
            StoreError: ``ATTACHMENT_NOT_KEPT``: no space, or no right to write.
        """
        digest = hashlib.sha256(content).hexdigest()
        kept = Attachment(name=name, sha256=digest, size=len(content), media_type=media_type)
        place = self._place(digest)
        try:
            if not _holds(place, content):
                write_whole(place, content)
        except OSError as problem:
            raise StoreError(
                Code.ATTACHMENT_NOT_KEPT,
                f"{shortened(name)} cannot be kept in {shortened(self._folder)}:"
                f" {(problem.strerror or str(problem)).lower()}.",
            ) from problem
        return kept

    def read(self, sha256: str) -> bytes:
        """The bytes with this hash.

        Raises:
            StoreError: ``ATTACHMENT_MISSING`` or ``ATTACHMENT_DAMAGED``.
        """
        check_sha256("attachment", sha256)
        place = self._place(sha256)
        try:
            content = place.read_bytes()
        except OSError:
            raise StoreError(
                Code.ATTACHMENT_MISSING,
                f"The attachment {sha256[:12]}... cannot be read from {shortened(self._folder)}.",
            ) from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StoreError(
                Code.ATTACHMENT_DAMAGED,
                f"{shortened(place)} is not what was kept there: its SHA-256 is another one.",
            )
        return content

    def has(self, sha256: str) -> bool:
        """Whether there is a file with this hash."""
        check_sha256("attachment", sha256)
        return self._place(sha256).is_file()

    def _place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256[2:]


def attachments_beside(database: Path) -> AttachmentStore:
    """The store beside a file of SQLite: ``shift.db.attachments``."""
    return AttachmentStore(database.with_name(f"{database.name}.attachments"))


def _holds(place: Path, content: bytes) -> bool:
    """Whether the file is there and whole; a damaged one is written again."""
    try:
        return place.read_bytes() == content
    except FileNotFoundError:
        return False


def write_whole(place: Path, content: bytes) -> None:
    """Write a file, on the disk when this returns; never half of it under its name.

    Raises:
        OSError: No space, or no right to write.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_name(f".{os.urandom(8).hex()}.part")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)
    finally:
        with suppress(OSError):
            temporary.unlink()
    for folder in (place.parent, place.parent.parent):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk as well; Windows opens no folder, and needs no such thing."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
