"""What the lines come to: the fault that led nowhere, and not the one that was overcome."""

from __future__ import annotations

import pytest

from firmline.diagnosis.logs.lines import Line
from firmline.diagnosis.logs.signs import Told
from firmline.diagnosis.logs.story import Story


def told(*rows: Told | tuple[float, Told]) -> dict[str, list[str]]:
    """The values of what a story comes to whose lines tell this, at these seconds."""
    story = Story()
    for place, row in enumerate(rows):
        at_s, each = row if isinstance(row, tuple) else (0.0, row)
        minutes, seconds = divmod(int(at_s), 60)
        front = f"00:{minutes:02}:{seconds:02}.{int(at_s % 1 * 1000):03}"
        story.hear(each, Line(place + 1, front if isinstance(row, tuple) else "a line"))
    found: dict[str, list[str]] = {}
    for one in story.evidence():
        found.setdefault(one.field, []).append(one.value)
    return found


CONNECT, DISCOVER = Told(phase="connect"), Told(phase="discover")
DATA, LOST = Told(phase="data_transfer"), Told(fault="disconnect")


def test_nothing_comes_of_nothing() -> None:
    assert told() == {}


def test_a_fault_behind_which_it_got_further_is_overcome() -> None:
    seen = told(CONNECT, LOST, CONNECT, DISCOVER)
    assert seen == {"phase": ["discover"]}


def test_the_first_fault_of_the_row_that_led_nowhere_counts() -> None:
    seen = told(DATA, Told(fault="stall"), LOST, CONNECT, Told(fault="timeout"))
    assert seen["failure_kind"] == ["stall"]
    assert seen["phase"] == ["data_transfer"]
    assert seen["not_cured_by"] == ["retry"]


def test_bytes_behind_the_place_of_the_fault_overcome_it() -> None:
    rows = (DATA, Told(offset=4096), LOST, CONNECT, DATA, Told(offset=8192))
    assert told(*rows) == {"phase": ["data_transfer"]}


def test_the_same_place_twice_is_a_fixed_offset() -> None:
    seen = told(DATA, Told(offset=4096), LOST, CONNECT, DATA, Told(offset=4096), LOST)
    assert seen["progress"] == ["fixed_offset"]


@pytest.mark.parametrize(
    ("offset", "size", "progress"),
    [
        (0, 100_000, "none"),
        (1000, 100_000, "first_packets"),
        (3000, 100_000, "first_object"),
        (50_000, 100_000, "random_offset"),
        (100_000, 100_000, "end"),
        (3000, None, "first_object"),
        (5000, None, "random_offset"),
    ],
)
def test_how_far_the_image_got(offset: int, size: int | None, progress: str) -> None:
    seen = told(Told(phase="data_transfer", size=size), Told(offset=offset), LOST)
    assert seen["progress"] == [progress]


@pytest.mark.parametrize(
    ("percent", "progress"), [(1, ["first_packets"]), (62, ["random_offset"]), (100, ["end"])]
)
def test_percents_tell_how_far_where_no_bytes_do(percent: int, progress: list[str]) -> None:
    assert told(DATA, Told(percent=percent), LOST)["progress"] == progress


def test_data_of_which_the_log_says_nothing_have_no_progress() -> None:
    assert "progress" not in told(DATA, LOST)


def test_a_unit_that_restarts_as_it_should_is_not_lost() -> None:
    seen = told(CONNECT, Told(phase="enter_bootloader"), LOST)
    assert seen == {"phase": ["find_bootloader"]}


def test_behind_the_jump_the_same_words_are_of_the_bootloader() -> None:
    seen = told(Told(phase="enter_bootloader"), CONNECT, LOST)
    assert seen["phase"] == ["connect_bootloader"]


def test_success_leaves_the_facts_and_no_failure() -> None:
    fact = Told(values=(("chip", "nrf52840"),))
    assert told(DATA, LOST, fact, Told(succeeded=True), LOST) == {"chip": ["nrf52840"]}


def test_a_step_behind_success_is_another_update() -> None:
    assert told(Told(succeeded=True), CONNECT, LOST)["phase"] == ["connect"]


