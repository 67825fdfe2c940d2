"""What a unit runs, and how a boot comes to it.

Between two boots nothing changes what runs, except that the power goes. With physics a program
that runs is awake only when the boot has taken its time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from firmline.device.application import Application
from firmline.device.bootloader.boot import BootedInto
from firmline.device.bootloader.dfu_mode import DfuMode
from firmline.device.bootloader.objects import InitError
from firmline.device.bootloader.settings_store import SettingsStore
from firmline.device.flash import FlashRuleError
from firmline.device.inside.core import Core
from firmline.device.inside.link import Link
from firmline.device.inside.outbox import AT_ONCE
from firmline.device.radio_face import Notify
from firmline.events import UnitMode
from firmline.protocol.channels import Channel

MAX_BOOTS: Final = 32
"""A unit that has reset itself so often without anything running is in a boot loop."""


class Programs:
    """What runs.

    Args:
        core: What all parts share.
        link: Where the bootloader's answers go.
        serial_number: What the application says.
        lost_buffers: How many receive buffers are lost when the bootloader first starts.
        greets: Whether the application of a unit without a radio prints what it is.
        on_reset: Called when the bootloader resets the chip.

    Attributes:
        running: The program that runs, or that a boot will have started; ``None``: there is none.
        ready_s: When its boot is over.
        store: The settings, as the latest boot has found them.
    """

    def __init__(
        self,
        core: Core,
        link: Link,
        *,
        serial_number: str,
        lost_buffers: int,
        greets: bool,
        on_reset: Callable[[], None],
    ) -> None:
        self.running: Application | DfuMode | None = None
        self.ready_s = AT_ONCE
        self.store = SettingsStore(core.board)
        self._core = core
        self._link = link
        self._serial_number = serial_number
        self._lost_buffers = lost_buffers
        self._greets = greets
        self._on_reset = on_reset

    @property
    def awake(self) -> Application | DfuMode | None:
        """The program that runs, once it has started."""
        return self.running if self._core.time.now_s >= self.ready_s else None

    def stop(self) -> None:
        """There is no power to run anything."""
        self.running = None

    def boot(self) -> None:
        """Boot until something runs: an activation, or a fault, ends with another reset.

        Raises:
            PowerCut: The power goes in the middle of it.
        """
        core = self._core
        physics = core.time.physics
        self.running = None
        for _ in range(MAX_BOOTS):
            core.board.use_nvmc()
            self.store = SettingsStore(core.board)
            if self._boot_once():
                break
        else:
            core.log.record("boot_loop")
        if physics is not None:
            physics.wait(physics.timing.boot_s)
            self.ready_s = physics.cpu_s
            core.log.record("boot_over")
        if self.running is not None:
            is_application = isinstance(self.running, Application)
            program = UnitMode.APPLICATION if is_application else UnitMode.BOOTLOADER
            core.faults.runs(program, self.ready_s)
        self.greet()

    def greet(self) -> None:
        """An application that does so prints what it is, as soon as it runs."""
        if isinstance(self.running, Application) and self._greets:
            greeting = Notify(channel=Channel.SERIAL, data=self.running.greeting)
            at_s = max(self.ready_s, self._core.time.cpu_s)
            self._core.outbox.say(greeting, at_s=at_s)

    def _boot_once(self) -> bool:
        """One boot; ``False``: it ended in a reset."""
        faults, record = self._core.faults, self._core.log.record
        try:
            decision = faults.decide(self.store)
            match decision.into:
                case BootedInto.APPLICATION if faults.starts(UnitMode.APPLICATION):
                    self.running = self._start_application()
                case BootedInto.BOOTLOADER if self._lacks_peer:
                    # It finds nobody whom it may let in, and its error handler resets (section 11).
                    record("fault_at_boot", reason="NoPeerData")
                    record("boot", into=BootedInto.RESET.value)
                    return False
                case BootedInto.BOOTLOADER if faults.starts(UnitMode.BOOTLOADER):
                    self.running = self._start_bootloader(decision.timeout_s)
                case _:
                    pass
        except (InitError, FlashRuleError) as fault:
            record("fault_at_boot", reason=type(fault).__name__)
            record("boot", into=BootedInto.RESET.value)
            return False
        record("boot", into=decision.into.value)
        return decision.into is not BootedInto.RESET

    @property
    def _lacks_peer(self) -> bool:
        """Whether the bootloader needs a bond and none was left for it."""
        return self._core.board.profile.requires_bond and self.store.ram.peer_keys is None

    def _start_application(self) -> Application:
        return Application(
            board=self._core.board,
            settings=self.store.ram,
            serial_number=self._serial_number,
            crashes=self._core.faults.crash is not None,
            adds_request=self._core.faults.adds_request,
        )

    def _start_bootloader(self, timeout_s: float) -> DfuMode:
        lost_buffers, self._lost_buffers = self._lost_buffers, 0
        return DfuMode(
            board=self._core.board,
            store=self.store,
            now_s=self._core.time.cpu_s,
            timeout_s=timeout_s,
            on_reply=self._link.take_reply,
            on_drop_link=self._link.drop,
            on_reset=self._on_reset,
            lost_buffers=lost_buffers,
        )
