from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from firmline.errors import Code, InputError
from firmline.formats.keys import PublicKey, SigningKey, format_public_key_c
from unit.formats.makers import refuses

# RFC 6979, appendix A.2.5: the key, and its signature of "sample" with SHA-256.
PRIVATE = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
PUBLIC_X = 0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6
PUBLIC_Y = 0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299
SAMPLE_R = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
SAMPLE_S = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
NO_PASSWORD = serialization.NoEncryption()


def pem(key: object, form: str = "PKCS8", password: bytes | None = None) -> bytes:
    protection = serialization.BestAvailableEncryption(password) if password else NO_PASSWORD
    private = key.private_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), protection
    )
    assert isinstance(private, bytes)
    return private


def public_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


RAW = ec.derive_private_key(PRIVATE, ec.SECP256R1())
KEY = SigningKey.parse_pem(pem(RAW), name="test.key")


def test_signatures_are_those_of_rfc_6979_with_both_halves_reversed() -> None:
    expected = SAMPLE_R.to_bytes(32, "little") + SAMPLE_S.to_bytes(32, "little")
    assert KEY.sign(b"sample") == expected
    assert KEY.public_key.verify(b"sample", expected)


def test_the_public_key_is_the_other_half() -> None:
    assert KEY.public_key == PublicKey(x=PUBLIC_X, y=PUBLIC_Y)
    assert KEY.public_key.le_bytes == PUBLIC_X.to_bytes(32, "little") + PUBLIC_Y.to_bytes(
        32, "little"
    )


def test_a_signature_holds_for_its_bytes_and_key_alone() -> None:
    signature = KEY.sign(b"sample")
    other = SigningKey.generate().public_key
    assert not KEY.public_key.verify(b"Sample", signature)
    assert not other.verify(b"sample", signature)
    assert not KEY.public_key.verify(b"sample", bytes(64))
    assert not KEY.public_key.verify(b"sample", signature[:-1])
    assert not KEY.public_key.verify(b"sample", signature[32:] + signature[:32])
    assert not KEY.public_key.verify(b"sample", b"\xff" * 64)


def test_generated_keys_differ_and_work() -> None:
    first, second = SigningKey.generate(), SigningKey.generate()
    assert first.public_key != second.public_key
    assert first.public_key.verify(b"x", first.sign(b"x"))


def test_the_plain_file_is_sec1_as_nrfutil_writes_it() -> None:
    content = KEY.format_pem()
    assert content.startswith(b"-----BEGIN EC PRIVATE KEY-----\n")
    assert SigningKey.parse_pem(content, name="k").public_key == KEY.public_key


def test_the_encrypted_file_is_pkcs8_and_opens_with_its_password_only() -> None:
    content = KEY.format_pem(b"secret")
    assert content.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    again = SigningKey.parse_pem(content, name="k", password=b"secret")
    assert again.public_key == KEY.public_key
    with refuses(Code.KEY_WRONG_PASSWORD, "does not open k.pem"):
        SigningKey.parse_pem(content, name="k.pem", password=b"Secret")
    for password in (None, b""):
        with refuses(Code.KEY_ENCRYPTED, "k.pem is encrypted"):
            SigningKey.parse_pem(content, name="k.pem", password=password)


def test_an_encrypted_sec1_file_opens_too() -> None:
    content = pem(RAW, "TraditionalOpenSSL", b"secret")
    assert b"Proc-Type: 4,ENCRYPTED" in content
    again = SigningKey.parse_pem(content, name="k", password=b"secret")
    assert again.public_key == KEY.public_key


def test_a_password_for_an_open_file_is_ignored() -> None:
    again = SigningKey.parse_pem(pem(RAW), name="k", password=b"whatever")
    assert again.public_key == KEY.public_key


@pytest.mark.parametrize(
    "comment",
    [b"# NOT ENCRYPTED\n", b"ENCRYPTED PRIVATE KEY below? no\n", b"Proc-Type: 4,ENCRYPTED\n"],
)
@pytest.mark.parametrize("form", ["TraditionalOpenSSL", "PKCS8"])
def test_words_in_front_of_a_plain_key_do_not_encrypt_it(comment: bytes, form: str) -> None:
    again = SigningKey.parse_pem(comment + pem(RAW, form), name="k")
    assert again.public_key == KEY.public_key


@pytest.mark.parametrize("form", ["TraditionalOpenSSL", "PKCS8"])
def test_words_in_front_of_an_encrypted_key_do_not_hide_it(form: str) -> None:
    content = b"a comment\r\n" + pem(RAW, form, b"secret").replace(b"\n", b"\r\n")
    with refuses(Code.KEY_ENCRYPTED, "k is encrypted"):
        SigningKey.parse_pem(content, name="k")
    again = SigningKey.parse_pem(content, name="k", password=b"secret")
    assert again.public_key == KEY.public_key


