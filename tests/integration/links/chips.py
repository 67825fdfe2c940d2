"""The radio chip behind a link, for tests that look into it or break it."""

from __future__ import annotations

from firmline.links.bumble.central import BumbleLink
from firmline.links.virtual_radio.controller import RadioController


def chip_of(link: BumbleLink) -> RadioController:
    """The virtual controller that a link's host is joined to."""
    controller = link._host.hci_sink
    assert isinstance(controller, RadioController)
    return controller
