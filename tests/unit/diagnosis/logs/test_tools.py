"""The signs of each tool, one by one, and numbers of no meaning."""

from __future__ import annotations

import pytest

from firmline.diagnosis.logs import android, ios
from firmline.diagnosis.logs.answers import of_bytes
from firmline.diagnosis.logs.reading import TOOLS, recognise
from firmline.diagnosis.logs.signs import Told
from firmline.diagnosis.vocabulary import vocabulary
from unit.diagnosis.logs.samples import EXPECTED, incident, sample, shown

OWNERS = {
    "android": "Android",
    "ios": "iOS",
    "nrfutil": "pc-nrfutil",
    "adafruit": "pc-nrfutil",
    "mcuboot": "MCUboot",
    "mcumgr": "mcumgr or another SMP client",
    "smpmgr": "mcumgr or another SMP client",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_whose_log_it_is(name: str) -> None:
    tool = recognise(sample(name).decode())
    assert (None if tool is None else tool.name) == OWNERS.get(name.split("-", maxsplit=1)[0])


def test_what_any_sign_tells_is_of_the_vocabulary() -> None:
    for tool in TOOLS:
        told = [*tool.facts, *(value for sign in tool.signs for value in sign.told.values)]
        assert all(value in vocabulary()[name].meanings for name, value in told)
        for sign in tool.signs:
            assert not sign.told.phase or sign.told.phase in vocabulary()["phase"].meanings
            assert not sign.told.fault or sign.told.fault in vocabulary()["failure_kind"].meanings


def codes(told: Told | None) -> dict[str, str] | None:
    return None if told is None else {"fault": told.fault, **dict(told.values)}


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (517, {"fault": "error_code", "result_code": "r05"}),
        (8709, {"fault": "error_code", "result_code": "r05"}),
        (522, {"fault": "error_code", "result_code": "r0A"}),
        (262, {"fault": "error_code", "result_code": "l06"}),
        (1029, {"fault": "error_code", "result_code": "r0B", "ext_error": "x05"}),
        (2052, {"fault": "error_code", "result_code": "b04"}),
        (4096, {"fault": "disconnect", "host_code": "dfu_4096"}),
        (4098, {"fault": "host_exception", "host_code": "dfu_file_error"}),
        (4102, {"fault": "not_found"}),
        (4109, {"fault": "crc_mismatch"}),
        (133, {"fault": "disconnect", "host_code": "gatt_133"}),
        (32901, {"fault": "disconnect", "host_code": "gatt_133"}),
        (16517, {"fault": "att_error", "host_code": "gatt_133"}),
        (0, None),
        (1, None),
        (99, None),
        (4111 + 200, None),
    ],
)
def test_numbers_of_android(number: int, expected: dict[str, str] | None) -> None:
    assert codes(android.of_number(number)) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (6, {"fault": "error_code", "result_code": "l06"}),
        (15, {"fault": "error_code", "result_code": "r05"}),
        (20, {"fault": "error_code", "result_code": "r0A"}),
        (21, {"fault": "error_code", "result_code": "r0B"}),
        (25, {"fault": "error_code", "result_code": "r0B", "ext_error": "x05"}),
        (32, {"fault": "error_code", "result_code": "r0B", "ext_error": "x0C"}),
        (94, {"fault": "error_code", "result_code": "b04"}),
        (9002, {"fault": "error_code", "result_code": "b02"}),
        (201, {"fault": "timeout", "host_code": "ios_201"}),
        (309, {"fault": "crc_mismatch", "host_code": "ios_309"}),
        (1, None),
        (11, None),
        (500, None),
        (7777, None),
    ],
)
def test_numbers_of_ios(number: int, expected: dict[str, str] | None) -> None:
    assert codes(ios.of_number(number)) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("600405", {"fault": "error_code", "result_code": "r05"}),
        ("60040b07", {"fault": "error_code", "result_code": "r0B", "ext_error": "x07"}),
        ("60040b", {"fault": "error_code", "result_code": "r0B"}),
        ("6004ff", {"fault": "error_code"}),
        ("200104", {"fault": "error_code", "result_code": "b04"}),
        ("100306", {"fault": "error_code", "result_code": "l06"}),
        ("600401", None),
        ("6003", None),
        ("", None),
        ("110203", None),
        ("600301000000", None),
    ],
)
def test_bytes_of_an_answer(answer: str, expected: dict[str, str] | None) -> None:
    assert codes(of_bytes(bytes.fromhex(answer))) == expected


