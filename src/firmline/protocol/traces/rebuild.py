"""A trace as the packets of a Bluetooth controller: what it holds, and nothing that it does not.

A trace is no capture. From it come back: that a connection was there and why it went, each request
to the DFU control point and to the buttonless service (ATT Write Request), each answer (ATT Handle
Value Notification or Indication). Everything else in it is a note between them: a vendor-specific
event of the controller with text, which begins with ``firmline:``. Data packets and responses that
the trace does not hold are not made up.

What a packet needs and the trace does not tell is fixed, and the first note says so: connections
have the handle 1, the control point the attribute handle 0x0010, the buttonless characteristic
0x0020, and a connection's parameters are 0. Numbers of the packets are those of the Core spec: Vol
4, Part E, 5.4 and 7.7 (HCI), Vol 3, Part A, 3.1 (L2CAP), Vol 3, Part F, 3.4 (ATT).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NoReturn

from firmline import events
from firmline.errors import Code, InputError
from firmline.events import Event
from firmline.formats.event_json import event_to_json
from firmline.formats.hci_capture import ACL, EVENT, CapturedPacket
from firmline.formats.trace import Entry, Trace
from firmline.protocol.codes import BUTTONLESS_RESPONSE_MARKER
from firmline.values import BleAddress

CONNECTION: Final = 0x0001
CONTROL_POINT: Final = 0x0010
BUTTONLESS: Final = 0x0020
WRITE_REQUEST, NOTIFICATION, INDICATION = 0x12, 0x1B, 0x1D
ATT_CHANNEL: Final = 0x0004
FIRST_TO_CONTROLLER, FIRST_FROM_CONTROLLER = 0x0000, 0x2000
"""Packet boundary flags of a packet that is not continued (HCI, 5.4.2)."""
DISCONNECTION_COMPLETE, LE_META, VENDOR = 0x05, 0x3E, 0xFF
CONNECTION_COMPLETE: Final = 0x01
UNSPECIFIED: Final = 0x1F
"""Where the link did not tell why the connection went (Core spec, Vol 1, Part F, 2.31)."""
EXPERIMENTAL_SERVICE: Final = "buttonless_experimental"
"""What an inspection calls the buttonless service of SDK 12, whose answers are notifications."""
MAX_NOTE: Final = 255
"""Bytes of an event's parameters."""
MAX_DATA: Final = 512
"""Longest attribute value, bytes (Core spec, Vol 3, Part F, 3.2.9)."""
FOREWORD: Final = (
    "rebuilt from the events of a trace, no packet was captured",
    "data packets and responses without content are not in a trace and not here",
    "handles are not in a trace: 0x0010 is the DFU control point, 0x0020 buttonless DFU",
    "connection parameters are not in a trace and are 0 here",
    "answers of buttonless DFU are indications here, unless the trace tells of the SDK 12 service",
)


def rebuild(traces: Sequence[Trace], *, name: str) -> tuple[CapturedPacket, ...]:
    """The packets of traces, in their order.

    Raises:
        InputError: ``TRACE_NOT_CONVERTIBLE``: there was no conversation over Bluetooth.
    """
    told = [event for trace in traces for event in trace.events]
    if any(isinstance(event, events.PortOpened) for event in told):
        _refuse(name, "is of a unit at a serial port, where there are no Bluetooth packets")
    if not any(isinstance(event, events.Connected | events.RequestSent) for event in told):
        _refuse(name, "holds no conversation with a unit")
    return tuple(packet for trace in traces for packet in _packets(trace))


def _packets(trace: Trace) -> Iterator[CapturedPacket]:
    last_s = next((entry.at_s for entry in trace.entries if entry.at_s is not None), 0.0)
    begin_us = _time_us(trace, last_s)
    for text in FOREWORD:
        yield _note(text, begin_us)
    buttonless = NOTIFICATION if _is_experimental(trace) else INDICATION
    for entry in trace.entries:
        last_s = last_s if entry.at_s is None else entry.at_s
        yield _packet(entry, _time_us(trace, last_s), buttonless=buttonless)


