"""What proves that the new application runs, and what does not."""

from __future__ import annotations

import pytest

from firmline.errors import Code
from firmline.updater.ending import Information, doubt_about_ending
from firmline.updater.timeouts import Timeouts
from firmline.values import ImageKind

OLD: Information = {"firmware_revision": "1.0", "model": "Tag"}
NEW: Information = {"firmware_revision": "2.0", "model": "Tag"}


def doubt(
    before: Information | None, after: Information, kind: ImageKind = ImageKind.APPLICATION
) -> tuple[str, str] | None:
    found = doubt_about_ending(before, after, last_image=kind)
    return None if found is None else (found.code, found.message)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(OLD, NEW, id="another revision"),
        pytest.param({}, NEW, id="it said nothing before"),
        pytest.param(OLD, {**OLD, "serial_number": "7"}, id="it says something more"),
        pytest.param(OLD, {"model": "Tag"}, id="it says less"),
    ],
)
def test_an_application_that_says_something_else_is_the_new_one(
    before: Information, after: Information
) -> None:
    assert doubt(before, after) is None


def test_an_application_that_says_the_same_may_be_the_old_one() -> None:
    found = doubt(OLD, dict(OLD))
    assert found is not None
    assert found[0] == Code.SAME_APPLICATION_SEEN
    assert "(1.0)" in found[1]


@pytest.mark.parametrize("before", [OLD, {}])
def test_an_application_that_says_nothing_proves_nothing(before: Information) -> None:
    found = doubt(before, {})
    assert found is not None
    assert found[0] == Code.NEW_APPLICATION_NOT_SEEN
    assert "says nothing of itself" in found[1]


@pytest.mark.parametrize(
    ("after", "words"),
    [(NEW, "(2.0)"), ({"model": "Tag"}, "(Tag)"), ({}, "(which says nothing of itself)")],
)
def test_without_a_before_there_is_nothing_to_compare_with(after: Information, words: str) -> None:
    found = doubt(None, after)
    assert found is not None
    assert found[0] == Code.NEW_APPLICATION_NOT_SEEN
    assert words in found[1]
    assert "in its bootloader from the start" in found[1]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (ImageKind.SOFTDEVICE, "whole softdevice "),
        (ImageKind.BOOTLOADER, "whole bootloader "),
        (ImageKind.SOFTDEVICE_BOOTLOADER, "whole softdevice and bootloader "),
    ],
)
def test_an_application_never_proves_that_another_image_is_in_place(
    kind: ImageKind, words: str
) -> None:
    found = doubt(OLD, NEW, kind)
    assert found is not None
    assert found[0] == Code.NEW_APPLICATION_NOT_SEEN
    assert words in found[1]


def test_the_waits_are_long_enough_for_what_they_wait_for() -> None:
    waits = Timeouts()
    page_s, word_s = 0.090, 338e-6
    object_s = page_s + 4096 / 4 * word_s
    assert waits.answer_s > 1 + object_s
    assert waits.return_s > 78 * page_s + 80_896 * word_s
    assert waits.search_s >= 10
    assert waits.already_there_s > 0.025
