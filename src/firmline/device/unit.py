"""A virtual unit: board, bootloader and application behind one face, driven from outside.

Nothing here waits or knows the time: every input carries ``now_s``, and what the unit wants done
is collected as outputs (:mod:`firmline.device.radio_face`).

Without physics a unit runs in lock step: an input has done all it does when it returns, and timers
run only in :meth:`VirtualUnit.wake`. With physics its work takes time and current: an input is
preceded by all that was due before it, outputs are handed out when their time has come, and the
supply may fail at any operation.

The rule of this module: an input first moves the time on, then goes to the part that it concerns
(:mod:`firmline.device.inside`); it decides nothing else.
"""

from __future__ import annotations

from firmline.device.application import Application
from firmline.device.board import Board
from firmline.device.bootloader.dfu_mode import DfuMode
from firmline.device.faults.plan import NO_FAULTS, FaultPlan
from firmline.device.inside.agenda import Agenda
from firmline.device.inside.appearance import advertisement_of, services_of
from firmline.device.inside.core import Core
from firmline.device.inside.life import Life
from firmline.device.inside.link import Link
from firmline.device.inside.radio import Radio
from firmline.device.physics.supply import Source
from firmline.device.radio_face import (
    AttStatus,
    ResetKind,
    UnitAdvertisement,
    UnitOutput,
    UnitServices,
)
from firmline.device.unit_log import UnitLogEntry
from firmline.events import UnitMode
from firmline.formats.peer_data import PeerKeys
from firmline.protocol.channels import Channel
from firmline.protocol.usb_trigger import TriggerRequest
from firmline.values import BleAddress


