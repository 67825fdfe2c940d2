"""The faults of one unit at work: what its plan makes of its board, its road and its programs.

The unit asks here in the few places where something can be wrong. A unit without faults has one of
these too, in which nothing ever strikes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

from firmline.device.board import Board
from firmline.device.bootloader.boot import BootDecision, BootedInto, boot
from firmline.device.bootloader.settings_store import SettingsStore
from firmline.device.faults.link import LinkFaults
from firmline.device.faults.packets import Inbound, Lane, PacketGate
from firmline.device.faults.plan import (
    ApplicationCrash,
    ApplicationStays,
    BootloaderMissing,
    BrownOut,
    CrystalDead,
    Direction,
    DroppedOperation,
    Fault,
    FaultPlan,
    LegacyBootloader,
    PacketFault,
    PowerCutAt,
    ResetBrownOut,
    StaleSettings,
    StuckGpregret,
    WatchdogRunning,
    WornPage,
    WrongAddress,
)
from firmline.device.faults.watchdog import Watchdog
from firmline.device.flash import ERASED, WORD_SIZE
from firmline.device.physics.supply import Load
from firmline.device.radio_face import ResetKind
from firmline.events import UnitMode
from firmline.formats.flash.information import BOOTLOADER_ADDRESS, UICR
from firmline.protocol.channels import Channel

_NO_WORD = bytes([ERASED]) * WORD_SIZE
Log = Callable[..., None]
"""Told of what happens inside a unit: a name and plain facts."""


class FaultsAtWork:
    """What is wrong with one unit, as far as it has come.

    Args:
        plan: What is wrong.
        board: The unit's hardware.
        log: Told of every fault that strikes.

    Attributes:
        plan: What is wrong, without what can do nothing to this unit.
        link: What ends connections to the bootloader.
        other_host: Whether another host is at the other end than the one that is at fault.
    """

    def __init__(self, plan: FaultPlan, board: Board, log: Log) -> None:
        self._board = board
        self._log = log
        judged = [(fault, self._why_idle(fault)) for fault in plan.faults]
        self._idle = [(fault, why) for fault, why in judged if why is not None]
        self.plan = FaultPlan(
            faults=tuple(fault for fault, why in judged if why is None), seed=plan.seed
        )
        rng = Random(plan.seed)  # noqa: S311 - a fault, not a secret
        inbound, outbound = (self._lane(direction, rng) for direction in Direction)
        self._inbound = None if inbound is None else Inbound(inbound)
        self._outbound = outbound
        self.link = LinkFaults(self.plan)
        self.other_host = False
        watchdog = self.plan.one(WatchdogRunning)
        brown_out = self.plan.one(ResetBrownOut)
        self._brown_outs_left = 0 if brown_out is None else brown_out.times
        self._watchdog = None if watchdog is None else Watchdog(watchdog)

    def strike(self, fault: Fault | None, **facts: object) -> None:
        """A fault, if there is one, shows itself: the log has it under its name."""
        if fault is not None:
            self._log("fault", name=fault.name, **facts)

    # The road to the bootloader and back.

    def _lane(self, direction: Direction, rng: Random) -> Lane | None:
        """One direction; ``None``: nothing happens in it."""
        faults = [fault for fault in self.plan.of(PacketFault) if fault.direction == direction]
        return Lane(PacketGate(faults, rng, self.strike)) if faults else None

    def to_bootloader(
        self, channel: Channel, data: bytes, now_s: float
    ) -> Iterable[tuple[Channel, bytes]]:
        """Something was written; what of it, or of what was before it, arrives by now."""
        if self._inbound is None or self.other_host:
            return ((channel, data),)
        return self._inbound.send(channel, data, now_s)

    def late_arrivals(self, now_s: float) -> Iterable[tuple[Channel, bytes]]:
        """What was late and arrives by now."""
        return () if self._inbound is None else self._inbound.arrive(now_s)

    @property
    def late_arrival_s(self) -> float | None:
        """When the next late one arrives."""
        return None if self._inbound is None else self._inbound.due_s

    def from_bootloader(self, answer: bytes, said_s: float) -> Iterable[tuple[float, bytes]]:
        """Something was said; what comes out of it, and when."""
        if self._outbound is None or self.other_host:
            return ((said_s, answer),)
        return self._outbound.send(answer, said_s)

    def clear_road(self) -> None:
        """The link is gone, and with it what was on its way."""
        for way in (self._inbound, self._outbound):
            if way is not None:
                way.clear()

    # The watchdog.

    @property
    def watchdog_s(self) -> float | None:
        """When the watchdog resets the chip if nobody reloads it before."""
        return None if self._watchdog is None else self._watchdog.due_s

    def bite(self) -> None:
        """The watchdog resets the chip now."""
        self.strike(self.plan.one(WatchdogRunning))

    def reset(self, kind: ResetKind, at_s: float) -> None:
        """The chip was reset."""
        if self._watchdog is not None:
            self._watchdog.reset(kind, at_s)

    def runs(self, program: UnitMode, at_s: float) -> None:
        """A program has started and reloads the watchdog from now on, if it can."""
        if self._watchdog is None:
            return
        if program is UnitMode.APPLICATION:
            self._watchdog.application_starts(at_s)
        else:
            self._watchdog.bootloader_starts(at_s)

    # What belongs to the board.

    def switch_on(self) -> None:
        """The unit is switched on for the first time: what is counted is counted from now."""
        plan, flash, physics = self.plan, self._board.flash, self._board.physics
        for fault, reason in self._idle:
            self._log("fault_without_effect", name=fault.name, reason=reason)
        for stale in plan.of(StaleSettings):
            self.strike(stale)
        for stuck in plan.of(StuckGpregret):
            self.strike(stuck, value=stuck.value)
        cuts = [fault.operation for fault in plan.of(PowerCutAt)]
        drops = [fault.operation for fault in plan.of(DroppedOperation)]
        if cuts or drops:
            flash.faults.arm(cuts=cuts, drops=drops)
        if drops:
            flash.tolerate()
        if plan.faults:
            flash.faults.on_strike = lambda fault: self._log("fault", name=fault.value)
        if physics is not None:
            physics.supply.not_carried = frozenset(Load(fault.load) for fault in plan.of(BrownOut))

    def lose_power(self) -> None:
        """The chip loses its power: perhaps under a load that the source does not carry."""
        physics = self._board.physics
        for fault in self.plan.of(BrownOut):
            if physics is not None and physics.supply.broken_down_under == fault.load:
                self.strike(fault, load=fault.load)

    def left_in_gpregret(self, value: int) -> int:
        """What is in GPREGRET when the unit is first switched on."""
        stuck = self.plan.one(StuckGpregret)
        return value if stuck is None else stuck.value

    def _why_idle(self, fault: Fault) -> str | None:
        """Why a fault does nothing to this unit; ``None``: it does."""
        is_ble = self._board.profile.is_ble
        if fault.needs_physics and self._board.physics is None:
            return "needs physics"
        if fault.needs_radio and not is_ble:
            return "needs a bootloader with a radio"
        match fault:
            case CrystalDead(program="bootloader") if not is_ble:
                return "needs a bootloader with a radio"
            case WornPage(address=address) if address >= self._board.flash.size:
                return "the chip has no such page"
            case _:
                return None

    # What belongs to the programs.

    def decide(self, store: SettingsStore) -> BootDecision:
        """What a boot comes to; without a bootloader the MBR starts the application each time.

        Nobody writes the settings then; what they say of the application may be true all the same.
        """
        missing = self.plan.one(BootloaderMissing)
        if missing is None or not self._lacks_bootloader:
            return boot(self._board, store)
        self.strike(missing)
        store.reload()
        return BootDecision(into=BootedInto.APPLICATION)

    @property
    def adds_request(self) -> bool:
        """Whether the application adds its request to what GPREGRET holds already."""
        stuck = self.plan.one(StuckGpregret)
        return stuck is not None and stuck.request == "added"

    def crashes(self, when: str) -> bool:
        """Whether the application dies at this moment of a request; it then shows itself."""
        crash = self.crash
        if crash is None or crash.when != when:
            return False
        self.strike(crash)
        return True

    def stays(self) -> bool:
        """Whether the application forgets to restart; that then shows itself."""
        stays = self.plan.one(ApplicationStays)
        self.strike(stays)
        return stays is not None

    def loses_request(self) -> bool:
        """Whether the supply breaks down in the restart into the bootloader, this time."""
        physics = self._board.physics
        is_fed_well = physics is not None and not physics.supply.is_own
        if is_fed_well or not self._brown_outs_left:
            return False
        self._brown_outs_left -= 1
        if physics is not None:
            physics.supply.sag()
        self.strike(self.plan.one(ResetBrownOut))
        return True

    @property
    def crash(self) -> ApplicationCrash | None:
        """That the application dies when it is asked into the bootloader."""
        return self.plan.one(ApplicationCrash)

    @property
    def is_legacy(self) -> bool:
        """Whether another bootloader answers."""
        return self.plan.one(LegacyBootloader) is not None

    def starts(self, program: UnitMode) -> bool:
        """A program begins; ``False``: it is not there, or waits for the crystal for ever."""
        self._board.awaits_clock = False
        is_bootloader = program is UnitMode.BOOTLOADER
        if is_bootloader and not self._board.profile.is_ble:
            return True
        if not is_bootloader and self._application_is_missing:
            return False
        for crystal in self.plan.of(CrystalDead):
            if crystal.program in (program.value, "both"):
                self.strike(crystal, program=program.value)
                self._board.awaits_clock = True
                return False
        if is_bootloader:
            for kind in (LegacyBootloader, WrongAddress):
                for fault in self.plan.of(kind):
                    self.strike(fault)
        return True

    @property
    def _lacks_bootloader(self) -> bool:
        """Whether the MBR finds no bootloader's address; by wire it can be programmed."""
        offset = BOOTLOADER_ADDRESS - UICR
        return self._board.uicr[offset : offset + WORD_SIZE] == _NO_WORD

    @property
    def _application_is_missing(self) -> bool:
        """Whether the MBR starts what is not there; a bootloader would have looked."""
        if not self._lacks_bootloader:
            return False
        return self._board.flash.read(self._board.bank_0_start, WORD_SIZE) == _NO_WORD
