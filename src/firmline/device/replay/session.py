"""A recorded session as values, read from one JSON object (FORMAT.md, sections 2 to 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeVar

from firmline.device.synthetic import synthetic_bytes
from firmline.errors import Code, InputError
from firmline.formats.keys import PublicKey
from firmline.protocol.channels import Channel

_T = TypeVar("_T")
MAX_SOURCE_SIZE: Final = 4 * 1024 * 1024
"""Largest byte source, bytes; ours: the largest flash has 1 MiB."""
MAX_SOURCE_DEPTH: Final = 8
"""How deep the parts of byte sources may lie in one another; ours: recordings need one level."""
_CHANNELS: Final = {
    "control": Channel.CONTROL,
    "packet": Channel.PACKET,
    "uart": Channel.SERIAL,
}
_WORDS: Final[Mapping[type, str]] = {
    dict: "JSON object",
    list: "list",
    str: "text",
    int: "whole number",
}
"""What a field has to be, as its reader calls it."""
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmit:
    """Frames that the host sends; ``observed``: what was recorded."""

    channel: Channel
    frames: tuple[bytes, ...]
    observed: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Something that happens to the unit: a reset, a connection, time."""

    kind: str
    arguments: tuple[str, ...]
    mtu: int
    cccd: bool
    observed: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What must hold at this point."""

    expected: Record


Step = Transmit | Cause | Expect


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One recorded session.

    Attributes:
        id: category/profile/name.
        profile: E.g. ``sdk15.3-ble-256k``.
        public_key: The key the device trusts.
        flash: What is in flash before the first step: addresses and bytes, later ones on top.
        steps: What happens.
        final: The state after the last step.
        is_raw: Raw serial bytes instead of frames.
        has_operations: Steps list their flash operations.
    """

    id: str
    profile: str
    public_key: PublicKey
    flash: tuple[tuple[int, bytes], ...]
    steps: tuple[Step, ...]
    final: Record
    is_raw: bool
    has_operations: bool


def read_session(record: object) -> Session:
    """Read one JSON object.

    Raises:
        InputError: ``TRANSCRIPT_MALFORMED``, with the field that is wrong.
    """
    session = _require(record, dict, "the session")
    blobs = {}
    for name, source in _get(session, "blobs", dict, {}).items():
        with _naming(f"Blob {name[:20]!r}"):
            blobs[name] = read_source(source)
    flash = []
    for index, entry in enumerate(_get(session, "flash", list)):
        with _naming(f"Flash entry {index}"):
            flash.append((_get(entry, "at", int), read_source(entry)))
    steps = []
    for index, step in enumerate(_get(session, "steps", list)):
        with _naming(f"Step {index}"):
            steps.append(_read_step(step, blobs))
    return Session(
        id=_get(session, "id", str),
        profile=_get(session, "profile", str),
        public_key=_public_key(_get(session, "public_key_le_hex", str)),
        flash=tuple(flash),
        steps=tuple(steps),
        final=MappingProxyType(_final(_get(session, "final", dict))),
        is_raw=bool(session.get("raw")),
        has_operations=bool(session.get("optrace")),
    )


def read_source(source: object, *, depth: int = MAX_SOURCE_DEPTH) -> bytes:
    """The bytes of a byte source (FORMAT.md, section 3).

    Args:
        source: As in the JSON object.
        depth: How many levels of parts it may have.

    Raises:
        InputError: ``TRANSCRIPT_MALFORMED``.
    """
    fields = _require(source, dict, "a byte source")
    if "hex" in fields:
        return _hex(_get(fields, "hex", str))
    size = _get(fields, "len", int)
    if not 0 <= size <= MAX_SOURCE_SIZE:
        raise _malformed(f"a byte source has {size} bytes")
    if "sha256ctr" in fields:
        return synthetic_bytes(_seed(_get(fields, "sha256ctr", str)), size)
    if depth == 0:
        raise _malformed(f"byte sources lie more than {MAX_SOURCE_DEPTH} deep in one another")
    content = bytearray(b"\xff" * size)
    for part in _get(fields, "parts", list):
        at, piece = _get(part, "at", int), read_source(part, depth=depth - 1)
        if at < 0 or at + len(piece) > size:
            raise _malformed("a part of a byte source lies outside it")
        content[at : at + len(piece)] = piece
    return bytes(content)


