"""Signatures and waits of webhooks; and that the program on the page checks them."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.line.webhooks.signing import MOST_TRIES, delivery_id, signature, wait_s


def test_a_signature_is_the_one_that_is_documented() -> None:
    # printf '1700000000.{}' | openssl dgst -sha256 -hmac secret
    assert (
        signature("secret", b"{}", at_s=1_700_000_000)
        == "t=1700000000,v1=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163"
    )


@given(st.binary())
def test_whatever_differs_is_signed_otherwise(body: bytes) -> None:
    one = signature("s", body, at_s=1)
    assert one != signature("s", body + b"x", at_s=1)
    assert one != signature("s", body, at_s=2)
    assert len(signature("s", b"", at_s=1)) == len(one)
    assert signature("t", body, at_s=1) != one


def test_waits_double_up_to_an_hour_and_end_after_half_a_day() -> None:
    waits = [wait_s(tries) for tries in range(1, MOST_TRIES + 1)]
    assert waits[:4] == [10, 20, 40, 80]
    assert waits[9:-1] == [3600] * 10
    assert waits[-1] is None
    assert 11 < sum(wait or 0 for wait in waits) / 3600 < 13


def test_a_delivery_has_one_name() -> None:
    names = {
        delivery_id("a", "n\u00f6rd", 1),
        delivery_id("a", "nord", 1),
        delivery_id("b", "x", 1),
    }
    assert len(names) == 3
    assert all(re.fullmatch(r"[0-9a-f]{32}", name) for name in names)


@pytest.fixture
def program(root: Path) -> dict[str, object]:
    page = (root / "docs/how-to/accounts-and-api.md").read_text("utf-8")
    (found,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, object] = {}
    exec(found, names)  # noqa: S102 - it is our page
    return names


def test_the_program_of_the_page_knows_ours_from_others(program: dict[str, object]) -> None:
    check = program["is_from_firmline"]
    assert callable(check)
    now = int(time.time())
    header = signature("secret", b"body", at_s=now)
    assert check("secret", header, b"body")
    assert not check("secret", header, b"bodx")
    assert not check("other", header, b"body")
    assert not check("secret", signature("secret", b"body", at_s=now - 301), b"body")
