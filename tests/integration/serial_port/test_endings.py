"""What is said when all is sent: what the line shows, and not a word more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline import events
from firmline.device.fabrication import softdevice_image
from firmline.device.faults.plan import CrystalDead, StuckGpregret
from firmline.device.radio_face import ResetKind
from firmline.device.synthetic import synthetic_bytes
from firmline.device.unit import VirtualUnit
from firmline.errors import Code
from firmline.events import Event, Outcome, UnitMode
from firmline.formats.firmware import FirmwareImage
from firmline.formats.package import Package
from firmline.updater.timeouts import SerialTimeouts, Timeouts
from firmline.values import Fwid, FwVersion, ImageKind
from integration.serial_port.road import update, waiting
from integration.story import Told, package

pytestmark = pytest.mark.slow
BOOTLOADER = FirmwareImage(
    data=synthetic_bytes("a newer bootloader", 20_480), address=None, source_name="bl.bin"
)


def softdevice(version: int = 7_003_000) -> FirmwareImage:
    """Another version of what the unit has."""
    mine = waiting().softdevice
    assert mine is not None
    data = softdevice_image(replace(mine, version=version))
    return FirmwareImage(data=data, address=0x1000, source_name="sd.bin")


def whole() -> Package:
    """SoftDevice and bootloader, then an application."""
    return package(
        softdevice=softdevice(),
        bootloader=BOOTLOADER,
        bootloader_version=FwVersion(2),
        sd_id=(Fwid(0x103),),
    )


LONG_AGO = Timeouts(serial=SerialTimeouts(expect_s=2))


def ended(told: Told) -> tuple[Outcome, str, bool]:
    finished = told.result.finished
    return finished.outcome, finished.code, told.is_new


def test_what_the_new_application_prints_is_the_proof() -> None:
    told = update(waiting())
    assert ended(told) == (Outcome.UPDATED, "", True)
    (heard,) = told.of(events.TextHeard)
    assert heard.text == f"firmline virtual application {told.unit.firmware_revision}"


def test_an_expression_is_looked_for_as_one() -> None:
    assert ended(update(waiting(), expect=r"/application [4-9]\+[0-9a-f]{8}/"))[0] is (
        Outcome.UPDATED
    )


def test_text_that_does_not_come_proves_nothing() -> None:
    told = update(waiting(), expect="application 5", timeouts=LONG_AGO)
    assert ended(told) == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN, True)
    assert "application 4+" in told.result.finished.message


def test_without_an_expectation_an_application_that_talks_is_some_application() -> None:
    told = update(waiting(), expect=None)
    assert ended(told) == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN, True)
    assert "says 'firmline virtual application 4+" in told.result.finished.message


def test_a_unit_that_something_keeps_in_its_bootloader_is_not_updated() -> None:
    told = update(waiting(StuckGpregret()))
    assert ended(told) == (Outcome.UNVERIFIED, Code.UNIT_DID_NOT_RETURN, False)
    assert "put in place" in told.result.finished.message
    assert told.unit.mode is UnitMode.BOOTLOADER


def test_an_application_that_does_not_survive_its_activation_is_told() -> None:
    def cut(event: Event, unit: VirtualUnit) -> None:
        """Brown-out between the answer and the commit: the old application is back."""
        if isinstance(event, events.ImageSent):
            unit.reset(ResetKind.POWER, now_s=event.at_s)

    told = update(waiting(), on_event=cut, timeouts=LONG_AGO)
    assert ended(told) == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN, False)
    assert "application 3+" in told.result.finished.message


@pytest.mark.parametrize("application", [True, False])
def test_a_bootloader_is_seen_by_its_version_where_it_answers(application: bool) -> None:
    """With a valid application it starts that, and nobody can tell."""
    sent = package(
        application=None,
        application_version=None,
        bootloader=BOOTLOADER,
        bootloader_version=FwVersion(2),
    )
    told = update(waiting(size=20_000 if application else 0), sent, expect=None)
    outcome, code, _ = ended(told)
    if application:
        assert (outcome, code) == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    else:
        assert (outcome, code) == (Outcome.UPDATED, "")


def test_a_softdevice_is_seen_by_its_version() -> None:
    sent = package(application=None, application_version=None, softdevice=softdevice())
    told = update(waiting(), sent, expect=None)
    assert ended(told)[:2] == (Outcome.UPDATED, "")
    assert "new SoftDevice is in place" in told.result.finished.message
    seen = [event.version for event in told.of(events.VersionSeen) if event.image == "softdevice"]
    assert seen == [7_002_000, 7_003_000]
    assert told.unit.mode is UnitMode.APPLICATION, "it was asked to restart"


ONLY_SOFTDEVICE = package(application=None, application_version=None, softdevice=softdevice())


def test_behind_a_new_softdevice_the_application_has_to_be_heard() -> None:
    told = update(waiting(CrystalDead(program="application")), ONLY_SOFTDEVICE, expect=None)
    assert ended(told)[:2] == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)
    assert "new SoftDevice is in place, and the unit has left it" in told.result.finished.message


def test_behind_a_new_softdevice_the_application_has_to_say_what_is_expected() -> None:
    told = update(waiting(), ONLY_SOFTDEVICE, expect="application 3")
    assert ended(told)[:2] == (Outcome.UPDATED, "")
    told = update(waiting(), ONLY_SOFTDEVICE, expect="application 4", timeouts=LONG_AGO)
    assert ended(told)[:2] == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)


def test_behind_a_new_softdevice_a_unit_that_stays_in_its_bootloader_is_told() -> None:
    told = update(waiting(StuckGpregret()), ONLY_SOFTDEVICE, expect=None)
    assert ended(told)[:2] == (Outcome.UNVERIFIED, Code.UNIT_DID_NOT_RETURN)
    assert "stays there: something keeps it" in told.result.finished.message


def test_the_same_softdevice_again_proves_nothing() -> None:
    same = package(
        application=None, application_version=None, softdevice=softdevice(version=7_002_000)
    )
    told = update(waiting(), same, expect=None)
    assert ended(told)[:2] == (Outcome.UNVERIFIED, Code.NEW_APPLICATION_NOT_SEEN)


@pytest.mark.parametrize("size", [0, 20_000])
def test_a_package_of_two_images_goes_on_where_the_unit_comes_back(size: int) -> None:
    told = update(waiting(size=size), whole())
    assert ended(told) == (Outcome.UPDATED, "", True)
    assert [event.index for event in told.of(events.ImageStarted)] == [0, 1]


@pytest.mark.parametrize("second", [False, True])
def test_only_of_the_first_image_a_refusal_is_explained_by_what_was_told_before_it(
    second: bool,
) -> None:
    """The image before may have brought another SoftDevice than the bootloader has told of."""
    refused = package(sd_req=(Fwid(0x0999),))
    both = replace(refused, images=(whole().images[0], *refused.images))
    told = update(waiting(), both if second else refused)
    assert ended(told)[:2] == (Outcome.REFUSED, Code.REFUSED_SOFTDEVICE)
    assert told.result.error is not None
    assert ("bootloader tells of" in told.result.error.hint) is not second


def test_a_unit_that_does_not_come_back_for_the_second_image_is_told() -> None:
    def break_it(event: Event, unit: VirtualUnit) -> None:
        if isinstance(event, events.ImageSent) and event.kind is not ImageKind.APPLICATION:
            unit.board.flash.load(unit.board.memory.bootloader_start, bytes(64))
            unit.reset(ResetKind.POWER, now_s=event.at_s)

    told = update(waiting(), whole(), on_event=break_it, timeouts=replace(Timeouts(), return_s=5))
    assert ended(told) == (Outcome.FAILED, Code.PORT_SILENT, False)
    assert "next one" in told.result.finished.message


def test_with_a_prn_every_object_is_confirmed_in_pieces() -> None:
    told = update(waiting(), prn=4)
    assert ended(told) == (Outcome.UPDATED, "", True)
    confirmed = [event for event in told.of(events.AnswerReceived) if event.data[1] == 0x03]
    assert len(confirmed) > 20_000 // 64 // 4
