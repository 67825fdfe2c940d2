"""What is sent along with a report: small files whole, every one with its size and its SHA-256.

Rules of this module:

* A file with a private key in it is refused, also where it is in a zip: it must not leave the line.
* Whoever opens the report sees an image, or the first lines of a text. Everything else is bytes
  that can be saved, and never opened by the page itself.
"""

from __future__ import annotations

import base64
import codecs
import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from firmline.cli.files import PRIVATE_KEY_DER, PRIVATE_KEY_MARK, read_file
from firmline.cli.report.cleaning import MAX_SENTENCE, clean
from firmline.cli.report.passwords import holds_password
from firmline.diagnosis.logs.lines import decode
from firmline.errors import Code, InputError, shortened

MAX_EACH: Final = 4 * 1024 * 1024
"""Largest file that is embedded, bytes; ours: a photograph of a contact, the trace of an update."""
MAX_ALL: Final = 6 * 1024 * 1024
"""How much of them is embedded together, bytes; ours: mail servers take 10 MB, and base64 adds a
third."""
MAX_COUNT: Final = 20
MAX_LINES: Final = 40
"""Lines of a text that are shown; ours: less than a printed page."""
MAX_LOOKED_AT: Final = 64 * 1024
"""Bytes of a text in which its first lines are looked for."""
MAX_ENTRIES: Final = 200
MAX_ENTRY: Final = 1024 * 1024
"""How much of a zip is looked through for a key: entries, and bytes of each; ours."""
IMAGES: Final = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
"""Images by how they begin, which every browser shows."""
SVG: Final = re.compile(
    rb"\s*(<\?xml[^>]{0,200}\?>\s*)?(<!--.{0,2000}?-->\s*)?<svg[\s>]", re.DOTALL
)
"""An SVG is shown as an image, in which a browser runs no script and fetches nothing."""


class Shown(StrEnum):
    """What the page shows of an attachment."""

    IMAGE = "image"
    TEXT = "text"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file.

    Attributes:
        name: Of the file, without its folder, cleaned.
        role: What it is here, in words.
        size: Bytes.
        sha256: Of all of them, hexadecimal.
        media_type: Of an image; of everything else the one of mere bytes.
        shown: What the page shows of it.
        lines: The first lines of a text, cleaned.
        lines_left_out: How many more it has.
        verdict: What the result of another command says in one sentence; empty: it is none.
        content: In base64; empty: it is not embedded.
        why_not: Why it is not; empty where it is.
    """

    name: str
    role: str
    size: int
    sha256: str
    media_type: str
    shown: Shown
    lines: tuple[str, ...]
    lines_left_out: int
    verdict: str
    content: str
    why_not: str

    @property
    def url(self) -> str:
        """The data URL of the embedded file; empty: it is not embedded."""
        return f"data:{self.media_type};base64,{self.content}" if self.content else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file as it was read."""

    name: str
    content: bytes
    role: str = "attached"
    is_told: bool = False
    """Whether the report tells what is in it, so that its first lines would say nothing more."""


def read_attachments(paths: Iterable[Path]) -> tuple[File, ...]:
    """The files that somebody wants to send along.

    Raises:
        InputError: ``USAGE``: too many of them, or one holds a private key; else as
            :func:`~firmline.cli.files.read_file`.
    """
    named = tuple(paths)
    if len(named) > MAX_COUNT:
        raise InputError(
            Code.USAGE,
            f"{len(named)} attachments are more than the {MAX_COUNT} that a report takes.",
            hint="Put some of them into one zip.",
        )
    files = tuple(File(name=each.name, content=read_file(each, what="file")) for each in named)
    for path, file in zip(named, files, strict=True):
        refuse_private_key(
            file.content,
            name=shortened(path),
            hint="Leave it out, or attach the public key: firmline keys display --key pk.",
        )
    return files


def refuse_private_key(content: bytes, *, name: str, hint: str) -> None:
    """See that no private key gets into a report.

    Args:
        content: Of the file.
        name: Of the file, for messages.
        hint: What to do instead.

    Raises:
        InputError: ``USAGE``: there is one in it.
    """
    if holds_private_key(content):
        raise InputError(
            Code.USAGE,
            f"{name} holds a private key, which must not get into a report.",
            hint=hint,
        )


