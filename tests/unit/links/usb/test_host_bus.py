"""The computer's own USB, as pyserial and pyusb tell it: read, asked, and every failure told.

No USB device is needed: what stands for pyusb's devices answers as those of libusb do.
"""

from __future__ import annotations

import asyncio
import errno
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import usb.core

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.serial.link import SerialLink
from firmline.links.usb import host_bus
from firmline.links.usb.device import UsbDevice, UsbKind
from firmline.links.usb.host_bus import CLASS_REQUEST_IN, CLASS_REQUEST_OUT, HostBus
from firmline.links.usb.link import UsbLink
from firmline.links.usb.problems import library_missing, request_failed
from firmline.protocol.usb_trigger import TriggerRequest


def interface(number: int, *kind: int) -> Any:
    names = ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol")
    return SimpleNamespace(bInterfaceNumber=number, **dict(zip(names, kind, strict=True)))


CDC = [interface(0, 2, 2, 1), interface(1, 10, 0, 0)]
TRIGGER = interface(2, 0xFF, 1, 1)


@dataclass
class Handle:
    """A device as pyusb has it."""

    idVendor: int = 0x1915  # noqa: N815 - as libusb calls it
    idProduct: int = 0x520F  # noqa: N815
    bus: int = 1
    port_numbers: tuple[int, ...] = (4, 2)
    address: int = 9
    serial_number: str = "A1"
    product: str = "Tag"
    interfaces: list[Any] = field(default_factory=lambda: [*CDC, TRIGGER])
    answer: bytes | Exception = b"tag 1.2.0\0"
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def __iter__(self) -> Iterator[list[Any]]:
        return iter([self.interfaces])

    def ctrl_transfer(self, *words: Any, timeout: int) -> bytes:
        self.asked.append((*words, timeout))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def port(**changes: Any) -> Any:
    usual = {
        "device": "/dev/ttyACM0",
        "vid": 0x1915,
        "pid": 0x520F,
        "serial_number": "A1",
        "product": "Tag",
        "location": "1-4.2:1.0",
    }
    return SimpleNamespace(**{**usual, **changes})


def bus_with(
    handles: list[Any], *ports: Any, sysfs: Path = Path("/nowhere"), fails: Exception | None = None
) -> HostBus:
    def devices() -> list[Any]:
        if fails is not None:
            raise fails
        return handles

    return HostBus(comports=lambda: list(ports), devices=devices, sysfs=sysfs)


async def test_a_unit_is_listed_with_port_and_trigger() -> None:
    plugged = await bus_with([Handle()], port(), port(device="/dev/ttyS0", vid=None)).look()
    assert plugged.problem is None
    assert plugged.devices == (
        UsbDevice(
            vendor_id=0x1915,
            product_id=0x520F,
            serial_number="A1",
            product="Tag",
            port="/dev/ttyACM0",
            trigger=2,
            place="1-4.2",
            address=9,
        ),
    )


@pytest.mark.parametrize("odd", [(0xFE, 1, 1), (0xFF, 0, 1), (0xFF, 1, 0), (0xFF, 1, 2)])
async def test_no_other_interface_is_taken_for_the_trigger(odd: tuple[int, ...]) -> None:
    plugged = await bus_with([Handle(interfaces=[*CDC, interface(2, *odd)])]).look()
    assert [each.kind for each in plugged.devices] == [UsbKind.OTHER]


async def test_what_may_not_be_opened_is_named_by_the_system(tmp_path: Path) -> None:
    class Closed(Handle):
        @property
        def serial_number(self) -> str:
            raise usb.core.USBError("Access denied", -3, errno.EACCES)

        @serial_number.setter
        def serial_number(self, _value: str) -> None: ...

    (tmp_path / "1-4.2").mkdir()
    (tmp_path / "1-4.2" / "serial").write_text("B7\n")
    (known,) = (await bus_with([Closed()], sysfs=tmp_path).look()).devices
    assert (known.serial_number, known.product) == ("B7", "Tag")
    (unknown,) = (await bus_with([Closed()]).look()).devices
    assert unknown.serial_number == ""


async def test_strings_of_a_unit_are_made_safe() -> None:
    (found,) = (
        await bus_with([Handle(serial_number="A\x1b[1m1", product="T\n" * 99)]).look()
    ).devices
    assert (found.serial_number, found.product) == ("A[1m1", "T" * 64)


async def test_descriptors_that_cannot_be_read_are_no_trigger() -> None:
    class Going(Handle):
        def __iter__(self) -> Iterator[list[Any]]:
            raise usb.core.USBError("No such device", -4, errno.ENODEV)

    (found,) = (await bus_with([Going()]).look()).devices
    assert found.trigger is None


async def test_without_libusb_ports_are_listed_all_the_same() -> None:
    plugged = await bus_with([], port(pid=0x521F), fails=library_missing()).look()
    assert plugged.problem is not None
    assert plugged.problem.code is Code.USB_LIBRARY_MISSING
    assert [each.kind for each in plugged.devices] == [UsbKind.BOOTLOADER]


