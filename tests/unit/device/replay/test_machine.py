"""Feeding a unit with a session: every event, every observation, and what is no transcript."""

from __future__ import annotations

from typing import Any

import pytest

from firmline.device.fabrication import fabricate
from firmline.device.profile import SDK15_3_BLE, SDK15_3_UART
from firmline.device.replay.comparison import Disagreement
from firmline.device.replay.machine import replay
from firmline.device.replay.session import read_session
from firmline.errors import Code, InputError
from unit.device.makers import KEY, describe

SMALL = {"size": 64}
BLE, UART = "sdk15.3-ble", "sdk15.3-uart"
POWER_ON = {"event": "power_on", "mode": "app"}
ERASE_BACKUP, WRITE_BACKUP = ["erase", 0x7E000, 1], ["write", 0x7E000, 224]
ENTER = {"event": "enter_dfu", "resets": ["soft"], "mode": "dfu"}
CONNECT = {
    "event": "connect",
    "mtu": 247,
    "cccd": 1,
    "adv": "020106030259fe080944667554617267",
    "addr": "0202030405c6",
    "mtu_reply": 247,
}


def flash_of(profile: str) -> list[dict[str, Any]]:
    """What a fabricated unit has in flash, but for its bootloader."""
    made = {BLE: SDK15_3_BLE, UART: SDK15_3_UART}.get(profile, SDK15_3_BLE)
    content = fabricate(describe(profile=made, **SMALL)).board.flash
    pieces = ((0x3000, 0x18), (0x26000, 64), (0x7E000, 0x380), (0x7F000, 0x380))
    return [{"at": at, "hex": content.read(at, size).hex()} for at, size in pieces]


def session(*steps: dict[str, Any], profile: str = BLE, **fields: Any) -> dict[str, Any]:
    return {
        "id": "made/by/hand",
        "profile": profile,
        "public_key_le_hex": KEY.public_key.le_bytes.hex(),
        "flash": flash_of(profile),
        "steps": list(steps),
        "final": {},
        **fields,
    }


def first_difference(record: dict[str, Any]) -> Disagreement:
    """A session made by hand has no hashes: it always disagrees, at its end if nowhere else."""
    found = replay(read_session(record))
    assert found is not None
    return found


def agrees(*steps: dict[str, Any], **fields: Any) -> bool:
    """Whether all steps agree; the final state is not told, and so differs at ``mode``."""
    found = first_difference(session(*steps, **fields))
    assert (found.step is None) is (found.what == "mode" and found.expected is None), vars(found)
    return found.step is None


# Events.


def test_power_comes_and_the_application_runs() -> None:
    assert agrees(POWER_ON)
    assert not agrees({**POWER_ON, "mode": "dfu"})


@pytest.mark.parametrize("kind", ["soft", "pin", "wdt", "power"])
def test_a_reset_is_of_its_kind(kind: str) -> None:
    assert agrees(POWER_ON, ENTER, {"event": f"reset {kind}", "resets": [kind], "mode": "app"})


def test_what_is_not_on_has_no_radio_and_takes_nothing() -> None:
    assert agrees(
        {"event": "connect", "mtu": 23, "cccd": 1, "link": "refused", "mode": "off"},
        {"tx": "03", "ch": "control", "rx": []},
        {"tx": "03", "ch": "uart", "rx": []},
        {"event": "wait 500"},
    )


def test_an_application_refuses_the_link_and_nothing_is_written_to_it() -> None:
    refused = {"event": "connect", "mtu": 247, "cccd": 1, "link": "refused"}
    assert agrees(POWER_ON, refused, {"tx": "03", "ch": "control", "rx": []})


def test_nothing_is_written_without_a_link() -> None:
    assert agrees(POWER_ON, ENTER, {"tx": "03", "ch": "control"}, {"tx": "0102", "ch": "packet"})


def test_a_link_shows_address_advertisement_and_mtu() -> None:
    assert agrees(POWER_ON, ENTER, CONNECT)
    for name, value in (("adv", "00"), ("addr", "0102030405c6"), ("mtu_reply", 23)):
        found = first_difference(session(POWER_ON, ENTER, {**CONNECT, name: value}))
        assert (found.step, found.what, found.expected) == (2, name, value)


def test_a_link_that_the_host_drops_is_not_called_lost_and_one_that_a_reset_ends_is() -> None:
    assert agrees(POWER_ON, ENTER, CONNECT, {"event": "disconnect"})
    reset = {"event": "reset soft", "resets": ["soft"], "mode": "app"}
    assert agrees(POWER_ON, ENTER, CONNECT, {**reset, "link": "lost"})
    assert not agrees(POWER_ON, ENTER, CONNECT, reset)


