"""What a bootloader tells behind the last image."""

from __future__ import annotations

import pytest

from firmline import events
from firmline.diagnosis.aftermath import Aftermath
from firmline.events import Event
from firmline.values import ImageKind

STARTED = events.ImageStarted(
    kind=ImageKind.APPLICATION, index=0, init_packet_size=140, size=20_000
)
SENT = events.ImageSent(kind=ImageKind.APPLICATION, size=20_000)
SELECT = events.RequestSent(request="object_select", data=b"\x06\x02")


def version(image: str, number: int) -> Event:
    return events.VersionSeen(image=image, version=number, address=0, size=1)


def selected(offset: int, crc: int) -> Event:
    body = b"".join(each.to_bytes(4, "little") for each in (4096, offset, crc))
    return events.AnswerReceived(data=b"\x60\x06\x01" + body)


def after(*heard: Event) -> Aftermath:
    found = Aftermath()
    for event in heard:
        found.hear(event)
    return found


BEFORE = (version("bootloader", 1), version("application", 3), STARTED)


def test_settings_that_are_lost_have_no_version_of_the_bootloader() -> None:
    found = after(*BEFORE, SENT, version("bootloader", 0))
    assert found.settings_lost is not None
    assert found.settings_kept is None
    assert found.is_invalid


def test_settings_that_are_kept_without_a_valid_application() -> None:
    found = after(*BEFORE, SENT, version("bootloader", 1), version("softdevice", 6))
    assert found.settings_kept is not None
    assert found.is_invalid
    assert found.in_place is None


def test_an_application_that_is_in_place_and_does_not_run() -> None:
    found = after(*BEFORE, SENT, version("bootloader", 1), version("application", 4))
    assert found.in_place is not None
    assert not found.is_invalid


def test_an_application_of_the_old_version_is_not_the_new_one() -> None:
    found = after(*BEFORE, SENT, version("bootloader", 1), version("application", 3))
    assert found.in_place is None


def test_a_bootloader_that_never_told_a_version_says_nothing_of_its_settings() -> None:
    found = after(version("bootloader", 0), STARTED, SENT, version("bootloader", 0))
    assert found.settings_lost is found.settings_kept is None


@pytest.mark.parametrize(
    ("offset", "crc", "lost", "kept"),
    [(0, 0, True, False), (0, 0x2B000, False, True), (4096, 7, False, False)],
)
def test_progress_as_the_settings_have_it(offset: int, crc: int, lost: bool, kept: bool) -> None:
    found = after(STARTED, SENT, SELECT, selected(offset, crc))
    assert (found.settings_lost is not None, found.settings_kept is not None) == (lost, kept)


def test_what_was_asked_before_the_end_is_another_question() -> None:
    found = after(STARTED, SELECT, selected(0, 0), SENT)
    assert found.settings_lost is None


@pytest.mark.parametrize("data", [b"", b"\x60", b"\x60\x06\x01\x00", b"\xff" * 15, b"\x60\x06\x08"])
def test_an_answer_that_is_none_says_nothing(data: bytes) -> None:
    found = after(STARTED, SENT, SELECT, events.AnswerReceived(data=data))
    assert found.settings_lost is found.settings_kept is None


def test_text_counts_behind_the_image_only() -> None:
    text = events.TextHeard(text="application 3")
    assert after(STARTED, text, SENT).text is None
    assert after(STARTED, SENT, text).text == text


def test_text_in_the_middle_of_an_image_is_the_application_that_runs_again() -> None:
    heard = events.TextHeard(text="Tag 1.0")
    found = after(heard, *BEFORE, heard)
    assert found.restarted is heard
    assert found.text is None


@pytest.mark.parametrize("heard", [(), BEFORE])
def test_text_before_or_behind_the_image_is_no_restart(heard: tuple[Event, ...]) -> None:
    text = events.TextHeard(text="Tag 1.0")
    found = after(*heard, SENT, text) if heard else after(text, *BEFORE)
    assert found.restarted is None