def test_a_lasting_fault_stays() -> None:
    refused = Told(phase="activation", fault="none", lasting=True)
    seen = told(refused, Told(phase="app_start"))
    assert (seen["phase"], seen["failure_kind"]) == (["activation"], ["none"])


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ((Told(phase="enter_bootloader"),), "b04"),
        ((Told(values=(("bootloader", "legacy"),)), Told(phase="init_transfer")), "l04"),
        ((Told(phase="init_transfer"),), "r04"),
    ],
)
def test_whose_answer_it_is_is_told_by_the_step(rows: tuple[Told, ...], code: str) -> None:
    assert told(*rows, Told(answer=4))["result_code"] == [code]
    assert "result_code" not in told(*rows, Told(answer=1))


def test_that_the_host_hangs_up_behind_an_answer_is_no_code() -> None:
    hangs_up = Told(fault="disconnect", values=(("host_code", "hci_16"),))
    assert "host_code" not in told(DATA, Told(answer=5), hangs_up)


@pytest.mark.parametrize(
    ("took_s", "kind", "is_instant"),
    [(0.4, "disconnect", True), (3.0, "disconnect", False), (30.0, "timeout", False)],
)
def test_a_connection_that_was_waited_for_is_a_time_out(
    took_s: float, kind: str, is_instant: bool
) -> None:
    seen = told((1.0, CONNECT), (1.0 + took_s, LOST))
    assert seen["failure_kind"] == [kind]
    assert ("time_to_failure" in seen) is is_instant


def test_without_times_nothing_is_instant() -> None:
    assert "time_to_failure" not in told(CONNECT, LOST)


def test_the_last_object_that_is_executed_ends_the_image() -> None:
    last = Told(phase="data_transfer", size=5000, last=True)
    assert told(last, DATA, Told(executes=True), Told(answer=10))["phase"] == ["final_execute"]
    whole = told(last, DATA, Told(offset=5000), Told(answer=10))
    assert (whole["phase"], whole["progress"]) == (["final_execute"], ["end"])
    assert told(DATA, Told(executes=True), Told(answer=10))["phase"] == ["data_transfer"]


def test_an_init_packet_of_which_nothing_arrived_is_said() -> None:
    seen = told(Told(phase="init_transfer"), Told(offset=0), LOST)
    assert (seen["flags"], seen["phase"]) == (["init_crc_offset_zero"], ["init_transfer"])
    arrived = told(Told(phase="init_transfer"), Told(offset=142), LOST)
    assert arrived["phase"] == ["init_execute"]


def test_of_a_field_with_one_value_the_first_stays() -> None:
    first, second = Told(values=(("transport", "usb"),)), Told(values=(("transport", "uart"),))
    flag, other = Told(values=(("flags", "prn_on"),)), Told(values=(("flags", "rssi_low"),))
    assert told(first, second, flag, other) == {
        "transport": ["usb"],
        "flags": ["prn_on", "rssi_low"],
    }


def test_a_log_that_begins_behind_the_step_is_told_it_by_the_fault() -> None:
    code = Told(fault="disconnect", values=(("host_code", "gatt_8"),))
    seen = told(code, Told(phase="data_transfer", fault="disconnect"))
    assert (seen["phase"], seen["host_code"]) == (["data_transfer"], ["gatt_8"])


def test_what_another_attempt_shows_is_not_of_the_first_fault() -> None:
    late = Told(fault="timeout", values=(("host_code", "ios_201"),))
    seen = told(DISCOVER, LOST, CONNECT, late)
    assert seen["failure_kind"] == ["disconnect"]
    assert "host_code" not in seen


@pytest.mark.parametrize(("starts", "ends"), [(1, None), (2, ["reset_loop"])])
def test_a_unit_that_starts_again_and_again_is_in_a_loop(
    starts: int, ends: list[str] | None
) -> None:
    hangs = Told(phase="app_start", fault="unit_hang", lasting=True)
    boots = Told(phase="bootloader_boot")
    seen = told(boots, boots, hangs, *([boots, boots, hangs] * starts))
    assert seen.get("end_state") == ends
    assert "not_cured_by" not in seen
