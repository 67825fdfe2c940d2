from __future__ import annotations

import pytest

from firmline.device.flash import FlashOperation, FlashRuleError, NorFlash

SIZE, PAGE = 0x4000, 0x1000


@pytest.fixture
def flash() -> NorFlash:
    return NorFlash(size=SIZE, page_size=PAGE)


def test_new_flash_is_erased_everywhere(flash: NorFlash) -> None:
    assert flash.read(0, SIZE) == b"\xff" * SIZE
    assert flash.operations == 0


def test_what_was_written_is_read_and_nothing_else_changes(flash: NorFlash) -> None:
    flash.write(0x1004, b"\x01\x02\x03\x04\x05\x06\x07\x08")
    assert flash.read(0x1000, 16) == b"\xff" * 4 + bytes(range(1, 9)) + b"\xff" * 4
    assert flash.read_word(0x1004) == 0x04030201


def test_an_erase_clears_whole_pages_and_only_them(flash: NorFlash) -> None:
    flash.load(0, bytes(SIZE))
    flash.erase(0x1000, 2)
    assert flash.read(0, PAGE) == bytes(PAGE)
    assert flash.read(0x1000, 2 * PAGE) == b"\xff" * 2 * PAGE
    assert flash.read(0x3000, PAGE) == bytes(PAGE)


def test_a_word_that_is_written_twice_must_only_lose_bits(flash: NorFlash) -> None:
    flash.write(0, b"\x0f\xff\xff\xff")
    flash.write(0, b"\x0e\xff\xff\x00")
    with pytest.raises(FlashRuleError, match="the page was not erased"):
        flash.write(0, b"\x0f\xff\xff\x00")
    assert flash.read(0, 4) == b"\x0e\xff\xff\x00"


def test_after_an_erase_a_page_can_be_written_again(flash: NorFlash) -> None:
    flash.write(0, bytes(4))
    flash.erase(0)
    flash.write(0, b"\xa5\xa5\xa5\xa5")
    assert flash.read(0, 4) == b"\xa5" * 4


def test_writing_over_leaves_what_both_have_in_common(flash: NorFlash) -> None:
    flash.write(0, b"\xf0\x0f\xff\x00")
    flash.write_over(0, b"\xff\xff\xaa\x55")
    assert flash.read(0, 4) == b"\xf0\x0f\xaa\x00"
    assert flash.operations == 2


@pytest.mark.parametrize(
    ("address", "size"), [(-4, 4), (SIZE, 4), (SIZE - 4, 8), (0, SIZE + 4), (0, -4)]
)
def test_flash_ends_where_it_ends(flash: NorFlash, address: int, size: int) -> None:
    with pytest.raises(FlashRuleError, match="not all inside"):
        flash.read(address, size)
    if size > 0:
        with pytest.raises(FlashRuleError, match="not all inside"):
            flash.write(address, bytes(size))
        with pytest.raises(FlashRuleError, match="not all inside"):
            flash.load(address, bytes(size))


def test_pages_outside_cannot_be_erased(flash: NorFlash) -> None:
    with pytest.raises(FlashRuleError, match="not all inside"):
        flash.erase(0x3000, 2)


@pytest.mark.parametrize("address", [1, 4, 0xFFC, 0x1001])
def test_an_erase_begins_at_a_page(flash: NorFlash, address: int) -> None:
    with pytest.raises(FlashRuleError, match="not the beginning of a page"):
        flash.erase(address)


@pytest.mark.parametrize(("address", "size"), [(1, 4), (2, 4), (0, 3), (0, 5), (3, 1)])
def test_a_write_is_a_run_of_aligned_words(flash: NorFlash, address: int, size: int) -> None:
    with pytest.raises(FlashRuleError, match="not a run of aligned words"):
        flash.write(address, bytes(size))
    with pytest.raises(FlashRuleError, match="not a run of aligned words"):
        flash.write_over(address, bytes(size))
    assert flash.operations == 0


def test_every_page_and_every_word_is_one_operation(flash: NorFlash) -> None:
    flash.erase(0, 3)
    flash.write(0, b"\xff" * 16)
    flash.write(0, b"")
    assert flash.operations == 3 + 4


def test_a_debug_probe_does_no_operations_and_may_set_bits(flash: NorFlash) -> None:
    flash.write(0, bytes(8))
    flash.load(1, b"\xff\xff\xff")
    assert flash.read(0, 8) == b"\x00\xff\xff\xff" + bytes(4)
    assert flash.operations == 2


def test_whoever_listens_is_told_of_every_run_and_of_nothing_else() -> None:
    runs: list[tuple[FlashOperation, int, int]] = []
    flash = NorFlash(
        size=SIZE, page_size=PAGE, on_operation=lambda *operation: runs.append(operation)
    )
    flash.erase(0x2000, 2)
    flash.write(0x2010, bytes(12))
    flash.write(0x2020, b"")
    flash.load(0, bytes(4))
    with pytest.raises(FlashRuleError):
        flash.erase(1)
    assert runs == [(FlashOperation.ERASE, 0x2000, 2), (FlashOperation.WRITE, 0x2010, 3)]


def test_a_programmer_writes_whole_pages_and_what_is_worn_keeps_its_bits(flash: NorFlash) -> None:
    page = flash.page_size
    flash.load(0, b"\x00" * 2 * page)
    worn = b"\xfe" + b"\xff" * (page - 1)
    flash.wear_out(page, worn)
    flash.reprogram(0, b"\xff" * 2 * page)
    assert flash.read(0, page) == b"\xff" * page
    assert flash.read(page, page) == worn
