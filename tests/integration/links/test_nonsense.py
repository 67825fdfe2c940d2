"""Any bytes on any channel of the air: an answer of the unit or its silence, never an exception."""

from __future__ import annotations

import asyncio
import random

import pytest
from bumble import att

from firmline.device.fabrication import fabricate
from firmline.events import UnitMode
from firmline.links.bumble.central import BumbleLink
from firmline.links.virtual_radio.radio import VirtualRadio
from unit.device.makers import ADDRESS, describe, enter_bootloader

ATT, SIGNALLING, SMP = 0x04, 0x05, 0x06


async def join(radio: VirtualRadio, link: BumbleLink, *, bootloader: bool) -> Pipe:
    unit = fabricate(describe())
    unit.power_on(now_s=radio.now_s())
    if bootloader:
        enter_bootloader(unit, now_s=radio.now_s())
        unit.disconnected(now_s=radio.now_s())
        unit.take_outputs()
    radio.add_unit(unit)
    address = ADDRESS.plus_one() if bootloader else ADDRESS
    connection = await link.connect(address, timeout_s=5)
    return Pipe(connection)


class Pipe:
    """Raw L2CAP packets to a unit, and what it says on those channels."""

    def __init__(self, connection: object) -> None:
        self.connection = connection
        self._host = connection._host  # type: ignore[attr-defined]
        self._handle = connection._link.handle  # type: ignore[attr-defined]
        self.heard: list[tuple[int, bytes]] = []
        self._host.on("l2cap_pdu", self._hear)

    def _hear(self, _handle: int, cid: int, pdu: bytes) -> None:
        self.heard.append((cid, bytes(pdu)))

    async def send(self, cid: int, pdu: bytes) -> list[tuple[int, bytes]]:
        self.heard.clear()
        self._host.send_l2cap_pdu(self._handle, cid, pdu)
        for _ in range(20):
            await asyncio.sleep(0)
        return list(self.heard)


async def test_a_request_that_cannot_be_read_gets_an_error_and_nothing_else_an_answer(
    radio: VirtualRadio, link: BumbleLink
) -> None:
    pipe = await join(radio, link, bootloader=True)
    for pdu, answer in (
        (b"", []),
        (b"\x12", [(ATT, b"\x01\x12\x00\x00\x04")]),  # a write request without a handle
        (b"\x08\x01", [(ATT, b"\x01\x08\x00\x00\x04")]),
        (b"\x3e\x00", [(ATT, b"\x01\x3e\x00\x00\x06")]),  # no such request
        (b"\x52", []),  # a command is never answered
        (b"\x7e\x01\x02", []),
        (b"\x0b\x01\x02", []),  # answers nobody asked for
    ):
        assert await pipe.send(ATT, pdu) == answer, pdu


async def test_pairing_is_not_offered(
    radio: VirtualRadio, link: BumbleLink, caplog: pytest.LogCaptureFixture
) -> None:
    pipe = await join(radio, link, bootloader=True)
    request = bytes.fromhex("01030001100707")
    assert await pipe.send(SMP, request) == [(SMP, b"\x05\x05")]
    assert await pipe.send(SMP, b"\x0b\xff") == []
    assert await pipe.send(SMP, b"") == []
    caplog.clear()  # our own host's Bumble wonders about answers it has not asked for


@pytest.mark.parametrize("bootloader", [False, True])
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))]
)
async def test_after_any_nonsense_the_unit_still_answers(
    seed: int,
    bootloader: bool,
    radio: VirtualRadio,
    link: BumbleLink,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rng = random.Random(seed)
    pipe = await join(radio, link, bootloader=bootloader)
    for _ in range(150):
        cid = rng.choice([ATT, ATT, ATT, SIGNALLING, SMP])
        size = rng.choice([0, 1, 2, 3, 5, 7, 23, 60])
        await pipe.send(cid, rng.randbytes(size))
    mtu = await pipe.send(ATT, bytes(att.ATT_Exchange_MTU_Request(client_rx_mtu=247)))
    assert (ATT, b"\x03\xf7\x00") in mtu
    unit = radio._units[0].unit
    assert isinstance(unit.name, str)
    mode = getattr(unit, "mode", None)
    assert mode is (UnitMode.BOOTLOADER if bootloader else UnitMode.APPLICATION)
    caplog.clear()  # Bumble wonders in its log; what counts is that it raises nothing