def _is_experimental(trace: Trace) -> bool:
    """Whether the application was found to have the service of SDK 12, which notifies."""
    return any(
        isinstance(event, events.FactFound) and event.value == EXPERIMENTAL_SERVICE
        for event in trace.events
    )


def _time_us(trace: Trace, at_s: float) -> int:
    """Microseconds since 1970; of a trace that does not tell, as if it began then."""
    time = trace.time_of(at_s)
    return round((time.timestamp() if time is not None else at_s) * 1_000_000)


def _packet(entry: Entry, time_us: int, *, buttonless: int) -> CapturedPacket:
    match entry:
        case events.RequestSent(data=data) if len(data) <= MAX_DATA:
            handle = BUTTONLESS if entry.request in events.BUTTONLESS_REQUESTS else CONTROL_POINT
            return _att(WRITE_REQUEST, handle, data, time_us, from_controller=False)
        case events.AnswerReceived(data=data) if 0 < len(data) <= MAX_DATA:
            is_buttonless = data[0] == BUTTONLESS_RESPONSE_MARKER
            opcode = buttonless if is_buttonless else NOTIFICATION
            handle = BUTTONLESS if is_buttonless else CONTROL_POINT
            return _att(opcode, handle, data, time_us, from_controller=True)
        case events.Connected(address=BleAddress() as address):
            return _event(LE_META, _connection_complete(address), time_us)
        case events.LinkLost(hci_reason=reason):
            told = UNSPECIFIED if reason is None else reason & 0xFF
            return _event(DISCONNECTION_COMPLETE, b"\0" + _u16(CONNECTION) + bytes([told]), time_us)
        case _:
            return _note(_words(entry), time_us)


def _connection_complete(address: BleAddress) -> bytes:
    """Status, handle, role (central), the peer, and 7 bytes of parameters that are not known.

    A static random address has its two highest bits set (Core spec, Vol 6, Part B, 1.3.2.1).
    """
    is_random = address.octets[0] >> 6 == 0b11
    peer = bytes([is_random]) + address.octets[::-1]
    return bytes([CONNECTION_COMPLETE, 0]) + _u16(CONNECTION) + b"\0" + peer + bytes(7)


def _att(
    opcode: int, handle: int, value: bytes, time_us: int, *, from_controller: bool
) -> CapturedPacket:
    pdu = bytes([opcode]) + _u16(handle) + value
    l2cap = _u16(len(pdu)) + _u16(ATT_CHANNEL) + pdu
    first = FIRST_FROM_CONTROLLER if from_controller else FIRST_TO_CONTROLLER
    data = bytes([ACL]) + _u16(CONNECTION | first) + _u16(len(l2cap)) + l2cap
    return CapturedPacket(
        time_us=time_us, from_controller=from_controller, data=data, size=len(data)
    )


def _event(code: int, parameters: bytes, time_us: int) -> CapturedPacket:
    data = bytes([EVENT, code, len(parameters)]) + parameters
    return CapturedPacket(time_us=time_us, from_controller=True, data=data, size=len(data))


def _note(text: str, time_us: int) -> CapturedPacket:
    plain = f"firmline: {text}".encode("ascii", errors="backslashreplace")
    printable = bytes(byte if 0x20 <= byte < 0x7F else ord("?") for byte in plain)
    return _event(VENDOR, printable[:MAX_NOTE], time_us)


def _words(entry: Entry) -> str:
    fields = event_to_json(entry) if isinstance(entry, Event) else entry.fields
    facts = (f"{name} {value}" for name, value in fields.items() if name not in ("type", "at_s"))
    return f"{fields['type']} {', '.join(facts)}".rstrip()


def _u16(number: int) -> bytes:
    return number.to_bytes(2, "little")


def _refuse(name: str, why: str) -> NoReturn:
    raise InputError(Code.TRACE_NOT_CONVERTIBLE, f"{name} {why}.")
