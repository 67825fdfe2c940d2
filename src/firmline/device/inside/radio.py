"""The unit's end of its radio, or of its serial line: connections, and what is heard over them.

What is heard goes to the program that runs, as far as the faults of the road and of the connection
let it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Final, assert_never

from firmline.device.application import Application
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.bootloader.dfu_mode import DfuMode
from firmline.device.faults.link import SUPERVISION_S, LinkFault
from firmline.device.faults.plan import ON_CONFIRMATION, ON_REQUEST, HostGone
from firmline.device.inside.appearance import channels_of
from firmline.device.inside.changes import Changes
from firmline.device.inside.core import Core
from firmline.device.inside.life import Life
from firmline.device.inside.link import Link
from firmline.device.physics.supply import Load
from firmline.device.radio_face import (
    AttStatus,
    DropLink,
    Indicate,
    LoseHost,
    Notify,
    ResetKind,
)
from firmline.formats.peer_data import PeerKeys
from firmline.protocol.buttonless import encode_enter_bootloader
from firmline.protocol.channels import WAYS_IN, Channel
from firmline.protocol.usb_trigger import TriggerRequest, encode_version
from firmline.values import BleAddress

CONNECTION_TIMEOUT: Final = 0x08
"""HCI reason of a connection whose other side is not heard any more (Core spec, Vol 1, Part F)."""
NEEDS_SUBSCRIPTION: Final = frozenset({Channel.CONTROL, *WAYS_IN})
ENTER_BOOTLOADER: Final = encode_enter_bootloader()


class Radio:
    """What a unit hears.

    Args:
        core: What all parts share.
        link: Its connection.
        life: Its power and its programs.

    Attributes:
        changes: What hosts know of its services.
    """

    def __init__(self, core: Core, link: Link, life: Life) -> None:
        self._core = core
        self._link = link
        self._life = life
        self._programs = life.programs
        self.changes = Changes(core, link, life.programs)

    # Connections, and what ends them.

    def connected(self, interval_s: float | None) -> None:
        """A central has connected, at this connection interval."""
        self._link.open()
        running = self._programs.running
        if isinstance(running, DfuMode):
            running.link_made(interval_s)
            self._suffer(self._core.faults.link.connected())

    def interval_changed(self, interval_s: float | None) -> None:
        """The connection has another interval from now on."""
        running = self._programs.running
        if isinstance(running, DfuMode):
            running.link_made(interval_s)

    def disconnected(self) -> None:
        """The central is gone; what that changes depends on the SDK (spec section 4.1)."""
        self._link.close(self._core.time.now_s)
        running = self._programs.running
        if running is not None:
            running.link_lost()

    def give_up(self) -> None:
        """The central has not been heard for too long."""
        self._end_link(CONNECTION_TIMEOUT)

    def _end_link(self, reason: int) -> None:
        """The radio loses the connection, whatever the processor is doing."""
        self._core.outbox.say(DropLink(reason=reason), at_s=self._core.time.now_s)
        self.disconnected()

    def _suffer(self, fault: LinkFault | None) -> None:
        """The connection ends, if this ends it; a host that is gone is noticed later."""
        if fault is None:
            return
        core = self._core
        if isinstance(fault, HostGone) and core.faults.other_host:
            return
        core.faults.strike(fault)
        if not isinstance(fault, HostGone):
            self._end_link(fault.reason)
            return
        core.outbox.say(LoseHost(), at_s=core.time.now_s)
        if core.time.physics is None:
            self.disconnected()
        else:
            self._link.gives_up_s = core.time.now_s + SUPERVISION_S

    # What it hears.

    def receive(self, channel: Channel, data: bytes) -> AttStatus:
        """The central wrote to a channel."""
        if self._link.gives_up_s is not None:  # From a host that is gone nothing is heard.
            return AttStatus.OK
        if channel not in channels_of(self._core, self._programs.running):
            return AttStatus.WRITE_NOT_PERMITTED
        if channel in NEEDS_SUBSCRIPTION and not self._link.is_subscribed(channel):
            return AttStatus.CCCD_IMPROPERLY_CONFIGURED
        match self._programs.awake:
            case Application() as application:
                self._life.powered(partial(self._ask, application, channel, data))
            case DfuMode():
                self._hear(channel, data)
            case None:
                return AttStatus.WRITE_NOT_PERMITTED
        return AttStatus.OK

    def _ask(self, application: Application, channel: Channel, data: bytes) -> None:
        """The application takes a request, which may write flash, and answers."""
        core = self._core
        if data[:1] == ENTER_BOOTLOADER and core.faults.crashes(ON_REQUEST):
            self._life.restart(ResetKind.SOFT)
            return
        peer = self._link.encrypted_for
        answer = application.receive(
            data, keys=None if peer is None else core.board.bonds.get(peer)
        )
        if channel is not Channel.BUTTONLESS_EXPERIMENTAL:
            core.outbox.say(Indicate(channel=channel, data=answer))
            return
        # SDK 12 notifies, and waits for no confirmation.
        core.outbox.say(Notify(channel=channel, data=answer))
        if application.is_leaving:
            self._link.drop()
            self._leave(application)

    def _leave(self, application: Application) -> None:
        """The application resets the chip; or crashes, which does so as well."""
        core = self._core
        if application.is_leaving and core.faults.stays():
            return
        if not application.confirmed():
            return
        core.faults.crashes(ON_CONFIRMATION)
        if core.faults.loses_request():
            core.board.registers.clear()
            self._life.restart(ResetKind.POWER)
        else:
            self._life.restart(ResetKind.SOFT)

    def bonded(self, keys: PeerKeys) -> None:
        """The central has paired: the application keeps its keys."""
        board = self._core.board
        board.bonds[keys.address] = replace(keys, hears_changes=self._link.hears_changes)
        board.unaware.discard(keys.address)  # a new bond knows of nothing from before
        board.log("bonded", peer=str(keys.address))

    def encrypted(self, peer: BleAddress) -> None:
        """The link to this central is encrypted from now on."""
        self._link.encrypted_for = peer
        self.changes.encrypted()

    def _hear(self, channel: Channel, data: bytes) -> None:
        """Something is on its way to the bootloader."""
        faults = self._core.faults
        self._deliver(faults.to_bootloader(channel, data, self._core.time.now_s))
        if channel is Channel.PACKET and self._link.is_open:
            self._suffer(faults.link.packet())

    def take_late(self) -> None:
        """What was late on its way to the bootloader arrives."""
        self._deliver(self._core.faults.late_arrivals(self._core.time.now_s))

    def _deliver(self, arriving: Iterable[tuple[Channel, bytes]]) -> None:
        """Something arrives at the bootloader, as long as that runs."""
        for channel, data in arriving:
            dfu = self._programs.awake
            if isinstance(dfu, DfuMode):
                now_s = self._core.time.cpu_s
                self._life.powered(partial(dfu.receive, channel, data, now_s=now_s))

    def indication_confirmed(self, channel: Channel) -> None:
        """The central has confirmed the application's indication."""
        core = self._core
        match self._programs.awake:
            case Application() as application if channel in WAYS_IN:
                self._life.powered(lambda: self._leave(application))
            case _:
                core.log.record("unexpected_confirmation", channel=channel.value)

    # What it is asked over USB.

    def usb_request(self, request: TriggerRequest) -> bytes | None:
        """Its DFU trigger interface is asked; ``None``: it stalls, or resets before it answers."""
        running = self._programs.awake
        has_trigger = self._core.board.application_dfu is ApplicationDfu.TRIGGER
        if not isinstance(running, Application) or not has_trigger:
            return None
        match request:
            case TriggerRequest.VERSION_STRING:
                return encode_version(running.version_string)
            case TriggerRequest.DETACH:
                self._life.powered(partial(self._detach, running))
                return None
            case TriggerRequest.FIRMWARE_INFO:  # it has none to give, as many products
                return None
            case _:
                assert_never(request)

    def _detach(self, application: Application) -> None:
        application.detach()
        self._life.restart(ResetKind.SOFT)

    def port_opened(self) -> None:
        """A host has opened its USB serial port."""
        self._programs.greet()

    # What its radio work does to it, and what its other work does to its radio.

    def used(self, start_s: float, end_s: float) -> None:
        """The radio was on from one time to another; the supply may not carry that."""
        physics = self._core.time.physics
        if physics is not None and self._programs.running is not None:
            self._life.powered(lambda: physics.use(Load.RADIO, start_s, end_s))

    def blocked_until_s(self, now_s: float) -> float:
        """Until when the radio is deaf for flash work; ``now_s``: it is not."""
        running = self._programs.running
        return running.blocks_radio_until(now_s) if isinstance(running, DfuMode) else now_s
