"""A unit with physics, and the time of the world around it."""

from __future__ import annotations

from firmline.device.chips import chip
from firmline.device.description import UnitDescription
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.physics.timing import Timing
from firmline.device.radio_face import Notify, UnitOutput
from firmline.device.synthetic import synthetic_bytes
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from firmline.protocol.requests import (
    CreateObject,
    ExecuteObject,
    GetCrc,
    Request,
    SelectObject,
    encode_request,
)
from unit.device.makers import PAGE, init_command, signed_packet

NRF52832 = chip("nrf52832-512k")
TIMING = Timing.of(NRF52832)
PACKET = 244
IMAGE = synthetic_bytes("timed image", 3 * PAGE - 100)
INIT_PACKET = signed_packet(init_command(IMAGE))
INTERVAL_S = 0.0025
"""Between packets, as in the recording of section 11."""
SETTLED_S = 1.0
"""Longer than the writing of both settings pages."""


class Story:
    """A unit with physics, and the time of the world around it."""

    def __init__(self, description: UnitDescription) -> None:
        physics = physics_of(description)
        self.physics = physics
        self.unit: VirtualUnit = fabricate(description, physics=physics)
        self.now_s = 0.0
        self.said: list[tuple[float, UnitOutput]] = []
        self.unit.power_on(now_s=0.0)

    def runs(self, mode: UnitMode | None) -> bool:
        return self.unit.mode is mode

    @property
    def logged(self) -> list[str]:
        return [entry.what for entry in self.unit.log]

    def pass_time(self, until_s: float) -> None:
        """Wake the unit whenever it wants to be woken."""
        while (due_s := self.unit.next_wake_s()) is not None and due_s <= until_s:
            self.now_s = max(self.now_s, due_s)
            self.unit.wake(now_s=self.now_s)
            self.listen()
        self.now_s = max(self.now_s, until_s)
        self.unit.wake(now_s=self.now_s)
        self.listen()

    def wait_for(self, kind: type[UnitOutput], *, at_most_s: float = 60.0) -> UnitOutput:
        """Let time pass until the unit does this."""
        end_s = self.now_s + at_most_s
        count = len(self.said)
        while not any(isinstance(output, kind) for _, output in self.said[count:]):
            due_s = self.unit.next_wake_s()
            assert due_s is not None, f"{kind.__name__} never comes"
            assert due_s <= end_s, f"no {kind.__name__} in {at_most_s} s"
            self.pass_time(max(due_s, self.now_s))
        return next(output for _, output in self.said[count:] if isinstance(output, kind))

    def listen(self) -> None:
        self.said += [(self.now_s, output) for output in self.unit.take_outputs()]

    def enter_bootloader(self, interval_s: float | None = None) -> None:
        self.pass_time(TIMING.boot_s)
        self.unit.connected(now_s=self.now_s)
        self.unit.subscribed(Channel.BUTTONLESS, True, now_s=self.now_s)
        self.unit.receive(Channel.BUTTONLESS, b"\x01", now_s=self.now_s)
        self.unit.indication_confirmed(Channel.BUTTONLESS, now_s=self.now_s)
        self.listen()
        self.pass_time(self.now_s + TIMING.boot_s)
        self.connect(interval_s)

    def connect(self, interval_s: float | None = None) -> None:
        self.unit.connected(now_s=self.now_s, interval_s=interval_s)
        self.unit.subscribed(Channel.CONTROL, True, now_s=self.now_s)

    def ask(self, request: Request, *, at_most_s: float = 10.0) -> str:
        """A request, and the answer whenever it comes."""
        self.unit.receive(Channel.CONTROL, encode_request(request), now_s=self.now_s)
        count = len(self.said)
        self.listen()
        if len(self.said) > count:
            output = self.said[-1][1]
        else:
            output = self.wait_for(Notify, at_most_s=at_most_s)
        assert isinstance(output, Notify)
        return output.data.hex()

    def send_init_packet(self) -> None:
        self.ask(SelectObject(object_type=1))
        self.ask(CreateObject(object_type=1, size=len(INIT_PACKET)))
        self.unit.receive(Channel.PACKET, INIT_PACKET, now_s=self.now_s)
        assert self.ask(ExecuteObject()) == "600401"
        self.ask(SelectObject(object_type=2))

    def create(self, size: int = PAGE, *, then_wait_s: float = 0.0) -> None:
        assert self.ask(CreateObject(object_type=2, size=size)) == "600101"
        self.pass_time(self.now_s + then_wait_s)

    def packets(self, data: bytes) -> None:
        for at in range(0, len(data), PACKET):
            packet = data[at : at + PACKET]
            self.unit.receive(Channel.PACKET, packet, now_s=self.now_s)
            self.listen()
            self.pass_time(self.now_s + INTERVAL_S)

    def offset(self) -> int:
        answer = bytes.fromhex(self.ask(GetCrc()))
        return int.from_bytes(answer[3:7], "little")
