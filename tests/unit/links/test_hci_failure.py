"""What is said of a controller that is gone: who has it decides what to do."""

from __future__ import annotations

import pytest

from firmline.errors import Code
from firmline.links.bumble.failure import gone


@pytest.mark.parametrize(
    "name", ["tcp-client:127.0.0.1:4000", "unix-client:/x", "ws-client:ws://x"]
)
def test_what_another_program_serves_is_started_again(name: str) -> None:
    error = gone(name).error()
    assert error.code is Code.CONTROLLER_LOST
    assert error.message == f"The Bluetooth controller {name} is gone."
    assert error.hint.startswith("Start what serves it")


@pytest.mark.parametrize("name", ["usb:0", "serial:/dev/ttyACM0"])
def test_what_is_plugged_in_has_the_general_advice(name: str) -> None:
    assert gone(name).error().hint == ""