def test_notifications_are_on_where_the_session_says_so() -> None:
    ask = {"tx": "0601", "ch": "control", "rx": ["60060100020000" + "00" * 8]}
    silent = {"tx": "0601", "ch": "control", "rx": [], "att": "01fd"}
    off, on = {"event": "cccd 0"}, {"event": "cccd 1"}
    assert agrees(POWER_ON, ENTER, CONNECT, ask, off, silent, on, ask)
    assert agrees(POWER_ON, ENTER, {**CONNECT, "cccd": 0}, silent)


def test_time_passes_in_waits_and_a_timer_fires_at_its_second() -> None:
    inactive = {"resets": ["soft"], "mode": "app"}
    assert agrees(POWER_ON, ENTER, {"event": "wait 119"}, {"event": "wait 1", **inactive})
    assert agrees(POWER_ON, ENTER, {"event": "inactivity", **inactive})
    assert not agrees(POWER_ON, ENTER, {"event": "wait 119", **inactive})


def test_registers_are_set_and_told() -> None:
    state = {"expect": {"gpregret": "a0"}}
    found = first_difference(session(POWER_ON, {"event": "gpregret A0"}, state))
    assert (found.step, found.what) == (2, "app_valid")  # the first field that is not told
    soft = {"event": "reset soft", "resets": ["soft"]}
    assert agrees(POWER_ON, {"event": "gpregret A0"}, {**soft, "mode": "dfu"})
    damage = {"event": "flash 0x26000 00000000"}
    assert agrees(POWER_ON, damage, {"event": "gpregret2 a9"}, soft)
    assert agrees(POWER_ON, damage, {"event": "gpregret2 A8"}, {**soft, "mode": "dfu"})


def test_flash_is_changed_from_outside_without_an_operation() -> None:
    damage = {"event": "flash 0x26000 00"}
    reset = {"event": "reset pin", "resets": ["pin"], "ops": [["reset", "pin"]], "mode": "dfu"}
    assert agrees(POWER_ON, damage, reset, optrace=True)


def test_operations_are_joined_and_told_where_the_session_lists_them() -> None:
    blank = {"event": "flash 0x7e000 " + "ff" * 0x380}
    repair = {"event": "reset pin", "resets": ["pin"]}
    ops = [["reset", "pin"], ERASE_BACKUP, WRITE_BACKUP]
    assert agrees(POWER_ON, blank, {**repair, "ops": ops}, optrace=True)
    assert agrees(POWER_ON, blank, repair)
    assert not agrees(POWER_ON, blank, repair, optrace=True)


@pytest.mark.parametrize(
    ("number", "ops"),
    [
        (1, [["reset", "power"], ERASE_BACKUP, WRITE_BACKUP]),
        (2, [ERASE_BACKUP, ["reset", "power"], ERASE_BACKUP, WRITE_BACKUP]),
    ],
)
def test_a_power_cut_comes_at_its_operation(number: int, ops: list[Any]) -> None:
    assert agrees(
        POWER_ON,
        {"event": "flash 0x7e000 " + "00" * 0x380},
        {"event": f"powerfail {number}"},
        {"event": "reset pin", "resets": ["pin", "power"], "ops": [["reset", "pin"], *ops]},
        optrace=True,
    )


def test_a_lost_operation_is_not_told_and_breaks_its_run() -> None:
    ops = [["reset", "pin"], ["erase", 0x7E000, 1], ["write", 0x7E004, 223]]
    assert agrees(
        POWER_ON,
        {"event": "flash 0x7e000 " + "00" * 0x380},
        {"event": "dropop 2"},
        {"event": "reset pin", "resets": ["pin"], "ops": ops},
        optrace=True,
    )


# Frames.


def test_on_a_serial_port_frames_are_encoded_and_answers_decoded() -> None:
    ping = {"tx": "09c0", "ch": "uart", "rx": ["600901c0"]}
    assert agrees(POWER_ON, ENTER, ping, profile=UART)


def test_raw_bytes_are_fed_one_by_one_and_answers_are_one_string() -> None:
    ping = {"tx": "0905c0" * 2, "ch": "uart", "rx": ["60090105c0" * 2]}
    half = {"tx": "0905", "ch": "uart", "rx": []}
    rest = {"tx": "c0", "ch": "uart", "rx": ["60090105c0"]}
    assert agrees(POWER_ON, ENTER, ping, half, rest, profile=UART, raw=True)


def test_a_serial_unit_has_nothing_to_connect_to() -> None:
    connect = {"event": "connect", "mtu": 23, "cccd": 1, "link": "refused"}
    assert agrees(POWER_ON, ENTER, connect, {"tx": "03", "ch": "control"}, profile=UART)


