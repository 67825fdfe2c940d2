"""The sweep: a power cut at every operation of a recorded flow, and what becomes of the unit."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from firmline.device.bootloader.settings_ram import SIZE, Bank, SettingsRam
from firmline.device.cuts.bench import Bench
from firmline.device.cuts.recording import Operation, Place, Recording, unit_with_flash
from firmline.device.flash import FlashOperation
from firmline.device.lock_step_host import LockStepHost
from firmline.device.profile import MemoryMap
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.formats.softdevice import SOFTDEVICE_START


class State(StrEnum):
    """What a unit has come to."""

    OLD = "old"
    NEW = "new"
    DFU = "dfu"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One power cut.

    Attributes:
        number: The operation at which the power went, counted from 1.
        operation: What would have been done.
        half_done: Whether a part of it was.
        second_number: With two cuts: at which operation after the first the power went again.
    """

    number: int
    operation: Operation
    half_done: bool = False
    second_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a unit after a cut.

    Attributes:
        cut: The cut.
        booted: What it booted into.
        ended: What a second try left it with.
        second: With two cuts: what the second one met; ``None``: so much was not done any more.
        tries: How often the package was sent after the cut; 0: the unit had taken it by then.
        sent_again: Bytes of images that the first of these tries had to send.
    """

    cut: Cut
    booted: State
    ended: State
    second: Place | None = None
    tries: int = 0
    sent_again: int = 0

    @property
    def places(self) -> tuple[Place, ...]:
        """Where the power went, in order."""
        first = self.cut.operation.place
        return (first,) if self.second is None else (first, self.second)

    @property
    def survived(self) -> bool:
        """Whether no harm was done that a second try does not mend."""
        return self.booted is not State.BAD and self.ended is not State.BAD


@dataclass(frozen=True, slots=True)
class _Again:
    """What the package came to that was sent again; the fields are those of a verdict."""

    ended: State
    tries: int
    sent: int


@dataclass(slots=True)
class Tally:
    """The verdicts of a sweep, counted."""

    cuts: int = 0
    survived: int = 0
    states: Counter[State] = field(default_factory=Counter)
    harmed: list[Verdict] = field(default_factory=list)
    resumed: int = 0
    """Cuts after which the package was sent again."""
    sent_again: int = 0
    """Bytes of images that were sent after them."""

    def count(self, verdict: Verdict) -> None:
        """Take one verdict into account."""
        self.cuts += 1
        self.resumed += verdict.tries > 0
        self.sent_again += verdict.sent_again
        self.states[verdict.booted] += 1
        if verdict.survived:
            self.survived += 1
        else:
            self.harmed.append(verdict)


class Sweep:
    """Cuts the power of one recorded flow everywhere.

    Args:
        recording: The flow.
        rng: Decides what half-done operations leave, and which pairs of cuts are tried.
    """

    def __init__(self, recording: Recording, rng: random.Random) -> None:
        self._recording = recording
        self._rng = rng
        self._ends: dict[bytes, _Again] = {}
        self._old = running_parts(unit_with_flash(recording.setup, recording.before))
        self._new = running_parts(unit_with_flash(recording.setup, recording.after))
        self._bench = Bench(recording.setup, recording.before)
        self._done = 0

    @property
    def memory(self) -> MemoryMap:
        """Where things are in the unit's flash."""
        unit = self._recording.setup.unit
        return MemoryMap.of(unit.chip, unit.profile)

    def single_cuts(self, first: int = 0, stop: int | None = None) -> Iterator[Verdict]:
        """A cut at every operation, then the same with the operation half done.

        Args:
            first: How many operations are passed over.
            stop: How many operations there are before those that are not looked at; all, if none
                is named.
        """
        operations = self._recording.operations[:stop]
        for number, operation in enumerate(operations[first:], first + 1):
            self._advance(number - 1)
            yield self._judge(Cut(number=number, operation=operation))
            before = self._bench.read(operation.address, len(operation.after))
            self._bench.put(operation.address, self._half_done(operation, before))
            yield self._judge(Cut(number=number, operation=operation, half_done=True))
            self._bench.put(operation.address, before)

    def pairs(self, count: int) -> Iterator[Verdict]:
        """So many pairs of cuts, the second one in what follows the first."""
        total = len(self._recording.operations)
        firsts = sorted(self._rng.randrange(total) for _ in range(count))
        for first in firsts:
            yield self.pair(first + 1, self._rng.randrange(1, total + 1))

    def pair(self, number: int, second_number: int) -> Verdict:
        """Two cuts: at this operation of the flow, and at this one of what the unit does then."""
        operation = self._recording.operations[number - 1]
        self._advance(number - 1)
        return self._judge(Cut(number=number, operation=operation, second_number=second_number))

    def _advance(self, number: int) -> None:
        """Let the next units find what is in flash after so many operations."""
        if number < self._done:
            self._bench.put(0, self._recording.before)
            self._done = 0
        for operation in self._recording.operations[self._done : number]:
            self._bench.put(operation.address, operation.after)
        self._done = number

    def _judge(self, cut: Cut) -> Verdict:
        unit = self._bench.unit()
        if cut.second_number is not None:
            unit.board.flash.faults.cut_in = cut.second_number
        unit.power_on(now_s=0.0)
        unit.take_outputs()
        booted = self.state_of(unit)
        if booted in (State.NEW, State.BAD) and cut.second_number is None:
            return Verdict(cut=cut, booted=booted, ended=booted)
        again = self._try_again(unit, cut)
        return Verdict(
            cut=cut,
            booted=booted,
            ended=again.ended,
            second=self._bench.flash.cut_at,
            tries=again.tries,
            sent_again=again.sent,
        )

    def _try_again(self, unit: VirtualUnit, cut: Cut) -> _Again:
        """Update the unit once more; once only for units whose flash is the same."""
        if cut.second_number is not None:
            return self._update(unit)
        key = self._key(unit)
        if key not in self._ends:
            self._ends[key] = self._update(unit)
        return self._ends[key]

    def _update(self, unit: VirtualUnit) -> _Again:
        """The update again, twice where the second cut came in the middle of it."""
        setup = self._recording.setup
        host = LockStepHost(unit, checkpoints=setup.checkpoints)
        host.send(setup.package)
        sent = sum(len(image.firmware) for image in setup.package.images) - host.found
        tries = 1
        if self.state_of(unit) is not State.NEW:
            host.send(setup.package)
            tries = 2
        state = self.state_of(unit)
        # After a whole update without a fault only the new state is good.
        return _Again(state if state is State.NEW else State.BAD, tries, sent)

    def state_of(self, unit: VirtualUnit) -> State:
        """Judge by what runs, and by whether every part of it is wholly old or wholly new."""
        if unit.mode is UnitMode.BOOTLOADER:
            return State.DFU
        if unit.mode is None:
            return State.BAD
        return self._judge_parts(running_parts(unit))

    def _judge_parts(self, parts: tuple[bytes, ...]) -> State:
        if parts == self._new:
            return State.NEW
        if parts == self._old:
            return State.OLD
        # Between its two connections a combined update has new system parts under an old
        # application; nothing else may be mixed.
        *system, application = parts
        between = [*self._new[:-1]] == system and application == self._old[-1]
        is_combined = len(self._recording.setup.package.images) > 1
        return State.OLD if is_combined and between else State.BAD

    def _key(self, unit: VirtualUnit) -> bytes:
        """Everything of the flash that the firmware can still read, in short.

        Bytes of a staged image count only while a setting leads to them: a new update erases each
        page before it writes, so what lies there otherwise changes nothing.
        """
        board = unit.board
        memory, flash = board.memory, board.flash
        page = memory.page_size
        settings = SettingsRam(flash.read(memory.settings_page, SIZE))
        staged = settings.bank_1.code != Bank.INVALID or settings.image_offset != 0
        digest = hashlib.blake2b(str(unit.mode).encode(), digest_size=16)
        digest.update(flash.read(memory.settings_page, page))
        digest.update(flash.read(memory.backup_page, page))
        if staged:
            digest.update(flash.read(0, flash.size))
            return digest.digest()
        for part, old, new in zip(running_parts(unit), self._old, self._new, strict=True):
            # To compare is much faster than to hash, and nearly every part is one of the two.
            digest.update(b"old" if part == old else b"new" if part == new else part)
        return digest.digest()

    def _half_done(self, operation: Operation, before: bytes) -> bytes:
        """What an interrupted operation leaves: some of the bits that it was to change."""
        size = len(before)
        mask = self._rng.randbytes(size)
        if operation.kind is FlashOperation.ERASE:
            return bytes(old | bits for old, bits in zip(before, mask, strict=True))
        return bytes(
            old & (new | bits) for old, new, bits in zip(before, operation.after, mask, strict=True)
        )


def running_parts(unit: VirtualUnit) -> tuple[bytes, ...]:
    """What runs on a unit: SoftDevice, bootloader and application, from its flash."""
    board = unit.board
    start = board.bank_0_start
    settings = SettingsRam(board.flash.read(board.memory.settings_page, SIZE))
    has_application = settings.bank_0.code == Bank.APPLICATION
    size = min(settings.bank_0.size, board.memory.region_end - start) if has_application else 0
    return (
        board.flash.read(SOFTDEVICE_START, start - SOFTDEVICE_START),
        board.flash.read(board.memory.bootloader_start, board.memory.bootloader_size),
        board.flash.read(start, size),
    )