def test_other_curves_and_kinds_are_refused() -> None:
    other = ec.generate_private_key(ec.SECP384R1())
    with refuses(Code.KEY_WRONG_CURVE, "on the curve secp384r1"):
        SigningKey.parse_pem(pem(other), name="k")
    with refuses(Code.KEY_WRONG_CURVE, "on the curve secp384r1"):
        PublicKey.parse_pem(public_pem(other), name="k")
    no_curve = rsa.generate_private_key(65537, 2048)
    with refuses(Code.KEY_WRONG_CURVE, "not one of an elliptic curve"):
        SigningKey.parse_pem(pem(no_curve), name="k")
    with refuses(Code.KEY_WRONG_CURVE, "not one of an elliptic curve"):
        PublicKey.parse_pem(public_pem(no_curve), name="k")


def test_a_public_key_or_certificate_cannot_sign() -> None:
    with refuses(Code.KEY_NOT_PRIVATE, "pub.pem holds a public key"):
        SigningKey.parse_pem(KEY.public_key.format_pem(), name="pub.pem")
    certificate = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    with refuses(Code.KEY_NOT_PRIVATE, "crt.pem holds a certificate"):
        SigningKey.parse_pem(certificate, name="crt.pem")


@pytest.mark.parametrize(
    ("content", "code", "fragment"),
    [
        (b"", Code.FILE_EMPTY, "k.pem is empty"),
        (b" \n", Code.FILE_EMPTY, "k.pem is empty"),
        (b"hello\n", Code.KEY_MALFORMED, "does not hold a private key in PEM form"),
        (b"\x00" * 65537, Code.FILE_TOO_LARGE, "65537 bytes"),
        (pem(RAW)[:-60], Code.KEY_MALFORMED, "k.pem is damaged"),
        (pem(RAW).replace(b"MIGH", b"AAAA"), Code.KEY_MALFORMED, "k.pem is damaged"),
    ],
)
def test_files_that_hold_no_private_key(content: bytes, code: Code, fragment: str) -> None:
    with refuses(code, fragment):
        SigningKey.parse_pem(content, name="k.pem")


def test_public_keys_read_back() -> None:
    key = KEY.public_key
    assert PublicKey.from_le_bytes(key.le_bytes) == key
    assert PublicKey.parse_pem(key.format_pem(), name="k") == key


@pytest.mark.parametrize("content", [b"hello", pem(RAW)])
def test_files_that_hold_no_public_key(content: bytes) -> None:
    with refuses(Code.KEY_MALFORMED, "does not hold a public key"):
        PublicKey.parse_pem(content, name="k.pem")


def test_bytes_that_are_no_public_key() -> None:
    with refuses(Code.KEY_MALFORMED, "64 bytes, not 63"):
        PublicKey.from_le_bytes(bytes(63))
    with refuses(Code.KEY_MALFORMED, "not a point of the curve"):
        PublicKey.from_le_bytes(b"\x01" * 64)
    with refuses(Code.KEY_MALFORMED, "not a point of the curve"):
        PublicKey(x=1, y=-1)


def test_nothing_secret_is_in_the_repr_or_in_errors() -> None:
    secret = f"{PRIVATE:x}"
    assert KEY.format_hex() == PRIVATE.to_bytes(32, "little").hex()
    assert repr(KEY) == "SigningKey()"
    damaged = pem(RAW).replace(b"MIGH", b"AAAA")
    with pytest.raises(InputError) as caught:
        SigningKey.parse_pem(damaged, name="k", password=b"hunter2")
    told = repr(caught.value.context) + str(caught.value) + repr(caught.value.__cause__)
    assert secret not in told
    assert "hunter2" not in told
    assert damaged.decode().splitlines()[1] not in told


def test_c_source_holds_the_array_of_the_bootloader() -> None:
    source = format_public_key_c(KEY.public_key)
    numbers = re.findall(r"0x([0-9a-f]{2})\b", source)
    assert bytes.fromhex("".join(numbers)) == KEY.public_key.le_bytes
    assert "const uint8_t pk[64] =" in source
    assert "#error" not in source


def test_c_source_for_debugging_does_not_build_elsewhere() -> None:
    source = format_public_key_c(KEY.public_key, debug=True)
    assert source.index("#ifndef NRF_DFU_DEBUG_VERSION") < source.index("#error")
    assert source.index("#endif") < source.index("pk[64]")


def test_a_certificate_gives_its_key() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "release")])
    key = ec.generate_private_key(ec.SECP256R1())
    start = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start).sign(
        key, hashes.SHA256()
    )
    numbers = key.public_key().public_numbers()
    expected = PublicKey(x=numbers.x, y=numbers.y)
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    assert PublicKey.parse_pem(pem, name="c") == expected
    der = certificate.public_bytes(serialization.Encoding.DER)
    assert PublicKey.parse_certificate(der, name="c") == expected


def test_a_damaged_certificate_is_called_one() -> None:
    with refuses(Code.KEY_MALFORMED, "c does not hold a certificate that can be read"):
        PublicKey.parse_certificate(b"\x30\x03abc", name="c")
