"""A unit with physics: its work takes time and current (physics and bootloader specs)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firmline.device.bootloader.settings_ram import SIZE, Bank, SettingsRam
from firmline.device.physics.supply import Currents, Source
from firmline.device.profile import SDK15_3_UART, SDK17_1_BLE
from firmline.device.radio_face import DropLink, Notify, ResetKind, Restarted
from firmline.device.synthetic import RAM_START, synthetic_program
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from firmline.protocol.requests import (
    Abort,
    CreateObject,
    ExecuteObject,
    Ping,
    Request,
    SelectObject,
    SetPrn,
    encode_request,
)
from firmline.protocol.slip import SlipDecoder, encode_frame
from unit.device.makers import PAGE, describe
from unit.device.story import (
    IMAGE,
    INIT_PACKET,
    NRF52832,
    PACKET,
    SETTLED_S,
    TIMING,
    Story,
)


def story(**changes: Any) -> Story:
    return Story(describe(**changes))


@pytest.fixture
def ready() -> Story:
    """With an init packet that was accepted, and everything of it in flash."""
    told = story()
    told.enter_bootloader()
    told.send_init_packet()
    told.pass_time(told.now_s + SETTLED_S)
    return told


# Booting.


def test_a_unit_is_silent_until_it_has_booted() -> None:
    told = story()
    assert told.runs(None)
    assert told.unit.advertisement is None
    assert told.unit.next_wake_s() == TIMING.boot_s
    told.pass_time(TIMING.boot_s)
    assert told.runs(UnitMode.APPLICATION)
    assert told.unit.advertisement is not None


def test_a_signature_takes_its_time() -> None:
    told = story()
    told.enter_bootloader()
    told.ask(CreateObject(object_type=1, size=len(INIT_PACKET)))
    told.unit.receive(Channel.PACKET, INIT_PACKET, now_s=told.now_s)
    asked_s = told.now_s
    assert told.ask(ExecuteObject()) == "600401"
    assert told.now_s - asked_s == pytest.approx(TIMING.signature_check_s)


# The SoftDevice's flash queue (section 11).


def test_of_the_packets_right_after_create_exactly_15_are_taken(ready: Story) -> None:
    """Recorded: 16 entries less the erase; the rest is dropped silently, and EXECUTE answers 08."""
    ready.create()
    ready.packets(IMAGE[:PAGE])
    assert ready.offset() == 15 * PACKET
    assert ready.logged.count("packet_dropped") == 2
    assert ready.ask(ExecuteObject()) == "600408"


def test_100_ms_after_create_nothing_is_lost(ready: Story) -> None:
    """Recorded as well."""
    ready.create(then_wait_s=0.1)
    ready.packets(IMAGE[:PAGE])
    assert ready.offset() == PAGE
    assert ready.ask(ExecuteObject()) == "600401"
    assert "packet_dropped" not in ready.logged


def test_the_first_object_meets_a_queue_that_still_writes_the_settings() -> None:
    told = story()
    told.enter_bootloader()
    told.send_init_packet()
    told.create(then_wait_s=0.1)
    told.packets(IMAGE[:PAGE])
    assert told.offset() < 15 * PACKET


def test_execute_answers_when_the_object_is_in_flash(ready: Story) -> None:
    ready.create(then_wait_s=0.1)
    ready.packets(IMAGE[:PAGE])
    board = ready.unit.board
    start = board.bank_0_start + 5 * PAGE
    assert board.flash.read(start, PAGE) != IMAGE[:PAGE]
    assert ready.ask(ExecuteObject()) == "600401"
    assert board.flash.read(start, PAGE) == IMAGE[:PAGE]


def test_a_create_behind_an_execute_begins_the_next_object_at_once(ready: Story) -> None:
    """Section 4: EXECUTE takes the object over, and only its answer waits for flash."""
    ready.create(then_wait_s=0.1)
    ready.packets(IMAGE[:PAGE])
    ready.pass_time(ready.now_s + 0.1)
    count = len(ready.said)
    ready.unit.receive(Channel.CONTROL, encode_request(ExecuteObject()), now_s=ready.now_s)
    ready.listen()
    assert not [out for _, out in ready.said[count:] if isinstance(out, Notify)]
    assert ready.ask(CreateObject(object_type=2, size=PAGE)) == "600101"
    ready.packets(IMAGE[PAGE : PAGE + 4 * PACKET])
    assert ready.offset() == PAGE + 4 * PACKET
    executed = ready.wait_for(Notify)
    assert isinstance(executed, Notify)
    assert executed.data.hex() == "600401"
    start = ready.unit.board.bank_0_start + 5 * PAGE
    assert ready.unit.board.flash.read(start, PAGE + 4 * PACKET) == IMAGE[: PAGE + 4 * PACKET]


def test_an_execute_of_what_is_not_complete_is_refused_at_once(ready: Story) -> None:
    ready.create(then_wait_s=0.1)
    ready.packets(IMAGE[: PAGE - PACKET])
    asked_s = ready.now_s
    assert ready.ask(ExecuteObject()) == "600408"
    assert ready.now_s == asked_s


def test_an_execute_that_waits_judges_an_image_that_is_complete_by_then(ready: Story) -> None:
    """Whether anything is missing is looked at when flash is idle: the last EXECUTE is not needed.

    A host that is ahead must know that, or it waits in vain for the answer to its last EXECUTE.
    """
    for start in (0, PAGE):
        ready.create(then_wait_s=0.1)
        ready.packets(IMAGE[start : start + PAGE])
        if start == 0:
            assert ready.ask(ExecuteObject()) == "600401"
    ready.unit.receive(Channel.CONTROL, encode_request(ExecuteObject()), now_s=ready.now_s)
    ready.pass_time(ready.now_s + 0.3)
    assert ready.ask(CreateObject(object_type=2, size=len(IMAGE) - 2 * PAGE)) == "600101"
    ready.packets(IMAGE[2 * PAGE : 2 * PAGE + 8 * PACKET])
    ready.pass_time(ready.now_s + 0.25)
    ready.packets(IMAGE[2 * PAGE + 8 * PACKET :])
    executed = ready.wait_for(Notify)
    assert isinstance(executed, Notify)
    assert executed.data.hex() == "600401"
    ready.wait_for(Restarted)


def test_an_object_takes_the_erase_and_its_chunks(ready: Story) -> None:
    created_s = ready.now_s
    ready.create(then_wait_s=0.1)
    ready.packets(IMAGE[:PAGE])
    ready.ask(ExecuteObject())
    chunks = 16 * 13 + -(-(PAGE - 16 * PACKET) // 20)
    needed_s = TIMING.erase_page_s + 1024 * TIMING.write_word_s + chunks * TIMING.chunk_s
    assert ready.now_s - created_s == pytest.approx(needed_s, abs=0.015)


def test_an_erase_that_fits_between_no_radio_events_waits_and_then_deafens_the_radio() -> None:
    told = story()
    told.enter_bootloader(interval_s=0.015)
    told.send_init_packet()
    told.pass_time(told.now_s + 2 * SETTLED_S)
    told.create()
    now_s = told.now_s
    assert told.unit.radio_blocked_until_s(now_s=now_s) == now_s
    middle_s = now_s + TIMING.patience_s + TIMING.erase_page_s / 2
    told.pass_time(middle_s)
    end_s = now_s + TIMING.patience_s + TIMING.erase_page_s
    assert told.unit.radio_blocked_until_s(now_s=middle_s) == pytest.approx(end_s)
    told.pass_time(end_s)
    assert told.unit.radio_blocked_until_s(now_s=end_s) == end_s


def test_a_longer_interval_leaves_room_for_the_erase() -> None:
    told = story()
    told.enter_bootloader(interval_s=0.015)
    told.send_init_packet()
    told.pass_time(told.now_s + 2 * SETTLED_S)
    told.unit.interval_changed(0.4, now_s=told.now_s)
    told.create()
    middle_s = told.now_s + TIMING.erase_page_s / 2
    told.pass_time(middle_s)
    assert told.unit.radio_blocked_until_s(now_s=middle_s) == middle_s


def test_a_receipt_for_a_dropped_packet_says_offset_0_and_success(ready: Story) -> None:
    """Section 2.4."""
    ready.ask(SetPrn(count=17))
    ready.create()
    ready.packets(IMAGE[:PAGE])
    receipts = [out.data.hex() for _, out in ready.said if isinstance(out, Notify)]
    assert receipts[-1] == "600301" + "00" * 8


def test_create_over_a_full_queue_is_refused_with_05(ready: Story) -> None:
    ready.create()
    ready.packets(IMAGE[: 16 * PACKET])
    assert ready.ask(CreateObject(object_type=2, size=PAGE)) == "600105"


def test_lost_buffers_narrow_the_queue(ready: Story) -> None:
    """Section 13: with 10 of 17 buffers lost, seven packets are on their way at most."""
    for _ in range(10):
        ready.unit.receive(Channel.PACKET, b"none", now_s=ready.now_s)
    ready.create()
    ready.packets(IMAGE[:PAGE])
    assert ready.offset() == 7 * PACKET
    assert "packet_without_buffer" in ready.logged


# The whole of it.


def send_image(told: Story) -> None:
    for start in range(0, len(IMAGE), PAGE):
        piece = IMAGE[start : start + PAGE]
        told.create(len(piece), then_wait_s=0.1)
        told.packets(piece)
        assert told.ask(ExecuteObject()) == "600401"


def test_an_update_ends_with_a_farewell_an_activation_and_the_new_application(
    ready: Story,
) -> None:
    send_image(ready)
    ready.wait_for(DropLink)
    dropped_s = ready.now_s
    ready.wait_for(Restarted)
    assert ready.now_s - dropped_s == pytest.approx(TIMING.farewell_s)
    restarted_s = ready.now_s
    assert ready.runs(None)
    ready.pass_time(restarted_s + 60)
    pages, words = 3, len(IMAGE) // 4
    copy_s = pages * TIMING.erase_page_s + words * TIMING.write_word_s
    booted = [e.at_s for e in ready.unit.log if e.what == "boot" and e.facts["into"] == "app"]
    assert booted[-1] - restarted_s > copy_s
    assert ready.runs(UnitMode.APPLICATION)
    assert ready.unit.board.flash.read(0x26000, len(IMAGE)) == IMAGE


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.001, 0.05, 0.12, 1.0, 2.5, 4.0, 4.8])
def test_a_cell_that_is_pulled_in_the_middle_of_an_activation(ready: Story, after_s: float) -> None:
    """Only what was done by then is in flash; the next boot goes on, and all ends well."""
    send_image(ready)
    ready.wait_for(Restarted)
    pulled_s = ready.now_s + after_s
    ready.pass_time(pulled_s)
    ready.unit.reset(ResetKind.POWER, now_s=pulled_s)
    assert all(entry.at_s <= ready.physics.cpu_s for entry in ready.unit.log)
    ready.pass_time(pulled_s + 60)
    assert ready.runs(UnitMode.APPLICATION)
    assert ready.unit.board.flash.read(0x26000, len(IMAGE)) == IMAGE


def test_what_the_processor_did_ahead_is_undone_by_a_reset(ready: Story) -> None:
    send_image(ready)
    ready.wait_for(Restarted)
    flash = ready.unit.board.flash
    # The processor runs ahead: all of it is in flash, and none of it has happened yet.
    assert flash.read(0x26000, len(IMAGE)) == IMAGE
    ready.physics.supply.source = weak(600)  # the next boot gets nothing done
    ready.unit.reset(ResetKind.POWER, now_s=ready.now_s)
    stack = RAM_START + ready.unit.board.chip.ram_size
    old = synthetic_program("application 3", 20_000, base=0x26000, stack=stack)
    assert flash.read(0x26000, len(old)) == old


def test_the_same_story_again_is_the_same_to_the_byte() -> None:
    def told() -> tuple[list[object], bytes]:
        again = story()
        again.enter_bootloader(interval_s=0.015)
        again.send_init_packet()
        again.pass_time(again.now_s + 2 * SETTLED_S)
        for start in range(0, len(IMAGE), PAGE):
            again.create(len(IMAGE[start : start + PAGE]), then_wait_s=0.2)
            again.packets(IMAGE[start : start + PAGE])
            again.ask(ExecuteObject())
        again.pass_time(again.now_s + 30)
        flash = again.unit.board.flash
        return [*again.said, *again.unit.log], flash.read(0, flash.size)

    assert told() == told()


# Supply.


def weak(resistance_ohm: float, **changes: Any) -> Source:
    return Source(
        currents=Currents.of(NRF52832), resistance_ohm=resistance_ohm, capacitance_uf=100, **changes
    )


def test_a_weak_cell_carries_the_application_and_not_the_erase() -> None:
    told = story(supply=weak(400))
    told.enter_bootloader()
    assert told.runs(UnitMode.BOOTLOADER)
    told.ask(CreateObject(object_type=1, size=len(INIT_PACKET)))
    told.unit.receive(Channel.PACKET, INIT_PACKET, now_s=told.now_s)
    # At 3.7 mA the processor alone settles at 1.52 V: the signature check is too much.
    told.unit.receive(Channel.CONTROL, encode_request(ExecuteObject()), now_s=told.now_s)
    told.wait_for(Restarted)
    assert "power_lost" in told.logged
    told.pass_time(told.now_s + 1)
    assert told.runs(UnitMode.APPLICATION)  # RAM and GPREGRET are gone


def test_the_radio_alone_can_be_too_much() -> None:
    told = story(supply=weak(160))
    told.enter_bootloader()
    told.unit.radio_used(told.now_s, told.now_s + 0.002, now_s=told.now_s + 0.002)
    assert told.runs(UnitMode.BOOTLOADER)
    told.unit.radio_used(told.now_s + 0.002, told.now_s + 0.2, now_s=told.now_s + 0.2)
    assert told.runs(None)
    assert told.unit.log[-1].what == "power_lost"
    lowest_v = told.unit.log[-1].facts["lowest_v"]
    assert isinstance(lowest_v, float)
    assert lowest_v < 1.6


def test_a_bench_supply_carries_everything(ready: Story) -> None:
    send_image(ready)
    ready.pass_time(ready.now_s + 30)
    assert "power_lost" not in ready.logged
    assert ready.physics.supply.lowest > 2.99


def test_a_cell_that_carries_no_activation_leaves_the_unit_activating_for_ever(
    ready: Story,
) -> None:
    """The bootloader tries at every boot; none of it harms what is in flash."""
    send_image(ready)
    ready.wait_for(Restarted)
    ready.physics.supply.source = weak(600)
    ready.unit.reset(ResetKind.POWER, now_s=ready.now_s)
    ready.pass_time(ready.now_s + 5)
    assert ready.logged.count("power_lost") > 3
    assert ready.runs(None)
    ready.physics.supply.source = weak(0.1)
    ready.pass_time(ready.now_s + 60)
    assert ready.runs(UnitMode.APPLICATION)
    assert ready.unit.board.flash.read(0x26000, len(IMAGE)) == IMAGE


def test_the_power_fail_comparator_stalls_flash_instead(ready: Story) -> None:
    """Physics spec, section 2: a sagging cell stalls the DFU rather than corrupting it."""
    ready.physics.supply.source = replace(weak(10), open_circuit_v=2.0, power_fail_v=2.1)
    ready.physics.supply.interrupt(ready.now_s)
    done = ready.unit.board.flash.operations
    ready.create(then_wait_s=20)
    ready.packets(IMAGE[:PAGE])
    assert ready.unit.board.flash.operations == done
    assert ready.offset() == 15 * PACKET  # behind an erase that never ends
    assert "power_lost" not in ready.logged


# ABORT over flash work that goes on (section 2.5).


def test_an_abort_over_flash_work_is_answered_and_resets_when_it_is_done(ready: Story) -> None:
    ready.create()
    assert ready.ask(Abort()) == "600c01"
    ready.wait_for(Restarted, at_most_s=1.0)


def test_an_abort_of_an_idle_bootloader_is_not_answered(ready: Story) -> None:
    ready.unit.receive(Channel.CONTROL, encode_request(Abort()), now_s=ready.now_s)
    ready.wait_for(Restarted, at_most_s=1.0)
    assert not isinstance(ready.said[-1][1], Notify)


def test_since_sdk_16_an_abort_over_flash_work_hangs_the_bootloader() -> None:
    told = story(profile=SDK17_1_BLE)
    told.enter_bootloader()
    told.send_init_packet()
    told.unit.receive(Channel.CONTROL, encode_request(Abort()), now_s=told.now_s)
    told.wait_for(DropLink)
    told.pass_time(told.now_s + 500)
    assert "flash_paused" in told.logged
    assert told.runs(UnitMode.BOOTLOADER)
    told.unit.reset(ResetKind.PIN, now_s=told.now_s)
    told.pass_time(told.now_s + 1)
    assert told.runs(UnitMode.APPLICATION)


# A serial bootloader stands still for its flash.


def test_a_serial_bootloader_answers_after_the_erase() -> None:
    told = story(profile=SDK15_3_UART, gpregret=0xB1)
    told.pass_time(TIMING.boot_s)
    slip = SlipDecoder()

    def ask(request: Request | bytes) -> tuple[float, str]:
        data = request if isinstance(request, bytes) else encode_request(request)
        asked_s, count = told.now_s, len(told.said)
        told.unit.receive(Channel.SERIAL, encode_frame(data), now_s=asked_s)
        told.listen()
        told.pass_time(asked_s + 1.5)
        at_s, output = told.said[count]
        assert isinstance(output, Notify)
        (frame,) = slip.feed(output.data)
        return at_s - asked_s, frame.hex()

    assert ask(Ping(number=7)) == (0.0, "60090107")
    ask(CreateObject(object_type=1, size=len(INIT_PACKET)))
    for at in range(0, len(INIT_PACKET), 64):
        frame = encode_frame(b"\x08" + INIT_PACKET[at : at + 64])
        told.unit.receive(Channel.SERIAL, frame, now_s=told.now_s)
    took_s, answer = ask(ExecuteObject())
    assert answer == "600401"
    settings_s = 2 * (TIMING.erase_page_s + SIZE // 4 * TIMING.write_word_s)
    assert took_s == pytest.approx(TIMING.signature_check_s + settings_s)
    ask(SelectObject(object_type=2))
    took_s, _ = ask(CreateObject(object_type=2, size=PAGE))
    assert took_s == pytest.approx(TIMING.erase_page_s)


def test_a_serial_bootloader_has_saved_the_settings_before_it_answers() -> None:
    told = story(profile=SDK15_3_UART, gpregret=0xB1)
    told.pass_time(TIMING.boot_s)
    board = told.unit.board
    settings = SettingsRam(board.flash.read(board.memory.settings_page, SIZE))
    assert settings.bank_0.code == Bank.APPLICATION
    assert settings.command_size == 0


def test_a_reset_in_the_middle_of_the_settings_leaves_what_was_done_long_before() -> None:
    """The page at the very end of flash is finished, the other is being written."""
    told = story(profile=SDK15_3_UART, gpregret=0xB1)
    told.pass_time(TIMING.boot_s)
    board = told.unit.board
    page = board.memory.settings_page
    settings = board.flash.read(page, SIZE)
    done_s = TIMING.erase_page_s + SIZE // 4 * TIMING.write_word_s
    for at in (page, board.memory.backup_page):
        board.nvmc.erase(at)
        board.nvmc.write(at, settings)
    told.unit.reset(ResetKind.PIN, now_s=told.now_s + 5 * done_s / 3)
    assert board.flash.read(page, SIZE) == settings
    told.pass_time(told.now_s + 2)
    assert told.runs(UnitMode.APPLICATION)
