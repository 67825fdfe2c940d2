"""What a page of ours sends: few fields, each once, none of them long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from firmline.errors import Code, InputError

LONGEST: Final = 16_384
"""Bytes of a form; ours."""
MOST_FIELDS: Final = 50


async def read_form(request: Request, *, longest: int = LONGEST) -> Mapping[str, str]:
    """The fields of a form.

    Raises:
        InputError: ``REQUEST_MALFORMED``: it is too long, no form, or names a field twice.
    """
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > longest:
            raise _malformed(f"The form is longer than {longest:,} bytes.")
    try:
        fields = parse_qsl(
            content.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(content),
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise _malformed("The request holds no form.") from None
    if len(dict(fields)) != len(fields):
        raise _malformed("The form names a field twice.")
    return dict(fields)


def whole_number(text: str, what: str) -> int:
    """A number out of a form or an address.

    Raises:
        InputError: ``REQUEST_MALFORMED``.
    """
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise _malformed(f"{what} is a whole number.")
    return int(text)


def _malformed(message: str) -> InputError:
    return InputError(Code.REQUEST_MALFORMED, message)
