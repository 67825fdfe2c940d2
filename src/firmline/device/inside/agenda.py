"""What a unit does by itself, and when: timers, the watchdog, the supply, what is on its way.

With physics all that is due before an input is done before it, each at its own time. In lock step
nothing is done unless the unit is woken.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from firmline.device.bootloader.dfu_mode import DfuMode
from firmline.device.inside.core import Core
from firmline.device.inside.life import Life
from firmline.device.inside.link import Link
from firmline.device.inside.radio import Radio
from firmline.device.physics.physics import NEVER


class Agenda:
    """Moves a unit on in time.

    Args:
        core: What all parts share.
        link: Its connection.
        life: Its power and its programs.
        radio: Where it hears what is late.
    """

    def __init__(self, core: Core, link: Link, life: Life, radio: Radio) -> None:
        self._core = core
        self._link = link
        self._life = life
        self._radio = radio

    @property
    def next_s(self) -> float | None:
        """When the unit wants to be woken at the latest."""
        programs = self._life.programs
        times = [self._core.outbox.next_s, self._due_s]
        if programs.running is not None and programs.ready_s > self._core.time.now_s:
            times.append(programs.ready_s)
        return min((time_s for time_s in times if time_s is not None), default=None)

    def reach(self, now_s: float) -> None:
        """Time has come this far: with physics, all that was due on the way is done first."""
        time = self._core.time
        physics = time.physics
        if physics is None:
            time.now_s = now_s
            return
        while (due_s := self._due_s) is not None and due_s <= now_s:
            time.now_s = max(time.now_s, due_s)
            physics.reach(time.now_s)
            self._run_due()
        if physics.cpu_s <= now_s:
            self._core.board.nvmc.forget_the_past()
        physics.reach(now_s)
        time.now_s = max(time.now_s, now_s)

    def wake(self, now_s: float) -> None:
        """Timers that are due run; without physics each once, however long ago it was due."""
        self.reach(now_s)
        if self._core.time.physics is None:
            self._run_due()

    @property
    def _due_s(self) -> float | None:
        """When the unit does something by itself."""
        return min((due_s for due_s, _ in self._entries()), default=None)

    def _run_due(self) -> None:
        """Do the first thing whose time has come."""
        due_s, action = min(self._entries(), key=lambda entry: entry[0], default=(NEVER, None))
        if action is not None and due_s <= self._core.time.now_s:
            action()

    def _entries(self) -> list[tuple[float, Callable[[], None]]]:
        """What the unit does by itself, and when; of what is due together the first comes first."""
        faults, life, radio = self._core.faults, self._life, self._radio
        entries: list[tuple[float, Callable[[], None]]] = []
        running = life.programs.running
        if (bites_s := faults.watchdog_s) is not None:
            entries.append((bites_s, life.bite))
        if (gives_up_s := self._link.gives_up_s) is not None:
            entries.append((gives_up_s, radio.give_up))
        if (arrives_s := faults.late_arrival_s) is not None:
            entries.append((arrives_s, radio.take_late))
        if isinstance(running, DfuMode):
            if (due_s := running.due_s) is not None:
                work = partial(running.run_due, now_s=self._core.time.now_s)
                entries.append((max(due_s, life.programs.ready_s), partial(life.powered, work)))
        elif running is None and life.starts_s is not None:
            entries.append((life.starts_s, life.start_again))
        return entries
