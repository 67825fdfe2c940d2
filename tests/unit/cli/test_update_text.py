"""The last line of a successful update."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.cli.update_run import result_fields, summary
from firmline.events import Proof
from firmline.updater.update import UpdateResult
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
    finished = replace(FINISHED, size=size, sent_size=size, transfer_s=seconds)
    assert f"{size:,} bytes sent in {seconds:.1f} s {rate}, new" in summary(finished)


@pytest.mark.parametrize(
    ("held", "sent", "said"),
    [
        (0, 150_000, "150,000 bytes sent in 10.0 s (15 kB/s), new"),
        (90_000, 60_000, "60,000 bytes sent in 10.0 s (6.0 kB/s), 90,000 of 150,000 were there"),
        (0, 200_000, "200,000 bytes sent in 10.0 s (20 kB/s), 50,000 were sent again, new"),
        (
            90_000,
            64_096,
            (
                "64,096 bytes sent in 10.0 s (6.4 kB/s), 90,000 of 150,000 were there already,"
                " 4,096 were sent again, new"
            ),
        ),
        (150_000, 0, "nothing had to be sent, all 150,000 bytes were there already, new"),
    ],
)
def test_a_rate_is_that_of_what_was_sent(held: int, sent: int, said: str) -> None:
    finished = replace(FINISHED, held_size=held, sent_size=sent, transfer_s=10.0)
    assert said in summary(finished)


def test_the_result_has_what_was_there_and_what_was_sent() -> None:
    finished = replace(FINISHED, held_size=90_000, sent_size=64_096)
    fields = result_fields(UpdateResult(finished=finished, error=None))
    names = ("bytes", "bytes_held", "bytes_sent")
    assert tuple(fields[name] for name in names) == (150_000, 90_000, 64_096)


def test_a_new_application_is_said_in_short_and_another_proof_in_its_own_words() -> None:
    seen = replace(FINISHED, message="Whatever it was.")
    assert summary(seen).endswith(", new application seen running.")
    returned = replace(seen, proof=Proof.RETURN)
    assert summary(returned).endswith(". Whatever it was.")
