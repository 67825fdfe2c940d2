"""Looking for a unit on USB, every now and then."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from firmline.links.usb.device import UsbDevice
from firmline.links.usb.link import UsbLink
from firmline.updater.usb.search import LOOKS_EVERY_S, Looks


class Bus:
    """A bus on which nothing is plugged in; its clock goes with the looks."""

    def __init__(self) -> None:
        self.clock_s = 0.0
        self.looks = 0

    def now_s(self) -> float:
        return self.clock_s

    async def look(self) -> UsbDevice | None:
        self.looks += 1
        self.clock_s += LOOKS_EVERY_S
        return None


@pytest.mark.parametrize(
    ("timeout_s", "looks"), [(-1.0, 1), (0.0, 1), (LOOKS_EVERY_S, 1), (5.5 * LOOKS_EVERY_S, 6)]
)
def test_it_is_looked_for_at_least_once_and_no_longer_than_that(
    timeout_s: float, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = Bus()
    monkeypatch.setattr("firmline.updater.usb.search.LOOKS_EVERY_S", 0.0)

    async def look() -> list[UsbDevice | None]:
        return [device async for device in Looks(cast("UsbLink", bus), timeout_s)]

    assert asyncio.run(look()) == [None] * looks
    assert bus.looks == looks
