"""How much of a unit's own speed limit an update reaches: chip, link, flash and method.

Everything runs in virtual time, so a figure is the same on every machine. The true costs of the
unit are known here, and nowhere in the host. Its limit is the sum over the objects of the image of
the larger of link time and erase + write time, without any round trip (physics spec, section 6):

* link time: packets of what the MTU holds one behind the other on a radio, each with its answer
  (section 5); the SLIP frames of the data at ten bits a byte on a UART; nothing over USB.
* erase + write time: a page, and the words; over Bluetooth LE also what the SoftDevice adds to each
  chunk of 20 bytes, and what an erase waits for that fits between no two radio events.

The *bare* limit leaves that wait out: it depends on the connection interval, which is the host's
choice. What a chunk waits for that fits between no two radio events, as at 7.5 ms, is in neither:
a host that can ask for another interval need not have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Final

from bench.customary import CustomaryHost
from firmline import events
from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.chips import chip
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.flash_queue import CHUNK_SIZE
from firmline.device.physics.timing import Timing
from firmline.device.profile import SDK15_3_BLE, SDK15_3_UART, SDK15_3_USB
from firmline.device.synthetic import synthetic_bytes
from firmline.formats.firmware import FirmwareImage
from firmline.formats.package import Package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.links.base import USUAL_INTERVAL_S
from firmline.links.serial.link import BITS_PER_BYTE
from firmline.links.serial.virtual import virtual_serial_link
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_radio.schedule import IFS_S, airtime_s
from firmline.links.virtual_time import run_in_virtual_time
from firmline.protocol.framing import BleFraming, Framing, SerialFraming
from firmline.protocol.pacing import AHEAD, FOR_BLUETOOTH, NO_PAUSES
from firmline.protocol.requests import WriteObject
from firmline.updater.expectation import expectation
from firmline.updater.update import Update, UpdateResult, plan_for
from firmline.values import Fwid, FwVersion
from unit.device.makers import FWID, KEY, describe

SIZE: Final = 150_000
OBJECT_SIZE: Final = 4096
WORD_SIZE: Final = 4
MTU: Final = 247
L2CAP_AND_ATT: Final = 7
"""Bytes around the value of a write without response (Core spec, Vol 3, Parts A and F)."""
CHIPS: Final = ("nrf52832-512k", "nrf52840")
DRAINS_MS: Final = (0.3, 1.0, 2.0, 5.0)
"""What a SoftDevice adds to a write of 20 bytes (physics spec, section 6), milliseconds."""
NO_WAIT: Final = "erases that wait for no gap"
USUAL_INTERVAL_MS: Final = 1000 * USUAL_INTERVAL_S
OTHER_CONNECTIONS: Final = (
    (247, 7.5),
    (247, 30.0),
    (247, 50.0),
    (185, 15.0),
    (185, 30.0),
    (100, 15.0),
    (23, 15.0),
    (23, 30.0),
)
"""MTU and connection interval, ms: what phones, dongles of old firmware and poor air come to."""
OTHER_DRAINS_MS: Final = (0.3, 1.0, 5.0)


class Road(StrEnum):
    """How the unit is reached."""

    BLE_1M = "BLE 1M"
    BLE_2M = "BLE 2M"
    USB = "USB"
    UART_1M = "UART 1 Mbaud"
    UART_115200 = "UART 115200"

    @property
    def is_radio(self) -> bool:
        """Whether a SoftDevice writes the unit's flash."""
        return self in (Road.BLE_1M, Road.BLE_2M)

    @property
    def baud(self) -> int | None:
        """Bits per second; ``None``: bytes take no time of their own."""
        return {Road.UART_1M: 1_000_000, Road.UART_115200: 115_200}.get(self)


