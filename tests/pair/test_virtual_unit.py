"""The same host and the bootloader of the virtual unit, which checks signature, hash and flash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from firmline import events
from firmline.device.description import gallery_unit
from firmline.device.fabrication import fabricate
from firmline.device.radio_face import AttStatus, Notify
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, TargetRefusedError
from firmline.events import UnitMode
from firmline.formats.package import PackageImage, read_package
from firmline.protocol.buttonless import encode_enter_bootloader
from firmline.protocol.channels import Channel
from firmline.protocol.framing import BleFraming
from firmline.protocol.host import HostSession
from firmline.protocol.steps import Write
from firmline.protocol.target import Reply
from pair.joined import Talk, talk

NOW_S = 0.0


@dataclass(slots=True)
class InBootloader:
    """A virtual unit in its bootloader, with a link (:class:`~pair.joined.Target`)."""

    unit: VirtualUnit

    def receive(self, channel: Channel, data: bytes) -> list[Reply]:
        """A write of the host."""
        assert self.unit.receive(channel, data, now_s=NOW_S) is AttStatus.OK
        return [
            Reply(channel=output.channel, data=output.data)
            for output in self.unit.take_outputs()
            if isinstance(output, Notify)
        ]

    def reconnect(self) -> None:
        """The link is lost, and a new one made."""
        self.unit.disconnected(now_s=NOW_S)
        self.unit.connected(now_s=NOW_S)
        self.unit.subscribed(Channel.CONTROL, True, now_s=NOW_S)


@pytest.fixture(scope="module")
def image(shared: Path) -> PackageImage:
    """The application of a package that nrfutil made for the reference unit."""
    path = shared / "data/nrfutil/pkg/app_user_shape.zip"
    if not path.is_file():
        pytest.skip("nrfutil's packages are not on this machine")
    return read_package(path.read_bytes(), name=path.name).images[0]


def in_bootloader(name: str = "ble-reference") -> InBootloader:
    return entered(fabricate(gallery_unit(name)))


def entered(unit: VirtualUnit) -> InBootloader:
    """The unit after power came and its application was asked into the bootloader."""
    unit.power_on(now_s=NOW_S)
    unit.connected(now_s=NOW_S)
    unit.subscribed(Channel.BUTTONLESS, True, now_s=NOW_S)
    unit.receive(Channel.BUTTONLESS, encode_enter_bootloader(), now_s=NOW_S)
    unit.indication_confirmed(Channel.BUTTONLESS, now_s=NOW_S)
    assert unit.mode is UnitMode.BOOTLOADER
    unit.take_outputs()
    target = InBootloader(unit)
    target.reconnect()
    return target


def connect(
    target: InBootloader,
    image: PackageImage,
    *,
    prn: int = 0,
    mtu: int = 247,
    cut_at: int | None = None,
) -> Talk:
    host = HostSession(
        init_packet=image.init_packet.encoded,
        firmware=image.firmware,
        framing=BleFraming(mtu=mtu),
        prn=prn,
    )
    return talk(host, target, cut_at=cut_at)


def assert_runs_new_application(target: InBootloader, said: Talk) -> None:
    assert said.error is None
    assert said.is_finished
    assert target.unit.mode is UnitMode.APPLICATION
    fresh = fabricate(gallery_unit("ble-reference"))
    fresh.power_on(now_s=NOW_S)
    assert target.unit.firmware_revision != fresh.firmware_revision


@pytest.mark.slow
@pytest.mark.parametrize(("prn", "mtu"), [(0, 247), (1, 247), (12, 131), (3, 23)])
def test_the_unit_takes_the_package_and_runs_it(image: PackageImage, prn: int, mtu: int) -> None:
    target = in_bootloader()
    said = connect(target, image, prn=prn, mtu=mtu)
    assert_runs_new_application(target, said)
    assert said.events(events.ObjectExecuted)[-1].offset == len(image.firmware)


@pytest.mark.slow
@pytest.mark.parametrize("cut_at", [0, 3, 5, 7, 9, 11, 13, 14, 15, 29, 32, 33, 34, 35, 500, 856])
def test_it_goes_on_after_a_cut(image: PackageImage, cut_at: int) -> None:
    target = in_bootloader()
    first = connect(target, image, cut_at=cut_at)
    assert first.is_cut
    target.reconnect()
    second = connect(target, image)
    assert_runs_new_application(target, second)
    sent = sum(
        len(effect.data)
        for said in (first, second)
        for effect in said.effects
        if isinstance(effect, Write) and effect.channel is Channel.PACKET
    )
    assert sent - len(image.firmware) <= 2 * len(image.init_packet.encoded)


def test_a_power_failure_in_the_middle_costs_the_image_but_not_the_init_packet(
    image: PackageImage,
) -> None:
    target = in_bootloader()
    assert connect(target, image, cut_at=300).is_cut
    target = entered(target.unit)
    said = connect(target, image)
    assert_runs_new_application(target, said)
    assert [event.object_type for event in said.events(events.Resumed)] == ["command"]


def test_a_unit_with_another_softdevice_refuses_before_any_firmware_is_sent(
    image: PackageImage,
) -> None:
    target = in_bootloader("other-softdevice")
    said = connect(target, image)
    assert isinstance(said.error, TargetRefusedError)
    assert said.error.code is Code.REFUSED_SOFTDEVICE
    assert {event.object_type for event in said.events(events.PacketsSent)} == {"command"}
    assert target.unit.mode is UnitMode.BOOTLOADER
