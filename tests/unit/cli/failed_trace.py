"""The trace of an update that a unit has refused, as its file holds it."""

from __future__ import annotations

from firmline import events
from firmline.events import Event, Outcome, UnitMode
from firmline.formats.trace import encode_event
from firmline.values import BleAddress, ImageKind

HOME = BleAddress.parse("C6:05:04:03:02:01")
BEGIN_S = 5000.0
"""Of the link's clock, which counts from anywhere."""


def failed_update(
    *,
    unit: str = "ble:C6:05:04:03:02:01",
    name: str = "Tag",
    revision: str = "1.2",
    package: str = "dfu.zip",
    message: str = "The unit refused the init packet.",
    rows: int = 0,
) -> tuple[Event, ...]:
    """The events; ``rows``: how many more lines of the time line there are in the middle."""
    at = iter(BEGIN_S + tenths / 10 for tenths in range(100_000))
    return (
        events.TraceStarted(
            at_s=next(at),
            trace_format=1,
            firmline="0.1.0",
            python="3.13.1",
            platform="Linux 6.1.0 x86_64",
            started_at="2026-03-01T12:30:00.250Z",
        ),
        events.UpdateStarted(
            at_s=BEGIN_S,
            unit=unit,
            package=package,
            package_sha256="ab" * 32,
            images=(ImageKind.APPLICATION,),
            total_size=20_000,
        ),
        events.ImageDescribed(
            at_s=BEGIN_S,
            index=0,
            kind=ImageKind.APPLICATION,
            fw_type="application",
            size=20_000,
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
        events.UnitSeen(at_s=next(at), address=HOME, name=name, rssi_dbm=-60),
        events.Connected(at_s=next(at), address=HOME, mode=UnitMode.APPLICATION, mtu=247),
        events.ApplicationSeen(
            at_s=next(at),
            address=HOME,
            information={"firmware_revision": revision, "serial_number": "FL-0001"},
        ),
        *(events.TextHeard(at_s=next(at), text=f"line {number}") for number in range(rows)),
        events.RadioVersionSeen(at_s=next(at), version=9, company=0x59, subversion=0x0103),
        events.ImageStarted(
            at_s=next(at),
            kind=ImageKind.APPLICATION,
            index=0,
            init_packet_size=141,
            size=20_000,
        ),
        events.RequestSent(at_s=next(at), request="object_execute", data=bytes([4])),
        events.AnswerReceived(at_s=next(at), data=bytes([0x60, 4, 0x0B, 5])),
        events.Refused(at_s=next(at), request="object_execute", result=0x0B, ext_error=5),
        events.UpdateFinished(
            at_s=next(at),
            outcome=Outcome.REFUSED,
            code="DFU-UNIT-105",
            message=message,
            size=0,
            duration_s=1.0,
            transfer_s=0.0,
        ),
    )


def trace_of(*attempts: tuple[Event, ...]) -> str:
    """A file of these attempts."""
    return "".join(encode_event(event) for attempt in attempts for event in attempt)
