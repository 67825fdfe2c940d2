"""Why a connection is gone, in words; a number without a word is still told."""

from __future__ import annotations

import pytest

from firmline.links.gatt import LOCAL_HOST_TERMINATED, REMOTE_USER_TERMINATED, SUPERVISION_TIMEOUT
from firmline.links.hci_reasons import HCI_REASONS, reason_in_words


@pytest.mark.parametrize(
    "reason", [SUPERVISION_TIMEOUT, REMOTE_USER_TERMINATED, LOCAL_HOST_TERMINATED]
)
def test_the_reasons_that_links_know_have_words(reason: int) -> None:
    assert reason in HCI_REASONS


def test_a_reason_has_its_number() -> None:
    assert reason_in_words(0x08) == "the other side was not heard any more (0x08)"
    assert reason_in_words(0x42) == "a reason without a name (0x42)"
    assert reason_in_words(None) == "the link does not tell why"


def test_no_two_reasons_read_alike() -> None:
    assert len(set(HCI_REASONS.values())) == len(HCI_REASONS)