def test_a_unit_with_a_radio_has_no_serial_port() -> None:
    assert agrees(POWER_ON, ENTER, CONNECT, {"tx": "0905", "ch": "uart", "rx": []})


# The end.


def test_the_final_state_is_mode_settings_page_and_flash() -> None:
    record = session(POWER_ON, final={"mode": "app"})
    found = first_difference(record)
    assert (found.step, found.what, found.expected) == (None, "settings_page_hex", None)
    record["final"]["settings_page_hex"] = found.got
    found = first_difference(record)
    assert found.what == "flash_sha256"
    record["final"]["flash_sha256"] = found.got
    assert replay(read_session(record)) is None
    record["final"]["exclude"] = [[0x80000, 4], [0x90000, 4]]
    assert replay(read_session(record)) is None
    record["final"]["exclude"] = [[0x7F000, 0x1000]]
    found = first_difference(record)
    assert found.what == "flash_sha256"
    record["final"].update(flash_sha256=found.got, exclude=[[0x7F000, 0x1004]])
    assert replay(read_session(record)) is None


def test_nothing_after_a_difference_is_looked_at() -> None:
    found = first_difference(session({**POWER_ON, "mode": "dfu"}, {"event": "no such thing"}))
    assert (found.step, found.what, found.expected, found.got) == (0, "mode", "dfu", "app")


# What is no transcript.


def refused(record: dict[str, Any]) -> InputError:
    with pytest.raises(InputError) as caught:
        replay(read_session(record))
    assert caught.value.code is Code.TRANSCRIPT_MALFORMED
    return caught.value


@pytest.mark.parametrize("profile", ["", "sdk15.3", "sdk12-ble", "sdk15.3-ant", "-256k"])
def test_an_unknown_profile_is_named_beside_those_there_are(profile: str) -> None:
    error = refused(session(POWER_ON, profile=profile))
    assert repr(profile) in error.message
    assert "sdk15.3-ble" in (error.hint or "")
    assert "-256k" in (error.hint or "")


@pytest.mark.parametrize(
    "event",
    [
        "",
        "   ",
        "explode",
        "power_on now",
        "enter_dfu 1",
        "reset",
        "reset hard",
        "reset soft soft",
        "gpregret",
        "gpregret2",
        "powerfail",
        "dropop 1 2",
        "cccd",
        "wait",
        "flash",
        "flash 0",
        "inactivity 5",
        "connect 1",
        "disconnect 1",
    ],
)
def test_an_unknown_event_is_named_with_its_step(event: str) -> None:
    message = refused(session(POWER_ON, {"event": event})).message
    assert message.startswith("Step 1: The transcript has an event ")
    assert event.strip() in message


@pytest.mark.parametrize(
    ("event", "what"),
    [
        ("gpregret xx", "'xx' where a number from 0 to 255"),
        ("gpregret 100", "'100' where a number from 0 to 255"),
        ("gpregret2 -1", "'-1' where a number from 0 to 255"),
        ("powerfail 0", "'0' where a number from 1 to"),
        ("powerfail many", "'many' where a number from 1 to"),
        ("dropop 0", "'0' where a number from 1 to"),
        ("dropop 1.5", "'1.5' where a number from 1 to"),
        ("wait -1", "'-1' where a number from 0 to"),
        ("wait 1" + "0" * 400, "'10000000000000000000' where a number"),
        ("wait 1" + "0" * 9_000, "'10000000000000000000' where a number"),
        ("flash here 00", "'here' where a number"),
        ("flash -4 00", "'-4' where a number"),
        ("flash 0x0 xyz", "'xyz' where bytes belong"),
        ("flash 0x0 0", "'0' where bytes belong"),
    ],
)
def test_an_argument_of_an_event_that_makes_no_sense_is_named_with_its_step(
    event: str, what: str
) -> None:
    message = refused(session(POWER_ON, {"event": event})).message
    assert message.startswith(f"Step 1: The transcript has {what}")


@pytest.mark.parametrize("event", ["flash 0x7fffd 00000000", "flash 0x80000 00"])
def test_flash_ends_where_it_ends(event: str) -> None:
    assert "an event 'flash 0x" in refused(session(POWER_ON, {"event": event})).message


@pytest.mark.parametrize(
    ("at", "profile"), [(0x80000, BLE), (-1, BLE), (0x7FFFF, BLE), (0x40000, BLE + "-256k")]
)
def test_bytes_outside_the_flash_at_the_start_are_refused(at: int, profile: str) -> None:
    record = session(POWER_ON, profile=profile)
    record["flash"] = [{"at": at, "hex": "0000"}]
    assert "puts bytes outside its flash" in refused(record).message
