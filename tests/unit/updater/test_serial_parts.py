"""The parts of the serial road, each by itself."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline import events
from firmline.errors import Code, InputError
from firmline.events import Event
from firmline.links.serial.text import looks_like_text, shown
from firmline.updater.activation import longest_activation_s
from firmline.updater.expectation import Hearing, expectation
from firmline.updater.progress import Progress
from firmline.updater.serial.absence import fell_silent
from firmline.values import ImageKind

SIZE = 8_192


def execute(at_s: float) -> events.RequestSent:
    return events.RequestSent(at_s=at_s, request="object_execute", data=b"\x04")


def executed(at_s: float, kind: str, offset: int) -> events.ObjectExecuted:
    return events.ObjectExecuted(at_s=at_s, object_type=kind, offset=offset)


def checked(at_s: float, offset: int) -> events.CrcChecked:
    return events.CrcChecked(
        at_s=at_s, object_type="data", offset=offset, crc=1, expected_offset=offset, expected_crc=1
    )


STARTED = events.ImageStarted(
    at_s=10.0, kind=ImageKind.APPLICATION, index=0, init_packet_size=141, size=SIZE
)
WHOLE: list[Event] = [
    STARTED,
    execute(10.1),
    executed(10.3, "command", 141),
    events.ObjectCreated(at_s=10.4, object_type="data", offset=0, size=4_096),
    checked(11.0, 4_096),
    execute(11.0),
    executed(11.1, "data", 4_096),
    events.ObjectCreated(at_s=11.2, object_type="data", offset=4_096, size=4_096),
    checked(11.8, SIZE),
    execute(11.9),
    executed(12.0, "data", SIZE),
    events.ImageSent(at_s=12.0, kind=ImageKind.APPLICATION, size=SIZE),
]


def after(heard: list[Event]) -> Progress:
    progress = Progress()
    for event in heard:
        progress.hear(event)
    return progress


def test_the_costs_of_an_image_are_those_of_its_events() -> None:
    progress = after([*WHOLE, events.TextHeard(at_s=99.0, text="later")])
    assert (progress.size, progress.executed, progress.is_whole) == (SIZE, SIZE, True)
    assert progress.transfer_s == pytest.approx(2.0)
    assert progress.init_execute_s == pytest.approx(0.2)


def test_the_last_execute_is_the_one_with_everything_behind_it() -> None:
    assert [after(WHOLE[:count]).last_execute_sent for count in range(len(WHOLE))] == (
        [False] * 10 + [True] * 2
    )


def test_a_unit_that_answers_again_has_not_acted_upon_the_last_execute() -> None:
    answered = events.BootloaderAnswered(at_s=13.0, after_s=0.1)
    assert not after([*WHOLE[:10], answered]).last_execute_sent


def test_what_was_there_already_was_not_sent_by_us() -> None:
    resumed = events.Resumed(at_s=10.1, object_type="data", offset=4_096)
    assert not after([STARTED, resumed, *WHOLE[7:]]).is_whole


def test_what_we_sent_in_an_earlier_session_was() -> None:
    resumed = events.Resumed(at_s=11.15, object_type="data", offset=4_096)
    assert after([*WHOLE[:7], resumed, *WHOLE[7:]]).is_whole


def test_another_image_begins_afresh() -> None:
    progress = after([*WHOLE, dataclasses.replace(STARTED, at_s=20.0, size=5)])
    assert (progress.size, progress.executed, progress.last_execute_sent) == (5, 0, False)


def test_an_activation_takes_no_longer_than_what_was_seen() -> None:
    fast = after(WHOLE)
    assert 2.0 < longest_activation_s(fast) < 4.0


def test_an_activation_of_a_slow_line_takes_no_longer_than_the_slowest_flash() -> None:
    slow = after([*WHOLE[:-1], dataclasses.replace(WHOLE[-1], at_s=1_000.0)])
    # Two pages and three savings and a bit, of two pages each.
    assert 2.0 < longest_activation_s(slow) < 4.0


def test_what_was_resumed_counts_as_the_slowest_flash() -> None:
    resumed = after([STARTED, events.Resumed(at_s=10.1, object_type="data", offset=SIZE)])
    assert longest_activation_s(resumed) > 2.0


def test_a_large_image_takes_longer() -> None:
    whole = [dataclasses.replace(STARTED, size=300_000), *WHOLE[3:]]
    assert longest_activation_s(after(whole)) > 30


@pytest.mark.parametrize(
    ("expected", "heard", "found"),
    [
        ("Tag 2.1", "boot\r\nTag 2.1 ready\r\n", True),
        ("Tag 2.1", "Tag 2x1", False),
        ("/Tag 2.[0-9]/", "Tag 2x1", True),
        ("/", "a / b", True),
        ("//", "", False),
        ("Tag", "", False),
    ],
)
def test_what_is_expected_is_found_where_it_was_said(
    expected: str, heard: str, found: bool
) -> None:
    if expected == "//":
        with pytest.raises(InputError):
            expectation(expected)
        return
    hearing = Hearing()
    for octet in heard.encode():
        hearing.hear(bytes([octet]))
    assert hearing.has(expectation(expected)) is found


@given(text=st.text(min_size=1, max_size=20), size=st.integers(1, 4))
def test_text_is_heard_whole_however_it_is_cut(text: str, size: int) -> None:
    hearing, data = Hearing(), text.encode()
    for start in range(0, len(data), size):
        hearing.hear(data[start : start + size])
    assert hearing.text == text
    if not text.startswith("/"):  # else it may be an expression
        assert hearing.has(expectation(text))


@given(data=st.binary(max_size=60))
def test_noise_is_heard_as_the_same_text_byte_by_byte(data: bytes) -> None:
    at_once, hearing = Hearing(), Hearing()
    at_once.hear(data)
    for octet in data:
        hearing.hear(bytes([octet]))
    assert hearing.text == at_once.text
    hearing.hear(b"\nready")
    assert hearing.has(expectation("ready"))


@pytest.mark.parametrize("text", ["", "/(/", "/.*/", "/|x/"])
def test_what_cannot_be_expected_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        expectation(text)
    assert caught.value.code is Code.USAGE


def test_colours_are_no_part_of_what_is_expected() -> None:
    hearing = Hearing()
    hearing.hear(b"\x1b[1mTag \x1b[3")
    hearing.hear(b"2m2.1\x1b[0m ready")
    assert hearing.has(expectation("Tag 2.1 ready"))
    assert hearing.has(expectation("/\x1b.32m2/"))
    assert not hearing.has(expectation("[32m"[1:] + "Tag"))


def test_what_was_heard_long_ago_is_forgotten() -> None:
    hearing = Hearing()
    hearing.hear(b"the first")
    for _ in range(20):
        hearing.hear(bytes(10_000))
    assert not hearing.has(expectation("first"))
    assert len(hearing.text) < 100_000


@pytest.mark.parametrize(
    ("data", "is_text"),
    [
        (b"sensor 21.5 C\r\n", True),
        ("Fühler 21,5 °C\n".encode(), True),
        (b"\x1b[32mI\x1b[0m \x1b[1;33m(21)\x1b[m", True),
        (b"\x1b]0;Tag\x07\x1b[2J\x1b(B>", True),
        (b"\x1b\x1b\x1b\x1b", False),
        (b"\xf8\x00\x1e\xfe\x00\x80\xe6", False),
        (b"\x60\x09\x01\x01\xc0", False),
    ],
)
def test_text_is_told_from_noise(data: bytes, is_text: bool) -> None:
    assert looks_like_text(data) is is_text


def test_a_silent_unit_that_prints_something_was_reset() -> None:
    told = fell_silent("Tag 1.0")
    assert "runs now (it says 'Tag 1.0'). Get the unit into its bootloader: " in told
    assert "buffers" not in told


def test_one_that_says_nothing_was_reset_or_hangs_and_a_look_at_it_tells() -> None:
    told = fell_silent("")
    assert told.startswith("Either it was reset or has lost its power")
    assert "or its bootloader hangs" in told
    assert "See what it does now" in told
    # A port that would have gone with a restart leaves only one of the two.
    sure = fell_silent("", has_restarted=False)
    assert sure.startswith("Its port is still there, so it did not restart: either something")


def test_the_first_line_with_something_in_it_is_shown_clean() -> None:
    assert shown(b"\r\n\x1b[2J  \x1b[32mTag\x1b[0m \x07ready  \r\nmore") == "Tag ready"
    assert len(shown(b"x" * 500)) == 40


@pytest.mark.parametrize(
    "again",
    [
        events.ObjectCreated(object_type="command", offset=0, size=141),
        events.Resumed(object_type="command", offset=141),
    ],
)
def test_the_execute_of_an_init_packet_is_never_the_last_one(again: Event) -> None:
    """Also not where the whole image was with the unit in a session before."""
    progress = Progress()
    for event in (STARTED, checked(11.0, SIZE), again, execute(12.0)):
        progress.hear(event)
    assert not progress.last_execute_sent
    for event in (checked(13.0, SIZE), execute(14.0)):
        progress.hear(event)
    assert progress.last_execute_sent
