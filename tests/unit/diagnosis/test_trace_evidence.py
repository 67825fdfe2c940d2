"""What the stream of events of an update shows, in the words of the vocabulary."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline import events
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.ranking import rank
from firmline.diagnosis.trace_evidence import evidence_of_traces, explained
from firmline.errors import Code
from firmline.events import Event, Outcome, UnitMode
from firmline.formats.trace import Trace
from firmline.values import ImageKind
from unit.diagnosis.small_traces import (
    ASKED,
    AT_APPLICATION,
    AT_BOOTLOADER,
    BOOTLOADER,
    DATA,
    EXECUTE,
    IMAGE,
    INIT,
    JUMPED,
    RADIO,
    SEARCHING,
    SIZE,
    STARTED,
    TO_BOOTLOADER,
    UNIT,
    executed,
    finished,
    packets,
    stepped,
    trace,
)


def seen(*heard: Event, every_s: float = 1.0) -> dict[str, tuple[str, ...]]:
    return dict(evidence_of_traces([trace(*heard, every_s=every_s)]).by_field())


def test_a_refused_init_packet() -> None:
    refused = events.Refused(request="object_execute", result=0x0B, ext_error=0x07)
    found = seen(
        *TO_BOOTLOADER, INIT, EXECUTE, refused, finished(Code.REFUSED_SOFTDEVICE, Outcome.REFUSED)
    )
    assert found == {
        "transport": ("ble",),
        "bootloader": ("secure",),
        "host_tool": ("own_host",),
        "phase": ("init_execute",),
        "failure_kind": ("error_code",),
        "result_code": ("r0B",),
        "ext_error": ("x07",),
        "progress": ("none",),
        "time_to_failure": ("instant",),
        "end_state": ("stuck_in_dfu",),
    }


def test_an_answer_of_the_unit_is_told_as_the_units() -> None:
    refused = events.Refused(request="object_execute", result=0x05, ext_error=None)
    incident = evidence_of_traces(
        [trace(*TO_BOOTLOADER, INIT, EXECUTE, refused, finished(Code.REFUSED_OBJECT))]
    )
    (code,) = (each for each in incident.evidence if each.field == "result_code")
    assert (code.value, code.origin) == ("r05", Origin.UNIT)
    assert code.where == "Refused at 10.000 s"


@pytest.mark.parametrize("result", [0x05, 0x08])
def test_a_refused_select_is_no_answer_that_means_anything(result: int) -> None:
    asked = events.RequestSent(request="object_select", data=b"\x06\x01")
    refused = events.Refused(request="object_select", result=result, ext_error=None)
    found = seen(*TO_BOOTLOADER, asked, refused, finished(Code.REFUSED_OBJECT, Outcome.REFUSED))
    assert found["result_code"] == ("refused",)
    assert found["flags"] == ("select_refused",)
    assert found["phase"] == ("discover_bootloader",)


def test_an_application_that_refuses_to_jump() -> None:
    refused = events.Refused(request="enter_bootloader", result=0x04, ext_error=None)
    found = seen(*TO_BOOTLOADER[:5], refused, finished(Code.REFUSED_BUTTONLESS, Outcome.REFUSED))
    assert found["result_code"] == ("b04",)
    assert found["phase"] == ("enter_bootloader",)
    assert found["end_state"] == ("unchanged",)


def test_a_name_that_is_refused() -> None:
    refused = events.Refused(request="set_advertising_name", result=0x02, ext_error=None)
    asked = events.RequestSent(request="set_advertising_name", data=b"\x02\x01A")
    found = seen(*TO_BOOTLOADER[:4], asked, refused, finished(Code.REFUSED_NAME, Outcome.REFUSED))
    assert found["result_code"] == ("b02",)
    assert found["flags"] == ("fails_after_set_name",)


def test_a_link_that_is_lost_in_the_data_again_and_again() -> None:
    lost = events.LinkLost(hci_reason=0x08, expected=False)
    found = seen(
        *(*TO_BOOTLOADER, INIT, EXECUTE, DATA, packets(4096), executed(4096), packets(9000)),
        *(stepped(), lost, AT_BOOTLOADER, packets(9500), stepped(attempt=2), lost),
        *(AT_BOOTLOADER, stepped("give-up", attempt=3), finished(Code.LINK_LOST)),
    )
    assert found["phase"] == ("data_transfer",)
    assert found["failure_kind"] == ("disconnect",)
    assert found["host_code"] == ("hci_08",)
    assert found["progress"] == ("random_offset",)
    assert found["not_cured_by"] == ("retry",)
    assert "unit_resets" not in found


def test_a_unit_that_restarts_while_it_is_sent_to() -> None:
    lost = events.LinkLost(hci_reason=0x08, expected=False)
    back = (lost, AT_APPLICATION, stepped("reenter"), ASKED, JUMPED, AT_BOOTLOADER, INIT, EXECUTE)
    found = seen(
        *(*TO_BOOTLOADER, INIT, EXECUTE, stepped(), *back, stepped(attempt=2), *back),
        finished(Code.LINK_LOST),
    )
    assert found["unit_resets"] == ("repeatedly",)
    assert found["not_cured_by"] == ("retry", "soft_reset")
    assert found["phase"] == ("init_execute",)


def test_the_place_that_is_never_passed() -> None:
    first, second = packets(9000), packets(9000)
    found = seen(
        *(*TO_BOOTLOADER, DATA, executed(8192), first, stepped(), AT_BOOTLOADER, second),
        *(executed(8192), stepped(), finished(Code.LINK_LOST)),
    )
    assert found["progress"] == ("fixed_offset",)


def test_a_bootloader_that_does_not_come() -> None:
    found = seen(*TO_BOOTLOADER[:6], finished(Code.UNIT_NOT_FOUND))
    assert found["phase"] == ("find_bootloader",)
    assert found["failure_kind"] == ("not_found",)
    assert found["end_state"] == ("gone_silent",)


def test_an_old_application_after_all() -> None:
    sent = events.ImageSent(kind=ImageKind.APPLICATION, size=SIZE)
    found = seen(
        *(*TO_BOOTLOADER, DATA, packets(SIZE), executed(SIZE), sent, AT_APPLICATION),
        finished(Code.SAME_APPLICATION_SEEN, Outcome.UNVERIFIED),
    )
    assert found["phase"] == ("activation",)
    assert found["progress"] == ("end",)
    assert found["end_state"] == ("back_in_app",)
    assert found["unit_resets"] == ("once",)  # the one that should have put it in place


def test_a_hash_that_fails_over_objects_that_were_right() -> None:
    refused = events.Refused(request="object_execute", result=0x0B, ext_error=0x0C)
    found = seen(
        *(*TO_BOOTLOADER, DATA, packets(SIZE), EXECUTE, refused),
        finished(Code.REFUSED_VERIFICATION, Outcome.REFUSED),
    )
    assert found["phase"] == ("final_execute",)
    assert found["flags"] == ("crc_of_all_objects_ok",)


def test_an_init_packet_of_which_nothing_arrives() -> None:
    checked = events.CrcChecked(
        object_type="command", offset=0, crc=0, expected_offset=140, expected_crc=7
    )
    found = seen(*TO_BOOTLOADER, INIT, checked, finished(Code.OBJECT_DAMAGED))
    assert found["flags"] == ("init_crc_offset_zero",)
    assert found["failure_kind"] == ("crc_mismatch",)


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        (events.LinkDeclared(link="port", capabilities={}), "transport", "uart"),
        (events.LinkDeclared(link="usb", capabilities={}), "transport", "usb"),
        (events.RadioVersionSeen(version=9, company=89, subversion=0xB7), "sdk", "sdk_15_3"),
        (events.RadioVersionSeen(version=9, company=89, subversion=0x101), "sdk", "sdk_17"),
        (events.FactFound(fact="chip", value="nRF52840", how=events.How.QUERY), "chip", "nrf52840"),
        (
            events.FactFound(fact="battery_level", value="9", how=events.How.BATTERY_SERVICE),
            "flags",
            "battery_low",
        ),
        (events.SignalMeasured(address=UNIT, rssi_dbm=-92), "flags", "rssi_low"),
        (events.LinkEncrypted(address=UNIT, new_bond=True), "flags", "bonded_buttonless"),
    ],
)
def test_what_is_known_of_link_and_unit(event: Event, field: str, value: str) -> None:
    assert value in seen(STARTED, event, finished(Code.LINK_LOST))[field]


def test_an_update_that_succeeded_has_nothing_that_failed() -> None:
    found = seen(*TO_BOOTLOADER, finished(outcome=Outcome.UPDATED))
    assert set(found) == {"transport", "bootloader", "host_tool"}


def test_of_several_attempts_the_last_that_failed_is_explained() -> None:
    refused = events.Refused(request="object_execute", result=0x05, ext_error=None)
    bad = trace(*TO_BOOTLOADER, INIT, EXECUTE, refused, finished(Code.REFUSED_OBJECT))
    gone = trace(*TO_BOOTLOADER[:6], finished(Code.UNIT_NOT_FOUND))
    good = trace(*TO_BOOTLOADER, finished(outcome=Outcome.UPDATED))
    both = evidence_of_traces([gone, bad, good]).by_field()
    assert both["phase"] == ("init_execute",)
    assert both["reproducibility"] == ("intermittent",)
    assert evidence_of_traces([bad, bad]).by_field()["reproducibility"] == ("always",)
    assert evidence_of_traces([good, bad]).by_field()["reproducibility"] == ("once",)
    assert "reproducibility" not in evidence_of_traces([bad]).by_field()


def test_what_a_trace_does_not_tell_is_said() -> None:
    without_end = evidence_of_traces([trace(*TO_BOOTLOADER)])
    assert without_end.unused == (
        "The trace has no end, and shows nothing that failed: it tells how far it got.",
    )
    assert without_end.by_field()["phase"] == ("discover_bootloader",)
    assert not {"failure_kind", "time_to_failure", "progress", "end_state"} & set(
        without_end.by_field()
    )
    refused = events.Refused(request="object_execute", result=0x05, ext_error=None)
    after_fault = evidence_of_traces([trace(*TO_BOOTLOADER, INIT, EXECUTE, refused)])
    assert after_fault.unused == (
        "The trace has no end: where it breaks off is taken for where it failed.",
    )
    cut = evidence_of_traces([replace(trace(*TO_BOOTLOADER, finished()), is_cut=True)])
    assert "The last line of the trace is cut off." in cut.unused
    inspection = events.InspectionStarted(unit="ble:", with_probes=False, public_key="")
    other = evidence_of_traces([trace(inspection, RADIO)])
    assert other.unused[0].startswith("A trace of no update")
    assert other.by_field() == {"transport": ("ble",)}


def test_no_trace_at_all_is_no_evidence() -> None:
    assert evidence_of_traces([]) == Incident()
    assert rank(evidence_of_traces([Trace(entries=())])).causes[0].slug == "unknown"


def test_nothing_is_taken_from_traces_of_other_units() -> None:
    lost = events.LinkLost(hci_reason=0x08, expected=False)
    bad = trace(*TO_BOOTLOADER, lost, finished(Code.LINK_LOST))
    began = replace(STARTED, unit="ble:C6:05:04:03:02:99?x=1")
    weak = events.UnitSeen(address=UNIT, name="Other", rssi_dbm=-95)
    good = trace(began, RADIO, weak, *TO_BOOTLOADER[3:], finished("", Outcome.UPDATED))
    alone, beside = evidence_of_traces([bad]), evidence_of_traces([bad, good])
    assert beside.by_field() == alone.by_field()
    assert beside.unused[-1] == (
        "Traces of other units: only the last unit that failed is explained, not"
        " ble:C6:05:04:03:02:99."
    )


# What was looked for and is not so.


def in_vain(*heard: Event) -> set[str]:
    return set(evidence_of_traces([trace(*heard)]).looked_for_in_vain().get("flags", ()))


@pytest.mark.parametrize(
    ("event", "value"),
    [
        (events.SignalMeasured(address=UNIT, rssi_dbm=-50), "rssi_low"),
        (events.RequestSent(request="mtu_get", data=b"\x07"), "frame_longer_than_mtu"),
        (
            events.FactFound(fact="battery_level", value="90", how=events.How.BATTERY_SERVICE),
            "battery_low",
        ),
        (
            events.CrcChecked(
                object_type="command", offset=140, crc=7, expected_offset=140, expected_crc=7
            ),
            "init_crc_offset_zero",
        ),
        (
            events.LinkDeclared(link="radio", capabilities={"remembers_services": False}),
            "old_services_shown",
        ),
    ],
)
def test_what_is_looked_at_and_is_not_so(event: Event, value: str) -> None:
    assert in_vain(STARTED, event, finished(Code.LINK_LOST)) == {value}
    assert not in_vain(STARTED, event, finished(outcome=Outcome.UPDATED))


def test_what_was_once_so_is_not_told_as_looked_for_in_vain() -> None:
    near, far = (events.SignalMeasured(address=UNIT, rssi_dbm=rssi) for rssi in (-50, -95))
    heard = (STARTED, near, far, finished(Code.LINK_LOST))
    assert "rssi_low" in seen(*heard)["flags"]
    assert not in_vain(*heard)


# When, and how, it was lost.


def test_losses_one_period_behind_every_jump_are_those_of_a_clock() -> None:
    at = [STARTED, RADIO]
    for number, step in enumerate((EXECUTE, DATA, EXECUTE)):
        start = 20.0 * number + 1
        at += [
            replace(JUMPED, at_s=start),
            replace(AT_BOOTLOADER, at_s=start + 1),
            replace(IMAGE, at_s=start + 2),
            replace(step, at_s=start + 4),
            replace(stepped(attempt=number + 1), at_s=start + 9),
        ]
    at.append(replace(finished(Code.LINK_LOST), at_s=90.0))
    found = evidence_of_traces([Trace(entries=tuple(at))]).by_field()
    assert found["time_to_failure"] == ("constant",)
    late = [
        replace(each, at_s=each.at_s + 3)
        if each.at_s > 48 and not isinstance(each, type(JUMPED))
        else each
        for each in at
    ]
    other = evidence_of_traces([Trace(entries=tuple(late))]).by_field()
    assert "time_to_failure" not in other


def test_the_time_in_which_nobody_noticed_does_not_count() -> None:
    """A unit that is reset is missed only when the link times out."""
    timed_out = events.LinkLost(hci_reason=0x08, expected=True)
    heard = (
        replace(STARTED, at_s=0.0),
        replace(JUMPED, at_s=1.0),
        replace(timed_out, at_s=5.0),
        replace(AT_BOOTLOADER, at_s=6.0),
        replace(IMAGE, at_s=6.0),
        replace(INIT, at_s=6.5),
        replace(EXECUTE, at_s=7.0),
        replace(stepped(), at_s=11.5),
        replace(events.LinkLost(hci_reason=0x08, expected=False), at_s=11.5),
        replace(finished(Code.LINK_LOST), at_s=12.0),
    )
    found = evidence_of_traces([Trace(entries=heard)]).by_field()
    assert found["time_to_failure"] == ("instant",)
    assert found["host_code"] == ("hci_08",)


def test_a_connection_that_is_lost_at_once_is_told_with_its_reason() -> None:
    heard_again = events.UnitSeen(address=BOOTLOADER, name="DfuTarg", rssi_dbm=-50)
    lost = events.LadderStepped(
        step="resume",
        fault="link-lost",
        attempt=1,
        reason="The connection was lost (HCI reason 0x3E).",
        code=str(Code.LINK_LOST),
    )
    found = seen(
        *(*TO_BOOTLOADER[:6], heard_again, lost, SEARCHING, heard_again, lost),
        finished(Code.LINK_LOST),
        every_s=0.01,
    )
    assert found["phase"] == ("connect_bootloader",)
    assert found["host_code"] == ("hci_3e",)
    assert found["end_state"] == ("stuck_in_dfu",)
    assert found["unit_resets"] == ("no",)


def test_where_a_unit_is_whose_link_was_lost_before_it_was_one_nobody_has_seen() -> None:
    """It was met last in its application, before it was asked to leave that."""
    looked = events.Searching(address=BOOTLOADER, expected_mode=UnitMode.BOOTLOADER)
    heard = events.UnitSeen(address=BOOTLOADER, name="DfuTarg", rssi_dbm=-50)
    end = finished(Code.LINK_LOST, message="The connection was lost (HCI reason 0x08).")
    found = seen(STARTED, RADIO, SEARCHING, AT_APPLICATION, ASKED, JUMPED, looked, heard, end)
    assert found["phase"] == ("connect_bootloader",)
    assert found["failure_kind"] == ("disconnect",)
    assert found["host_code"] == ("hci_08",)
    assert "end_state" not in found
    assert "unit_resets" not in found


def test_a_link_that_was_lost_without_a_reason_has_no_code() -> None:
    found = seen(STARTED, RADIO, SEARCHING, AT_APPLICATION, JUMPED, finished(Code.LINK_LOST))
    assert "host_code" not in found
    assert "end_state" not in found


def test_a_copy_that_its_bootloader_does_not_take_for_valid_is_damaged() -> None:
    def version(image: str, number: int) -> Event:
        return events.VersionSeen(image=image, version=number, address=0, size=1)

    sent = events.ImageSent(kind=ImageKind.APPLICATION, size=SIZE)
    before = (*TO_BOOTLOADER[:-1], version("bootloader", 1), version("application", 3), IMAGE)
    end = finished(Code.UNIT_DID_NOT_RETURN)
    damaged = seen(*before, DATA, packets(SIZE), sent, version("bootloader", 1), end)
    assert damaged["phase"] == ("activation",)
    assert damaged["flags"] == ("app_copy_invalid",)
    # Where the settings are lost nobody knows what lies in its place; a valid one is no damage.
    lost = seen(*before, DATA, packets(SIZE), sent, version("bootloader", 0), end)
    assert lost["flags"] == ("settings_page_blank_or_bad_crc",)
    new = version("application", 4)
    kept = seen(*before, DATA, packets(SIZE), sent, version("bootloader", 1), new, end)
    assert "app_copy_invalid" not in kept["flags"]


def test_a_unit_that_is_heard_and_not_reached() -> None:
    heard = events.UnitSeen(address=UNIT, name="unit", rssi_dbm=-50)
    found = seen(STARTED, RADIO, SEARCHING, heard, finished(Code.UNIT_NOT_FOUND))
    assert found["phase"] == ("connect",)
    assert found["failure_kind"] == ("timeout",)


def test_a_unit_that_is_in_its_bootloader_before_anybody_asks() -> None:
    found = seen(STARTED, RADIO, SEARCHING, AT_BOOTLOADER, IMAGE, finished(Code.LINK_LOST))
    assert found["flags"] == ("dfutarg_visible",)


def test_a_bootloader_on_a_line_that_does_not_answer_any_more() -> None:
    ping = events.RequestSent(request="ping", data=b"\x09\x01")
    answered = (events.BootloaderAnswered(after_s=0.0), IMAGE, DATA, packets(4096))
    found = seen(STARTED, *answered, ping, ping, finished(Code.LINK_TIMEOUT))
    assert found["phase"] == ("data_transfer",)
    assert found["end_state"] == ("gone_silent",)


def test_another_generation_of_bootloader() -> None:
    found = seen(*TO_BOOTLOADER[:6], finished(Code.LEGACY_DFU))
    assert found["bootloader"] == ("legacy",)


def test_an_application_of_another_generation_is_where_it_was() -> None:
    found = seen(STARTED, RADIO, SEARCHING, AT_APPLICATION, finished(Code.LEGACY_DFU))
    assert found["phase"] == ("discover",)
    assert found["end_state"] == ("unchanged",)


def test_in_a_unit_for_another_tool_nothing_has_failed() -> None:
    heard = (STARTED, RADIO, SEARCHING, AT_APPLICATION, finished(Code.SMP))
    incident = evidence_of_traces([trace(*heard)])
    assert incident.has_nothing_to_explain
    assert "phase" not in incident.by_field()


@pytest.mark.parametrize(
    ("step", "cure"), [("restart", "soft_reset"), ("receipts", "slower_pace"), ("resume", "retry")]
)
def test_what_was_recovered_from_is_told_with_what_has_helped(step: str, cure: str) -> None:
    updated = finished(outcome=Outcome.UPDATED)
    way_back = stepped("reenter", "buffers-gone")
    climbed = (stepped(step, "buffers-gone"), way_back)
    incident = evidence_of_traces([trace(*TO_BOOTLOADER, *climbed, packets(4096), updated)])
    found = incident.by_field()
    assert found["cured_by"] == (cure,)
    assert found["progress"] == ("none",)
    assert "end_state" not in found
    assert not incident.has_nothing_to_explain
    assert "by a recovery" in incident.unused[0]


@pytest.mark.parametrize(
    ("faults", "often"), [(2, ()), (3, ("intermittent",)), (9, ("intermittent",))]
)
def test_many_faults_on_the_way_of_one_update_are_no_single_event(
    faults: int, often: tuple[str, ...]
) -> None:
    climbed = [stepped("resume", "link-lost") for _ in range(faults)]
    updated = finished(outcome=Outcome.UPDATED)
    incident = evidence_of_traces([trace(*TO_BOOTLOADER, *climbed, packets(4096), updated)])
    assert incident.by_field().get("reproducibility", ()) == often


@pytest.mark.parametrize(
    "code", [Code.PORT_NOT_FOUND, Code.BLUETOOTH_OFF, Code.CONTROLLER_LOST, Code.USB_FORBIDDEN]
)
def test_what_this_computer_is_at_fault_for_says_nothing_of_a_unit(code: Code) -> None:
    incident = evidence_of_traces([trace(STARTED, SEARCHING, finished(code))])
    assert set(incident.by_field()) == {"host_tool"}
    (said,) = incident.unused
    assert said.startswith(
        f"It failed for this computer, its port, its radio or another unit ({code})"
    )


def test_of_an_update_that_succeeded_nothing_is_to_be_explained() -> None:
    incident = evidence_of_traces([trace(*TO_BOOTLOADER, finished(outcome=Outcome.UPDATED))])
    assert incident.unused == (
        "The update in the trace succeeded: nothing of it is to be explained.",
    )


SENT = events.ImageSent(kind=ImageKind.APPLICATION, size=SIZE)
RUNS = events.Connected(address=UNIT, mode=UnitMode.APPLICATION, mtu=247)
SPEAKS = events.TextHeard(text="Hello.")
NOT_PROVEN = finished(Code.NEW_APPLICATION_NOT_SEEN, Outcome.UNVERIFIED)
BROKEN_OFF = (*TO_BOOTLOADER, INIT, EXECUTE, finished(Code.LINK_LOST))


@pytest.mark.parametrize("shown", [RUNS, SPEAKS], ids=["radio", "line"])
def test_an_end_that_is_merely_not_proven_is_no_failure(shown: Event) -> None:
    read = evidence_of_traces([trace(*TO_BOOTLOADER, DATA, SENT, shown, NOT_PROVEN)])
    assert read.is_unproven
    assert not read.has_nothing_to_explain
    assert read.unused[0].startswith("Nothing is shown to have failed")
    told = Evidence(field="end_state", value="wrong_image_runs", origin=Origin.PERSON)
    assert not read.with_more([told]).is_unproven


@pytest.mark.parametrize(
    "behind",
    [
        (SENT, NOT_PROVEN),
        (RUNS, NOT_PROVEN),
        (SENT, RUNS, finished(Code.SAME_APPLICATION_SEEN, Outcome.UNVERIFIED)),
        (SENT, RUNS, finished(Code.UNIT_DID_NOT_RETURN, Outcome.UNVERIFIED)),
    ],
    ids=["nobody is seen", "nothing was sent", "the old one", "not back"],
)
def test_what_shows_more_than_a_missing_proof_is_a_failure(behind: tuple[Event, ...]) -> None:
    assert not evidence_of_traces([trace(*TO_BOOTLOADER, DATA, *behind)]).unproven


def test_of_a_softdevice_an_application_proves_nothing_and_disproves_as_little() -> None:
    image = replace(IMAGE, kind=ImageKind.SOFTDEVICE)
    radio = (*TO_BOOTLOADER[:-1], image, DATA, SENT, RUNS, NOT_PROVEN)
    assert not evidence_of_traces([trace(*radio)]).unproven


def test_a_failure_is_explained_before_an_end_that_is_not_proven() -> None:
    failed = trace(*BROKEN_OFF)
    later = trace(*TO_BOOTLOADER, DATA, SENT, RUNS, NOT_PROVEN)
    assert explained([failed, later]) is failed
    assert explained([later]) is later
    read = evidence_of_traces([failed, later])
    assert not read.unproven
    assert read.by_field()["reproducibility"] == ("once",)


def test_two_ends_that_are_not_proven_are_not_called_failures() -> None:
    once = trace(*TO_BOOTLOADER, DATA, SENT, RUNS, NOT_PROVEN)
    read = evidence_of_traces([once, replace(once)])
    assert read.unproven
    assert "reproducibility" not in read.by_field()
