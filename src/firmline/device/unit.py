"""A virtual unit: board, bootloader and application behind one face, driven from outside.

Nothing here waits or knows the time: every input carries ``now_s``, and what the unit wants done
is collected as outputs (:mod:`firmline.device.radio_face`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmline.device.advertising import DFU_SERVICE, advertising_data
from firmline.device.application import Application
from firmline.device.board import Board
from firmline.device.bootloader.boot import BootedInto, boot
from firmline.device.bootloader.dfu_mode import DfuMode
from firmline.device.bootloader.settings_store import SettingsStore
from firmline.device.radio_face import (
    AttStatus,
    DropLink,
    Indicate,
    Notify,
    ResetKind,
    Restarted,
    UnitAdvertisement,
    UnitOutput,
    UnitServices,
)
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from firmline.values import BleAddress

REMOTE_USER_TERMINATED: Final = 0x13
"""HCI reason of a disconnection that the unit asked for (Core spec, Vol 1, Part F)."""
BOOTLOADER_NAME: Final = "DfuTarg"
BOOTLOADER_ADVERTISING_INTERVAL_MS: Final = 25.0
"""Name and interval of the bootloader's advertising (spec section 11)."""
APPLICATION_ADVERTISING_INTERVAL_MS: Final = 40.0
APPLICATION_CHANNELS: Final = frozenset({Channel.BUTTONLESS})
BOOTLOADER_CHANNELS: Final = frozenset({Channel.CONTROL, Channel.PACKET})


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

    Attributes:
        log: What happened inside.
    """

    def __init__(self, *, name: str, address: BleAddress, serial_number: str, board: Board) -> None:
        self.log: list[UnitLogEntry] = []
        self._name = name
        self._address = address
        self._serial_number = serial_number
        self._board = board
        board.log = self._record
        self._now_s = 0.0
        self._outputs: list[UnitOutput] = []
        self._subscribed: set[Channel] = set()
        self._connected = False
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
        """Which program runs; ``None``: it is off."""
        match self._running:
            case Application():
                return UnitMode.APPLICATION
            case DfuMode():
                return UnitMode.BOOTLOADER
            case None:
                return None

    @property
    def firmware_revision(self) -> str | None:
        """What the running application says it is; ``None`` where none runs."""
        running = self._running
        return running.firmware_revision if isinstance(running, Application) else None

    def power_on(self, *, now_s: float) -> None:
        """Power comes: registers are zero, and the chip boots; where it ran, it had lost power."""
        if self._running is not None:
            self.reset(ResetKind.POWER, now_s=now_s)
            return
        self._now_s = now_s
        self._board.registers.gpregret = self._board.registers.gpregret2 = 0
        self._boot()

    def reset(self, kind: ResetKind, *, now_s: float) -> None:
        """A reset from outside; only a soft one keeps the registers (FORMAT.md, section 4.2)."""
        self._now_s = now_s
        if kind is not ResetKind.SOFT:
            self._board.registers.gpregret = self._board.registers.gpregret2 = 0
        self._restart(kind)

    # The face towards a radio.

    @property
    def advertisement(self) -> UnitAdvertisement | None:
        """What it broadcasts now; ``None``: it is off."""
        match self._running:
            case Application():
                return UnitAdvertisement(
                    address=self._address,
                    data=advertising_data(self._name, services=()),
                    interval_ms=APPLICATION_ADVERTISING_INTERVAL_MS,
                )
            case DfuMode():
                return UnitAdvertisement(
                    address=self._address.plus_one(),
                    data=advertising_data(BOOTLOADER_NAME, services=(DFU_SERVICE,)),
                    interval_ms=BOOTLOADER_ADVERTISING_INTERVAL_MS,
                )
            case None:
                return None

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
            fwid=0 if softdevice is None else softdevice.fwid,
        )

    @property
    def _channels(self) -> frozenset[Channel]:
        in_application = isinstance(self._running, Application)
        return APPLICATION_CHANNELS if in_application else BOOTLOADER_CHANNELS

    def connected(self, *, now_s: float) -> None:
        """A central has connected."""
        self._now_s = now_s
        self._connected = True
        self._subscribed.clear()

    def disconnected(self, *, now_s: float) -> None:
        """The central is gone; SDK 15.3 keeps all its state (spec section 4.1)."""
        self._now_s = now_s
        self._connected = False
        self._subscribed.clear()

    def subscribed(self, channel: Channel, enabled: bool, *, now_s: float) -> None:
        """The central wrote the CCCD of a channel."""
        self._now_s = now_s
        if enabled:
            self._subscribed.add(channel)
        else:
            self._subscribed.discard(channel)

    def receive(self, channel: Channel, data: bytes, *, now_s: float) -> AttStatus:
        """The central wrote to a channel."""
        self._now_s = now_s
        if channel not in self._channels:
            return AttStatus.WRITE_NOT_PERMITTED
        if channel is not Channel.PACKET and channel not in self._subscribed:
            return AttStatus.CCCD_IMPROPERLY_CONFIGURED
        match self._running:
            case Application() as application:
                self._outputs.append(Indicate(channel=channel, data=application.receive(data)))
            case DfuMode() as dfu:
                self._outputs += [
                    Notify(channel=reply.channel, data=reply.data)
                    for reply in dfu.receive(channel, data, now_s=now_s)
                    if reply.channel in self._subscribed
                ]
                dfu.settle()
            case None:
                return AttStatus.WRITE_NOT_PERMITTED
        return AttStatus.OK

    def indication_confirmed(self, channel: Channel, *, now_s: float) -> None:
        """The central has confirmed the application's indication."""
        self._now_s = now_s
        match self._running:
            case Application() as application if channel is Channel.BUTTONLESS:
                if application.confirmed():
                    self._restart(ResetKind.SOFT)
            case _:
                self._record("unexpected_confirmation", channel=channel.value)

    def take_outputs(self) -> list[UnitOutput]:
        """What the unit wants done, in order; each is handed out once."""
        outputs, self._outputs = self._outputs, []
        return outputs

    def next_wake_s(self) -> float | None:
        """When :meth:`wake` must be called at the latest."""
        running = self._running
        return running.deadline_s if isinstance(running, DfuMode) else None

    def wake(self, *, now_s: float) -> None:
        """Timers that are due run."""
        self._now_s = now_s
        if isinstance(self._running, DfuMode):
            self._running.wake(now_s=now_s)

    # Resets and boots.

    def _reset_by_bootloader(self, drop_link: bool) -> None:
        if drop_link and self._connected:
            self._outputs.append(DropLink(reason=REMOTE_USER_TERMINATED))
        self._store.copy_primary_to_backup()
        self._restart(ResetKind.SOFT)

    def _restart(self, kind: ResetKind) -> None:
        self._record("reset", kind=kind.value)
        self._connected = False
        self._subscribed.clear()
        self._outputs.append(Restarted(kind=kind))
        self._boot()

    def _boot(self) -> None:
        """Boot until something runs: an activation ends with a reset of its own."""
        self._running = None
        while True:
            self._store = SettingsStore(self._board)
            decision = boot(self._board, self._store)
            self._record("boot", into=decision.into.value)
            if decision.into is not BootedInto.RESET:
                break
        if decision.into is BootedInto.APPLICATION:
            self._running = Application(
                board=self._board, settings=self._store.ram, serial_number=self._serial_number
            )
        else:
            self._running = DfuMode(
                board=self._board,
                store=self._store,
                now_s=self._now_s,
                timeout_s=decision.timeout_s,
                on_reset=self._reset_by_bootloader,
            )

    def _record(self, what: str, **facts: object) -> None:
        self.log.append(UnitLogEntry(at_s=self._now_s, what=what, facts=facts))