def _read_step(step: object, blobs: Mapping[str, bytes]) -> Step:
    fields = _require(step, dict, "a step")
    if "expect" in fields:
        return Expect(expected=MappingProxyType(_get(fields, "expect", dict)))
    observed = MappingProxyType(fields)
    if "tx" in fields:
        name = _get(fields, "ch", str)
        if name not in _CHANNELS:
            raise _malformed(f"there is no channel {name[:20]!r}")
        frames = _frames(fields["tx"], blobs)
        return Transmit(channel=_CHANNELS[name], frames=frames, observed=observed)
    kind, *arguments = _get(fields, "event", str).split() or [""]
    return Cause(
        kind=kind,
        arguments=tuple(arguments),
        mtu=_get(fields, "mtu", int, 23),
        cccd=bool(fields.get("cccd", 1)),
        observed=observed,
    )


def _frames(tx: object, blobs: Mapping[str, bytes]) -> tuple[bytes, ...]:
    if isinstance(tx, str):
        return (_hex(tx),)
    fields = _require(tx, dict, "tx")
    name = _get(fields, "blob", str)
    if name not in blobs:
        raise _malformed(f"there is no blob {name[:20]!r}")
    start, end = _get(fields, "from", int), _get(fields, "to", int)
    if not 0 <= start <= end <= len(blobs[name]):
        raise _malformed(f"bytes {start} to {end} lie outside the blob {name[:20]!r}")
    data = blobs[name][start:end]
    size = _get(fields, "chunk", int, len(data) or 1)
    if size < 1:
        raise _malformed(f"frames of {size} bytes")
    pre = _hex(_get(fields, "pre", str, ""))
    return tuple(pre + data[at : at + size] for at in range(0, len(data), size))


def _final(final: Record) -> Record:
    """The final state; what it excludes must be ranges, which are counted on later."""
    for excluded in _get(final, "exclude", list, []):
        match excluded:
            case [int(at), int(size)] if at >= 0 and 0 <= size <= MAX_SOURCE_SIZE:
                pass
            case _:
                raise _malformed("the field 'exclude' is not a list of addresses and sizes")
    return final


def _public_key(text: str) -> PublicKey:
    try:
        return PublicKey.from_le_bytes(_hex(text))
    except InputError as error:
        raise _malformed(f"the field 'public_key_le_hex': {error.message.rstrip('.')}") from None


def _seed(text: str) -> str:
    """A seed that has bytes: a lone surrogate, which JSON can spell, has none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _malformed("the field 'sha256ctr' is no text") from None
    return text


@contextmanager
def _naming(where: str) -> Iterator[None]:
    """Put the place in front of what is wrong there."""
    try:
        yield
    except InputError as error:
        raise InputError(error.code, f"{where}: {error.message}") from None


def _get(fields: object, name: str, kind: type[_T], default: _T | None = None) -> _T:
    mapping = _require(fields, dict, f"what holds {name!r}")
    if name not in mapping:
        if default is None:
            raise _malformed(f"the field {name!r} is missing")
        return default
    return _require(mapping[name], kind, f"the field {name!r}")


def _require(value: object, kind: type[_T], what: str) -> _T:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _malformed(f"{what} is no {_WORDS[kind]}")
    return value


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise _malformed(f"{text[:20]!r} is not hexadecimal") from None


def _malformed(what: str) -> InputError:
    return InputError(Code.TRANSCRIPT_MALFORMED, f"The transcript cannot be read: {what}.")
