"""The last line of a successful update."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.cli.update_run import summary
from firmline.events import Proof
from unit.cli.event_samples import FINISHED


@pytest.mark.parametrize(
    ("size", "seconds", "rate"),
    [
        (20_000, 48.0, "(0.4 kB/s)"),
        (150_000, 22.7, "(6.6 kB/s)"),
        (150_000, 15.0, "(10 kB/s)"),
        (3_000_000, 1.0, "(3,000 kB/s)"),
        (0, 0.0, "(0.0 kB/s)"),
    ],
)
def test_a_slow_rate_has_a_decimal(size: int, seconds: float, rate: str) -> None:
    assert rate in summary(replace(FINISHED, size=size, transfer_s=seconds))


def test_a_new_application_is_said_in_short_and_another_proof_in_its_own_words() -> None:
    seen = replace(FINISHED, message="Whatever it was.")
    assert summary(seen).endswith(", new application seen running.")
    returned = replace(seen, proof=Proof.RETURN)
    assert summary(returned).endswith(". Whatever it was.")
