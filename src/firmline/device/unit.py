"""A virtual unit: board, bootloader and application behind one face, driven from outside.

Nothing here waits or knows the time: every input carries ``now_s``, and what the unit wants done
is collected as outputs (:mod:`firmline.device.radio_face`).

Without physics a unit runs in lock step: an input has done all it does when it returns, and timers
run only in :meth:`VirtualUnit.wake`. With physics its work takes time and current: an input is
preceded by all that was due before it, outputs are handed out when their time has come, and the
supply may fail at any operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from firmline.device.advertising import advertising_data
from firmline.device.application import Application
from firmline.device.board import Board
from firmline.device.bootloader.boot import BootedInto
from firmline.device.bootloader.dfu_mode import DfuMode
from firmline.device.bootloader.objects import InitError
from firmline.device.bootloader.settings_store import SettingsStore
from firmline.device.faults.at_work import FaultsAtWork
from firmline.device.faults.face import bootloader_advertisement
from firmline.device.faults.link import SUPERVISION_S, LinkFault
from firmline.device.faults.plan import NO_FAULTS, FaultPlan, HostGone
from firmline.device.flash import FlashRuleError, PowerCut
from firmline.device.physics.physics import NEVER, Physics
from firmline.device.physics.supply import Load
from firmline.device.radio_face import (
    AttStatus,
    DropLink,
    Indicate,
    LoseHost,
    Notify,
    ResetKind,
    Restarted,
    UnitAdvertisement,
    UnitOutput,
    UnitServices,
)
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from firmline.protocol.target import Reply
from firmline.values import BleAddress

REMOTE_USER_TERMINATED: Final = 0x13
"""HCI reason of a disconnection that the unit asked for (Core spec, Vol 1, Part F)."""
CONNECTION_TIMEOUT: Final = 0x08
"""HCI reason of a connection whose other side is not heard any more (the same)."""
APPLICATION_ADVERTISING_INTERVAL_MS: Final = 40.0
APPLICATION_CHANNELS: Final = frozenset({Channel.BUTTONLESS})
BLE_CHANNELS: Final = frozenset({Channel.CONTROL, Channel.PACKET})
SERIAL_CHANNELS: Final = frozenset({Channel.SERIAL})
NEEDS_SUBSCRIPTION: Final = frozenset({Channel.CONTROL, Channel.BUTTONLESS})
AT_ONCE: Final = -float("inf")
"""The time of everything in lock step: it is never waited for."""
MAX_BOOTS: Final = 32
"""A unit that has reset itself so often without anything running is in a boot loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitLogEntry:
    """Something that happened inside the unit, which no observer outside sees.

    Attributes:
        at_s: When.
        what: Its name.
        facts: Plain facts.
    """

    at_s: float
    what: str
    facts: dict[str, object]


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

    Attributes:
        log: What happened inside.
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
    ) -> None:
        self.log: list[UnitLogEntry] = []
        self._name = name
        self._address = address
        self._serial_number = serial_number
        self._board = board
        board.log = self._record
        self._lost_buffers = lost_buffers
        self._faults = FaultsAtWork(faults, board, self._record)
        self._left_in_gpregret = self._faults.left_in_gpregret(gpregret)
        self._was_on = False
        self._now_s = 0.0
        self._outputs: list[tuple[float, UnitOutput]] = []
        self._ready_s = AT_ONCE
        self._starts_s: float | None = None
        self._subscribed: set[Channel] = set()
        self._connected = False
        self._gives_up_s: float | None = None
        self._store = SettingsStore(board)
        self._running: Application | DfuMode | None = None

    @property
    def name(self) -> str:
        """Its name, as in ``sim:NAME``."""
        return self._name

    @property
    def address(self) -> BleAddress:
        """Its application's address."""
        return self._address

    @property
    def board(self) -> Board:
        """Its hardware, for those who may look inside."""
        return self._board

    @property
    def mode(self) -> UnitMode | None:
        """Which program runs; ``None``: it is off, or still boots."""
        match self._awake:
            case Application():
                return UnitMode.APPLICATION
            case DfuMode():
                return UnitMode.BOOTLOADER
            case None:
                return None

    @property
    def firmware_revision(self) -> str | None:
        """What the running application says it is; ``None`` where none runs."""
        running = self._awake
        return running.firmware_revision if isinstance(running, Application) else None

    @property
    def _awake(self) -> Application | DfuMode | None:
        """The program that runs, once it has started."""
        return self._running if self._now_s >= self._ready_s else None

    def power_on(self, *, now_s: float) -> None:
        """Power comes: registers are zero, and the chip boots; where it ran, it had lost power.

        The first time, GPREGRET holds what the unit's history before us has left there.
        """
        if self._running is not None:
            self.reset(ResetKind.POWER, now_s=now_s)
            return
        self._reach(now_s)
        self._board.registers.clear()
        self._board.registers.gpregret, self._left_in_gpregret = self._left_in_gpregret, 0
        if not self._was_on:
            self._was_on = True
            self._faults.switch_on()
        self._faults.reset(ResetKind.POWER, now_s)
        self._powered(self._boot)

    def reset(self, kind: ResetKind, *, now_s: float) -> None:
        """A reset from outside; only a soft one keeps the registers (FORMAT.md, section 4.2)."""
        self._reach(now_s)
        self._interrupt()
        if kind is not ResetKind.SOFT:
            self._board.registers.clear()
        if kind is ResetKind.POWER and self._physics is not None:
            self._physics.supply.interrupt(now_s)
        self._powered(lambda: self._restart(kind))

    def _interrupt(self) -> None:
        """What the processor has done ahead of this moment does not happen."""
        physics = self._physics
        if physics is None or physics.cpu_s <= self._now_s:
            return
        self._board.nvmc.roll_back(self._now_s)
        self._outputs = [output for output in self._outputs if output[0] <= self._now_s]
        self.log[:] = [entry for entry in self.log if entry.at_s <= self._now_s]
        physics.cpu_s = self._now_s

    # The face towards a radio.

    @property
    def advertisement(self) -> UnitAdvertisement | None:
        """What it broadcasts now; ``None``: it is off, or has no radio."""
        running = self._awake
        if running is None or not self._board.profile.is_ble:
            return None
        if isinstance(running, Application):
            return UnitAdvertisement(
                address=self._address,
                data=advertising_data(self._name, services=()),
                interval_ms=APPLICATION_ADVERTISING_INTERVAL_MS,
            )
        return bootloader_advertisement(self._address, self._faults.plan)

    @property
    def services(self) -> UnitServices:
        """The services of the present mode."""
        running = self._running
        softdevice = self._board.softdevice
        return UnitServices(
            channels=self._channels,
            device_information=(
                running.device_information if isinstance(running, Application) else ()
            ),
            max_mtu=self._board.profile.mtu,
            legacy_dfu=self._faults.is_legacy and isinstance(running, DfuMode),
            fwid=0 if softdevice is None else softdevice.fwid,
        )

    @property
    def _channels(self) -> frozenset[Channel]:
        is_ble = self._board.profile.is_ble
        match self._running:
            case Application():
                return APPLICATION_CHANNELS if is_ble else frozenset()
            case DfuMode() if self._faults.is_legacy:
                return frozenset()
            case DfuMode():
                return BLE_CHANNELS if is_ble else SERIAL_CHANNELS
            case None:
                return frozenset()

    def connected(self, *, now_s: float, interval_s: float | None = None) -> None:
        """A central has connected, at this connection interval."""
        self._reach(now_s)
        self._connected = True
        self._subscribed.clear()
        if isinstance(self._running, DfuMode):
            self._running.link_made(interval_s)
            self._suffer(self._faults.link.connected())

    def disconnected(self, *, now_s: float) -> None:
        """The central is gone; what that changes depends on the SDK (spec section 4.1)."""
        self._reach(now_s)
        self._lose_link()

    def _lose_link(self) -> None:
        self._connected = False
        self._subscribed.clear()
        self._gives_up_s = None
        self._clear_road(self._now_s)
        if isinstance(self._running, DfuMode):
            self._running.link_lost()

    def _suffer(self, fault: LinkFault | None) -> None:
        """The connection ends, if this ends it; a host that is gone is noticed later."""
        if fault is None:
            return
        self._faults.strike(fault)
        if not isinstance(fault, HostGone):
            self._end_link(fault.reason)
            return
        self._say(LoseHost(), at_s=self._now_s)
        if self._physics is None:
            self._lose_link()
        else:
            self._gives_up_s = self._now_s + SUPERVISION_S

    def _end_link(self, reason: int) -> None:
        """The radio loses the connection, whatever the processor is doing."""
        self._say(DropLink(reason=reason), at_s=self._now_s)
        self._lose_link()

    def _clear_road(self, from_s: float) -> None:
        """Nothing of what is on its way at this time arrives."""
        self._faults.clear_road()
        self._outputs = [
            (at_s, output)
            for at_s, output in self._outputs
            if at_s <= from_s or not isinstance(output, Notify)
        ]

    def subscribed(self, channel: Channel, enabled: bool, *, now_s: float) -> None:
        """The central wrote the CCCD of a channel."""
        self._reach(now_s)
        if enabled:
            self._subscribed.add(channel)
        else:
            self._subscribed.discard(channel)

    def receive(self, channel: Channel, data: bytes, *, now_s: float) -> AttStatus:
        """The central wrote to a channel."""
        self._reach(now_s)
        if self._gives_up_s is not None:  # From a host that is gone nothing is heard.
            return AttStatus.OK
        if channel not in self._channels:
            return AttStatus.WRITE_NOT_PERMITTED
        if channel in NEEDS_SUBSCRIPTION and channel not in self._subscribed:
            return AttStatus.CCCD_IMPROPERLY_CONFIGURED
        match self._awake:
            case Application() as application:
                self._say(Indicate(channel=channel, data=application.receive(data)))
            case DfuMode():
                self._hear(channel, data)
            case None:
                return AttStatus.WRITE_NOT_PERMITTED
        return AttStatus.OK

    def _hear(self, channel: Channel, data: bytes) -> None:
        """Something is on its way to the bootloader."""
        self._deliver(self._faults.to_bootloader(channel, data, self._now_s))
        if channel is Channel.PACKET and self._connected:
            self._suffer(self._faults.link.packet())

    def _deliver(self, arriving: Iterable[tuple[Channel, bytes]]) -> None:
        """Something arrives at the bootloader, as long as that runs."""
        for channel, data in arriving:
            dfu = self._awake
            if isinstance(dfu, DfuMode):
                self._powered(partial(dfu.receive, channel, data, now_s=self._time_s))

    def _take_reply(self, reply: Reply) -> None:
        """The bootloader answers; who has not subscribed hears nothing."""
        if reply.channel in self._subscribed or reply.channel is Channel.SERIAL:
            for at_s, data in self._faults.from_bootloader(reply.data, self._time_s):
                self._say(Notify(channel=reply.channel, data=data), at_s=at_s)

    def indication_confirmed(self, channel: Channel, *, now_s: float) -> None:
        """The central has confirmed the application's indication."""
        self._reach(now_s)
        match self._awake:
            case Application() as application if channel is Channel.BUTTONLESS:
                if application.confirmed():
                    self._faults.strike(self._faults.crash)
                    self._powered(lambda: self._restart(ResetKind.SOFT))
            case _:
                self._record("unexpected_confirmation", channel=channel.value)

    def radio_used(self, start_s: float, end_s: float, *, now_s: float) -> None:
        """The radio was on from one time to another; the supply may not carry that."""
        self._reach(now_s)
        physics = self._physics
        if physics is not None and self._running is not None:
            self._powered(lambda: physics.use(Load.RADIO, start_s, end_s))

    def radio_blocked_until_s(self, *, now_s: float) -> float:
        """Until when the radio is deaf for flash work; ``now_s``: it is not."""
        running = self._running
        return running.blocks_radio_until(now_s) if isinstance(running, DfuMode) else now_s

    def take_outputs(self) -> list[UnitOutput]:
        """What the unit wants done by now, in order; each is handed out once."""
        due = [output for at_s, output in self._outputs if at_s <= self._now_s]
        self._outputs = [output for output in self._outputs if output[0] > self._now_s]
        return due

    # Time.

    def next_wake_s(self) -> float | None:
        """When :meth:`wake` must be called at the latest."""
        times = [at_s for at_s, _ in self._outputs if at_s > self._now_s]
        if self._running is not None and self._ready_s > self._now_s:
            times.append(self._ready_s)
        if (due_s := self._due_s) is not None:
            times.append(due_s)
        return min(times, default=None)

    def wake(self, *, now_s: float) -> None:
        """Timers that are due run; without physics each once, however long ago it was due."""
        self._reach(now_s)
        if self._physics is None:
            self._run_due()

    @property
    def _due_s(self) -> float | None:
        """When the unit does something by itself."""
        return min((due_s for due_s, _ in self._agenda()), default=None)

    def _agenda(self) -> list[tuple[float, Callable[[], None]]]:
        """What the unit does by itself, and when."""
        agenda: list[tuple[float, Callable[[], None]]] = []
        running = self._running
        if (bites_s := self._faults.watchdog_s) is not None:
            agenda.append((bites_s, self._bite))
        if self._gives_up_s is not None:
            agenda.append((self._gives_up_s, lambda: self._end_link(CONNECTION_TIMEOUT)))
        if (arrives_s := self._faults.late_arrival_s) is not None:
            agenda.append((arrives_s, self._take_late))
        if isinstance(running, DfuMode):
            if (due_s := running.due_s) is not None:
                work = partial(running.run_due, now_s=self._now_s)
                agenda.append((max(due_s, self._ready_s), lambda: self._powered(work)))
        elif running is None and self._starts_s is not None:
            agenda.append((self._starts_s, self._start))
        return agenda

    def _run_due(self) -> None:
        """Do the first thing whose time has come."""
        due_s, action = min(self._agenda(), key=lambda entry: entry[0], default=(NEVER, None))
        if action is not None and due_s <= self._now_s:
            action()

    def _start(self) -> None:
        """The supply is back."""
        self._starts_s = None
        self._powered(lambda: self._restart(ResetKind.POWER))

    def _take_late(self) -> None:
        """What was late on its way to the bootloader arrives."""
        self._deliver(self._faults.late_arrivals(self._now_s))

    def _bite(self) -> None:
        """Nobody has reloaded the watchdog in time."""
        self._interrupt()
        self._faults.bite()
        self._board.registers.clear()
        self._powered(lambda: self._restart(ResetKind.WATCHDOG))

    def _reach(self, now_s: float) -> None:
        """Time has come this far: with physics, all that was due on the way is done first."""
        if self._physics is not None:
            while (due_s := self._due_s) is not None and due_s <= now_s:
                self._now_s = max(self._now_s, due_s)
                self._physics.reach(self._now_s)
                self._run_due()
            if self._physics.cpu_s <= now_s:
                self._board.nvmc.forget_the_past()
            self._physics.reach(now_s)
        self._now_s = max(self._now_s, now_s) if self._physics is not None else now_s

    @property
    def _time_s(self) -> float:
        """The time that the processor has reached."""
        return self._now_s if self._physics is None else self._physics.cpu_s

    @property
    def _physics(self) -> Physics | None:
        return self._board.physics

    def _say(self, output: UnitOutput, *, at_s: float | None = None) -> None:
        """Something is to be done outside, at the processor's time or at another."""
        if self._physics is None:
            at_s = AT_ONCE
        self._outputs.append((self._time_s if at_s is None else at_s, output))

    # Resets and boots.

    def _powered(self, action: Callable[[], None]) -> None:
        """Run what a power cut or a fault of the processor may end."""
        try:
            action()
        except PowerCut:
            self._lose_power()
        except FlashRuleError as fault:
            self._record("hard_fault", reason=str(fault))
            self._powered(lambda: self._restart(ResetKind.SOFT))

    def _lose_power(self) -> None:
        """Power goes; RAM and registers are lost. It is back at once, or when the supply is."""
        self._board.registers.clear()
        physics = self._physics
        if physics is None:
            self._powered(lambda: self._restart(ResetKind.POWER))
            return
        self._faults.lose_power()
        self._starts_s = physics.supply.brown_out(physics.cpu_s)
        self._record("power_lost", lowest_v=round(physics.supply.lowest, 3))
        self._running = None
        self._go_silent(ResetKind.POWER)

    def _drop_link(self) -> None:
        if self._connected:
            self._say(DropLink(reason=REMOTE_USER_TERMINATED))
            if self._physics is not None:
                self._physics.wait(self._physics.timing.farewell_s)

    def _go_silent(self, kind: ResetKind) -> None:
        """The radio dies, and with it what was connected."""
        self._connected = False
        self._subscribed.clear()
        self._gives_up_s = None
        self._clear_road(self._time_s)
        self._faults.reset(kind, self._time_s)
        self._say(Restarted(kind=kind))

    def _restart(self, kind: ResetKind) -> None:
        self._record("reset", kind=kind.value)
        self._go_silent(kind)
        self._boot()

    def _boot(self) -> None:
        """Boot until something runs: an activation, or a fault, ends with another reset."""
        self._running = None
        self._starts_s = None
        for _ in range(MAX_BOOTS):
            self._board.use_nvmc()
            self._store = SettingsStore(self._board)
            if self._boot_once():
                break
        else:
            self._record("boot_loop")
        if self._physics is not None:
            self._physics.wait(self._physics.timing.boot_s)
            self._ready_s = self._physics.cpu_s
            self._record("ready")
        if self._running is not None:
            is_application = isinstance(self._running, Application)
            program = UnitMode.APPLICATION if is_application else UnitMode.BOOTLOADER
            self._faults.runs(program, self._ready_s)

    def _boot_once(self) -> bool:
        """One boot; ``False``: it ended in a reset."""
        try:
            decision = self._faults.decide(self._store)
            match decision.into:
                case BootedInto.APPLICATION if self._faults.starts(UnitMode.APPLICATION):
                    self._running = self._start_application()
                case BootedInto.BOOTLOADER if self._faults.starts(UnitMode.BOOTLOADER):
                    self._running = self._start_bootloader(decision.timeout_s)
                case _:
                    pass
        except (InitError, FlashRuleError) as fault:
            self._record("fault_at_boot", reason=type(fault).__name__)
            self._record("boot", into=BootedInto.RESET.value)
            return False
        self._record("boot", into=decision.into.value)
        return decision.into is not BootedInto.RESET

    def _start_application(self) -> Application:
        return Application(
            board=self._board,
            settings=self._store.ram,
            serial_number=self._serial_number,
            crashes=self._faults.crash is not None,
        )

    def _start_bootloader(self, timeout_s: float) -> DfuMode:
        lost_buffers, self._lost_buffers = self._lost_buffers, 0
        return DfuMode(
            board=self._board,
            store=self._store,
            now_s=self._time_s,
            timeout_s=timeout_s,
            on_reply=self._take_reply,
            on_drop_link=self._drop_link,
            on_reset=lambda: self._restart(ResetKind.SOFT),
            lost_buffers=lost_buffers,
        )

    def _record(self, what: str, **facts: object) -> None:
        self.log.append(UnitLogEntry(at_s=self._time_s, what=what, facts=facts))