class VirtualUnit:
    """One unit (:class:`~firmline.device.radio_face.RadioUnit`).

    Args:
        name: Its name, as in ``sim:NAME``.
        address: Its application's address; the bootloader uses the next one.
        serial_number: What its application says.
        board: Its hardware; what happens there is logged here.
        gpregret: What an earlier run has left in GPREGRET before the first boot.
        lost_buffers: How many receive buffers are lost when its bootloader first starts.
        faults: What is wrong with it.
        greets: Whether its application prints what it is on its serial port, if it has one; the
            recorded ones did not.
    """

    def __init__(
        self,
        *,
        name: str,
        address: BleAddress,
        serial_number: str,
        board: Board,
        gpregret: int = 0,
        lost_buffers: int = 0,
        faults: FaultPlan = NO_FAULTS,
        greets: bool = False,
    ) -> None:
        self._name = name
        self._address = address
        self._serial_number = serial_number
        self._core = core = Core.of(board, faults)
        self._link = Link(core)
        self._life = Life(
            core,
            self._link,
            serial_number=serial_number,
            gpregret=gpregret,
            lost_buffers=lost_buffers,
            greets=greets and not board.profile.is_ble,
        )
        self._radio = Radio(core, self._link, self._life)
        self._agenda = Agenda(core, self._link, self._life, self._radio)

    @property
    def name(self) -> str:
        """Its name, as in ``sim:NAME``."""
        return self._name

    @property
    def address(self) -> BleAddress:
        """Its application's address."""
        return self._address

    @property
    def serial_number(self) -> str:
        """What its programs say its serial number is."""
        return self._serial_number

    @property
    def board(self) -> Board:
        """Its hardware, for those who may look inside."""
        return self._core.board

    @property
    def log(self) -> list[UnitLogEntry]:
        """What happened inside; an observer may put its own list here."""
        return self._core.log.entries

    @log.setter
    def log(self, entries: list[UnitLogEntry]) -> None:
        self._core.log.entries = entries

    @property
    def mode(self) -> UnitMode | None:
        """Which program runs; ``None``: it is off, or still boots."""
        match self._life.programs.awake:
            case Application():
                return UnitMode.APPLICATION
            case DfuMode():
                return UnitMode.BOOTLOADER
            case None:
                return None

    @property
    def firmware_revision(self) -> str | None:
        """What the running application says it is; ``None`` where none runs."""
        running = self._life.programs.awake
        return running.firmware_revision if isinstance(running, Application) else None

    # Power and resets.

    def power_on(self, *, now_s: float) -> None:
        """Power comes: registers are zero, and the chip boots; where it ran, it had lost power.

        The first time, GPREGRET holds what the unit's history before us has left there.
        """
        if self._life.programs.running is not None:
            self.reset(ResetKind.POWER, now_s=now_s)
            return
        self._agenda.reach(now_s)
        self._life.power_on(now_s)

    def reset(self, kind: ResetKind, *, now_s: float) -> None:
        """A reset from outside; only a soft one keeps the registers (FORMAT.md, section 4.2)."""
        self._agenda.reach(now_s)
        self._life.reset(kind, now_s)

    # What is around it.

    def feed_from(self, source: Source | None, *, now_s: float) -> None:
        """Another source feeds it from now on, in parallel to its own; ``None``: its own alone."""
        self._agenda.reach(now_s)
        physics = self._core.time.physics
        if physics is not None:
            physics.supply.feed_from(source)

    def host_changed(self, *, is_other: bool) -> None:
        """Another host is at the other end, without what is wrong with the first; or that one."""
        self._core.faults.other_host = is_other

    # The face towards a radio.

    @property
    def advertisement(self) -> UnitAdvertisement | None:
        """What it broadcasts now; ``None``: it is off, or has no radio."""
        return advertisement_of(
            self._core, self._life.programs.awake, name=self._name, address=self._address
        )

    @property
    def services(self) -> UnitServices:
        """The services of the present mode."""
        return services_of(self._core, self._life.programs.running)

    def connected(self, *, now_s: float, interval_s: float | None = None) -> None:
        """A central has connected, at this connection interval."""
        self._agenda.reach(now_s)
        self._radio.connected(interval_s)

    def interval_changed(self, interval_s: float | None, *, now_s: float) -> None:
        """The connection has another interval from now on."""
        self._agenda.reach(now_s)
        self._radio.interval_changed(interval_s)

    def bonded(self, keys: PeerKeys, *, now_s: float) -> None:
        """The central has paired: the application keeps its keys, in the place of older ones."""
        self._agenda.reach(now_s)
        self._radio.bonded(keys)

    def encrypted(self, peer: BleAddress, *, now_s: float) -> None:
        """The link to this central is encrypted from now on."""
        self._agenda.reach(now_s)
        self._radio.encrypted(peer)

    def disconnected(self, *, now_s: float) -> None:
        """The central is gone; what that changes depends on the SDK (spec section 4.1)."""
        self._agenda.reach(now_s)
        self._radio.disconnected()

    def subscribed(self, channel: Channel, enabled: bool, *, now_s: float) -> None:
        """The central wrote the CCCD of a channel."""
        self._agenda.reach(now_s)
        self._link.subscribe(channel, enabled)

    def receive(self, channel: Channel, data: bytes, *, now_s: float) -> AttStatus:
        """The central wrote to a channel."""
        self._agenda.reach(now_s)
        return self._radio.receive(channel, data)

    def indication_confirmed(self, channel: Channel, *, now_s: float) -> None:
        """The central has confirmed the application's indication."""
        self._agenda.reach(now_s)
        self._radio.indication_confirmed(channel)

    def wants_changes(self, enabled: bool, *, now_s: float) -> None:
        """The central wrote the CCCD of Service Changed."""
        self._agenda.reach(now_s)
        self._radio.changes.subscribed(enabled)

    def change_confirmed(self, *, now_s: float) -> None:
        """The central has confirmed that it knows of the change of services."""
        self._agenda.reach(now_s)
        self._radio.changes.confirmed()

    def usb_request(self, request: TriggerRequest, *, now_s: float) -> bytes | None:
        """A host asks the DFU trigger interface; ``None``: there is no answer."""
        self._agenda.reach(now_s)
        return self._radio.usb_request(request)

    def port_opened(self, *, now_s: float) -> None:
        """A host has opened the serial port that the unit offers over USB."""
        self._agenda.reach(now_s)
        self._radio.port_opened()

    def radio_used(self, start_s: float, end_s: float, *, now_s: float) -> None:
        """The radio was on from one time to another; the supply may not carry that."""
        self._agenda.reach(now_s)
        self._radio.used(start_s, end_s)

    def radio_blocked_until_s(self, *, now_s: float) -> float:
        """Until when the radio is deaf for flash work; ``now_s``: it is not."""
        return self._radio.blocked_until_s(now_s)

    def take_outputs(self) -> list[UnitOutput]:
        """What the unit wants done by now, in order; each is handed out once."""
        return self._core.outbox.take()

    # Time.

    def next_wake_s(self) -> float | None:
        """When :meth:`wake` must be called at the latest."""
        return self._agenda.next_s

    def wake(self, *, now_s: float) -> None:
        """Timers that are due run; without physics each once, however long ago it was due."""
        self._agenda.wake(now_s)
