"""Whatever happens to a unit between hosts, cuts, losses and resets: the image is right."""

from __future__ import annotations

import zlib

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firmline.errors import Code
from pair.joined import Bench, MemoryBootloader, Road, firmware_of, init_packet_of


class UnitsLife(RuleBasedStateMachine):
    """One unit that shall get one image, and everything that may come between."""

    bench: Bench

    @initialize(
        road=st.sampled_from(Road),
        prn=st.sampled_from([0, 1, 3, 12]),
        words=st.integers(1, 80),
        forgets=st.booleans(),
    )
    def begin(self, road: Road, prn: int, words: int, forgets: bool) -> None:
        unit = MemoryBootloader(object_size=64, mtu=43)
        self.bench = Bench(firmware_of(words * 4), road, prn, unit, forgets)

    @property
    def unit(self) -> MemoryBootloader:
        return self.bench.unit

    @property
    def is_spoiled(self) -> bool:
        """Whether to go on in the open object cannot end well, which no host can know.

        A repeated init EXECUTE saves an offset inside an object (spec section 16, W7). Later the
        object is created again, or packets behind the offset get lost, and a reset brings back the
        saved offset, over flash that is erased or holds other bytes where the next ones go.
        """
        now, firmware = self.unit.progress, self.bench.firmware
        if now.command != init_packet_of(firmware) or now.crc != zlib.crc32(firmware[: now.offset]):
            return False
        end = min(now.executed_offset + now.object_size, len(firmware))
        pairs = zip(self.unit.flash[now.offset : end], firmware[now.offset : end], strict=True)
        writable = all(held & wanted == wanted for held, wanted in pairs)
        return not writable or self.unit.flash[: now.offset] != firmware[: now.offset]

    def connect(self, *, cut_at: int | None) -> None:
        """One connection; a host that fails has one of the two reasons it may have."""
        reasons = {Code.REFUSED_VERIFICATION} if self.is_spoiled else set()
        if self.unit.lost:
            reasons.add(Code.OBJECT_DAMAGED)
        said = self.bench.connect(cut_at=cut_at)
        assert said.error is None or said.error.code in reasons
        assert said.is_finished <= (self.unit.accepted is not None)

    @precondition(lambda self: self.unit.accepted is None)
    @rule(cut_at=st.integers(0, 60), lost=st.sets(st.integers(0, 12), max_size=4))
    def a_host_comes(self, cut_at: int, lost: set[int]) -> None:
        self.unit.lost = {self.unit.packets + index for index in lost}
        self.connect(cut_at=cut_at)

    @precondition(lambda self: self.unit.accepted is None)
    @rule(cut_at=st.integers(0, 40), seed=st.integers(1, 2))
    def a_host_with_another_package_leaves_early(self, cut_at: int, seed: int) -> None:
        firmware = firmware_of(0x2000, seed=seed)  # more than such hosts can send in one life
        other = Bench(firmware, self.bench.road, 0, self.unit, self.bench.forgets)
        self.unit.lost = ()
        other.connect(cut_at=cut_at)

    @precondition(lambda self: self.unit.progress.offset % 64)
    @rule(cut_at=st.integers(12, 18))
    def a_host_finds_the_open_object_damaged_and_leaves(self, cut_at: int) -> None:
        self.unit.lost = {self.unit.packets}
        self.connect(cut_at=cut_at)

    @rule()
    def the_power_goes(self) -> None:
        self.unit.reload()

    @invariant()
    def only_the_firmware_is_ever_taken(self) -> None:
        assert self.unit.accepted in (None, self.bench.firmware)

    def teardown(self) -> None:
        """Over a good link it ends; once more where the unit itself has found spoiled flash."""
        if not hasattr(self, "bench"):
            return
        self.unit.lost = ()
        for _ in range(1 + self.is_spoiled):
            if self.unit.accepted is None:
                self.connect(cut_at=None)
        assert self.unit.accepted == self.bench.firmware
        assert self.unit.refused_writes == 0


TestUnitsLife = UnitsLife.TestCase
TestUnitsLife.settings = settings(max_examples=60, stateful_step_count=12)
