"""PKCS#11 URIs (RFC 7512): which key, on which token, through which module.

Rules of this module: text only, nothing is opened. An attribute that is not known is refused, for
it was meant to select something. What is shown of a URI is its path, never its query, where a PIN
may stand; nor is a piece of the query named that may belong to a PIN.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, unquote_to_bytes

from firmline.errors import Code, InputError, without_pin

SCHEME: Final = "pkcs11:"
"""In lower case; a URI's scheme may be written in either (RFC 3986, section 3.1)."""
_PATH: Final = ("token", "manufacturer", "serial", "model", "slot-id", "object", "id", "type")
_QUERY: Final = ("pin-source", "pin-value", "module-path", "x-public-key")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUri:
    """What a URI says; empty where it says nothing.

    Attributes:
        token: Label of the token.
        manufacturer: Of the token.
        serial: Of the token.
        model: Of the token.
        slot_id: Number of the slot it is in; None for any.
        object: Label of the key.
        id: Identifier of the key, bytes.
        pin_file: A file with the PIN (``pin-source``).
        pin_value: The PIN itself.
        module_path: The library of the token's maker.
        public_key: A PEM file with the public key, for tokens that hold the private half alone;
            the attribute ``x-public-key`` is ours.
    """

    token: str = ""
    manufacturer: str = ""
    serial: str = ""
    model: str = ""
    slot_id: int | None = None
    object: str = ""
    id: bytes = b""
    pin_file: str = ""
    pin_value: str = field(default="", repr=False)
    module_path: str = ""
    public_key: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """The files on this computer that it names."""
        named = (self.pin_file, self.module_path, self.public_key)
        return tuple(filter(None, named))

    def __str__(self) -> str:
        said = {"token": self.token, "serial": self.serial, "object": self.object}
        words = [f"{name}={quote(value, safe=' ')}" for name, value in said.items() if value]
        if self.id:
            words.append("id=" + "".join(f"%{octet:02X}" for octet in self.id))
        return without_pin(SCHEME + ";".join(words))  # one that strayed into the path


def is_token_uri(text: str) -> bool:
    """Whether a text is the URI of something on a token, right or wrong."""
    return text[: len(SCHEME)].lower() == SCHEME


def parse_token_uri(text: str) -> TokenUri:
    """Read a URI that begins with ``pkcs11:``.

    Raises:
        InputError: ``PKCS11_URI_MALFORMED``.
    """
    if not is_token_uri(text):
        raise _malformed(f"does not begin with {SCHEME}")
    path, _, query = text[len(SCHEME) :].partition("?")
    said = _attributes(path, ";", _PATH)
    asked = _attributes(query, "&", _QUERY)
    kind = _text("type", said.get("type", b"private"))
    if kind != "private":
        raise _malformed(f"names an object of type {kind[:20]!a}; a signing key has type=private")
    if "pin-source" in asked and "pin-value" in asked:
        raise _malformed("has both pin-source and pin-value")
    words = {name: _text(name, value) for name, value in {**said, **asked}.items() if name != "id"}
    return TokenUri(
        token=words.get("token", ""),
        manufacturer=words.get("manufacturer", ""),
        serial=words.get("serial", ""),
        model=words.get("model", ""),
        slot_id=_slot(words.get("slot-id")),
        object=words.get("object", ""),
        id=said.get("id", b""),
        pin_file=_pin_file(words.get("pin-source", "")),
        pin_value=words.get("pin-value", ""),
        module_path=words.get("module-path", ""),
        public_key=words.get("x-public-key", ""),
    )


def _attributes(part: str, separator: str, known: tuple[str, ...]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for attribute in filter(None, part.split(separator)):
        name, equals, value = attribute.partition("=")
        if name not in known and "pin-value" in found:
            raise _malformed(
                "has something behind pin-value that is no attribute; an & in a PIN is written %26"
            )
        if name not in known:
            where = "before" if separator == ";" else "behind"
            raise _malformed(
                f"has an attribute {name[:30]!a} that is not known {where} the question mark; known"
                f" there: {', '.join(known)}"
            )
        if not equals or not value:
            raise _malformed(f"gives no value for {name}")
        if name in found:
            raise _malformed(f"names {name} twice")
        found[name] = unquote_to_bytes(value)
    return found


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise _malformed(f"has a value of {name} that is not UTF-8") from None


def _pin_file(source: str) -> str:
    """The path in a ``pin-source``: a path, or a ``file:`` URI (RFC 7512, section 2.4)."""
    place = unquote(source.removeprefix("file:")) if source.startswith("file:") else source
    if place.startswith("//"):  # file://host/path, with no host or with our own
        host, slash, rest = place[2:].partition("/")
        place = slash + rest if host in ("", "localhost") else ""
    if source and (not place or place.startswith("|")):
        raise InputError(
            Code.PKCS11_URI_MALFORMED,
            "The key's PKCS#11 URI has a pin-source that is not a file on this computer.",
            hint="Name a file: pin-source=/path/to/pin; programs are not started.",
        )
    return place


def _slot(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise _malformed("has a slot-id that is not a decimal number")
    return int(text)


def _malformed(what: str) -> InputError:
    return InputError(Code.PKCS11_URI_MALFORMED, f"The key's PKCS#11 URI {what}.")
