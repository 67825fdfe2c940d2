"""A host and a controller that answers as a test tells it."""

from __future__ import annotations

import pytest

from firmline.links.bumble.host import QuietHost
from integration.bumble.fake_controller import FakeController


@pytest.fixture
def controller() -> FakeController:
    return FakeController()


@pytest.fixture
def host(controller: FakeController) -> QuietHost:
    host = QuietHost("usb:0", answer_timeout_s=0.2)
    host.set_packet_sink(controller)
    controller.host = host
    host.ready = True
    return host
