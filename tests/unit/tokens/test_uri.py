"""PKCS#11 URIs: what is read, what is refused, and what is never shown."""

from __future__ import annotations

import pytest

from firmline.errors import Code, InputError
from firmline.tokens.uri import TokenUri, parse_token_uri
from unit.formats.makers import refuses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pkcs11:", TokenUri()),
        (
            "pkcs11:token=Line%201;object=release;type=private",
            TokenUri(token="Line 1", object="release"),  # noqa: S106 - a label
        ),
        (
            "pkcs11:serial=31df;manufacturer=A;model=B;id=%01%ff",
            TokenUri(serial="31df", manufacturer="A", model="B", id=b"\x01\xff"),
        ),
        ("pkcs11:slot-id=12;object=a=b", TokenUri(slot_id=12, object="a=b")),
        (
            "pkcs11:object=k?module-path=/usr/lib/x.so&pin-value=12%2634",
            TokenUri(object="k", module_path="/usr/lib/x.so", pin_value="12&34"),
        ),
        ("pkcs11:?pin-source=file:/etc/pin", TokenUri(pin_file="/etc/pin")),
        ("pkcs11:?pin-source=file://localhost/a%2520b", TokenUri(pin_file="/a b")),
        ("PKCS11:object=Case", TokenUri(object="Case")),
        ("pkcs11:?x-public-key=a%2Fb.pem", TokenUri(public_key="a/b.pem")),
    ],
)
def test_what_a_uri_says(text: str, expected: TokenUri) -> None:
    assert parse_token_uri(text) == expected


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("pkcs12:token=a", "does not begin"),
        ("pkcs11:label=a", "'label' that is not known before the question mark"),
        ("pkcs11:token=a?token=b", "'token' that is not known behind the question mark"),
        ("pkcs11:token=a;token=b", "names token twice"),
        ("pkcs11:token", "no value for token"),
        ("pkcs11:token=", "no value for token"),
        ("pkcs11:token=%ff", "not UTF-8"),
        ("pkcs11:slot-id=x", "slot-id"),
        ("pkcs11:slot-id=" + "9" * 5000, "slot-id"),
        ("pkcs11:object=a;type=cert", "type 'cert'"),
        ("pkcs11:?pin-value=1&pin-source=p", "both pin-source and pin-value"),
        ("pkcs11:?pin-source=|cat%20pin", "not a file on this computer"),
        ("pkcs11:?pin-source=file://elsewhere/pin", "not a file on this computer"),
    ],
)
def test_uris_that_cannot_be_used(text: str, fragment: str) -> None:
    with refuses(Code.PKCS11_URI_MALFORMED, fragment):
        parse_token_uri(text)


def test_the_rest_of_a_pin_is_not_named_as_an_attribute() -> None:
    with pytest.raises(InputError, match="written %26") as refused:
        parse_token_uri("pkcs11:?pin-value=47&1147")
    assert "1147" not in str(refused.value)


def test_the_pin_is_never_shown() -> None:
    uri = parse_token_uri("pkcs11:token=T;object=O;id=%0a?pin-value=471147&module-path=/m.so")
    assert str(uri) == "pkcs11:token=T;object=O;id=%0A"
    assert "471147" not in repr(uri)
