"""Power cuts and lost operations at the N-th flash operation (FORMAT.md, section 4.2)."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.device.flash import ArmedFaults, FlashOperation, FlashRuleError, NorFlash, PowerCut

SIZE, PAGE = 0x4000, 0x1000
ERASE, WRITE = FlashOperation.ERASE, FlashOperation.WRITE
WORDS = b"".join(bytes([number] * 4) for number in range(1, 6))
ZEROS = bytes(SIZE)


class Bench:
    """Flash that was full of zeros in its pages 2 and 3, and what it did since."""

    def __init__(self) -> None:
        self.runs: list[tuple[FlashOperation, int, int]] = []
        self.flash = NorFlash(
            size=SIZE, page_size=PAGE, on_operation=lambda *run: self.runs.append(run)
        )
        self.flash.load(0x2000, ZEROS[:0x2000])

    def script(self) -> None:
        """Seven operations in four calls."""
        self.flash.write(0, WORDS[:4])
        self.flash.erase(0x2000, 2)
        self.flash.write(0x2000, WORDS[4:16])
        self.flash.erase(0x1000)

    def content(self) -> bytes:
        return self.flash.read(0, SIZE)


SCRIPT_OPERATIONS = 7


def after(done: set[int]) -> bytes:
    """What flash holds when exactly these operations of the script were done."""
    content = bytearray(b"\xff" * 0x2000 + ZEROS[:0x2000])
    if 1 in done:
        content[:4] = WORDS[:4]
    for number, page in ((2, 0x2000), (3, 0x3000)):
        if number in done:
            content[page : page + PAGE] = b"\xff" * PAGE
    for number, at in ((4, 0), (5, 4), (6, 8)):
        if number in done:
            word = zip(WORDS[4 + at : 8 + at], content[0x2000 + at :], strict=False)
            content[0x2000 + at : 0x2004 + at] = bytes(new & old for new, old in word)
    return bytes(content)


@pytest.fixture
def bench() -> Bench:
    return Bench()


# Power cuts.


@pytest.mark.parametrize("number", range(1, SCRIPT_OPERATIONS + 1))
def test_at_the_cut_nothing_is_done_and_all_before_it_was(bench: Bench, number: int) -> None:
    bench.flash.faults.cut_in = number
    with pytest.raises(PowerCut):
        bench.script()
    assert bench.content() == after(set(range(1, number)))
    assert bench.flash.operations == number - 1
    assert sum(count for _, _, count in bench.runs) == number - 1
    assert bench.flash.faults.free_operations() is None


def test_a_cut_behind_all_operations_waits_for_the_next(bench: Bench) -> None:
    bench.flash.faults.cut_in = SCRIPT_OPERATIONS + 1
    bench.script()
    assert bench.flash.faults.cut_in == 1
    with pytest.raises(PowerCut):
        bench.flash.erase(0)
    assert bench.content() == after(set(range(1, 8)))


def test_a_cut_strikes_once(bench: Bench) -> None:
    bench.flash.faults.cut_in = 1
    with pytest.raises(PowerCut):
        bench.flash.write(0, WORDS)
    bench.flash.write(0, WORDS)
    assert bench.flash.read(0, len(WORDS)) == WORDS


def test_a_cut_inside_a_run_leaves_the_words_before_it(bench: Bench) -> None:
    bench.flash.faults.cut_in = 4
    with pytest.raises(PowerCut):
        bench.flash.write(0x1000, WORDS)
    assert bench.flash.read(0x1000, 20) == WORDS[:12] + b"\xff" * 8
    assert bench.runs == [(WRITE, 0x1000, 3)]


def test_a_cut_between_pages_leaves_the_pages_before_it(bench: Bench) -> None:
    bench.flash.faults.cut_in = 2
    with pytest.raises(PowerCut):
        bench.flash.erase(0x2000, 2)
    assert bench.content()[0x2000:] == b"\xff" * PAGE + ZEROS[:PAGE]
    assert bench.runs == [(ERASE, 0x2000, 1)]


def test_a_new_cut_replaces_the_one_before(bench: Bench) -> None:
    bench.flash.faults.cut_in = 1
    bench.flash.faults.cut_in = 3
    with pytest.raises(PowerCut):
        bench.script()
    assert bench.flash.operations == 2


def test_what_breaks_the_rules_of_flash_is_no_operation(bench: Bench) -> None:
    bench.flash.faults.cut_in = 1
    bench.flash.drop_operation(1)
    with pytest.raises(FlashRuleError):
        bench.flash.erase(4)
    with pytest.raises(FlashRuleError):
        bench.flash.write(1, b"1234")
    bench.flash.write(0, b"")
    bench.flash.load(0, b"probe")
    bench.flash.read(0, 4)
    assert (bench.flash.faults.cut_in, bench.flash.faults.drop_in) == (1, 1)


# Lost operations.


@pytest.mark.parametrize("number", range(1, SCRIPT_OPERATIONS + 1))
def test_one_operation_is_lost_and_all_others_are_done(bench: Bench, number: int) -> None:
    bench.flash.drop_operation(number)
    bench.script()
    assert bench.content() == after(set(range(1, 8)) - {number})
    assert bench.flash.operations == SCRIPT_OPERATIONS - 1
    assert bench.flash.faults.free_operations() is None


def test_a_lost_operation_breaks_the_run_it_was_in(bench: Bench) -> None:
    bench.flash.drop_operation(2)
    bench.flash.write(0x1000, WORDS)
    assert bench.runs == [(WRITE, 0x1000, 1), (WRITE, 0x1008, 3)]
    assert bench.flash.read(0x1000, 12) == WORDS[:4] + b"\xff" * 4 + WORDS[8:12]


def test_after_a_lost_erase_words_are_programmed_onto_the_old_ones(bench: Bench) -> None:
    bench.flash.load(0x1000, b"\x0f\xf0\xff\x00")
    bench.flash.drop_operation(1)
    bench.flash.erase(0x1000)
    bench.flash.write(0x1000, b"\xff\xff\x12\xff")
    assert bench.flash.read(0x1000, 4) == b"\x0f\xf0\x12\x00"


def test_without_any_loss_a_page_must_be_erased_before_it_is_written(bench: Bench) -> None:
    bench.flash.faults.cut_in = 9
    with pytest.raises(FlashRuleError, match="the page was not erased"):
        bench.flash.write(0x2000, WORDS)


# Both.


def test_both_faults_count_on_their_own(bench: Bench) -> None:
    bench.flash.drop_operation(2)
    bench.flash.faults.cut_in = 6
    with pytest.raises(PowerCut):
        bench.script()
    assert bench.content() == after({1, 3, 4, 5})
    assert bench.flash.operations == 4


def test_a_lost_operation_counts_for_the_cut(bench: Bench) -> None:
    bench.flash.drop_operation(1)
    bench.flash.faults.cut_in = 2
    with pytest.raises(PowerCut):
        bench.flash.write(0, WORDS)
    assert bench.flash.read(0, 20) == b"\xff" * 20


def test_the_operation_of_the_cut_does_not_count_for_the_loss(bench: Bench) -> None:
    bench.flash.drop_operation(3)
    bench.flash.faults.cut_in = 2
    with pytest.raises(PowerCut):
        bench.flash.write(0, WORDS)
    assert bench.flash.faults.drop_in == 2
    bench.flash.write(0x1000, WORDS)
    assert bench.flash.read(0x1000, 12) == WORDS[:4] + b"\xff" * 4 + WORDS[8:12]


def test_where_both_wait_for_the_same_operation_the_power_goes_first(bench: Bench) -> None:
    bench.flash.drop_operation(1)
    bench.flash.faults.cut_in = 1
    with pytest.raises(PowerCut):
        bench.flash.write(0, WORDS)
    bench.flash.write(0, WORDS)
    assert bench.flash.read(0, 8) == b"\xff" * 4 + WORDS[4:8]


@pytest.mark.parametrize(
    ("faults", "free"),
    [
        (ArmedFaults(), None),
        (ArmedFaults(cut_in=1), 0),
        (ArmedFaults(drop_in=5), 4),
        (ArmedFaults(cut_in=7, drop_in=3), 2),
        (ArmedFaults(cut_in=2, drop_in=9), 1),
    ],
)
def test_what_is_armed_says_how_many_operations_are_free(
    faults: ArmedFaults, free: int | None
) -> None:
    assert faults.free_operations() == free


class Slow:
    """The same rules one operation at a time, as FORMAT.md says them."""

    def __init__(self, cut_in: int, drop_in: int) -> None:
        self.cut_in, self.drop_in = cut_in, drop_in
        self.words: set[int] = set()

    def write(self, first: int, count: int) -> bool:
        """Program words; ``False``: the power went."""
        for word in range(first, first + count):
            self.cut_in -= 1
            if self.cut_in == 0:
                return False
            self.drop_in -= 1
            if self.drop_in != 0:
                self.words.add(word)
        return True


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 60), st.integers(1, 60))
def test_runs_of_any_length_do_what_single_operations_do(
    runs: list[int], cut_in: int, drop_in: int
) -> None:
    flash = NorFlash(size=SIZE, page_size=PAGE)
    flash.faults.cut_in = cut_in
    flash.drop_operation(drop_in)
    slow = Slow(cut_in, drop_in)
    first = 0
    for count in runs:
        gone = True
        with contextlib.suppress(PowerCut):
            flash.write(4 * first, bytes(4 * count))
            gone = False
        assert slow.write(first, count) is not gone
        first += count
    written = {word for word in range(first) if flash.read_word(4 * word) == 0}
    assert written == slow.words
    assert flash.operations == len(slow.words)
