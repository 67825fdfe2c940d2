"""Signatures in the forms that other programs write."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from firmline.errors import Code
from firmline.formats.signature_file import parse_signature
from unit.formats.makers import refuses

R, S = 0x0102 << 200, (1 << 255) + 3
RAW = R.to_bytes(32, "big") + S.to_bytes(32, "big")
DER = encode_dss_signature(R, S)
OURS = R.to_bytes(32, "little") + S.to_bytes(32, "little")


@pytest.mark.parametrize(
    "content",
    [
        RAW,
        DER,
        RAW.hex().encode(),
        RAW.hex().upper().encode() + b"\r\n",
        b"0x" + DER.hex().encode(),
        DER.hex(":").encode(),
        b"EC-SHA2-256(r/application.tosign)= " + DER.hex().encode() + b"\n",
        DER.hex()[:60].encode() + b"\n" + DER.hex()[60:].encode() + b"\n",
        base64.b64encode(RAW),
        base64.encodebytes(DER),
    ],
)
def test_every_form_is_read(content: bytes) -> None:
    assert parse_signature(content, name="s") == OURS


@pytest.mark.parametrize(
    "content",
    [
        b"",
        RAW[:-1],
        RAW + b"\x00",
        DER[:-1],
        DER + b"\x00",
        RAW.hex().encode()[:-1],
        b"zz" * 64,
        base64.b64encode(RAW)[:-4],
        encode_dss_signature(1 << 300, 1),
        encode_dss_signature(1, 1 << 256),
        b"a" * 100_000,
        b"-----BEGIN SIGNATURE-----",
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with refuses(Code.SIGNATURE_MALFORMED, f"({len(content)} bytes)"):
        parse_signature(content, name="s")
