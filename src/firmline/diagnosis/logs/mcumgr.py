"""What clients of the SMP print: mcumgr, newtmgr, smpmgr, and the phone libraries of the SMP.

Formats: https://github.com/apache/mynewt-mcumgr-cli/issues/2 and /21, apache/mynewt-newtmgr pull
request 53, https://github.com/zephyrproject-rtos/zephyr/issues/9509 and /17608,
https://github.com/intercreate/smpmgr/issues/58, intercreate/smpclient issues 27 and 41, and
https://github.com/nordicsemi/Android-nRF-Connect-Device-Manager/issues/19.
"""

from __future__ import annotations

import re
from typing import Final

from firmline.diagnosis.logs.answers import known
from firmline.diagnosis.logs.signs import Sign, Told, Tool, begins, fails, reads, tells

NOT_SUPPORTED: Final = 8
"""Of a query, such as for the parameters of the server, it is no fault (SMP specification)."""


def _result(found: re.Match[str]) -> Told | None:
    """A return code of the unit's (SMP)."""
    code = int(found[1])
    if not code:
        return None
    return Told(fault="error_code", values=known([("result_code", f"s{code:02}")]))


def _returned(found: re.Match[str]) -> Told | None:
    return None if int(found[1]) == NOT_SUPPORTED else _result(found)


def _percent(found: re.Match[str]) -> Told | None:
    percent = int(found[1])
    return Told(phase="data_transfer", percent=percent) if percent <= 100 else None


_SIGNS: Final[tuple[Sign, ...]] = (
    *tells("transport", "smp_ble", "conntype ble", "conntype=ble", "type=ble", "--ble", "SMPBLE"),
    *tells("transport", "smp_ble", "McuMgrBleTransport"),
    *tells("transport", "smp_serial", "conntype serial", "conntype=serial", "type=serial"),
    *tells("transport", "smp_serial", "smpmgr --port", "SMPSerial"),
    *tells("host_tool", "android", "io.runtime.mcumgr", "McuMgrBleTransport"),
    *tells("host_tool", "mcumgr_client", "conntype", "smpmgr", "newtmgr", "smpclient"),
    *tells("flags", "image_list_works", "bootable: true", "bootable=True"),
    *begins("connect", "Connecting to SMP", "Connecting to "),
    *begins("data_transfer", "image upload"),
    *begins("activation", "Marking uploaded image"),
    reads("%", r"(?:[\]:sB━╸╺]|^) {0,9}(\d{1,3})(?:[.,]\d{1,2})? ?%", _percent),
    Sign(word="Done", pattern=re.compile(r"^\s{0,9}Done\.?\s*$"), told=Told(succeeded=True)),
    reads("Error: ", r"Error: (\d{1,3})\s*$", _result),
    reads("Mcu Mgr Error", r"Mcu Mgr Error: [A-Z_]{1,30} \((\d{1,3})\)", _result),
    reads("rc=<MGMT_ERR", r"rc=<MGMT_ERR\.[A-Z_]{1,30}: (\d{1,3})>", _returned),
    *fails("timeout", "NMP timeout", "timed out without receiving", "TimeoutError"),
    *fails("timeout", "Failed to connect to peer", phase="connect"),
    *fails("disconnect", "Error: disconnected", "TransportDisconnected"),
    *fails(
        "host_exception",
        "Insufficient MTU",
        "larger than MTU",
        values=(("host_code", "payload_exceeds_mtu"),),
    ),
)
MCUMGR: Final = Tool(
    name="mcumgr or another SMP client",
    marks=(
        "mcumgr",
        "--conntype",
        "image upload",
        "newtmgr",
        "smpmgr",
        "smpclient",
        "NMP timeout",
        "MGMT_ERR",
        "Mcu Mgr Error",
        "smp_characteristic",
    ),
    names=frozenset({"mcumgr", "newtmgr", "smpmgr", "smpclient"}),
    facts=(),
    signs=_SIGNS,
)
