"""A signing key on a token: found, opened, and every signature verified before it is used.

The token signs a SHA-256 that is made here (mechanism CKM_ECDSA: r and s, big-endian, PKCS#11 v2.40
section 2.3.1), because not every token can hash. Most draw a random number for each signature, so
two signatures of the same bytes differ.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from firmline.errors import Code, InputError
from firmline.formats.keys import NUMBER_SIZE, PublicKey
from firmline.tokens.uri import TokenUri

if TYPE_CHECKING:
    import pkcs11
    import pkcs11.types

_P256: Final = bytes.fromhex("06082a8648ce3d030107")  # OID 1.2.840.10045.3.1.7 in DER
_POINT_SIZE: Final = 1 + 2 * NUMBER_SIZE  # 0x04, x, y (SEC 1, section 2.3.3)
_MAX_LISTED: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSigner:
    """A :class:`~firmline.formats.keys.Signer` whose private key is on a token.

    Attributes:
        name: What to call the key in a message.
        public_key: The half that a bootloader holds.
    """

    name: str
    public_key: PublicKey
    _key: Any = field(repr=False)
    _session: Any = field(repr=False)
    _pin: str | None = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """64 bytes, r then s, each little-endian: ECDSA over the SHA-256 of ``data``.

        Raises:
            InputError: ``PKCS11_FAILED``, or ``PKCS11_PIN`` for a key that asks for it each time.
        """
        from pkcs11 import Mechanism  # noqa: PLC0415 - an extra, loaded when it is needed

        with _told(self.name):
            raw: bytes = self._key.sign(
                hashlib.sha256(data).digest(), mechanism=Mechanism.ECDSA, pin=self._pin
            )
        signature = raw[:NUMBER_SIZE][::-1] + raw[NUMBER_SIZE:][::-1]
        if not self.public_key.verify(data, signature):
            raise InputError(
                Code.PKCS11_FAILED,
                f"A signature of {self.name} does not belong to the public key that was found for"
                " it, and was not used.",
                hint="See that the public key or certificate on the token has the id of the private"
                " key, or name the right one with x-public-key=FILE in the URI.",
            )
        return signature

    def close(self) -> None:
        """Give the token back."""
        with contextlib.suppress(RuntimeError):  # python-pkcs11's root: the token is gone already
            self._session.close()


def open_token_signer(
    uri: TokenUri,
    *,
    module: str,
    ask_pin: Callable[[str], str],
    public_key: PublicKey | None = None,
) -> TokenSigner:
    """Find a key, log in, and see that it can sign for a bootloader.

    Args:
        uri: Which key.
        module: Path of the PKCS#11 module.
        ask_pin: Gives the PIN of the token with the label that it gets; called once, and only when
            the token is there and wants one.
        public_key: For a token that does not hold it.

    Raises:
        InputError: ``PKCS11_*``, or ``KEY_WRONG_CURVE``.
    """
    token = _find_token(uri, module)
    pin = _pin(token, ask_pin)
    name = f"the key {uri}"
    with _told(name):
        session = token.open(user_pin=pin)
    try:
        with _told(name):
            key = _private_key(session, uri)
            return TokenSigner(
                name=name,
                public_key=public_key or _public_key(session, key, name),
                _key=key,
                _session=session,
                _pin=pin if isinstance(pin, str) and _asks_each_time(key) else None,
            )
    except BaseException:
        session.close()
        raise


def read_public_key(uri: TokenUri, *, module: str, ask_pin: Callable[[str], str]) -> PublicKey:
    """Find the public half of a key; log in only where it cannot be seen without.

    What anybody may read are public keys and certificates. If those that the URI means hold one key
    on P-256, it is that; with none or several, the private key says which it is.

    Args:
        uri: Which key.
        module: Path of the PKCS#11 module.
        ask_pin: As for :func:`open_token_signer`.

    Raises:
        InputError: ``PKCS11_*``, or ``KEY_WRONG_CURVE``.
    """
    token = _find_token(uri, module)
    with _told(f"the key {uri}"):
        session = token.open()
        try:
            found = set(_visible_keys(session, uri))
        finally:
            session.close()
    if len(found) == 1:
        return found.pop()
    signer = open_token_signer(uri, module=module, ask_pin=ask_pin)
    signer.close()
    return signer.public_key


def _find_token(uri: TokenUri, module: str) -> pkcs11.Token:
    """The one token that the URI means, through the module at that path."""
    pkcs11 = _load()
    try:
        library = pkcs11.lib(module)
    except pkcs11.PKCS11Error as problem:
        raise InputError(
            Code.PKCS11_MODULE, f"The PKCS#11 module {module} cannot be loaded: {_reason(problem)}."
        ) from None
    with _told(str(uri)):
        return _token(library, uri)


def _pin(token: pkcs11.Token, ask_pin: Callable[[str], str]) -> str | object | None:
    """What opens the token; None where it wants nothing."""
    from pkcs11 import TokenFlag  # noqa: PLC0415 - an extra, loaded when it is needed
    from pkcs11.types import PROTECTED_AUTH  # noqa: PLC0415

    if TokenFlag.PROTECTED_AUTHENTICATION_PATH in token.flags:
        return PROTECTED_AUTH  # typed at the token itself
    if TokenFlag.LOGIN_REQUIRED in token.flags:
        return ask_pin(token.label)
    return None


def _load() -> Any:  # noqa: ANN401 - the module, which may be missing
    try:
        import pkcs11  # noqa: PLC0415 - an extra, loaded when it is needed
        import pkcs11.types  # noqa: PLC0415
    except ImportError:
        raise InputError(
            Code.PKCS11_EXTRA_MISSING,
            "The key is on a token, and python-pkcs11 is not installed here.",
        ) from None
    return pkcs11


def _token(library: pkcs11._pkcs11.lib, uri: TokenUri) -> pkcs11.Token:
    """The one token that the URI means."""
    from pkcs11 import TokenFlag, TokenNotPresent, TokenNotRecognised  # noqa: PLC0415

    present = []
    for slot in library.get_slots(token_present=True):
        try:
            token = slot.get_token()
        except (TokenNotPresent, TokenNotRecognised):
            continue  # pulled out a moment ago, or of another kind
        if TokenFlag.TOKEN_INITIALIZED in token.flags:
            present.append(token)
    matching = [token for token in present if _is_meant(token, uri)]
    if len(matching) == 1:
        return matching[0]
    listed = _listed(
        f"{token.label!a} (serial {_serial(token)!a})" for token in matching or present
    )
    if matching:
        raise InputError(
            Code.PKCS11_AMBIGUOUS, f"{len(matching)} tokens are what {uri} says: {listed}."
        )
    raise InputError(
        Code.PKCS11_NOT_FOUND,
        f"No token is what {uri} says; "
        + (f"there are {listed}." if present else "there is none at all."),
    )


def _is_meant(token: pkcs11.Token, uri: TokenUri) -> bool:
    pairs = (
        (uri.token, token.label),
        (uri.serial, _serial(token)),
        (uri.manufacturer, token.manufacturer_id),
        (uri.model, token.model),
    )
    return all(not said or said == found for said, found in pairs) and (
        uri.slot_id is None or uri.slot_id == token.slot.slot_id
    )


def _serial(token: pkcs11.Token) -> str:
    return token.serial.decode("ascii", "replace").rstrip()


def _private_key(session: pkcs11.Session, uri: TokenUri) -> pkcs11.types.Object:
    """The one private key that the URI means, if it is on P-256."""
    from pkcs11 import Attribute, KeyType, ObjectClass  # noqa: PLC0415

    keys = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
    matching = [key for key in keys if _is_meant_object(key, uri)]
    if len(matching) != 1:
        listed = _listed(_described(key) for key in matching or keys)
        if matching:
            raise InputError(
                Code.PKCS11_AMBIGUOUS, f"{len(matching)} keys are what {uri} says: {listed}."
            )
        raise InputError(
            Code.PKCS11_NOT_FOUND,
            f"No private key on the token is what {uri} says; "
            + (f"there are {listed}." if keys else "it shows none at all."),
        )
    (key,) = matching
    curve = _get(key, Attribute.EC_PARAMS)
    if _get(key, Attribute.KEY_TYPE) != KeyType.EC or (curve is not None and curve != _P256):
        raise InputError(
            Code.KEY_WRONG_CURVE,
            f"The key {uri} is not on P-256 (secp256r1), the one curve on which bootloaders check"
            " signatures.",
        )
    return key


def _public_key(session: pkcs11.Session, key: pkcs11.types.Object, name: str) -> PublicKey:
    """The public half: of the object with the key's id, or of the certificate with it."""
    from pkcs11 import Attribute, ObjectClass  # noqa: PLC0415

    own = _get(key, Attribute.EC_POINT)  # some tokens keep it with the private half
    points = [own] if own else []
    which = {Attribute.ID: _get(key, Attribute.ID)}
    if not which[Attribute.ID]:
        which = {Attribute.LABEL: _get(key, Attribute.LABEL)}
    objects = session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY, **which})
    points += [_get(found, Attribute.EC_POINT) for found in objects]
    for point in filter(None, points):
        if (public_key := _key_of(point)) is not None:
            return public_key
    for found in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE, **which}):
        if value := _get(found, Attribute.VALUE):
            return PublicKey.parse_certificate(value, name=f"the certificate of {name}")
    raise InputError(
        Code.PKCS11_FAILED,
        f"The token holds neither the public key nor a certificate of {name[4:]}.",
        hint="Name a file with the public key in the URI: ...?x-public-key=public.pem",
    )


