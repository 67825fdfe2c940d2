from __future__ import annotations

import pytest

from firmline.formats.keys import SigningKey
from firmline.formats.known_keys import KnownKey, known_key, known_keys


@pytest.mark.parametrize("known", known_keys(), ids=lambda known: known.name)
def test_every_key_is_found_and_says_what_it_is(known: KnownKey) -> None:
    assert known_key(known.key) is known  # and it is a point of the curve, or it would not load
    assert known.note.endswith(".")
    assert known.source


def test_both_debug_keys_of_the_sdk_are_there_and_are_no_secret() -> None:
    beginnings = {known.key.le_bytes[:4].hex() for known in known_keys() if not known.is_secret}
    assert {"0edf9fc8", "84b7ac5d"} <= beginnings


def test_every_key_has_one_row() -> None:
    assert len({known.key for known in known_keys()}) == len(known_keys())
    assert len({known.name for known in known_keys()}) == len(known_keys())


def test_any_other_key_has_no_name() -> None:
    assert known_key(SigningKey.generate().public_key) is None