async def test_requests_are_class_requests_to_the_interface() -> None:
    handle = Handle()
    bus = bus_with([handle], port())
    link = UsbLink(bus, "a1")
    device = await link.look()
    assert device is not None
    assert await link.version(device) == "tag 1.2.0"
    handle.answer = usb.core.USBError("Pipe error", -9, errno.EPIPE)
    await link.detach(device)
    assert handle.asked == [
        (CLASS_REQUEST_IN, 8, 0, 2, 256, 1000),
        (CLASS_REQUEST_OUT, 0, 0, 2, b"0", 1000),
    ]


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EIO, errno.ENODEV, errno.ETIMEDOUT, None])
async def test_however_a_unit_fails_that_resets_it_may_have_been_asked(number: int | None) -> None:
    handle = Handle(answer=usb.core.USBError("It went.", -1, number))
    link = UsbLink(bus_with([handle]), "A1")
    device = await link.look()
    assert device is not None
    await link.detach(device)
    assert await link.version(device) is None


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (usb.core.USBError("Access denied", -3, errno.EACCES), Code.USB_FORBIDDEN),
        (NotImplementedError("not supported"), Code.USB_FORBIDDEN),
        (usb.core.USBError("Resource busy", -6, errno.EBUSY), Code.USB_FAILED),
    ],
)
async def test_a_unit_that_may_not_be_asked_is_told(problem: Exception, code: Code) -> None:
    link = UsbLink(bus_with([Handle(answer=problem)]), "A1")
    device = await link.look()
    assert device is not None
    for ask in (link.detach, link.version):
        with pytest.raises(TransportError) as caught:
            await ask(device)
        assert (caught.value.code, caught.value.reason) == (code, TransportReason.NOT_AVAILABLE)


async def test_a_device_that_nobody_has_seen_is_gone() -> None:
    bus = bus_with([Handle()])
    (seen,) = (await bus.look()).devices
    with pytest.raises(TransportError) as caught:
        await bus.read(replace(seen, address=10), TriggerRequest.VERSION_STRING, 256)
    assert caught.value.reason is TransportReason.LOST
    await bus.close()
    with pytest.raises(TransportError):
        await bus.read(seen, TriggerRequest.VERSION_STRING, 256)


async def test_its_port_has_no_byte_times_and_needs_no_wires() -> None:
    bus = bus_with([Handle()], port())
    (device,) = (await bus.look()).devices
    link = bus.port(device)
    assert isinstance(link, SerialLink)
    assert link.name == "/dev/ttyACM0"
    can = link.capabilities
    assert (can.baud, can.flow_control, can.exclusive) == (None, True, True)


async def test_the_real_parts_list_what_is_here() -> None:
    """pyserial, pyusb and libusb themselves; most machines of ours have no USB device."""
    bus = HostBus()
    plugged = await bus.look()
    assert all(device.usb_id for device in plugged.devices)
    assert plugged.problem is None or plugged.problem.code in {
        Code.USB_LIBRARY_MISSING,
        Code.USB_FAILED,
    }
    assert bus.now_s() > 0


async def test_without_pyusb_it_is_said_which_extra_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usb.core", None)
    bus = HostBus(comports=lambda: [port(pid=0x521F)])
    plugged = await bus.look()
    assert plugged.problem is not None
    assert plugged.problem.code is Code.LINK_EXTRA_MISSING
    assert "firmline[usb]" in plugged.problem.hint


async def test_without_pyserial_nothing_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "serial.tools.list_ports", None)
    with pytest.raises(TransportError) as caught:
        await HostBus().look()
    assert caught.value.code is Code.LINK_EXTRA_MISSING


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (usb.core.NoBackendError("No backend available"), Code.USB_LIBRARY_MISSING),
        (usb.core.USBError("Other error", -99, None), Code.USB_FAILED),
    ],
)
async def test_what_libusb_says_of_itself_is_told(
    raised: Exception, code: Code, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(**_given: Any) -> Any:
        raise raised

    monkeypatch.setattr(usb.core, "find", find)
    plugged = await HostBus(comports=list).look()
    assert plugged.problem is not None
    assert plugged.problem.code is code


DEVICE = UsbDevice(vendor_id=0x1915, product_id=0x520F, serial_number="A1", trigger=2)


@pytest.mark.parametrize(
    ("platform", "says"),
    [
        ("linux", 'SUBSYSTEM=="usb", ATTR{idVendor}=="1915", TAG+="uaccess"'),
        ("win32", "WinUSB"),
        ("darwin", "Close programs"),
    ],
)
def test_who_may_not_is_told_what_this_system_needs(platform: str, says: str) -> None:
    error = request_failed(DEVICE, PermissionError(errno.EACCES, "no"), platform)
    assert says in error.hint


@pytest.mark.parametrize(
    ("platform", "says"),
    [("linux", "libusb-1.0-0"), ("darwin", "brew"), ("win32", ".dll"), ("plan9", "Install libusb")],
)
def test_a_missing_library_is_told_with_the_command(platform: str, says: str) -> None:
    assert says in library_missing(platform).hint


def test_the_constants_are_those_of_a_class_request_to_an_interface() -> None:
    directions: list[Callable[[], int]] = [
        lambda: usb.util.build_request_type(0x80, 0x20, 1),
        lambda: usb.util.build_request_type(0x00, 0x20, 1),
    ]
    import usb.util  # noqa: PLC0415

    assert [each() for each in directions] == [
        host_bus.CLASS_REQUEST_IN,
        host_bus.CLASS_REQUEST_OUT,
    ]


async def test_many_who_look_at_once_share_their_looks() -> None:
    looks = 0

    def comports() -> list[Any]:
        nonlocal looks
        looks += 1
        return []

    bus = HostBus(comports=comports, devices=list)
    await asyncio.gather(*(bus.look() for _ in range(32)))
    assert looks == 2  # the first one's, and one that began after all others had asked
    await bus.look()
    assert looks == 3
