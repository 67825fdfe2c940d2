"""One update from beginning to end: every way it can end, and what is true of all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from firmline import events
from firmline.device.radio_face import ResetKind
from firmline.device.synthetic import synthetic_bytes
from firmline.errors import Code, ExitCode, StoreError, TransportError, TransportReason
from firmline.events import Event, ImageSent, Outcome, UnitMode, UpdateFinished
from firmline.links.base import NORDIC, DeviceInformation, RemoteVersion
from firmline.protocol.buttonless import encode_buttonless_answer
from firmline.protocol.channels import Channel
from firmline.protocol.pacing import NO_PAUSES
from firmline.updater.radio import acquaintance
from firmline.updater.timeouts import Timeouts
from firmline.updater.update import Update, plan_for
from firmline.values import BleAddress, Fwid, FwVersion, ImageKind
from unit.device.makers import (
    ADDRESS,
    BANK_0,
    BOOTLOADER_START,
    OTHER_KEY,
    enter_bootloader,
    softdevice_image,
)
from unit.updater.fakes import (
    IMAGE,
    NEXT,
    TIMEOUTS,
    FakeLink,
    Story,
    check,
    firmware,
    package,
    plan,
    running_unit,
    tell,
    transport_error,
)

BOOTLOADER = firmware(synthetic_bytes("a bootloader", 0x1800))


def link_to_unit(**changes: Any) -> FakeLink:
    return FakeLink(running_unit(**changes))


def ended(story: Story, outcome: Outcome, code: Code | str) -> bool:
    finished = story.result.finished
    return (finished.outcome, finished.code) == (outcome, code)


# The good end.


async def test_a_good_update_is_seen_from_the_old_application_to_the_new_one() -> None:
    story = await tell(link_to_unit())
    assert ended(story, Outcome.UPDATED, "")
    seen = [event.information["firmware_revision"] for event in story.of(events.ApplicationSeen)]
    assert [revision.partition("+")[0] for revision in seen] == ["3", "4"]
    assert story.link.unit is not None
    assert story.link.unit.firmware_revision == seen[1]
    assert story.link.unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE


async def test_a_good_update_tells_everything_in_order() -> None:
    story = await tell(link_to_unit())
    told = [name for name in story.names if name not in ("RequestSent", "AnswerReceived")]
    an_object = ["ObjectCreated", "PacketsSent", "CrcChecked", "ObjectExecuted"]
    assert told == [
        "UpdateStarted",
        "ImageDescribed",
        "LinkDeclared",
        "TimingPlanned",
        "Searching",
        "UnitSeen",
        "Connected",
        "ApplicationSeen",
        "EnteringBootloader",
        "LinkLost",
        "Searching",
        "UnitSeen",
        "Connected",
        "ImageStarted",
        *an_object,
        *an_object,
        *an_object,
        "ImageSent",
        "LinkLost",
        "Searching",
        "UnitSeen",
        "Connected",
        "ApplicationSeen",
        "UpdateFinished",
    ]


async def test_the_first_event_says_what_is_to_be_done() -> None:
    contents = package()
    story = await tell(link_to_unit(), contents)
    assert story.events[0] == events.UpdateStarted(
        at_s=1000.0,
        unit="sim:bench-unit",
        package="update.zip",
        package_sha256=plan(contents).package_sha256,
        images=(ImageKind.APPLICATION,),
        total_size=len(IMAGE),
    )


async def test_the_last_event_says_how_much_and_how_long() -> None:
    story = await tell(link_to_unit())
    finished = story.result.finished
    assert finished.size == len(IMAGE)
    assert finished.duration_s == pytest.approx(finished.at_s - 1000.0)
    assert 0 < finished.transfer_s < finished.duration_s
    assert story.result.exit_code is ExitCode.DONE


async def test_searches_and_connections_say_where_and_in_which_mode() -> None:
    story = await tell(link_to_unit())
    searched = [(event.address, event.expected_mode) for event in story.of(events.Searching)]
    there, back = (ADDRESS, UnitMode.APPLICATION), (NEXT, UnitMode.BOOTLOADER)
    assert searched == [there, back, there]
    connected = [(event.address, event.mode) for event in story.of(events.Connected)]
    assert connected == [there, back, there]
    lost = [(event.hci_reason, event.expected) for event in story.of(events.LinkLost)]
    assert lost == [(0x08, True), (0x13, True)]


@pytest.mark.parametrize("mtu", [23, 64, 517])
async def test_the_packets_are_as_large_as_the_mtu_allows(mtu: int) -> None:
    link = link_to_unit()
    link.mtu = mtu
    story = await tell(link)
    size = min(mtu - 3, 512) & ~3
    # The unit of the bench takes any packet; what is counted here is what the host makes.
    sent = [event.count for event in story.of(events.PacketsSent)][1:]
    assert sent == [-(-4096 // size), -(-(len(IMAGE) - 4096) // size)]
    assert ended(story, Outcome.UPDATED, "")


# The unit is not where it should be.


async def test_a_unit_that_is_nowhere_is_not_found() -> None:
    story = await tell(FakeLink(None))
    assert ended(story, Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert story.link.sought == [ADDRESS, NEXT] * 2
    assert story.result.finished.duration_s == pytest.approx(20, abs=1)
    assert story.result.exit_code is ExitCode.LINK


async def test_a_unit_that_is_in_its_bootloader_already_is_taken_from_there() -> None:
    link = link_to_unit()
    assert link.unit is not None
    enter_bootloader(link.unit, now_s=999.0)
    story = await tell(link)
    assert link.unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE
    assert "EnteringBootloader" not in story.names
    # Nobody has seen the old application: nothing to compare the new one with.
    assert ended(story, Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert story.result.exit_code is ExitCode.UNVERIFIED


async def test_other_units_are_never_touched() -> None:
    link = FakeLink(running_unit(address=BleAddress.parse("C6:05:04:03:02:77")))
    story = await tell(link)
    assert ended(story, Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert link.connections == []


async def test_a_link_that_cannot_search_fails_as_itself() -> None:
    link = link_to_unit()
    link.interfere = fails_at("find", TransportReason.NOT_AVAILABLE)
    story = await tell(link)
    assert ended(story, Outcome.FAILED, Code.LINK_NOT_AVAILABLE)


def fails_at(step: str, reason: TransportReason, nth: int = 1) -> Any:
    """Raise at the n-th step of this name."""
    left = [nth]

    def interfere(name: str) -> None:
        if name.startswith(step):
            left[0] -= 1
            if left[0] == 0:
                raise transport_error(reason)

    return interfere


# The application does not let go.


async def test_an_application_without_the_buttonless_service_cannot_be_asked() -> None:
    link = link_to_unit()
    link.channels = frozenset()
    story = await tell(link)
    assert ended(story, Outcome.FAILED, Code.NO_BUTTONLESS)
    assert "no buttonless DFU service" in story.result.finished.message
    assert not [step for step in link.journal if step.startswith("write")]


@pytest.mark.parametrize(
    ("result", "name"), [(0x04, "operation failed"), (0x06, "busy"), (0x42, "unknown")]
)
async def test_an_application_may_refuse_to_restart(
    monkeypatch: pytest.MonkeyPatch, result: int, name: str
) -> None:
    def refuse(answer: Any) -> bytes:
        return encode_buttonless_answer(replace(answer, result=result))

    monkeypatch.setattr("firmline.device.application.encode_buttonless_answer", refuse)
    monkeypatch.setattr("firmline.device.application.Application.confirmed", lambda _self: False)
    story = await tell(link_to_unit())
    assert ended(story, Outcome.REFUSED, Code.REFUSED_BUTTONLESS)
    assert f"{name} (result {result:02X})" in story.result.finished.message
    refusal = events.Refused(request="enter_bootloader", result=result, ext_error=None)
    assert [replace(event, at_s=0) for event in story.of(events.Refused)] == [refusal]
    assert story.result.exit_code is ExitCode.REFUSED


async def test_an_application_that_answers_nonsense_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "firmline.device.application.encode_buttonless_answer", lambda _answer: b"\x21"
    )
    story = await tell(link_to_unit())
    assert ended(story, Outcome.FAILED, Code.ANSWER_MALFORMED)


async def test_an_answer_to_another_request_is_not_taken_for_an_agreement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "firmline.device.application.encode_buttonless_answer", lambda _answer: b"\x20\x02\x01"
    )
    story = await tell(link_to_unit())
    assert ended(story, Outcome.FAILED, Code.ANSWER_UNEXPECTED)
    assert story.of(events.EnteringBootloader) == []


async def test_an_application_that_agrees_and_never_restarts_has_stayed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("firmline.device.application.Application.confirmed", lambda _self: False)
    story = await tell(link_to_unit())
    assert ended(story, Outcome.FAILED, Code.UNIT_DID_NOT_RESTART)
    assert story.of(events.LinkLost) == []


async def test_an_application_that_restarts_into_itself_has_stayed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("firmline.device.application.GPREGRET_ENTER_DFU", 0)
    story = await tell(link_to_unit())
    assert ended(story, Outcome.FAILED, Code.UNIT_STAYED_IN_APPLICATION)
    # It is asked once more: what it was to do may have been lost on the way.
    steps = [(event.step, event.fault) for event in story.of(events.LadderStepped)]
    assert steps == [("resume", "stayed-in-application"), ("reenter", "stayed-in-application")]
    assert len(story.of(events.LinkLost)) == 2


async def test_a_unit_that_leaves_its_application_and_is_not_seen_again_is_lost() -> None:
    link = link_to_unit()

    def interfere(step: str) -> None:
        if step == f"find {NEXT}" and link.journal.count(step) == 2:
            link.unit = None

    link.interfere = interfere
    story = await tell(link)
    assert ended(story, Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert "left its application" in story.result.finished.message
    assert "within 15 s" in story.result.finished.message


async def test_what_answers_at_the_next_address_must_be_a_bootloader() -> None:
    link = link_to_unit()

    def interfere(step: str) -> None:
        if step == f"connect {NEXT}":
            link.channels = frozenset({Channel.BUTTONLESS})

    link.interfere = interfere
    story = await tell(link)
    assert ended(story, Outcome.FAILED, Code.WRONG_UNIT)
    assert str(NEXT) in story.result.finished.message


# The unit says no.


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"sd_req": (Fwid(0xB7),)}, Code.REFUSED_SOFTDEVICE, "0x00B7"),
        ({"hw_version": 51}, Code.REFUSED_HW_VERSION, "hardware version 51"),
        ({"application_version": FwVersion(2)}, Code.REFUSED_FW_VERSION, "version 2, which is"),
        ({"signing_key": OTHER_KEY}, Code.REFUSED_OBJECT, "key"),
        ({"signing_key": None}, Code.REFUSED_SIGNATURE_MISSING, ""),
        ({"application": firmware(bytes(330_000))}, Code.REFUSED_RESOURCES, "330000 bytes"),
    ],
)
async def test_a_refused_init_packet_comes_with_advice_in_the_package_s_numbers(
    changes: dict[str, Any], code: Code, words: str
) -> None:
    story = await tell(link_to_unit(), package(**changes))
    assert ended(story, Outcome.REFUSED, code)
    assert story.result.error is not None
    assert words in story.result.error.hint
    assert bool(story.result.error.hint) == bool(words)
    assert len(story.of(events.Refused)) == 1
    assert story.result.finished.size == 0
    assert story.link.unit is not None
    assert story.link.unit.board.flash.read(BANK_0, 4) != IMAGE[:4]


async def test_a_radio_that_names_its_softdevice_explains_the_refusal() -> None:
    link = link_to_unit()
    link.asks_radio = True
    link.radio = RemoteVersion(version=9, company=NORDIC, subversion=0x0101)
    story = await tell(link, package(sd_req=(Fwid(0xB7),)))
    assert ended(story, Outcome.REFUSED, Code.REFUSED_SOFTDEVICE)
    assert story.result.error is not None
    assert "0x00B7 (S132 6.1.1) (--sd-req), and this unit's radio says that it has 0x0101" in (
        story.result.error.hint
    )
    seen = events.RadioVersionSeen(version=9, company=NORDIC, subversion=0x0101)
    assert [replace(event, at_s=0) for event in story.of(events.RadioVersionSeen)] == [seen]


@pytest.mark.parametrize(
    ("radio", "events_seen"),
    [(None, 0), (RemoteVersion(version=9, company=0x000D, subversion=0x0101), 1)],
    ids=["silent", "of another maker"],
)
async def test_a_radio_that_names_no_softdevice_does_not_stop_an_update(
    radio: RemoteVersion | None, events_seen: int
) -> None:
    link = link_to_unit()
    link.asks_radio = True
    link.radio = radio
    story = await tell(link, package(sd_req=(Fwid(0xB7),)))
    assert story.result.error is not None
    assert "Find out which SoftDevice" in story.result.error.hint
    assert len(story.of(events.RadioVersionSeen)) == events_seen
    again = link_to_unit()
    again.asks_radio = True
    again.radio = radio
    assert ended(await tell(again), Outcome.UPDATED, "")


@pytest.mark.parametrize(
    ("spoiled", "outcome"), [((3,), Outcome.UPDATED), (range(3, 99), Outcome.REFUSED)]
)
async def test_an_image_that_its_flash_spoils_is_sent_once_more_and_then_refused(
    spoiled: Sequence[int], outcome: Outcome
) -> None:
    link = link_to_unit()
    executes = [0]

    def interfere(step: str) -> None:
        if step == "write control 04":
            executes[0] += 1
            if executes[0] in spoiled:
                assert link.unit is not None
                link.unit.board.flash.load(BANK_0 + 0x1000, bytes(4))

    link.interfere = interfere
    story = await tell(link)
    assert story.result.finished.outcome is outcome
    steps = [(event.step, event.fault) for event in story.of(events.LadderStepped)]
    assert steps[:2] == [("fresh-start", "wrong-in-flash"), ("reenter", "wrong-in-flash")]
    assert len(steps) == 2
    if outcome is Outcome.REFUSED:
        assert story.result.finished.code == Code.REFUSED_VERIFICATION
        assert story.result.finished.size == 0
        assert "ImageSent" not in story.names


# The link fails.


GOOD = asyncio.run(tell(link_to_unit()))
STEPS = list(enumerate(GOOD.link.journal))
CLOSES = [index for index, step in STEPS if step == "close"]
LAST_ANSWER = max(index for index, step in STEPS if step == "receive")
"""Of the bootloader: once it was sent, the unit goes its way whether it is heard or not."""


JUMP = next(index for index, step in STEPS if step.startswith("write buttonless"))


def expected_loss(index: int) -> tuple[Outcome, str]:
    """Whatever is lost, the image goes on.

    The unit of the bench is back in its application when its request or its answer is lost.
    """
    if index in (JUMP, JUMP + 1):
        return Outcome.FAILED, Code.APPLICATION_CRASHED
    return Outcome.UPDATED, ""


LOSABLE = [
    pytest.param(index, id=f"{index} {step}")
    for index, step in STEPS
    if step.startswith(("write", "receive", "read"))
]


@pytest.mark.slow
@pytest.mark.parametrize("index", LOSABLE)
async def test_a_link_that_is_lost_at_any_step_is_made_again_and_the_image_goes_on(
    index: int,
) -> None:
    link = link_to_unit()
    raised: list[TransportError] = []

    def interfere(_step: str) -> None:
        if len(link.journal) == index + 1:
            raised.append(link.connections[-1].lose(0x3E))
            raise raised[0]

    link.interfere = interfere
    story = await tell(link)
    assert (story.result.finished.outcome, story.result.finished.code) == expected_loss(index)
    losses = [event.hci_reason for event in story.of(events.LinkLost) if not event.expected]
    assert losses == [raised[0].hci_reason]
    is_updated = story.result.finished.outcome is Outcome.UPDATED
    steps = [(event.step, event.fault) for event in story.of(events.LadderStepped)]
    again = [("reenter", "link-lost")] if index == LAST_ANSWER else []
    assert steps == ([("resume", "link-lost"), *again] if is_updated else [])
    if is_updated:
        assert link.unit is not None
        assert link.unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE


@pytest.mark.slow
@pytest.mark.parametrize("index", LOSABLE)
async def test_power_that_fails_at_any_step_is_overcome_and_never_a_false_success(
    index: int,
) -> None:
    link = link_to_unit()
    unit = link.unit
    assert unit is not None

    def interfere(_step: str) -> None:
        if len(link.journal) == index + 1:
            lost = link.connections[-1].lose(0x08)
            unit.power_on(now_s=link.clock_s)
            unit.take_outputs()
            raise lost

    link.interfere = interfere
    story = await tell(link)
    runs_new = unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE
    is_updated = story.result.finished.outcome is Outcome.UPDATED
    assert is_updated <= runs_new
    assert is_updated == (index not in (JUMP, JUMP + 1))
    if not is_updated:
        again = await tell(FakeLink(unit, clock_s=link.clock_s))
        assert again.result.finished.outcome is Outcome.UPDATED
        assert unit.board.flash.read(BANK_0, len(IMAGE)) == IMAGE


@pytest.mark.parametrize("index", [i for i, step in STEPS if step.startswith("connect")])
@pytest.mark.parametrize("reason", [TransportReason.NOT_FOUND, TransportReason.TIMEOUT])
async def test_a_connection_that_does_not_come_about_is_tried_again_unless_nobody_is_there(
    index: int, reason: TransportReason
) -> None:
    link = link_to_unit()

    def interfere(_step: str) -> None:
        if len(link.journal) == index + 1:
            raise transport_error(reason)

    link.interfere = interfere
    story = await tell(link)
    if reason is TransportReason.TIMEOUT:
        assert ended(story, Outcome.UPDATED, "")
        (step,) = story.of(events.LadderStepped)
        assert (step.step, step.fault) == ("resume", "answer-missing")
    elif index > CLOSES[1]:
        assert ended(story, Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    else:
        assert ended(story, Outcome.FAILED, transport_error(reason).code)
    assert story.of(events.LinkLost) == [e for e in story.of(events.LinkLost) if e.expected]


ANSWERS = sum(step == "receive" for _, step in STEPS)


@pytest.mark.parametrize("nth", range(1, ANSWERS + 1))
async def test_an_answer_that_does_not_come_is_waited_for_and_then_asked_for_again(
    nth: int,
) -> None:
    link = link_to_unit()
    left = [nth]

    def interfere(step: str) -> None:
        if step == "receive":
            left[0] -= 1
            if left[0] == 0:
                link.connections[-1]._heard.clear()

    link.interfere = interfere
    story = await tell(link)
    if nth == ANSWERS:  # the link goes with it
        assert ended(story, Outcome.UPDATED, "")
        assert [event.step for event in story.of(events.LadderStepped)] == ["resume", "reenter"]
        return
    assert story.result.finished.duration_s >= 10
    assert ended(story, Outcome.UPDATED, "")
    (step,) = story.of(events.LadderStepped)
    assert (step.step, step.fault) == ("resume", "answer-missing")


async def test_a_unit_that_does_not_drop_the_link_is_judged_by_what_it_does_next() -> None:
    link = link_to_unit()

    def interfere(step: str) -> None:
        if step == "wait for the drop":
            raise transport_error(TransportReason.TIMEOUT)

    link.interfere = interfere
    story = await tell(link)
    assert ended(story, Outcome.UPDATED, "")
    assert story.of(events.LinkLost) == []


# The end.


def spoil_application(link: FakeLink) -> None:
    """Damage the new application and reset: the unit stays in its bootloader."""
    assert link.unit is not None
    link.unit.board.flash.load(BANK_0, bytes(64))
    link.unit.reset(ResetKind.SOFT, now_s=link.now_s())
    link.unit.take_outputs()


async def test_a_unit_that_comes_back_in_its_bootloader_is_not_updated() -> None:
    link = link_to_unit()

    def interfere(_step: str) -> None:
        if len(link.journal) == CLOSES[1] + 1:
            spoil_application(link)

    link.interfere = interfere
    story = await tell(link)
    assert ended(story, Outcome.UNVERIFIED, Code.UNIT_DID_NOT_RETURN)
    assert "in its bootloader again" in story.result.finished.message
    assert story.result.finished.size == len(IMAGE)


async def test_a_unit_that_never_comes_back_is_not_updated() -> None:
    link = link_to_unit()

    def interfere(_step: str) -> None:
        if len(link.journal) == CLOSES[1] + 1:
            link.unit = None

    link.interfere = interfere
    story = await tell(link)
    assert ended(story, Outcome.UNVERIFIED, Code.UNIT_DID_NOT_RETURN)
    assert "not seen again within 61 s" in story.result.finished.message


async def test_a_radio_that_fails_at_the_end_leaves_the_update_unverified() -> None:
    link = link_to_unit()
    link.interfere = fails_at("find", TransportReason.NOT_AVAILABLE, nth=4)
    story = await tell(link)
    assert ended(story, Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert "The link says: not_available." in story.result.finished.message


async def test_the_same_application_once_more_is_not_called_updated() -> None:
    first = link_to_unit()
    await tell(first)
    story = await tell(FakeLink(first.unit))
    assert ended(story, Outcome.UNVERIFIED, Code.SAME_APPLICATION_SEEN)
    assert "4+" in story.result.finished.message


async def test_an_application_that_says_nothing_is_not_called_updated() -> None:
    link = link_to_unit()
    link.information = DeviceInformation()
    story = await tell(link)
    assert ended(story, Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert [event.information for event in story.of(events.ApplicationSeen)] == [{}, {}]


async def test_a_bootloader_package_is_taken_and_called_unverified() -> None:
    link = link_to_unit()
    contents = package(application=None, bootloader=BOOTLOADER, bootloader_version=FwVersion(2))
    story = await tell(link, contents)
    assert ended(story, Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert "whole bootloader" in story.result.finished.message
    assert link.unit is not None
    assert link.unit.board.flash.read(BOOTLOADER_START, 0x1800) == BOOTLOADER.data


async def test_a_softdevice_and_an_application_go_one_after_the_other() -> None:
    link = link_to_unit()
    softdevice = firmware(softdevice_image(size=0x8000))
    contents = package(softdevice=softdevice, sd_id=(Fwid(0x104),))
    story = await tell(link, contents)
    assert ended(story, Outcome.UPDATED, "")
    assert [(event.kind, event.index) for event in story.of(events.ImageStarted)] == [
        (ImageKind.SOFTDEVICE, 0),
        (ImageKind.APPLICATION, 1),
    ]
    assert story.result.finished.size == 0x8000 + len(IMAGE)
    assert link.unit is not None
    assert link.unit.services.fwid == 0x104


async def test_a_unit_that_goes_back_to_its_application_between_two_images_is_entered_again() -> (
    None
):
    link = link_to_unit()
    softdevice = firmware(softdevice_image(size=0x8000))

    def interfere(step: str) -> None:
        if step == f"find {NEXT}" and link.journal.count(step) == 3:
            link.wait_in_vain(11)

    link.interfere = interfere
    story = await tell(link, package(softdevice=softdevice, sd_id=(Fwid(0x104),)))
    assert ended(story, Outcome.UPDATED, "")
    assert story.result.finished.size == 0x8000 + len(IMAGE)
    assert [event.step for event in story.of(events.LadderStepped)] == ["resume", "reenter"]


async def test_between_two_images_a_unit_has_the_time_it_needs_to_activate_the_first() -> None:
    link = link_to_unit()
    softdevice = firmware(softdevice_image(size=0x8000))

    def interfere(step: str) -> None:
        if step == f"find {NEXT}" and link.journal.count(step) == 3:
            link.unit = None

    link.interfere = interfere
    story = await tell(link, package(softdevice=softdevice, sd_id=(Fwid(0x104),)))
    assert ended(story, Outcome.FAILED, Code.UNIT_NOT_FOUND)
    assert "within 61 s" in story.result.finished.message


def test_a_plan_keeps_the_waits_it_is_given_and_has_some_of_its_own() -> None:
    contents = package()
    assert plan(contents).timeouts is TIMEOUTS
    bare = plan_for(contents, b"", package_name="", unit_name="", pin=ADDRESS, pacing=NO_PAUSES)
    assert bare.timeouts == Timeouts()


# Whoever is cancelled, and whoever cannot keep an event.


@pytest.mark.slow
@pytest.mark.parametrize("index", range(len(STEPS)), ids=[f"{i} {step}" for i, step in STEPS])
async def test_a_cancelled_update_closes_its_connection_and_stays_cancelled(index: int) -> None:
    link = link_to_unit()
    heard: list[Event] = []

    def interfere(_step: str) -> None:
        if len(link.journal) == index + 1:
            task.cancel()

    link.interfere = interfere
    task = asyncio.create_task(Update(plan(package()), link=link, report=heard.append).run())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
    check(heard, link)
    finished = heard[-1]
    assert isinstance(finished, UpdateFinished)
    # Once the unit has accepted everything, nothing but its end was not seen.
    is_accepted = any(isinstance(event, ImageSent) for event in heard)
    outcome = Outcome.UNVERIFIED if is_accepted else Outcome.FAILED
    assert (finished.outcome, finished.code) == (outcome, Code.INTERRUPTED)


@pytest.mark.slow
@pytest.mark.parametrize("index", range(len(GOOD.events)))
async def test_an_event_that_cannot_be_kept_stops_the_update_and_closes_the_connection(
    index: int,
) -> None:
    link = link_to_unit()
    heard: list[Event] = []

    def report(event: Event) -> None:
        if len(heard) == index:
            raise StoreError(Code.TRACE_NOT_WRITABLE, "The disk is full.")
        heard.append(event)

    with pytest.raises(StoreError):
        await Update(plan(package()), link=link, report=report).run()
    assert all(connection.closed for connection in link.connections)
    assert len(heard) == index


async def test_a_defect_of_ours_is_raised_and_closes_the_connection() -> None:
    link = link_to_unit()

    def interfere(step: str) -> None:
        if step == "write packet":
            raise ZeroDivisionError

    link.interfere = interfere
    with pytest.raises(ZeroDivisionError):
        await Update(plan(package()), link=link, report=lambda _event: None).run()
    assert all(connection.closed for connection in link.connections)


async def test_the_plan_names_the_package_by_its_hash() -> None:
    one, other = plan(package()), plan(package(hw_version=51))
    assert len(one.package_sha256) == 64
    assert one.package_sha256 != other.package_sha256


def test_a_transport_error_of_the_fakes_has_the_code_of_its_reason() -> None:
    codes = {transport_error(reason).code for reason in TransportReason}
    assert len(codes) == len(TransportReason)
    assert isinstance(transport_error(TransportReason.LOST), TransportError)


# How strong the unit is heard.


async def test_the_strength_of_every_connection_is_kept_where_the_link_tells_it() -> None:
    link = link_to_unit()

    async def rssi() -> int:
        return -61

    link.rssi = rssi
    story = await tell(link)
    assert ended(story, Outcome.UPDATED, "")
    kinds = [type(event) for event in story.events]
    connected = [at for at, kind in enumerate(kinds) if kind is events.Connected]
    assert len(connected) == 3
    assert all(kinds[at + 1] is events.SignalMeasured for at in connected)
    measured = story.of(events.SignalMeasured)
    assert [(event.address, event.rssi_dbm) for event in measured] == [
        (event.address, -61) for event in story.of(events.Connected)
    ]


async def _hangs() -> int:
    await asyncio.Event().wait()
    raise AssertionError


async def _is_refused() -> int:
    raise transport_error(TransportReason.NOT_AVAILABLE)


async def _is_lost() -> int:
    raise transport_error(TransportReason.LOST)


async def _cannot_tell() -> None:
    return None


@pytest.mark.parametrize("rssi", [_hangs, _is_refused, _is_lost, _cannot_tell])
async def test_a_controller_that_does_not_tell_the_strength_fails_no_update(
    rssi: Callable[[], Awaitable[int | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acquaintance, "SIGNAL_S", 0.01)
    link = link_to_unit()
    link.rssi = rssi
    story = await tell(link)
    assert ended(story, Outcome.UPDATED, "")
    assert not story.of(events.SignalMeasured)
