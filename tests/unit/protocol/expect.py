"""What the tests of the protocol expect of errors: class, code and words, all three."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from firmline.errors import Code, FirmlineError


@contextmanager
def fails(kind: type[FirmlineError], code: Code, fragment: str) -> Iterator[None]:
    """The block raises an error of exactly this class, with this code and these words."""
    with pytest.raises(kind) as caught:
        yield
    assert type(caught.value) is kind
    assert caught.value.code is code
    assert fragment in caught.value.message