class Method(StrEnum):
    """How the objects are sent."""

    FIRMLINE = "firmline"
    STEP_BY_STEP = "step by step"
    WAIT_100 = "100 ms after CREATE"
    WAIT_400 = "400 ms after CREATE"

    @property
    def wait_s(self) -> float | None:
        """Of a customary host; ``None``: it is none."""
        return {Method.WAIT_100: 0.1, Method.WAIT_400: 0.4}.get(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One update.

    Attributes:
        chip: Key of the chip.
        road: How the unit is reached.
        drain_ms: What its SoftDevice adds to a write of 20 bytes; ``None``: it has no part in it.
        method: How the objects are sent.
        waits_for_gap: Whether an erase waits that fits between no two radio events; ``False``: it
            is done at once, at their cost.
        mtu: The MTU of a radio's link.
        interval_ms: Its connection interval.
    """

    chip: str
    road: Road
    drain_ms: float | None
    method: Method = Method.FIRMLINE
    waits_for_gap: bool = True
    mtu: int = MTU
    interval_ms: float = USUAL_INTERVAL_MS

    @property
    def is_usual(self) -> bool:
        """Whether the link is one as the bootloader itself asks for."""
        return (self.mtu, self.interval_ms) == (MTU, USUAL_INTERVAL_MS)

    @property
    def table(self) -> str:
        """Which table it stands in."""
        if not self.is_usual:
            return f"{self.road}, MTU {self.mtu}, {self.interval_ms:g} ms"
        return self.road if self.waits_for_gap else f"{self.road}, {NO_WAIT}"

    @property
    def timing(self) -> Timing:
        """The unit's true costs."""
        timing = Timing.of(chip(self.chip))
        if self.drain_ms is not None:
            timing = replace(timing, chunk_s=self.drain_ms / 1000)
        return timing if self.waits_for_gap else replace(timing, patience_s=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What an update reached.

    Attributes:
        seconds: From the first CREATE of data to the answer to the last EXECUTE; ``None``: it was
            given up.
        reported: The share that the update itself told; ``None``: it does not know.
        why: It was given up; empty: it was not.
    """

    case: Case
    seconds: float | None
    reported: float | None = None
    why: str = ""

    @property
    def speed_kb_s(self) -> float | None:
        """Thousand bytes a second."""
        return None if self.seconds is None else SIZE / self.seconds / 1000

    @property
    def share(self) -> float | None:
        """Of the unit's own limit."""
        return None if self.seconds is None else limit_s(self.case) / self.seconds

    @property
    def bare_share(self) -> float | None:
        """Of the limit of its bare flash."""
        return None if self.seconds is None else limit_s(self.case, bare=True) / self.seconds


def cases() -> Iterator[Case]:
    """All rows, in the order of the tables."""
    for road in Road:
        for on in CHIPS:
            if road.is_radio:
                yield from _over_radios(on, road)
            elif road is not Road.USB or chip(on).has_usb:
                yield Case(chip=on, road=road, drain_ms=None)
    for on in CHIPS:
        for case in _over_radios(on, Road.BLE_1M):
            yield replace(case, waits_for_gap=False)
    yield from _over_other_connections()


def _over_other_connections() -> Iterator[Case]:
    for mtu, interval_ms in OTHER_CONNECTIONS:
        for on in CHIPS:
            for case in _over_radios(on, Road.BLE_1M):
                if case.drain_ms in OTHER_DRAINS_MS and case.method.wait_s is None:
                    yield replace(case, mtu=mtu, interval_ms=interval_ms)


def _over_radios(on: str, road: Road) -> Iterator[Case]:
    for drain_ms in DRAINS_MS:
        for method in Method:
            yield Case(chip=on, road=road, drain_ms=drain_ms, method=method)


@cache
def image() -> bytes:
    """What is sent."""
    return synthetic_bytes("limit shares", SIZE)


def limit_s(case: Case, *, bare: bool = False) -> float:
    """The unit's limit, seconds; ``bare``: without what an erase waits for its gap."""
    total_s = 0.0
    for start in range(0, SIZE, OBJECT_SIZE):
        packets = _packets(case, image()[start : start + OBJECT_SIZE])
        flash_s = _flash_s(case, [len(packet) for packet in packets], bare=bare)
        total_s += max(_link_s(case, packets), flash_s)
    return total_s


def _packets(case: Case, data: bytes) -> list[bytes]:
    profile = SDK15_3_USB if case.road is Road.USB else SDK15_3_UART
    framing: Framing = (
        BleFraming(mtu=case.mtu) if case.road.is_radio else SerialFraming(mtu=profile.mtu)
    )
    size = framing.packet_size
    return [data[at : at + size] for at in range(0, len(data), size)]


def _link_s(case: Case, packets: list[bytes]) -> float:
    if case.road.is_radio:
        phy = 2 if case.road is Road.BLE_2M else 1
        answer_s = 2 * IFS_S + airtime_s(0, phy)
        return sum(airtime_s(len(each) + L2CAP_AND_ATT, phy) + answer_s for each in packets)
    if case.road.baud is None:
        return 0.0
    framing = SerialFraming()
    wire = sum(len(framing.encode(WriteObject(data=each))[1]) for each in packets)
    return wire * BITS_PER_BYTE / case.road.baud


def _flash_s(case: Case, sizes: list[int], *, bare: bool) -> float:
    timing = case.timing
    flash_s = timing.erase_page_s + sum(sizes) / WORD_SIZE * timing.write_word_s
    if not case.road.is_radio:
        return flash_s
    flash_s += sum(-(-size // CHUNK_SIZE) for size in sizes) * timing.chunk_s
    has_no_gap = timing.erase_page_s > case.interval_ms / 1000 - timing.radio_event_s
    return flash_s + (timing.patience_s if has_no_gap and not bare else 0.0)


def measure(case: Case, *, prn: int = 0) -> Reached:
    """Run one update; ``prn``: on a line, after how many packets the unit is waited for."""
    return run_in_virtual_time(_over_radio(case) if case.road.is_radio else _over_port(case, prn))


def package() -> Package:
    """The image, signed for the unit."""
    return build_package(
        PackageSpec(
            application=FirmwareImage(data=image(), address=None, source_name="app.bin"),
            hw_version=52,
            application_version=FwVersion(4),
            sd_req=(Fwid(FWID),),
            signing_key=KEY,
        )
    )


async def _over_radio(case: Case) -> Reached:
    unit_is = describe(chip=chip(case.chip), profile=SDK15_3_BLE, timings=case.timing)
    unit = fabricate(unit_is, physics=physics_of(unit_is))
    air = open_virtual_radio(timed=True)
    try:
        unit.power_on(now_s=air.now_s())
        air.add_unit(unit)
        link = await air.open_link(
            mtu=case.mtu,
            interval_s=case.interval_ms / 1000,
            phy_2m=case.road is Road.BLE_2M,
        )
        if case.method.wait_s is not None:
            heard: list[events.Event] = []
            host = CustomaryHost(
                link, unit_is.address, wait_s=case.method.wait_s, report=heard.append
            )
            sent = await host.send(package())
            return Reached(case=case, seconds=sent.seconds, why=sent.why)
        plan = plan_for(
            package(),
            b"",
            package_name="update.zip",
            unit_name="sim:unit",
            pin=unit_is.address,
            pacing=AHEAD if case.method is Method.FIRMLINE else FOR_BLUETOOTH,
        )
        told: list[events.Event] = []
        return _reached(case, await Update(plan, link=link, report=told.append).run(), told)
    finally:
        await air.close()


async def _over_port(case: Case, prn: int) -> Reached:
    unit_is = describe(
        chip=chip(case.chip),
        profile=SDK15_3_USB if case.road is Road.USB else SDK15_3_UART,
        gpregret=GPREGRET_ENTER_DFU,
        timings=case.timing,
    )
    unit = fabricate(unit_is, physics=physics_of(unit_is), greets=True)
    plan = plan_for(
        package(),
        b"",
        package_name="update.zip",
        unit_name="sim:unit",
        pin=None,
        pacing=NO_PAUSES,
        prn=prn,
        expectation=expectation("virtual application 4+"),
    )
    told: list[events.Event] = []
    link = virtual_serial_link(unit, baud=case.road.baud)
    return _reached(case, await Update(plan, link=link, report=told.append).run(), told)


def _reached(case: Case, result: UpdateResult, told: list[events.Event]) -> Reached:
    if result.error is not None:
        raise result.error
    begin_s = next(
        event.at_s
        for event in told
        if isinstance(event, events.RequestSent)
        and event.request == "object_create"
        and _creates_data(event.data)
    )
    end_s = next(event.at_s for event in told if isinstance(event, events.ImageSent))
    return Reached(case=case, seconds=end_s - begin_s, reported=result.finished.limit_share)


def _creates_data(data: bytes) -> bool:
    return data[:2] == b"\x01\x02"