def _visible_keys(session: pkcs11.Session, uri: TokenUri) -> Iterator[PublicKey]:
    """The keys on P-256 in the public keys and certificates that a URI means."""
    from pkcs11 import Attribute, ObjectClass  # noqa: PLC0415

    for found in list(session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY})):
        on_p256 = _get(found, Attribute.EC_PARAMS) == _P256
        if on_p256 and _is_meant_object(found, uri):
            key = _key_of(_get(found, Attribute.EC_POINT) or b"")
            if key is not None:
                yield key
    for found in list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})):
        value = _get(found, Attribute.VALUE)
        if value and _is_meant_object(found, uri):
            with contextlib.suppress(InputError):  # of another kind of key
                yield PublicKey.parse_certificate(value, name="a certificate")


def _is_meant_object(thing: pkcs11.types.Object, uri: TokenUri) -> bool:
    from pkcs11 import Attribute  # noqa: PLC0415

    return (not uri.object or _get(thing, Attribute.LABEL) == uri.object) and (
        not uri.id or _get(thing, Attribute.ID) == uri.id
    )


def _key_of(point: bytes) -> PublicKey | None:
    """The key whose point an object has; None for another kind of point.

    A DER octet string by the standard; some tokens leave out its two bytes of head.
    """
    bare = point[-_POINT_SIZE:]
    if len(bare) != _POINT_SIZE or bare[0] != 4:
        return None
    return PublicKey.from_le_bytes(bare[1 : 1 + NUMBER_SIZE][::-1] + bare[1 + NUMBER_SIZE :][::-1])


