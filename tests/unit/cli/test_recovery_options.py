"""The options about patience and power cuts."""

from __future__ import annotations

import pytest

from firmline.cli.recovery_options import read_spacing
from firmline.errors import Code, InputError
from unit.cli.program import Program, assert_failed


@pytest.mark.parametrize(
    ("text", "spacing_s"), [("off", None), ("10", 10.0), ("1", 1.0), ("2.5", 2.5), ("3600", 3600)]
)
def test_a_spacing_is_seconds_or_off(text: str, spacing_s: float | None) -> None:
    assert read_spacing(text) == spacing_s


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "3601", "1e9", "ten", "OFF", "10s"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_spacing(text)
    assert caught.value.code is Code.USAGE


def test_it_is_refused_before_anything_is_read(firmline: Program) -> None:
    ran = firmline("update", "none.zip", "--to", "sim:ble-reference", "--checkpoints", "0")
    assert_failed(ran, Code.USAGE)
    assert "neither off nor a number of seconds" in ran.err