def attached(files: Iterable[File]) -> tuple[Attachment, ...]:
    """The attachments of a report, the first ones embedded as far as there is room."""
    return tuple(_attached(files))


def _attached(files: Iterable[File]) -> Iterator[Attachment]:
    room = MAX_ALL
    for file in files:
        secret = _secret(file.content)
        why_not = secret or _why_not(file.content, room)
        media_type = _media_type(file.content)
        is_text = not secret and not file.is_told and not media_type.startswith("image/")
        lines, left_out = _lines(file.content) if is_text else ((), 0)
        if not why_not:
            room -= len(file.content)
        is_image = media_type.startswith("image/") and not why_not
        yield Attachment(
            name=clean(file.name),
            role=file.role,
            size=len(file.content),
            sha256=hashlib.sha256(file.content).hexdigest(),
            media_type=media_type,
            shown=Shown.IMAGE if is_image else Shown.TEXT if lines else Shown.NOTHING,
            lines=lines,
            lines_left_out=left_out,
            verdict="" if secret else _verdict(file.content),
            content="" if why_not else base64.b64encode(file.content).decode(),
            why_not=why_not,
        )


def _why_not(content: bytes, room: int) -> str:
    """Why a file without a secret is not embedded; empty: it is."""
    if len(content) > MAX_EACH:
        return f"it is larger than {MAX_EACH // 2**20} MiB"
    if len(content) > room:
        return f"all together would be larger than {MAX_ALL // 2**20} MiB"
    return ""


def _secret(content: bytes) -> str:
    """What is secret in a file; empty: nothing that looks like it."""
    if holds_private_key(content):
        return "it holds a private key"
    # An image is no text, and its bytes may look like anything; an SVG is one.
    is_picture = content.startswith(tuple(IMAGES))
    if not is_picture and holds_password(content):
        return "it holds what looks like a password, a PIN or a token"
    return ""


def holds_private_key(content: bytes) -> bool:
    """Whether there is a private key in a file: PEM anywhere in it, DER at its beginning.

    UTF-16 and the entries of a zip are looked into as well.
    """
    mark = PRIVATE_KEY_MARK.decode()
    if any(mark.encode(each) in content for each in ("ascii", "utf-16-le", "utf-16-be")):
        return True
    if PRIVATE_KEY_DER.match(content):
        return True
    return content.startswith(b"PK\x03\x04") and any(map(holds_key_plainly, _entries(content)))


def holds_key_plainly(content: bytes) -> bool:
    """The same, of what is no zip."""
    return PRIVATE_KEY_MARK in content or PRIVATE_KEY_DER.match(content) is not None


def _entries(content: bytes) -> Iterator[bytes]:
    """What is in a zip, as far as it can be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist()[:MAX_ENTRIES]:
                with archive.open(entry) as file:
                    yield file.read(MAX_ENTRY)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError, EOFError):
        return  # it is damaged, or locked with a password: nobody else reads a key out of it either


def _media_type(content: bytes) -> str:
    for start, media_type in IMAGES.items():
        if content.startswith(start):
            return media_type
    return "image/svg+xml" if SVG.match(content) else "application/octet-stream"


def _lines(content: bytes) -> tuple[tuple[str, ...], int]:
    """The first lines of a text, and how many more there are; none of what is no text."""
    start = content[:MAX_LOOKED_AT]
    if b"\0" in start and not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return (), 0
    text = decode(start)
    if text is None:
        return (), 0
    shown = tuple(clean(row) for row in text.rows[:MAX_LINES])
    count = text.count if len(content) <= MAX_LOOKED_AT else content.count(b"\n")
    return shown, max(0, count - len(shown))


def _verdict(content: bytes) -> str:
    """What another command's result says in a sentence (``diagnose compare --json`` and so on)."""
    if content[:1] != b"{" or len(content) > MAX_EACH:
        return ""
    last = content.rstrip().rpartition(b"\n")[2]
    for text in (last, content):
        try:
            result = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(result, dict) and result.get("type") == "result":
            told = [result.get(name) for name in ("message", "verdict")]
            sentences = [each for each in told if isinstance(each, str) and each]
            return clean(sentences[0], MAX_SENTENCE) if sentences else ""
    return ""
