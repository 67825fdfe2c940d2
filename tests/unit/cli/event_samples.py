"""One of every event, as an update would report it."""

from __future__ import annotations

from firmline import events
from firmline.events import Event, How, Outcome, Proof, UnitMode
from firmline.values import BleAddress, ImageKind

HOME = BleAddress.parse("C6:05:04:03:02:01")
STARTED = events.UpdateStarted(
    unit="sim:ble-reference",
    package="dfu.zip",
    package_sha256="00" * 32,
    images=(ImageKind.SOFTDEVICE_BOOTLOADER, ImageKind.APPLICATION),
    total_size=324_000,
)
SENT = events.PacketsSent(object_type="data", count=17, offset=4096, size=150_000)
CREATED = events.ObjectCreated(object_type="data", offset=0, size=4096)
IMAGE_SENT = events.ImageSent(kind=ImageKind.APPLICATION, size=150_000)
FINISHED = events.UpdateFinished(
    outcome=Outcome.UPDATED,
    code="",
    message="The unit runs the new application.",
    size=150_000,
    duration_s=3.25,
    transfer_s=2.5,
    proof=Proof.APPLICATION,
    sent_size=150_000,
)
SAMPLES: tuple[Event, ...] = (
    events.TraceStarted(
        trace_format=1,
        firmline="0.1.0",
        python="3.13.1",
        platform="Linux 6.1.0 x86_64",
        started_at="2026-03-01T12:30:00.250Z",
    ),
    STARTED,
    events.ImageDescribed(
        index=0,
        kind=ImageKind.APPLICATION,
        fw_type="application",
        size=150_000,
        init_packet_size=141,
        fw_version=5,
        hw_version=52,
        sd_req=(0x0103,),
        hash_type="sha256",
        digest=bytes(32),
        signature_type="ecdsa_p256_sha256",
        boot_validations=("validate_generated_crc",),
        is_debug=False,
    ),
    events.LinkDeclared(link="port", capabilities={"baud": 115_200, "flow_control": True}),
    events.TimingPlanned(prn=0, pacing={"after_init_s": 0.6}, timeouts={"search_s": 15.0}),
    events.InspectionStarted(unit="sim:ble-reference", with_probes=True, public_key="00" * 64),
    events.FactFound(fact="softdevice_fwid", value="0x0103", how=How.PROBE),
    events.ProbeRefused(
        image_type="application",
        hw_version=52,
        sd_req=(0x0103,),
        fw_version=0,
        result=11,
        ext_error=5,
    ),
    events.InspectionFinished(
        code="", message="The unit was read.", left_in=UnitMode.APPLICATION, duration_s=9.5
    ),
    events.Searching(address=HOME, expected_mode=UnitMode.APPLICATION),
    events.UnitSeen(address=HOME, name="Tag", rssi_dbm=-50),
    events.OtherUnitSeen(address=HOME.plus_one(), name="DfuTarg", bootloader=True),
    events.NeighbourAwaited(address=HOME.plus_one()),
    events.Connected(address=HOME, mode=UnitMode.BOOTLOADER, mtu=247),
    events.SignalMeasured(address=HOME, rssi_dbm=-61),
    events.LinkEncrypted(address=HOME, new_bond=True),
    events.ApplicationSeen(address=HOME, information={"firmware_revision": "1.2"}),
    events.RadioVersionSeen(version=9, company=0x0059, subversion=0x0103),
    events.PortOpened(
        at_s=0.0, port="/dev/ttyACM0", baud=115_200, flow_control=True, exclusive=True
    ),
    events.UsbUnitSeen(
        at_s=0.0,
        serial_number="FL-0009",
        usb_id="1915:520F",
        mode=UnitMode.APPLICATION,
        port="/dev/ttyACM0",
        version="tag 1.2.0",
    ),
    events.BootloaderAnswered(at_s=0.01, after_s=0.01),
    events.VersionSeen(at_s=0.02, image="application", version=5, address=0x26000, size=120_000),
    events.TextHeard(at_s=0.03, text="Tag 1.2 ready"),
    events.SessionRepeated(
        at_s=0.04, reason="The unit did not answer.", code="DFU-LINK-005", attempt=2
    ),
    events.ProgressSaved(offset=40_960),
    events.LadderStepped(
        step="resume",
        fault="link-lost",
        attempt=2,
        reason="The unit did not answer.",
        code="DFU-LINK-005",
    ),
    events.EnteringBootloader(address=HOME.plus_one()),
    events.LinkLost(hci_reason=0x08, expected=False),
    events.ImageStarted(kind=ImageKind.APPLICATION, index=0, init_packet_size=141, size=150_000),
    events.RequestSent(request="create", data=b"\x01\x02"),
    events.AnswerReceived(data=b"\x60\x01\x01"),
    events.AnswerPassedOver(request="crc_get"),
    events.Resumed(object_type="data", offset=8192),
    CREATED,
    SENT,
    events.CrcChecked(object_type="data", offset=4096, crc=1, expected_offset=4096, expected_crc=1),
    events.ObjectRepeated(object_type="data", offset=4096, attempt=2),
    events.ObjectLost(object_type="data", offset=8192),
    events.FlashStarved(size=244, least_s=0.6),
    events.FlashLearned(erase_s=0.1, packet_s=0.02, object_s=0.5, least_object_s=0.4),
    events.StartedAfresh(offset=141, crc=7),
    events.ImagePassedOver(kind=ImageKind.BOOTLOADER, index=0),
    events.ObjectExecuted(object_type="data", offset=4096),
    events.Refused(request="execute", result=11, ext_error=7),
    IMAGE_SENT,
    FINISHED,
)
