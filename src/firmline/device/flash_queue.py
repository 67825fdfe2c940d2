"""The SoftDevice's flash queue, through which a BLE build writes in DFU mode.

The SoftDevice works between radio events. Up to 16 entries wait; what comes beyond them is lost
without a word, which is how a host that is faster than flash loses packets (bootloader spec,
section 11). Protected flash the SoftDevice refuses to touch, and nobody hears of that either. Each
entry is done in steps: a page is erased, or at most 20 bytes are written.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from firmline.device.flash import WORD_SIZE, FlashOperation, NorFlash
from firmline.device.physics.physics import NEVER, Physics
from firmline.device.physics.supply import Load
from firmline.device.storage import QueueFullError, Storage

QUEUE_SIZE: Final = 16
"""NRF_FSTORAGE_SD_QUEUE_SIZE (spec section 1)."""
CHUNK_SIZE: Final = 20
"""NRF_FSTORAGE_SD_MAX_WRITE_SIZE (spec section 1), bytes."""

Work = Callable[[], None]


class FlashQueue(Storage, Protocol):
    """Flash work that is done after it was asked for."""

    interval_s: float | None
    """The connection interval; ``None``: nobody is connected."""

    def __len__(self) -> int:
        """How many entries wait or are being done."""

    @property
    def due_s(self) -> float | None:
        """When :meth:`run_due` has something to do next."""

    def run_due(self, now_s: float) -> None:
        """Do one step whose time has come.

        Raises:
            PowerCut: The supply did not carry it.
        """

    def drain(self) -> None:
        """Do everything that need not wait for its time."""

    def after_last(self, call: Work) -> None:
        """Call this when all that is in the queue now is done; at once if it is empty."""

    def blocks_radio_until(self, now_s: float) -> float:
        """Until when the radio is deaf."""


class LockStepQueue:
    """A queue without time and without an end; :meth:`drain` does it all.

    Args:
        flash: What it writes.
    """

    def __init__(self, flash: NorFlash) -> None:
        self.interval_s: float | None = None
        self._flash = flash
        self._work: deque[Work] = deque()

    def __len__(self) -> int:
        return len(self._work)

    @property
    def due_s(self) -> float | None:
        """Never: it waits for :meth:`drain`."""
        return None

    def run_due(self, now_s: float) -> None:
        """Nothing waits for a time."""

    def drain(self) -> None:
        """Do everything, in order."""
        while self._work:
            self._work.popleft()()

    def after_last(self, call: Work) -> None:
        """Call this behind what waits."""
        self._work.append(call)

    def blocks_radio_until(self, now_s: float) -> float:
        """The radio is never deaf."""
        return now_s

    def erase(self, address: int, pages: int = 1) -> None:
        """Erase whole pages later."""
        if not self._flash.is_protected(address, pages * self._flash.page_size):
            self._work.append(partial(self._flash.erase, address, pages))

    def write(self, address: int, data: bytes) -> None:
        """Program whole words later."""
        if not self._flash.is_protected(address, len(data)):
            self._work.append(partial(self._flash.write, address, data))

    def write_over(self, address: int, data: bytes) -> None:
        """Program whole words over others later."""
        if not self._flash.is_protected(address, len(data)):
            self._work.append(partial(self._flash.write_over, address, data))


@dataclass(frozen=True, slots=True)
class _Step:
    """One thing the SoftDevice does at a time.

    Attributes:
        operation: Erase or write.
        count: Pages or words.
        perform: What it does to flash.
    """

    operation: FlashOperation
    count: int
    perform: Work


@dataclass(slots=True)
class _Entry:
    """One entry of the queue: what is left of its steps, and who is told of its end."""

    steps: Iterator[_Step]
    when_done: list[Work] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Present:
    """The step that is being done; a radio that is blocked misses its events until its end."""

    step: _Step
    start_s: float
    end_s: float
    blocks_radio: bool


class SoftDeviceQueue:
    """The queue of a SoftDevice, in time.

    Args:
        flash: What it writes.
        physics: What that costs.
    """

    def __init__(self, flash: NorFlash, physics: Physics) -> None:
        self.interval_s: float | None = None
        self._flash = flash
        self._physics = physics
        self._entries: deque[_Entry] = deque()
        self._present: _Present | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def due_s(self) -> float | None:
        """When the present step ends; ``None``: nothing is done, or it never ends."""
        present = self._present
        return None if present is None or present.end_s == NEVER else present.end_s

    def blocks_radio_until(self, now_s: float) -> float:
        """Until when the radio is deaf: an operation that fits into no gap has the chip."""
        present = self._present
        if present is None or not present.blocks_radio or now_s < present.start_s:
            return now_s
        return max(now_s, present.end_s)

    def erase(self, address: int, pages: int = 1) -> None:
        """Erase whole pages, one step each."""
        size = self._flash.page_size
        refused = self._flash.is_protected(address, pages * size)
        starts = range(address, address + (0 if refused else pages * size), size)
        self._take(_Step(FlashOperation.ERASE, 1, partial(self._flash.erase, at)) for at in starts)

    def write(self, address: int, data: bytes) -> None:
        """Program whole words, in chunks."""
        self._take(_chunks(self._flash.write, address, self._allowed(address, data)))

    def write_over(self, address: int, data: bytes) -> None:
        """Program whole words over others, in chunks."""
        self._take(_chunks(self._flash.write_over, address, self._allowed(address, data)))

    def _allowed(self, address: int, data: bytes) -> bytes:
        """What the SoftDevice writes of this: nothing where flash is protected."""
        return b"" if self._flash.is_protected(address, len(data)) else data

    def after_last(self, call: Work) -> None:
        """Call this when all that is in the queue now is done; at once if it is empty."""
        if self._entries:
            self._entries[-1].when_done.append(call)
        else:
            call()

    def drain(self) -> None:
        """Nothing can be done before its time."""

    def run_due(self, now_s: float) -> None:
        """Do the step that ends by now.

        Raises:
            PowerCut: The supply did not carry it.
        """
        present = self._present
        if present is None or present.end_s > now_s:
            return
        self._present = None
        self._physics.use(Load.FLASH, present.start_s, present.end_s)
        self._physics.reach(present.end_s)
        present.step.perform()
        self._begin(present.end_s)

    def _take(self, steps: Iterator[_Step]) -> None:
        if len(self._entries) >= QUEUE_SIZE:
            raise QueueFullError
        self._entries.append(_Entry(steps))
        if self._present is None:
            self._begin(self._physics.cpu_s)

    def _begin(self, now_s: float) -> None:
        """Begin the next step there is; entries that have none left are done."""
        while self._entries:
            step = next(self._entries[0].steps, None)
            if step is not None:
                self._present = self._planned(step, now_s)
                return
            for call in self._entries.popleft().when_done:
                call()
            if self._present is not None:  # a call has put new work in
                return

    def _planned(self, step: _Step, now_s: float) -> _Present:
        """When a step is done: at once where it fits between two radio events, else against them.

        Where in the interval the events lie is not looked at: what fits waits for no gap, beyond
        what ``chunk_s`` stands for.
        """
        timing = self._physics.timing
        duration_s = step.count * self._physics.duration_of(step.operation)
        if step.operation is FlashOperation.WRITE:
            duration_s += timing.chunk_s
        gap_s = NEVER if self.interval_s is None else self.interval_s - timing.radio_event_s
        blocks_radio = duration_s > gap_s
        start_s = self._physics.hold_back(now_s + (timing.patience_s if blocks_radio else 0.0))
        return _Present(step, start_s, start_s + duration_s, blocks_radio)


def _chunks(write: Callable[[int, bytes], None], address: int, data: bytes) -> Iterator[_Step]:
    for at in range(0, len(data), CHUNK_SIZE):
        chunk = data[at : at + CHUNK_SIZE]
        words = len(chunk) // WORD_SIZE
        yield _Step(FlashOperation.WRITE, words, partial(write, address + at, chunk))
