"""How much of a UART our driver uses: it adds nothing to what the protocol takes."""

from __future__ import annotations

import pytest

from firmline.links.connectivity.dongle import Dongle
from firmline.links.connectivity.wire.api5 import API5
from firmline.links.virtual_dongle.chip import REACTION_S, VirtualDongle
from firmline.links.virtual_dongle.wire import VirtualDongleWire
from firmline.links.virtual_time import run_in_virtual_time
from integration.connectivity.desk import PORT
from integration.connectivity.eager import BAUD, Eager, least_s, seconds_to_send


@pytest.mark.slow
def test_a_driver_uses_what_the_window_of_one_leaves_of_a_megabaud() -> None:
    async def story() -> float:
        chip = VirtualDongle(Eager, baud=BAUD)
        try:
            return await seconds_to_send(Dongle(VirtualDongleWire(chip), table=API5, port=PORT))
        finally:
            chip.close()

    taken_s = run_in_virtual_time(story())
    assert 0.95 <= least_s(REACTION_S) / taken_s <= 1.0
