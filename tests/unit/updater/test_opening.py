"""Before anything is sent, the events say what is to be sent, over what, and how patiently."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import Enum

import pytest

from firmline import events
from firmline.errors import Code, TransportError, TransportReason
from firmline.events import Outcome
from firmline.formats.package import read_package
from firmline.links.base import LinkCapabilities, PortLink, SerialCapabilities
from firmline.protocol.pacing import FOR_BLUETOOTH, NO_PAUSES, Pacing
from firmline.updater.inspection.plan import not_begun as inspection_not_begun
from firmline.updater.opening import declare_link, describe_images, plan_timing, scalars
from firmline.updater.timeouts import SerialTimeouts, Timeouts
from firmline.updater.update import not_begun, plan_for
from firmline.values import ImageKind
from unit.cli.makers import package


class Radio:
    capabilities = LinkCapabilities(
        mtu_request=True,
        addresses_visible=False,
        flow_control=True,
        data_length=False,
        phy_2m=True,
        connection_parameters=False,
        remote_version=True,
        pairing=False,
    )


class Port:
    name = "COM3"
    capabilities = SerialCapabilities(baud=115_200, flow_control=True, exclusive=False)

    def now_s(self) -> float:
        return 0.0

    async def open(self) -> None:
        """Nothing."""


def test_images_are_described_as_their_init_packets_do() -> None:
    found = read_package(package(), name="dfu.zip")
    (image,) = describe_images(found)
    command = found.images[0].init_packet.command
    assert image.kind is ImageKind.APPLICATION
    assert (image.fw_version, image.hw_version) == (command.fw_version, command.hw_version)
    assert image.sd_req == command.sd_req
    assert image.digest == command.hash[::-1]
    assert image.signature_type == "ecdsa_p256_sha256"
    assert image.size == len(found.images[0].firmware)
    assert image.init_packet_size == len(found.images[0].init_packet.encoded)


def test_an_unsigned_image_without_versions_is_described_too() -> None:
    found = read_package(package(), name="dfu.zip")
    image = found.images[0]
    bare = replace(image.init_packet.command, fw_version=None, hw_version=None)
    packet = replace(image.init_packet, command=bare, signature_type=None, signature=None)
    (described,) = describe_images(replace(found, images=(replace(image, init_packet=packet),)))
    assert (described.fw_version, described.hw_version) == (None, None)
    assert described.signature_type is None


def test_a_link_declares_every_capability() -> None:
    radio = declare_link(Radio())  # type: ignore[arg-type] # only its capabilities are asked for
    assert radio.link == "radio"
    assert radio.capabilities["addresses_visible"] is False
    assert radio.capabilities.keys() == {field.name for field in fields(LinkCapabilities)}
    port = Port()
    assert isinstance(port, PortLink)
    declared = declare_link(port)
    assert declared.link == "port"
    assert declared.capabilities == {"baud": 115_200, "flow_control": True, "exclusive": False}


def test_the_waits_are_those_that_the_link_has_use_for() -> None:
    timeouts = Timeouts(search_s=3.0, serial=SerialTimeouts(ping_s=0.5))
    radio = plan_timing(Radio(), timeouts, pacing=FOR_BLUETOOTH, prn=8)  # type: ignore[arg-type]
    assert (radio.prn, radio.timeouts["search_s"]) == (8, 3.0)
    assert radio.pacing == scalars(FOR_BLUETOOTH)
    assert not any(name.startswith("serial.") for name in radio.timeouts)
    port = plan_timing(Port(), timeouts)  # type: ignore[arg-type]
    assert (port.prn, port.pacing, port.timeouts["serial.ping_s"]) == (None, {}, 0.5)


def test_only_plain_values_are_taken() -> None:
    class Colour(Enum):
        RED = "red"

    @dataclass
    class Inner:
        deep: int = 1

    @dataclass
    class Outer:
        inner: Inner
        colour: Colour = Colour.RED
        nothing: None = None
        strange: object = b"bytes"

    assert scalars(Outer(Inner())) == {"inner.deep": 1, "colour": "red", "nothing": None}


ADAPTER_OFF = TransportError(
    Code.LINK_NOT_AVAILABLE, "The adapter is off.", reason=TransportReason.NOT_AVAILABLE
)


def test_an_update_whose_link_was_not_there_is_a_stream_too() -> None:
    content = package()
    plan = plan_for(
        read_package(content, name="dfu.zip"),
        content,
        package_name="dfu.zip",
        unit_name="ble:x",
        pin=None,
        pacing=NO_PAUSES,
    )
    started, image, finished = not_begun(plan, ADAPTER_OFF)
    assert isinstance(started, events.UpdateStarted)
    assert isinstance(image, events.ImageDescribed)
    assert isinstance(finished, events.UpdateFinished)
    assert (finished.outcome, finished.code) == (Outcome.FAILED, Code.LINK_NOT_AVAILABLE)
    assert (finished.size, finished.duration_s) == (0, 0.0)


def test_so_is_an_inspection() -> None:
    begun = events.InspectionStarted(unit="ble:x", with_probes=False, public_key="")
    started, finished = inspection_not_begun(begun, ADAPTER_OFF)
    assert started is begun
    assert isinstance(finished, events.InspectionFinished)
    assert (finished.message, finished.left_in) == ("The adapter is off.", None)


@pytest.mark.parametrize("pacing", [NO_PAUSES, FOR_BLUETOOTH])
def test_every_pause_is_named(pacing: Pacing) -> None:
    assert set(scalars(pacing)) == {field.name for field in fields(Pacing)}
