"""What a page of ours sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from firmline.errors import Code, InputError
from firmline.web.forms import LONGEST, MOST_FIELDS, read_form, whole_number


def asked(*pieces: bytes) -> Request:
    """A request with a body in pieces."""

    async def messages() -> AsyncIterator[Message]:
        for number, piece in enumerate(pieces, 1):
            yield {"type": "http.request", "body": piece, "more_body": number < len(pieces)}

    told = messages()
    return Request({"type": "http", "method": "POST", "headers": []}, told.__anext__)


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        st.text(st.characters(exclude_categories=["Cs"])),
        max_size=5,
    )
)
async def test_the_fields_of_a_form_are_read_as_they_were_sent(fields: dict[str, str]) -> None:
    content = urlencode(fields).encode()
    assert await read_form(asked(content[:3], content[3:])) == fields


async def test_an_empty_form_has_no_fields() -> None:
    assert await read_form(asked(b"")) == {}


@pytest.mark.parametrize(
    "content",
    [
        b"a" * (LONGEST + 1),
        b"nothing",
        b"a=1&a=2",
        b"a=%ff",
        b"\xff=1",
        b"&".join(b"a%d=1" % number for number in range(MOST_FIELDS + 1)),
    ],
    ids=["long", "no form", "twice", "no text", "no ASCII", "many"],
)
async def test_what_no_page_of_ours_sends_is_refused(content: bytes) -> None:
    with pytest.raises(InputError) as refused:
        await read_form(asked(content))
    assert refused.value.code is Code.REQUEST_MALFORMED


@pytest.mark.parametrize("text", ["", "-1", "1.0", "x", "٣", "9" * 19])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="A slot is a whole number"):
        whole_number(text, "A slot")
