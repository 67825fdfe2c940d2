"""What proves that the new application runs, and what does not."""

from __future__ import annotations

import pytest

from firmline.errors import Code, VerifyError
from firmline.events import Proof
from firmline.updater.ending import Information, judge_ending, judge_softdevice
from firmline.updater.radio.homecoming import Return
from firmline.updater.road import Seen
from firmline.values import Fwid, ImageKind

OLD: Information = {"firmware_revision": "1.0", "model": "Tag"}
NEW: Information = {"firmware_revision": "2.0", "model": "Tag"}


TOO_SOON = Return(size=150_000, ended_by_unit=True, after_s=0.5)
IN_TIME = Return(size=150_000, ended_by_unit=True, after_s=7.0)


def doubt(
    before: Information | None,
    after: Information,
    kind: ImageKind = ImageKind.APPLICATION,
    back: Return = TOO_SOON,
) -> tuple[str, str] | None:
    try:
        seen = judge_ending(before, after, last_image=kind, back=back)
    except VerifyError as found:
        return found.code, found.message
    assert seen
    return None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(OLD, NEW, id="another revision"),
        pytest.param(OLD, {"firmware_revision": "2.0"}, id="another revision, and less besides"),
        pytest.param({"software_revision": "a"}, {"software_revision": "b"}, id="software"),
        pytest.param(
            {**OLD, "software_revision": "a"}, {**OLD, "software_revision": "b"}, id="one of two"
        ),
    ],
)
def test_an_application_of_another_revision_is_the_new_one(
    before: Information, after: Information
) -> None:
    assert doubt(before, after) is None


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(dict(OLD), id="exactly the same"),
        pytest.param({**OLD, "serial_number": "7"}, id="it says something more"),
        pytest.param({"firmware_revision": "1.0"}, id="something could not be read"),
        pytest.param({**OLD, "model": "Badge"}, id="another model"),
    ],
)
def test_an_application_of_the_same_revision_may_be_the_old_one(after: Information) -> None:
    found = doubt(OLD, after)
    assert found is not None
    assert found[0] == Code.SAME_APPLICATION_SEEN
    assert "(1.0)" in found[1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(OLD, {}, id="silent now"),
        pytest.param({}, {}, id="always silent"),
        pytest.param({}, NEW, id="silent before"),
        pytest.param({"model": "Tag"}, {"model": "Badge"}, id="no revision"),
        pytest.param(OLD, {"software_revision": "b"}, id="not the same string"),
    ],
)
def test_an_application_that_names_no_revision_twice_proves_nothing(
    before: Information, after: Information
) -> None:
    found = doubt(before, after)
    assert found is not None
    assert found[0] == Code.NEW_APPLICATION_NOT_SEEN
    assert "did not say, before and after, which revision" in found[1]


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
        (ImageKind.SOFTDEVICE, "whole SoftDevice "),
        (ImageKind.BOOTLOADER, "whole bootloader "),
        (ImageKind.SOFTDEVICE_BOOTLOADER, "whole SoftDevice and bootloader "),
    ],
)
def test_an_application_never_proves_that_another_image_is_in_place(
    kind: ImageKind, words: str
) -> None:
    found = doubt(OLD, NEW, kind)
    assert found is not None
    assert found[0] == Code.NEW_APPLICATION_NOT_SEEN
    assert words in found[1]


# The way it came back.


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (OLD, OLD, ImageKind.APPLICATION),
        (OLD, {}, ImageKind.APPLICATION),
        (None, NEW, ImageKind.APPLICATION),
        (OLD, OLD, ImageKind.BOOTLOADER),
        (OLD, OLD, ImageKind.SOFTDEVICE),
    ],
)
def test_where_no_fact_tells_a_unit_that_took_its_time_has_done_what_it_was_told(
    before: Information | None, after: Information, kind: ImageKind
) -> None:
    assert doubt(before, after, kind, IN_TIME) is None
    told = judge_ending(before, after, last_image=kind, back=IN_TIME)
    assert told.proof is Proof.RETURN
    assert "since 7.0 s after that" in told.message
    assert "takes 1.6 s at least" in told.message


def test_a_fact_that_changed_needs_no_time() -> None:
    told = judge_ending(OLD, NEW, last_image=ImageKind.APPLICATION, back=TOO_SOON)
    assert told == Seen(proof=Proof.APPLICATION, message="The unit runs the new application.")


@pytest.mark.parametrize(
    ("back", "words"),
    [
        (TOO_SOON, "back after 0.5 s, sooner than the 1.6 s"),
        (Return(size=150_000, ended_by_unit=False, after_s=9.0), "may have lost its power"),
        (Return(size=150_000, ended_by_unit=None, after_s=9.0), "does not tell how the link ended"),
        (Return(size=150_000, ended_by_unit=True, after_s=None), "did not show when"),
    ],
)
def test_a_doubt_says_what_was_missing(back: Return, words: str) -> None:
    found = doubt(OLD, OLD, back=back)
    assert found is not None
    assert words in found[1]


# A SoftDevice: its FWID is what the radio says (bluetooth-stacks spec, rule 6).


def test_a_radio_that_changed_to_what_was_sent_shows_the_new_softdevice() -> None:
    told = judge_softdevice(Fwid(0x0104), before=0x0103, after=0x0104)
    assert told is not None
    assert told.proof is Proof.SOFTDEVICE
    assert "0x0104" in told.message
    assert "0x0103" in told.message


def test_a_radio_of_another_softdevice_is_never_updated() -> None:
    for after in (0x0103, 0x00B7):
        with pytest.raises(VerifyError) as caught:
            judge_softdevice(Fwid(0x0104), before=0x0103, after=after)
        assert f"0x{after:04X}" in caught.value.message


@pytest.mark.parametrize(
    ("sent", "before", "after"),
    [
        (None, 0x0103, 0x0103),
        (0x0104, 0x0103, None),
        (0x0104, 0x0104, 0x0104),
        (0x0104, None, 0x104),
    ],
    ids=["no softdevice was sent", "nothing is told", "the same again", "nobody knows of before"],
)
def test_what_the_radio_says_may_show_nothing(
    sent: int | None, before: int | None, after: int | None
) -> None:
    fwid = None if sent is None else Fwid(sent)
    assert judge_softdevice(fwid, before=before, after=after) is None
