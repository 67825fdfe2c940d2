"""Events in words: each kind has its line, or has none on purpose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline import events
from firmline.errors import Code
from firmline.events import Event, UnitMode
from firmline.formats.event_json import event_type
from firmline.updater.telling.event_text import describe
from firmline.values import ImageKind
from unit.cli.event_samples import HOME, SAMPLES, STARTED

LINES: dict[type[Event], tuple[str, str]] = {
    events.UpdateStarted: (
        "update",
        "dfu.zip to sim:ble-reference: softdevice + bootloader and application, 324,000 bytes",
    ),
    events.InspectionStarted: ("inspect", "sim:ble-reference, with probes"),
    events.UnitSeen: ("seen", "Tag at C6:05:04:03:02:01, -50 dBm"),
    events.LinkEncrypted: ("encrypted", "the link, with a new bond, which both sides keep"),
    events.OtherUnitSeen: ("beside", "another bootloader at C6:05:04:03:02:02"),
    events.NeighbourAwaited: ("waits", "for the unit that shares C6:05:04:03:02:02 with it"),
    events.Connected: ("connected", "to its bootloader, MTU 247"),
    events.ApplicationSeen: ("runs", "firmware 1.2"),
    events.RadioVersionSeen: ("has", "SoftDevice FWID 0x0103 (S112 7.2.0), says its radio"),
    events.EnteringBootloader: ("restarts", "into its bootloader, at C6:05:04:03:02:02"),
    events.LinkLost: ("lost", "the link (reason 0x08)"),
    events.PortOpened: ("opened", "/dev/ttyACM0 at 115200 bits per second, RTS/CTS"),
    events.UsbUnitSeen: (
        "runs",
        "tag 1.2.0, serial number FL-0009 (1915:520F at /dev/ttyACM0)",
    ),
    events.BootloaderAnswered: ("answers", "its bootloader"),
    events.VersionSeen: ("has", "application 5, 120,000 bytes"),
    events.TextHeard: ("prints", "Tag 1.2 ready"),
    events.SessionRepeated: ("goes on", "after this: The unit did not answer."),
    events.ProgressSaved: ("saved", "40,960 bytes, which a power cut leaves in place"),
    events.LadderStepped: ("goes on", "by connecting anew: The unit did not answer."),
    events.Resumed: ("resumes", "at 8,192 bytes"),
    events.FlashStarved: (
        "slow",
        (
            "its flash has not written 244 bytes in 600 ms: radio events may be too close"
            " together for it"
        ),
    ),
    events.ObjectLost: ("repeats", "the object at 8,192, which did not arrive whole"),
    events.ObjectRepeated: (
        "repeats",
        "the object at 4,096, which arrived damaged (attempt 2)",
    ),
    events.StartedAfresh: ("starts", "afresh: the unit held the beginning of another image"),
    events.ImagePassedOver: ("passes by", "the bootloader: the unit has this or a newer one"),
    events.ImageSent: ("accepted", "all 150,000 bytes; the unit restarts to activate them"),
}
SILENT: set[type[Event]] = {
    events.TraceStarted,
    events.ImageDescribed,
    events.LinkDeclared,
    events.TimingPlanned,
    events.Searching,  # a unit that is there is seen at once; one that is not ends the update
    events.SignalMeasured,  # the unit was seen with its strength; the time line has it
    events.FactFound,  # the report at the end has them all
    events.ProbeRefused,  # what it says is a fact
    events.InspectionFinished,  # the report says it
    events.ImageStarted,  # the bar shows it
    events.RequestSent,
    events.AnswerReceived,
    events.AnswerPassedOver,
    events.ObjectCreated,
    events.FlashLearned,  # the share at the end says what came of it
    events.PacketsSent,
    events.CrcChecked,
    events.ObjectExecuted,
    events.Refused,  # the error that follows says more
    events.UpdateFinished,  # the command's own last line says it
}


def test_every_kind_of_event_has_its_line_or_none_on_purpose() -> None:
    found = [kind for kind in vars(events).values() if isinstance(kind, type)]
    kinds = {kind for kind in found if issubclass(kind, Event)} - {Event}
    assert {type(event) for event in SAMPLES} == kinds
    assert set(LINES) | SILENT == kinds
    assert set(LINES) & SILENT == set()


@pytest.mark.parametrize("event", SAMPLES, ids=event_type)
def test_an_event_is_described(event: Event) -> None:
    assert describe(event) == LINES.get(type(event))


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            events.InspectionStarted(unit="sim:x", with_probes=False, public_key=""),
            "sim:x, without touching it",
        ),
        (events.UnitSeen(address=HOME, name="Tag", rssi_dbm=None), "Tag at C6:05:04:03:02:01"),
        (
            events.UnitSeen(address=HOME, name="", rssi_dbm=0),
            "a unit without a name at C6:05:04:03:02:01, 0 dBm",
        ),
        (
            events.ApplicationSeen(
                address=HOME, information={"firmware_revision": "1.2", "serial_number": "FL-1"}
            ),
            "firmware 1.2, serial number FL-1",
        ),
        (
            events.ApplicationSeen(address=HOME, information={"serial_number": "FL-1"}),
            "an application that says nothing of its version",
        ),
        (
            events.ApplicationSeen(address=HOME, information={}),
            "an application that says nothing of its version",
        ),
        (events.LinkLost(hci_reason=None, expected=False), "the link"),
        (
            events.ObjectRepeated(object_type="command", offset=0, attempt=3),
            "the init packet, which arrived damaged (attempt 3)",
        ),
        (
            events.UpdateStarted(
                unit="u",
                package="p",
                package_sha256="",
                images=(ImageKind.BOOTLOADER,),
                total_size=1,
            ),
            "p to u: bootloader, 1 bytes",
        ),
        (
            events.EnteringBootloader(address=None, name="dfu-0123456789ab"),
            "into its bootloader, as dfu-0123456789ab",
        ),
    ],
)
def test_what_is_not_known_is_left_out(event: Event, text: str) -> None:
    described = describe(event)
    assert described is not None
    assert described[1] == text


@pytest.mark.parametrize(
    "event",
    [
        events.Connected(address=HOME, mode=UnitMode.APPLICATION, mtu=23),
        events.LinkLost(hci_reason=0x13, expected=True),
        events.Resumed(object_type="command", offset=100),
        events.RadioVersionSeen(version=9, company=0x000F, subversion=0x0103),
    ],
)
def test_what_always_happens_or_means_nothing_is_not_told(event: Event) -> None:
    assert describe(event) is None


@pytest.mark.parametrize(
    ("with_probes", "enters", "how"),
    [
        (False, False, "without touching it"),
        (False, True, "in its bootloader"),
        (True, True, "with probes"),
    ],
)
def test_an_inspection_says_first_how_far_it_will_go(
    with_probes: bool, enters: bool, how: str
) -> None:
    started = events.InspectionStarted(
        unit="usb:A1", with_probes=with_probes, public_key="", enters=enters
    )
    assert describe(started) == ("inspect", f"usb:A1, {how}")


def test_a_softdevice_s_version_is_shown_as_it_is_written() -> None:
    told = events.VersionSeen(image="softdevice", version=7_002_000, address=0x1000, size=0x27000)
    assert describe(told) == ("has", "SoftDevice 7.2.0, 159,744 bytes")


@pytest.mark.parametrize("code", [code for code in Code if code.name.startswith("REFUSED_")])
def test_a_refusal_is_asked_for_once_more_which_promises_no_end(code: Code) -> None:
    repeated = events.SessionRepeated(reason="The unit said no.", code=str(code), attempt=2)
    assert describe(repeated) == (
        "asks",
        "once more, since a line may spoil an answer: The unit said no.",
    )


def test_the_samples_are_of_one_update() -> None:
    assert SAMPLES[1] is STARTED


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (events.LinkEncrypted(address=HOME, new_bond=False), "the link, with its bond"),
        (
            events.LinkEncrypted(address=HOME, new_bond=True, replaced_bond=True),
            "the link, with a new bond in the place of one that the unit had forgotten",
        ),
    ],
)
def test_it_is_told_with_which_bond_a_link_is_encrypted(event: Event, words: str) -> None:
    assert describe(event) == ("encrypted", words)


def test_the_only_unit_on_usb_is_named_without_a_second_colon() -> None:
    described = describe(replace(STARTED, unit="usb:"))
    assert described is not None
    assert " to usb: " in described[1]