def test_the_bytes_of_a_checksum_hold_the_offset() -> None:
    told = of_bytes(bytes.fromhex("6003010010000004030201"))
    assert told is not None
    assert told.offset == 0x1000


NRFUTIL = "nrfutil dfu serial -pkg a.zip -p COM7\n"


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        (NRFUTIL + "Response Code OperationFailed", "result_code", "r0A"),
        (NRFUTIL + "Response Code None", "result_code", "refused"),
        (NRFUTIL + "Extended Error 0x0C: hash", "ext_error", "x0C"),
        (NRFUTIL + "Timed out waiting for acknowledgement", "host_code", "ack_timeout"),
        (NRFUTIL + "Traceback\n  File\nKeyError: 'a'", "failure_kind", "host_exception"),
        (NRFUTIL + "Error: Invalid value", "failure_kind", "host_exception"),
        (NRFUTIL + "zipfile.BadZipFile: no", "phase", "package_open"),
        (NRFUTIL + "could not open port COM7", "phase", "host_open"),
        ("nrfutil dfu usb-serial -p COM7", "transport", "usb"),
        ("nrfutil pkg generate a.zip", "phase", "package_build"),
        ("nrfutil dfu ble\nFailed to open. Error code: 13", "host_code", "nrfutil_13"),
        ("nrfutil dfu ble\nConnection failed due to 0x3e", "host_code", "hci_3e"),
        (NRFUTIL + "Sending firmware file\n [####----]   62%\nDid not receive checksum response",
         "progress", "random_offset"),
        ("*** Booting MCUboot\nI: Swap type: revert", "end_state", "wrong_image_runs"),
        ("mcumgr --conntype ble image upload x\nError: NMP timeout", "failure_kind", "timeout"),
        ("mcumgr image upload x\nError: 3", "result_code", "s03"),
        ("newtmgr image upload x\nError: disconnected", "failure_kind", "disconnect"),
        ("smpclient rc=<MGMT_ERR.EINVAL: 3>", "result_code", "s03"),
        ("DfuImpl: Creating Command object failed (error 8)", "result_code", "r08"),
        ("DfuBaseService: Unable to read (error 133)", "host_code", "gatt_133"),
        ("DfuImpl: Remote DFU error: INVALID OBJECT", "result_code", "r05"),
        ("onError error: 522; errorType: 3\nonDfuX", "result_code", "r0A"),
        ("centralManager.connect(x)\nW: Connection timeout!", "host_code", "ios_201"),
    ],
)  # fmt: skip
def test_a_sign_tells(text: str, field: str, value: str) -> None:
    assert shown(text)[field] == (value,)


@pytest.mark.parametrize(
    "text",
    [
        NRFUTIL + "Device programmed.",
        "nrfutil pkg generate a.zip\nZip created at a.zip",
        "DfuBaseService: Connecting to the device...\nonDfuCompleted",
        NRFUTIL + "Traceback (most recent call last):\n  File x, line 1, in serial",
        "smpclient rc=<MGMT_ERR.ENOTSUP: 8>",
        "mcumgr image upload x\nError: 0",
        "DfuImpl: Connection state changed with status: 0 and new state: DISCONNECTED",
    ],
)
def test_what_is_no_failure_is_none(text: str) -> None:
    assert "failure_kind" not in shown(text)


def test_retries_of_the_host_are_said() -> None:
    log = "DfuBaseService: Connecting to the device...\nDfuBaseService: error: 133\n" * 3
    assert shown(log)["not_cured_by"] == ("retry",)


def test_a_line_of_a_log_is_cleaned_and_short() -> None:
    log = "*** Booting MCUboot\nE: Unable to find bootable image \x07\u202e" + "x" * 900
    [where] = {each.where for each in incident(log).evidence if each.field == "failure_kind"}
    assert where.isprintable()
    assert len(where) < 200
