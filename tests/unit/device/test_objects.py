"""The request handler: every refusal in its order, and what it leaves (spec sections 3 and 4)."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest

from firmline.device.board import Board
from firmline.device.bootloader.objects import ObjectHandler, answer_for
from firmline.device.bootloader.settings_ram import Bank
from firmline.device.bootloader.settings_store import SettingsStore
from firmline.device.flash_queue import LockStepQueue
from firmline.protocol.answers import Answer, AnswerBody, Crc, Done, Selected
from firmline.protocol.codes import ExtError, ResultCode
from unit.device.makers import (
    BANK_0,
    EMPTY_BANK,
    IMAGE,
    OTHER_KEY,
    PAGE,
    application_bank,
    banks,
    init_command,
    make_board,
    make_store,
    record_operations,
    refused,
    signed_packet,
    unsigned_packet,
)

COMMAND, DATA = 1, 2
PACKET = signed_packet(init_command())
AT = BANK_0 + 5 * PAGE  # behind an application of 20,000 bytes
CRC = zlib.crc32


class Bench:
    """A handler on a board; what it wants done afterwards waits in ``later``."""

    def __init__(self, board: Board | None = None) -> None:
        self.board = make_board() if board is None else board
        self.later: list[Callable[[], None]] = []
        self.progress = self.completed = 0
        self.boot()

    def boot(self) -> None:
        """RAM is lost; the settings are read from flash."""
        self.later.clear()
        self.queue = LockStepQueue(self.board.flash)  # as on a BLE build: after the answer
        self.board.storage = self.queue
        self.store: SettingsStore = make_store(self.board)
        self.handler = ObjectHandler(
            board=self.board,
            store=self.store,
            on_progress=self._on_progress,
            on_complete=self._on_complete,
            afterwards=self.later.append,
        )

    def _on_progress(self) -> None:
        self.progress += 1

    def _on_complete(self) -> None:
        self.completed += 1

    def settle(self) -> None:
        self.queue.drain()
        while self.later:
            self.later.pop(0)()
            self.queue.drain()

    def command(self, packet: bytes = PACKET) -> None:
        """Create and write an init packet."""
        self.handler.create(COMMAND, len(packet))
        self.handler.write(packet)

    def init(self, packet: bytes = PACKET) -> None:
        """Send and execute an init packet."""
        self.command(packet)
        self.handler.execute()
        self.settle()

    def execute(self) -> AnswerBody:
        """Execute a data object; flash is idle."""
        self.handler.take_over()
        return self.handler.finish()

    def data(self, data: bytes) -> None:
        """Create and write a data object."""
        self.handler.create(DATA, len(data))
        self.settle()
        self.write(data)

    def write(self, data: bytes) -> None:
        """Write a packet of a data object, and let it reach flash."""
        self.handler.write(data)
        self.settle()


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def ready(bench: Bench) -> Bench:
    """With an init packet that was executed."""
    bench.init()
    return bench


# The current object (section 2.1).


def test_the_current_object_is_the_command_at_first(bench: Bench) -> None:
    assert bench.handler.crc() == Crc(offset=0, crc=0)
    with refused(ResultCode.INVALID_PARAMETER):
        bench.handler.write(b"x")


@pytest.mark.parametrize("kind", [0, 3, 255])
def test_an_unknown_type_is_refused_and_leaves_no_current_object(bench: Bench, kind: int) -> None:
    asks: list[Callable[[], object]] = [
        lambda: bench.handler.select(kind),
        lambda: bench.handler.create(kind, 64),
    ]
    afterwards: list[Callable[[], object]] = [
        lambda: bench.handler.write(b"x"),
        bench.handler.crc,
        bench.handler.execute,
    ]
    for ask in asks:
        bench.handler.select(COMMAND)
        for then in (ask, *afterwards):
            with refused(ResultCode.INVALID_OBJECT):
                then()


def test_after_an_unknown_type_a_select_makes_an_object_current_again(bench: Bench) -> None:
    bench.command()
    with refused(ResultCode.INVALID_OBJECT):
        bench.handler.select(7)
    assert bench.handler.select(COMMAND) == Selected(
        max_size=512, offset=len(PACKET), crc=CRC(PACKET)
    )
    assert bench.handler.crc() == Crc(offset=len(PACKET), crc=CRC(PACKET))


def test_a_create_that_fails_sets_the_current_object_all_the_same(ready: Bench) -> None:
    with refused(ResultCode.INVALID_PARAMETER):
        ready.handler.create(DATA, 0)
    assert ready.handler.crc() == Crc(offset=0, crc=0)
    with refused(ResultCode.INVALID_PARAMETER):
        ready.handler.create(COMMAND, 0)
    assert ready.handler.crc() == Crc(offset=len(PACKET), crc=CRC(PACKET))


# CREATE, WRITE and CRC of the init packet (section 3).


@pytest.mark.parametrize(
    ("size", "result"),
    [
        (0, ResultCode.INVALID_PARAMETER),
        (513, ResultCode.INSUFFICIENT_RESOURCES),
        (0xFFFF_FFFF, ResultCode.INSUFFICIENT_RESOURCES),
    ],
)
def test_a_command_object_has_1_to_512_bytes(ready: Bench, size: int, result: ResultCode) -> None:
    before = bytes(ready.store.ram.data)
    with refused(result):
        ready.handler.create(COMMAND, size)
    assert bytes(ready.store.ram.data) == before


@pytest.mark.parametrize("size", [1, 512])
def test_a_create_forgets_everything_that_came_before(ready: Bench, size: int) -> None:
    ready.data(IMAGE[:PAGE])
    assert ready.handler.create(COMMAND, size) == Done()
    ram = ready.store.ram
    assert (ram.command_size, ram.command_offset, ram.image_offset, ram.write_offset) == (
        size,
        0,
        0,
        0,
    )
    assert ram.init_command == b"\xff" * 512
    with refused(ResultCode.OPERATION_NOT_PERMITTED):
        ready.handler.create(DATA, PAGE)


def test_a_command_is_appended_piece_by_piece(bench: Bench) -> None:
    bench.handler.create(COMMAND, 6)
    assert bench.handler.write(b"abc") == Crc(offset=3, crc=CRC(b"abc"))
    assert bench.handler.write(b"") == Crc(offset=3, crc=CRC(b"abc"))
    assert bench.handler.write(b"def") == Crc(offset=6, crc=CRC(b"abcdef"))
    assert bench.store.ram.init_command[:7] == b"abcdef\xff"


def test_a_write_beyond_the_command_is_refused_whole(bench: Bench) -> None:
    bench.handler.create(COMMAND, 6)
    bench.handler.write(b"abc")
    with refused(ResultCode.INVALID_PARAMETER):
        bench.handler.write(b"defg")
    assert bench.handler.crc() == Crc(offset=3, crc=CRC(b"abc"))


# EXECUTE of the init packet (section 3), in the order of its steps.


def test_step_1_an_incomplete_command_is_not_executed(bench: Bench) -> None:
    bench.handler.create(COMMAND, len(PACKET))
    bench.handler.write(PACKET[:-1])
    with refused(ResultCode.OPERATION_NOT_PERMITTED):
        bench.handler.execute()
    assert bench.handler.crc() == Crc(offset=len(PACKET) - 1, crc=CRC(PACKET[:-1]))


def test_step_1_comes_before_the_init_packet_that_is_valid_already(ready: Bench) -> None:
    ready.store.ram.command_offset -= 1
    with refused(ResultCode.OPERATION_NOT_PERMITTED):
        ready.handler.execute()


def test_step_2_a_valid_init_packet_is_not_looked_at_again(ready: Bench) -> None:
    ready.store.ram.write_init_command(0, bytes(len(PACKET)))
    assert ready.handler.execute() == Done()


def test_step_2_a_repeated_execute_saves_the_progress_of_that_moment(ready: Bench) -> None:
    ready.data(IMAGE[:PAGE])
    ready.handler.select(COMMAND)
    ready.handler.execute()
    ready.settle()
    ready.boot()
    assert ready.handler.select(DATA) == Selected(max_size=PAGE, offset=PAGE, crc=CRC(IMAGE[:PAGE]))


def test_step_3_what_cannot_be_decoded_is_refused_and_kept(bench: Bench) -> None:
    bench.command(b"\x00" * 8)
    for _ in range(2):
        with refused(ResultCode.INVALID_OBJECT):
            bench.handler.execute()
    assert bench.handler.crc() == Crc(offset=8, crc=CRC(bytes(8)))


def test_step_3_an_execute_of_nothing_is_refused(bench: Bench) -> None:
    with refused(ResultCode.INVALID_OBJECT):
        bench.handler.execute()


HUGE = 0x75000 - BANK_0 + 4


@pytest.mark.parametrize(
    ("packet", "result", "ext_error"),
    [
        pytest.param(
            unsigned_packet(init_command(app_size=0)),
            ResultCode.EXTENDED_ERROR,
            ExtError.SIGNATURE_MISSING,
            id="step 4 before 5: not signed and no size",
        ),
        pytest.param(
            signed_packet(init_command(app_size=HUGE), key=OTHER_KEY),
            ResultCode.INVALID_OBJECT,
            None,
            id="step 4 before 6: another key and too large",
        ),
        pytest.param(
            signed_packet(init_command(app_size=0)),
            ResultCode.EXTENDED_ERROR,
            ExtError.INIT_COMMAND_INVALID,
            id="step 5: no size",
        ),
        pytest.param(
            signed_packet(init_command(app_size=HUGE)),
            ResultCode.INSUFFICIENT_RESOURCES,
            None,
            id="step 6: too large",
        ),
    ],
)
def test_a_refusal_of_steps_4_to_6_wipes_the_init_packet(
    bench: Bench, packet: bytes, result: ResultCode, ext_error: ExtError | None
) -> None:
    bench.command(packet)
    with refused(result, ext_error):
        bench.handler.execute()
    assert bench.handler.select(COMMAND) == Selected(max_size=512, offset=0, crc=0)
    assert bench.store.ram.init_command == b"\xff" * 512
    assert bench.later == []


def test_step_7_the_settings_are_written_after_the_answer(bench: Bench) -> None:
    operations = record_operations(bench.board)
    bench.command()
    assert bench.handler.execute() == Done()
    assert operations == []
    bench.settle()
    assert sum(count for _, _, count in operations) == 2 * (1 + 224)


def test_an_init_packet_that_costs_the_application_is_saved_with_that(bench: Bench) -> None:
    bench.init(signed_packet(init_command(app_size=0x75000 - BANK_0)))
    bench.boot()
    assert banks(bench.store.ram)[0] == EMPTY_BANK


# An init packet that was executed before a reset (section 4.1, S12).


def test_after_a_reset_the_init_packet_is_back_and_the_image_begins_anew(ready: Bench) -> None:
    ready.data(IMAGE[:PAGE])
    ready.boot()
    assert ready.handler.select(COMMAND) == Selected(
        max_size=512, offset=len(PACKET), crc=CRC(PACKET)
    )
    assert ready.handler.select(DATA) == Selected(max_size=PAGE, offset=0, crc=0)
    assert ready.handler.create(DATA, PAGE) == Done()


def test_an_init_packet_that_was_not_executed_is_gone_after_a_reset(bench: Bench) -> None:
    bench.command()
    bench.boot()
    assert bench.handler.select(COMMAND) == Selected(max_size=512, offset=0, crc=0)
    with refused(ResultCode.OPERATION_NOT_PERMITTED):
        bench.handler.create(DATA, PAGE)


def stored(bench: Bench, packet: bytes) -> None:
    """Put an init packet into the settings as if it had been executed."""
    ram = bench.store.ram
    ram.reset_progress()
    ram.write_init_command(0, packet)
    ram.command_size = ram.command_offset = len(packet)
    ram.command_crc = CRC(packet)
    bench.store.save()
    bench.settle()
    bench.boot()


def test_a_stored_init_packet_is_not_checked_again(bench: Bench) -> None:
    stored(bench, signed_packet(init_command(fw_version=0, hw_version=1), key=OTHER_KEY))
    assert bench.handler.execute() == Done()
    assert bench.handler.create(DATA, PAGE) == Done()


@pytest.mark.parametrize(
    "packet", [bytes(8), signed_packet(init_command(app_size=HUGE))], ids=["garbage", "too large"]
)
def test_a_stored_init_packet_of_no_use_is_shown_but_not_valid(bench: Bench, packet: bytes) -> None:
    stored(bench, packet)
    assert bench.handler.crc() == Crc(offset=len(packet), crc=CRC(packet))
    with refused(ResultCode.OPERATION_NOT_PERMITTED):
        bench.handler.create(DATA, PAGE)


# CREATE of data objects (section 4), in the order of its checks.


def test_without_an_init_packet_no_data_object_is_created(bench: Bench) -> None:
    for size in (0, 3, PAGE, 0x10000):
        with refused(ResultCode.OPERATION_NOT_PERMITTED):
            bench.handler.create(DATA, size)


@pytest.mark.parametrize(
    ("size", "result"),
    [
        pytest.param(0, ResultCode.INVALID_PARAMETER, id="nothing"),
        pytest.param(PAGE - 4, ResultCode.INVALID_PARAMETER, id="no page and not the rest"),
        pytest.param(PAGE + 4, ResultCode.INVALID_PARAMETER, id="more than a page, unaligned"),
        pytest.param(2 * PAGE, ResultCode.INSUFFICIENT_RESOURCES, id="two pages"),
        pytest.param(
            4 * PAGE, ResultCode.INSUFFICIENT_RESOURCES, id="two pages and beyond the image"
        ),
        pytest.param(
            len(IMAGE), ResultCode.INSUFFICIENT_RESOURCES, id="the whole image, above a page"
        ),
    ],
)
def test_a_data_object_is_a_page_or_the_rest(ready: Bench, size: int, result: ResultCode) -> None:
    with refused(result):
        ready.handler.create(DATA, size)
    assert ready.later == []
    assert ready.store.ram.data_object_size == 0


def test_a_page_beyond_the_image_is_refused_last_of_all(ready: Bench) -> None:
    for start in (0, PAGE):
        ready.data(IMAGE[start : start + PAGE])
        ready.execute()
    with refused(ResultCode.OPERATION_NOT_PERMITTED):
        ready.handler.create(DATA, PAGE)
    assert ready.handler.create(DATA, len(IMAGE) - 2 * PAGE) == Done()


def test_a_create_erases_its_page_after_the_answer(ready: Bench) -> None:
    ready.board.flash.load(AT, bytes(2 * PAGE))
    operations = record_operations(ready.board)
    ready.handler.create(DATA, PAGE)
    assert operations == []
    ready.settle()
    assert operations == [("erase", AT, 1)]


def test_a_create_discards_the_open_object_and_only_that(ready: Bench) -> None:
    ready.data(IMAGE[:PAGE])
    ready.execute()
    ready.handler.create(DATA, PAGE)
    ready.settle()
    ready.handler.write(IMAGE[PAGE : PAGE + 100])
    assert ready.handler.crc() == Crc(offset=PAGE + 100, crc=CRC(IMAGE[: PAGE + 100]))
    ready.handler.create(DATA, PAGE)
    assert ready.handler.crc() == Crc(offset=PAGE, crc=CRC(IMAGE[:PAGE]))
    assert ready.store.ram.write_offset == PAGE


# WRITE of data objects.


def test_without_an_init_packet_no_data_are_written(bench: Bench) -> None:
    bench.handler.select(DATA)
    with refused(ResultCode.OPERATION_NOT_PERMITTED):
        bench.handler.write(b"data")


def test_without_an_object_no_data_are_written(ready: Bench) -> None:
    ready.handler.select(DATA)
    with refused(ResultCode.INVALID_PARAMETER):
        ready.handler.write(b"data")


def test_data_beyond_the_object_are_refused_whole(ready: Bench) -> None:
    ready.handler.create(DATA, PAGE)
    ready.settle()
    ready.handler.write(IMAGE[: PAGE - 4])
    with refused(ResultCode.INVALID_PARAMETER):
        ready.handler.write(bytes(8))
    assert ready.handler.crc() == Crc(offset=PAGE - 4, crc=CRC(IMAGE[: PAGE - 4]))
    assert ready.board.flash.read(AT + PAGE - 4, 4) == b"\xff" * 4


def test_data_lie_in_flash_where_the_image_goes(ready: Bench) -> None:
    ready.data(IMAGE[:PAGE])
    assert ready.board.flash.read(AT, PAGE) == IMAGE[:PAGE]
    assert ready.store.ram.write_offset == PAGE


def test_packets_of_odd_length_have_a_right_crc_and_spoil_the_image(ready: Bench) -> None:
    ready.handler.create(DATA, PAGE)
    ready.settle()
    for start in range(0, PAGE, 22):
        ready.write(IMAGE[start : min(start + 22, PAGE)])
    assert ready.handler.crc() == Crc(offset=PAGE, crc=CRC(IMAGE[:PAGE]))
    assert ready.board.flash.read(AT, PAGE) != IMAGE[:PAGE]


def test_words_that_are_programmed_twice_after_a_reset_only_lose_bits(ready: Bench) -> None:
    """The progress in flash can be older than the image beside it (W7)."""
    ready.handler.create(DATA, PAGE)
    ready.settle()
    ready.handler.select(COMMAND)
    ready.handler.execute()
    ready.settle()
    ready.handler.select(DATA)
    ready.write(b"\xf0" * 4)
    ready.boot()
    ready.handler.select(DATA)
    ready.write(b"\x0f" * 4)
    assert ready.board.flash.read(AT, 4) == bytes(4)
    assert ready.handler.crc() == Crc(offset=4, crc=CRC(b"\x0f" * 4))


# EXECUTE of data objects.


def test_progress_that_somebody_forged_is_counted_modulo_2_32(ready: Bench) -> None:
    ram = ready.store.ram
    ram.image_offset, ram.image_offset_last, ram.data_object_size = 0, 0xFFFF_F000, PAGE + 8
    ram.write_offset = 0
    assert ready.handler.select(DATA) == Selected(max_size=PAGE, offset=0, crc=0)
    ready.write(bytes(8))
    assert (ram.image_offset, ram.write_offset) == (8, 8)
    with refused(ResultCode.INVALID_PARAMETER):
        ready.handler.write(bytes(4))
    assert ready.execute() == Done()
    ram.image_offset = ram.write_offset = ram.image_offset_last = 0xFFFF_FFFC
    ram.data_object_size = 8
    ready.handler.write(bytes(8))
    assert (ram.image_offset, ram.write_offset) == (4, 4)
    ready.later.clear()


def test_an_incomplete_object_is_not_executed(ready: Bench) -> None:
    ready.handler.create(DATA, PAGE)
    ready.settle()
    for data in (b"", IMAGE[: PAGE - 4]):
        ready.handler.write(data)
        with refused(ResultCode.OPERATION_NOT_PERMITTED):
            ready.execute()


def test_an_executed_object_is_kept_and_executing_it_again_succeeds(ready: Bench) -> None:
    ready.data(IMAGE[:PAGE])
    for _ in range(3):
        assert ready.execute() == Done()
    ram = ready.store.ram
    assert (ram.image_offset_last, ram.image_crc_last) == (PAGE, CRC(IMAGE[:PAGE]))
    assert ready.completed == 0


def test_an_execute_without_an_object_succeeds(ready: Bench) -> None:
    ready.handler.select(DATA)
    assert ready.execute() == Done()
    assert ready.completed == 0


def send_image(bench: Bench, image: bytes = IMAGE) -> None:
    """All but the last EXECUTE."""
    for start in range(0, len(image), PAGE):
        if start:
            bench.execute()
        bench.data(image[start : start + PAGE])


def test_the_last_object_stages_the_image_and_completes_after_the_answer(ready: Bench) -> None:
    send_image(ready)
    assert ready.execute() == Done()
    ram = ready.store.ram
    assert banks(ram)[1] == application_bank(IMAGE)
    assert (banks(ram)[0].code, ram.app_version, ram.update_start_address) == (0, 4, AT)
    assert ready.completed == 0
    ready.settle()
    assert ready.completed == 1


def test_an_image_with_another_hash_completes_too(bench: Bench) -> None:
    bench.init(signed_packet(init_command(digest=bytes(32))))
    send_image(bench)
    with refused(ResultCode.EXTENDED_ERROR, ExtError.VERIFICATION_FAILED):
        bench.execute()
    bench.settle()
    assert bench.completed == 1
    assert banks(bench.store.ram)[1] == EMPTY_BANK
    assert banks(bench.store.ram)[0].code == Bank.APPLICATION


def test_an_execute_of_no_image_at_all_is_judged_and_completes(bench: Bench) -> None:
    bench.handler.select(DATA)
    with refused(ResultCode.EXTENDED_ERROR, ExtError.VERIFICATION_FAILED):
        bench.execute()
    bench.settle()
    assert bench.completed == 1


def test_a_failed_init_packet_leaves_no_image_size_behind(ready: Bench) -> None:
    ready.command(b"\x00" * 8)
    with refused(ResultCode.INVALID_OBJECT):
        ready.handler.execute()
    ready.handler.select(DATA)
    with refused(ResultCode.EXTENDED_ERROR, ExtError.VERIFICATION_FAILED):
        ready.execute()


def test_a_new_command_alone_leaves_the_image_size(ready: Bench) -> None:
    ready.handler.create(COMMAND, 8)
    ready.handler.select(DATA)
    assert ready.execute() == Done()


# What re-arms the inactivity timer (section 10).


def test_only_new_commands_and_executed_data_are_progress(bench: Bench) -> None:
    marks: list[int] = []

    def mark() -> None:
        marks.append(bench.progress)
        bench.progress = 0

    for size in (0, 513):
        with refused(ResultCode.INSUFFICIENT_RESOURCES if size else ResultCode.INVALID_PARAMETER):
            bench.handler.create(COMMAND, size)
    mark()  # also where they fail
    bench.init()
    mark()  # create, not write or execute
    bench.handler.select(DATA)
    bench.data(IMAGE[:PAGE])
    bench.handler.crc()
    mark()
    bench.execute()
    mark()
    bench.handler.create(DATA, PAGE)
    with refused(ResultCode.OPERATION_NOT_PERMITTED):
        bench.execute()
    mark()
    assert marks == [2, 1, 0, 1, 0]


# Answers.


def test_a_refusal_becomes_an_answer_and_so_does_a_body(bench: Bench) -> None:
    assert answer_for(3, bench.handler.crc) == Answer(
        opcode=3, result=ResultCode.SUCCESS, body=Crc(offset=0, crc=0)
    )
    bench.command(unsigned_packet(init_command()))
    assert answer_for(4, bench.handler.execute) == Answer(
        opcode=4, result=ResultCode.EXTENDED_ERROR, ext_error=ExtError.SIGNATURE_MISSING
    )
