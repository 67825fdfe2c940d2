"""Events of one update of one unit, and small traces made of them."""

from __future__ import annotations

from dataclasses import replace

from firmline import events
from firmline.errors import Code
from firmline.events import Event, Outcome, UnitMode
from firmline.formats.trace import Trace
from firmline.values import BleAddress, ImageKind

UNIT = BleAddress.parse("C6:05:04:03:02:01")
BOOTLOADER = UNIT.plus_one()
SIZE = 20_000


def finished(code: str = "", outcome: Outcome = Outcome.FAILED, **more: object) -> Event:
    end = events.UpdateFinished(
        outcome=outcome,
        code=code,
        message="It ended.",
        size=0,
        duration_s=1.0,
        transfer_s=0.0,
    )
    return replace(end, **more)  # type: ignore[arg-type]


STARTED = events.UpdateStarted(
    unit="ble:C6:05:04:03:02:01",
    package="dfu.zip",
    package_sha256="00" * 32,
    images=(ImageKind.APPLICATION,),
    total_size=SIZE,
)
RADIO = events.LinkDeclared(link="radio", capabilities={})
SEARCHING = events.Searching(address=UNIT, expected_mode=UnitMode.APPLICATION)
AT_APPLICATION = events.Connected(address=UNIT, mode=UnitMode.APPLICATION, mtu=247)
ASKED = events.RequestSent(request="enter_bootloader", data=b"\x01")
JUMPED = events.EnteringBootloader(address=BOOTLOADER)
AT_BOOTLOADER = events.Connected(address=BOOTLOADER, mode=UnitMode.BOOTLOADER, mtu=247)
IMAGE = events.ImageStarted(kind=ImageKind.APPLICATION, index=0, init_packet_size=140, size=SIZE)
INIT = events.RequestSent(request="object_create", data=b"\x01\x01\x8c\x00\x00\x00")
EXECUTE = events.RequestSent(request="object_execute", data=b"\x04")
DATA = events.RequestSent(request="object_create", data=b"\x01\x02\x00\x10\x00\x00")
TO_BOOTLOADER = (STARTED, RADIO, SEARCHING, AT_APPLICATION, ASKED, JUMPED, AT_BOOTLOADER, IMAGE)


def packets(offset: int) -> Event:
    return events.PacketsSent(object_type="data", count=1, offset=offset, size=SIZE)


def executed(offset: int) -> Event:
    return events.ObjectExecuted(object_type="data", offset=offset)


def stepped(step: str = "resume", fault: str = "link-lost", attempt: int = 1) -> Event:
    return events.LadderStepped(
        step=step, fault=fault, attempt=attempt, reason="Gone.", code=str(Code.LINK_LOST)
    )


def trace(*heard: Event, every_s: float = 1.0) -> Trace:
    """A trace in which something happens every so often."""
    return Trace(
        entries=tuple(replace(event, at_s=place * every_s) for place, event in enumerate(heard))
    )