def _asks_each_time(key: pkcs11.types.Object) -> bool:
    from pkcs11 import Attribute  # noqa: PLC0415

    return bool(_get(key, Attribute.ALWAYS_AUTHENTICATE))


def _get(thing: pkcs11.types.Object, attribute: pkcs11.Attribute) -> Any:  # noqa: ANN401 - by attribute
    """An attribute of an object; None where it does not have it."""
    from pkcs11 import AttributeSensitive, AttributeTypeInvalid  # noqa: PLC0415

    try:
        return thing[attribute]
    except (AttributeSensitive, AttributeTypeInvalid):
        return None


def _described(key: pkcs11.types.Object) -> str:
    from pkcs11 import Attribute  # noqa: PLC0415

    identifier = _get(key, Attribute.ID) or b""
    described = f"{_get(key, Attribute.LABEL) or ''!a}"
    uri_id = "".join(f"%{octet:02X}" for octet in identifier)
    return f"{described} (id={uri_id})" if identifier else described


def _listed(words: Iterator[str]) -> str:
    every = sorted(words)
    more = len(every) - _MAX_LISTED
    return ", ".join(every[:_MAX_LISTED]) + (f" and {more} more" if more > 0 else "")


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Say what a token's error means, for the key or token of that name."""
    import pkcs11  # noqa: PLC0415 - an extra, loaded when it is needed

    try:
        yield
    except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange):
        raise InputError(
            Code.PKCS11_PIN,
            f"The PIN is not that of {name}; the token counted this try, and locks after a few.",
        ) from None
    except (pkcs11.PinLocked, pkcs11.PinExpired) as problem:
        raise InputError(
            Code.PKCS11_PIN,
            f"The token with {name} accepts no PIN any more: {_reason(problem)}.",
            hint="Unlock it with its maker's tools; that needs the security officer's PIN.",
        ) from None
    except pkcs11.MechanismInvalid:
        raise InputError(
            Code.PKCS11_FAILED, f"The token with {name} cannot sign by ECDSA (CKM_ECDSA)."
        ) from None
    except (
        pkcs11.DeviceRemoved,
        pkcs11.TokenNotPresent,
        pkcs11.SessionClosed,
        pkcs11.SessionHandleInvalid,
        pkcs11.KeyHandleInvalid,
        pkcs11.ObjectHandleInvalid,
    ):
        raise InputError(
            Code.PKCS11_FAILED, f"The token with {name} was removed, or the key on it deleted."
        ) from None
    except pkcs11.PKCS11Error as problem:
        raise InputError(
            Code.PKCS11_FAILED, f"The token with {name} failed: {_reason(problem)}."
        ) from None


def _reason(problem: Exception) -> str:
    """What python-pkcs11 says, or the name of the error, which is the standard's."""
    return str(problem).rpartition(": ")[2].rstrip(".") or type(problem).__name__
