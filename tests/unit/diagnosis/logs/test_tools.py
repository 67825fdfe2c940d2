"""The signs of each tool, one by one, and numbers of no meaning."""

from __future__ import annotations

from typing import Final

import pytest

from firmline.diagnosis.catalogue import UNKNOWN
from firmline.diagnosis.consistency import contradictions
from firmline.diagnosis.evidence import Evidence, Incident, Origin
from firmline.diagnosis.logs import android, ios
from firmline.diagnosis.logs.answers import of_bytes
from firmline.diagnosis.logs.reading import TOOLS, recognise
from firmline.diagnosis.logs.signs import Told
from firmline.diagnosis.ranking import rank
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
        ("mcumgr image upload x\n9.0 KiB / 99.0 KiB [==>--] 9.09 % 5 KiB/s\nError: disconnected",
         "progress", "random_offset"),
        (NRFUTIL + "  [####----]   31%\nserial.serialutil.SerialException: write failed",
         "phase", "data_transfer"),
        (NRFUTIL + "  [--------]    0%\nserial.serialutil.SerialException: x", "failure_kind",
         "host_exception"),
        ("MCUboot\nI: Swap type: test\nE: Image in the secondary slot is not valid!",
         "phase", "activation"),
        ("MCUboot\nI: Jumping to the first image slot\nE: >>> ZEPHYR FATAL ERROR 0: CPU exception",
         "failure_kind", "unit_hang"),
        ("DfuImpl: Creating Command object failed (error 8)", "result_code", "r08"),
        ("DfuBaseService: Unable to read (error 133)", "host_code", "gatt_133"),
        ("E/DfuBaseService: An error occurred while connecting to the device:133", "host_code",
         "gatt_133"),
        ("E/DfuBaseService: An error occurred while connecting to the device:62", "host_code",
         "hci_3e"),
        ("E/DfuBaseService: An error occurred while connecting to the device: 4096", "host_code",
         "dfu_4096"),
        ("D/BluetoothGatt: onClientConnectionState() - status=133 clientIf=5 device=C0:00:00:00",
         "host_code", "gatt_133"),
        ("DfuImpl: Remote DFU error: INVALID OBJECT", "result_code", "r05"),
        ("E [DFU] Error (0x85): GATT ERROR", "host_code", "gatt_133"),
        ("E [DFU] Error (0x8): GATT CONN TIMEOUT", "host_code", "gatt_8"),
        ("E [DFU] Error (0x08): GATT CONN TIMEOUT", "failure_kind", "disconnect"),
        ("E [DFU] Error (0x01): GATT INVALID HANDLE", "host_code", "att_01"),
        ("E [DFU] Error (0x13): GATT CONN TERMINATE PEER USER", "host_code", "hci_13"),
        ("E [DFU] Error (0x1003): DFU FILE INVALID", "host_code", "dfu_file_error"),
        ("E [DFU] Connecting to DFU target...\nE [DFU] Connection failed (0x85): GATT ERROR",
         "phase", "connect"),
        ("E [DFU] Device has disconnected", "host_code", "dfu_4096"),
        ("E [DFU] Remote DFU error: SD version failure", "ext_error", "x07"),
        ("E [DFU] Remote DFU error: EXTENDED ERROR\nE [DFU] Details: FW version failure",
         "ext_error", "x05"),
        ("logWith: Response (Op Code = 4, Status = 11, Extended Error = 7) received", "ext_error",
         "x07"),
        ("logWith: Error 31: Wrong signature type", "ext_error", "x0B"),
        ("logWith: Extended error: SD version failure", "result_code", "r0B"),
        ("onError error: 522; errorType: 3\nonDfuX", "result_code", "r0A"),
        ("centralManager.connect(x)\nW: Connection timeout!", "host_code", "ios_201"),
    ],
)  # fmt: skip
def test_a_sign_tells(text: str, field: str, value: str) -> None:
    assert shown(text)[field] == (value,)


IOS_LINES = (
    "Buttonless DFU indications enabled",
    "Application with buttonless update found",
    "Bootloader name changed successfully",
    "Secure DFU Control Point notifications enabled",
    "Command object info (Max size = 256, Offset = 0, CRC = 00000000) received",
    "Data object 1/12 created",
    "Error 8: Operation not permitted",
)


@pytest.mark.parametrize(
    "front", ["", "[DFU] ", "12:30:01.200> [DFU] --> ", "2026-03-04 > DFU:", "E: "]
)
@pytest.mark.parametrize("first", range(len(IOS_LINES)))
def test_a_refusal_of_ios_is_the_unit_s_and_no_status_of_android(front: str, first: int) -> None:
    text = "\n".join(front + line for line in IOS_LINES[first:])
    found = shown(text)
    assert found["host_tool"] == ("ios",)
    assert "host_code" not in found
    assert found["failure_kind"] == ("error_code",)
    assert found["result_code"] == ("r08",)


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("Error 3: Invalid parameter", "r03"),
        ("Error 4: Insufficient resources", "r04"),
        ("Error 5: Invalid object", "r05"),
        ("Error 7: Unsupported type", "r07"),
        ("Error 18: Operation not permitted", "r08"),
        ("Error 15: Invalid object", "r05"),
        ("Error 4: Data size exceeds limit", "l04"),
        ("Error 5: CRC Error", "l05"),
        ("Error 5", "l05"),
    ],
)
def test_a_result_of_ios_is_of_whom_its_words_name(line: str, result: str) -> None:
    assert shown(f"logWith: {line}")["result_code"] == (result,)


IN_ITS_WORDS = [
    (0x04, "Init command was invalid"),
    (0x05, "FW version check failed"),
    (0x06, "HW version check failed"),
    (0x07, "SD version check failed"),
    (0x08, "Signature missing"),
    (0x09, "Invalid hash type"),
    (0x0A, "Hashing failed"),
    (0x0B, "Invalid signature type"),
    (0x0C, "Verification failed"),
    (0x0D, "Insufficient space for upgrade"),
]
"""Extended errors as the DFU library for iOS writes them."""


@pytest.mark.parametrize("base", [0, 20])
@pytest.mark.parametrize(("code", "words"), IN_ITS_WORDS)
def test_an_extended_error_of_ios_is_known_by_its_words(code: int, words: str, base: int) -> None:
    for line in (f"Error {base + code}: {words}", f"Error: {words}"):
        found = shown(f"logWith: Data object 1/12 created\nE: {line}")
        assert found["result_code"] == ("r0B",), line
        assert found["ext_error"] == (f"x{code:02X}",), line
        assert found["failure_kind"] == ("error_code",), line


@pytest.mark.parametrize(("code", "words"), IN_ITS_WORDS)
def test_an_answer_of_ios_in_words_is_read_as_well(code: int, words: str) -> None:
    told = f"Status = Extended error, Extended Error {code} = {words}"
    found = shown(f"logWith: Response (Op Code = Execute, {told}) received")
    assert found["result_code"] == ("r0B",)
    assert found["ext_error"] == (f"x{code:02X}",)


@pytest.mark.parametrize("base", [0, 20])
@pytest.mark.parametrize("kind", ["FW", "HW", "SD"])
def test_a_version_that_is_refused_is_enough_for_a_log_of_ios(kind: str, base: int) -> None:
    code = base + ["FW", "HW", "SD"].index(kind) + 5
    found = shown(f"something else\n12:30:01.200> Error {code}: {kind} version check failed\n")
    assert found["host_tool"] == ("ios",)
    assert found["ext_error"] == (f"x{code - base:02X}",)


@pytest.mark.parametrize(
    ("line", "result"),
    [
        ("Error 4: Operation failed", "b04"),
        ("Error 6: Operation failed", "l06"),
        ("Error 10: Operation failed", "r0A"),
        ("Error 20: Operation failed", "r0A"),
        ("Error 6: Busy", "b06"),
        ("Error 7: Device not bonded", "b07"),
        ("Error 3: Operation not supported", "l03"),
    ],
)
def test_the_same_words_of_ios_are_another_s_with_another_number(line: str, result: str) -> None:
    assert shown(f"logWith: {line}")["result_code"] == (result,)


@pytest.mark.parametrize(
    ("step", "result"),
    [("Application with buttonless update found", "b02"), ("Data object 1/12 created", "r02")],
)
def test_a_result_that_two_say_alike_is_told_by_the_step(step: str, result: str) -> None:
    log = f"logWith: Secure DFU Service found\n{step}\nError 2: Operation not supported"
    assert shown(log)["result_code"] == (result,)


def test_a_signature_that_does_not_fit_is_an_error_and_no_other_code() -> None:
    found = shown("logWith: Data object 1/12 created\nError 6: Signature mismatch")
    assert found["failure_kind"] == ("error_code",)
    assert found.get("result_code") != ("l06",)


def test_a_code_of_ios_without_a_meaning_is_none() -> None:
    assert "result_code" not in shown(
        "logWith: Data object 1/12 created\nlogWith: Error 8: Sunshine"
    )


@pytest.mark.parametrize(
    "text",
    [
        "E [DFU] Error (0x8): GATT CONN TIMEOUT",
        "[DFU] Application with buttonless update found\n[DFU] Jumping to the DFU Bootloader...",
        "[DFU] Command object info received (Max size = 256, Offset = 0, CRC = 00000000)",
        "[DFU] Connecting to DFU target...\n[DFU] Response received (Op Code = 4, Status = 8)",
    ],
)
def test_lines_of_android_stay_android_s(text: str) -> None:
    tool = recognise(text)
    assert tool is not None
    assert tool.name == "Android"


CONNECTING = "I/DfuBaseService: Connecting to the device...\n"
IN_THREE_WORDS = (
    "D/BluetoothGatt: onClientConnectionState() - status=133 clientIf=5 device=C0:00:00:00\n"
    "E/DfuBaseService: Connection state change error: 133 newState: 0\n"
    "E/DfuBaseService: An error occurred while connecting to the device:133\n"
)


def test_a_failure_that_android_tells_in_three_lines_is_one() -> None:
    once = shown(CONNECTING + IN_THREE_WORDS)
    assert (once["phase"], once["failure_kind"]) == (("connect",), ("disconnect",))
    assert once["host_code"] == ("gatt_133",)
    assert "not_cured_by" not in once
    assert shown((CONNECTING + IN_THREE_WORDS) * 2)["not_cured_by"] == ("retry",)


@pytest.mark.parametrize("status", [0, 19, 22, 1330])
def test_a_link_that_comes_or_goes_as_it_should_is_no_failure(status: int) -> None:
    """The stack tells of every link of every program, also that a unit has restarted."""
    line = f"D/BluetoothGatt: onClientConnectionState() - status={status} clientIf=5\n"
    assert "host_code" not in shown(CONNECTING + line)
    assert not incident(CONNECTING + line + "onDfuCompleted").by_field().get("failure_kind")


@pytest.mark.parametrize(
    "text",
    [
        NRFUTIL + "Device programmed.",
        "nrfutil pkg generate a.zip\nZip created at a.zip",
        "DfuBaseService: Connecting to the device...\nonDfuCompleted",
        NRFUTIL + "Traceback (most recent call last):\n  File x, line 1, in serial",
        "smpclient rc=<MGMT_ERR.ENOTSUP: 8>",
        "mcumgr image upload x\nError: 0",
        "MCUboot\nI: Swap type: none\nE: Image in the secondary slot is not valid!",
        "W: Image in the secondary slot is not valid!",
        "DfuImpl: Connection state changed with status: 0 and new state: DISCONNECTED",
    ],
)
def test_what_is_no_failure_is_none(text: str) -> None:
    assert "failure_kind" not in shown(text)


@pytest.mark.parametrize(
    "text",
    [
        "E [DFU] Remote DFU error: SD version failure",
        "logWith: Response (Op Code = 4, Status = 11, Extended Error = 7) received",
    ],
)
def test_a_softdevice_that_is_named_is_what_is_wrong(text: str) -> None:
    assert rank(incident(text)).causes[0].slug == "pkg-wrong-sd-req"


def test_a_refused_image_of_mcuboots_is_one_that_is_not_signed_for_it() -> None:
    log = (
        "MCUboot\nI: Image index: 0, Swap type: test\nE: Image in the secondary slot is not valid!"
    )
    assert shown(log)["flags"] == ("log_secondary_invalid",)
    chances = {each.slug: each.probability for each in rank(incident(log)).causes}
    assert max(chances, key=chances.__getitem__) == "pkg-key-mismatch"
    assert chances["mcuboot-slot-space"] < 0.2


def test_where_nothing_was_to_be_put_in_place_nothing_was_refused() -> None:
    log = "MCUboot\nI: Swap type: none\nE: Image in the secondary slot is not valid!"
    assert "flags" not in shown(log)


@pytest.mark.parametrize("front", ["I: Starting bootloader\n", ""])
def test_a_bootloader_that_finds_no_image_has_come_up(front: str) -> None:
    log = f"{front}E: Image in the primary slot is not valid!\nE: Unable to find bootable image\n"
    assert shown(log)["phase"] == ("app_start",)
    assert shown(log)["flags"] == ("log_primary_invalid",)
    first, second, *_ = rank(incident(log)).causes
    assert (first.slug, second.slug) == ("mcuboot-image-not-its-own", "mcuboot-swap-interrupted")


def test_an_image_that_is_not_valid_behind_a_swap_is_what_the_swap_has_left() -> None:
    swap = "I: Swap type: test\nI: Starting swap using move algorithm.\n"
    refused = "E: Image in the primary slot is not valid!\nE: Unable to find bootable image\n"
    log = f"*** Booting MCUboot v2.1.0 ***\n{swap}{refused}"
    assert rank(incident(log)).causes[0].slug == "mcuboot-swap-interrupted"


@pytest.mark.parametrize(
    "text",
    [
        "I: Swap type: none\nE: Unable to find bootable image\n",
        "W: Failed reading image headers; Image=0\nE: Unable to find bootable image\n",
        "E: bad image magic 0xffffffff; Image=0\nE: Unable to find bootable image\n",
        "E: Bad image magic 0x0; Image=0\nE: Unable to find bootable image\n",
    ],
)
def test_a_slot_of_which_nothing_is_called_invalid_is_empty(text: str) -> None:
    log = f"*** Booting MCUboot v2.1.0 ***\nI: Starting bootloader\n{text}"
    assert shown(log)["flags"] == ("log_primary_absent",)
    first, second, *_ = rank(incident(log)).causes
    assert first.slug == "mcuboot-slot-empty"
    assert second.slug == "mcuboot-image-not-its-own"  # without its header it leaves that blank
    assert first.probability < 0.95


@pytest.mark.parametrize("slug", ["mcuboot-image-not-its-own", "mcuboot-slot-empty"])
def test_what_mcuboot_does_not_start_is_not_looked_for_under_another_bootloader(slug: str) -> None:
    seen = Evidence(field="flags", value="wire_flashed_before", origin=Origin.PERSON)
    of_the_sdk = Evidence(field="bootloader", value="secure", origin=Origin.PERSON)
    chances = {
        each.slug: each.probability for each in rank(Incident(evidence=(seen, of_the_sdk))).causes
    }
    assert chances[slug] < 0.01


def test_retries_of_the_host_are_said() -> None:
    log = "DfuBaseService: Connecting to the device...\nDfuBaseService: error: 133\n" * 3
    assert shown(log)["not_cured_by"] == ("retry",)


def test_a_line_of_a_log_is_cleaned_and_short() -> None:
    log = "*** Booting MCUboot\nE: Unable to find bootable image \x07\u202e" + "x" * 900
    [where] = {each.where for each in incident(log).evidence if each.field == "failure_kind"}
    assert where.isprintable()
    assert len(where) < 200


def test_a_bar_that_stands_at_the_beginning_is_no_transfer() -> None:
    assert "phase" not in shown(NRFUTIL + "  [--------]    0%\nNordicSemiException")


BOOT = """*** Booting MCUboot v2.1.0 ***
I: Secondary image: magic=unset, swap_type=0x1, copy_done=0x3, image_ok=0x3
I: Swap type: none
W: Image in the secondary slot is not valid!
I: Jumping to the first image slot
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (NRFUTIL + "  [########]  100%\nDevice programmed.", "The update in the log succeeded"),
        ("mcumgr image upload x\n 1 KiB / 1 KiB [===] 100.00%\nDone\n", "The update in the log"),
        ("DfuBaseService: Connecting to the device...\nonDfuCompleted", "The update in the log"),
        ("centralManager.connect(x)\nlogWith: Upload completed in 5 s", "The update in the log"),
        (BOOT, "MCUboot has started an image, and nothing failed before"),
    ],
)
def test_a_log_that_ended_well_has_nothing_to_explain(text: str, says: str) -> None:
    read = incident(text)
    assert read.has_nothing_to_explain
    assert read.unused[-1].startswith(says)
    assert not set(read.by_field()) & {"phase", "failure_kind", "progress"}
    assert rank(read).causes[0].slug == UNKNOWN
    assert rank(read).causes[0].probability > 0.9


@pytest.mark.parametrize(
    "text",
    [
        NRFUTIL + "Device programmed.\n" + NRFUTIL + "No ping response after opening COM7",
        BOOT + "E: ***** MPU FAULT *****\nE: >>> ZEPHYR FATAL ERROR 19",
        BOOT + BOOT.replace("none", "revert"),
        BOOT + "*** Booting MCUboot v2.1.0 ***\nE: Unable to find bootable image",
        "mcumgr image upload x\nError: 3\nDone with it\n",
        BOOT.rsplit("I:", 1)[0],
    ],
)
def test_what_goes_wrong_behind_a_good_end_is_to_be_explained(text: str) -> None:
    assert not incident(text).ended_well


def test_who_says_that_it_fails_all_the_same_is_believed() -> None:
    seen = Evidence(field="end_state", value="gone_silent", origin=Origin.PERSON)
    read = incident(BOOT).with_more([seen])
    assert read.ended_well
    assert not read.has_nothing_to_explain
    assert rank(read).causes[0].probability < 0.9


def test_what_nrfutil_is_going_to_send_is_no_answer_of_the_unit() -> None:
    log = (
        "2019-04-02 11:10:03,201 BLE: Selecting Object: type:1\n"
        "2019-04-02 11:10:03,301 BLE: Object selected:  max_size:512 offset:0 crc:0\n"
        "2019-04-02 11:10:03,401 BLE: Streaming Data: len:141 offset:0 crc:0x00000000\n"
        "pc_ble_driver_py.exceptions.NordicSemiException: Extended Error 0x05: too low.\n"
    )
    seen = shown(log)
    assert seen["ext_error"] == ("x05",)
    assert "init_crc_offset_zero" not in seen.get("flags", ())


def test_a_log_of_nrfutil_that_ends_before_it_was_connected_is_read() -> None:
    seen = shown(
        "2018-09-17 13:16:13,125 Using connectivity board at serial port: COM6\n"
        "2018-09-17 13:16:17,293 BLE: Scanning for DfuTarg\n"
        "2018-09-17 13:16:17,319 BLE: Connecting to 0xD9CAA3DA7935\n"
    )
    assert (seen["phase"], seen["transport"]) == (("connect",), ("ble",))


TO_SELECT: Final = (
    NRFUTIL + "SLIP: --> [6, 1]\nSLIP: <-- [96, 6, {code}]\nNordicSemiException",
    NRFUTIL + "SLIP: --> [6, 2]\nSLIP: <-- [96, 6, {code}]\nNordicSemiException",
    (
        "logWith: Secure DFU Service found\nperipheral.writeValue(0x0601, for: 8EC90001)\n"
        "Notification received from 8EC90001, value (0x): 60-06-{code:02X}\nError 18: no"
    ),
    (
        "logWith: Secure DFU Service found\nperipheral.writeValue(0x0601, for: 8EC90001)\n"
        "Response (Op Code = 6, Status = {code}) received\nCentral Manager did disconnect"
    ),
    (
        "DfuImpl: Secure DFU bootloader found\nDfuImpl: Setting object to Command (Op Code = 6)\n"
        "DfuImpl: Response received (Op Code = 6, Status = {code})\nDfuImpl: error: 520"
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("log", TO_SELECT)
@pytest.mark.parametrize("code", [2, 3, 5, 8, 10, 11])
def test_no_bootloader_that_is_known_refuses_to_say_how_much_it_has(log: str, code: int) -> None:
    """SELECT answers with a state, and never with a judgement (bootloader spec, 3 and 4)."""
    seen = incident(log.format(code=code))
    found = seen.by_field()
    assert found["result_code"] == ("refused",)
    assert "ext_error" not in found
    assert "select_refused" in found["flags"]
    assert found["phase"] in (("discover_bootloader",), ("data_transfer",))
    assert any("refuses SELECT" in each for each in contradictions(seen))
    assert rank(seen).causes[0].slug == UNKNOWN


@pytest.mark.parametrize("log", TO_SELECT)
def test_an_answer_to_select_that_is_none_is_nothing(log: str) -> None:
    assert "select_refused" not in shown(log.format(code=1)).get("flags", ())


def test_the_same_code_to_another_request_is_what_it_always_was() -> None:
    log = NRFUTIL + "SLIP: --> [6, 1]\nSLIP: <-- [96, 6, 1]\nSLIP: --> [4]\nSLIP: <-- [96, 4, 8]"
    assert shown(log)["result_code"] == ("r08",)
    legacy = "DfuImpl: Legacy DFU bootloader found\n"
    legacy += "DfuImpl: Response received (Op Code = 6, Status = 6)"
    assert shown(legacy)["result_code"] == ("l06",)


REVERT = BOOT.replace("none", "revert").replace(
    "W: Image in the secondary slot is not valid!\n", ""
)


@pytest.mark.parametrize(
    "log", [REVERT, REVERT + BOOT, BOOT + REVERT + BOOT, REVERT.rsplit("I: J", 1)[0]]
)
def test_an_image_that_is_taken_back_has_not_confirmed_itself(log: str) -> None:
    """Whatever is started behind that, and however often."""
    seen = incident(log)
    assert not seen.ended_well
    assert not seen.failure_unseen
    assert not any("nothing that failed" in each for each in seen.unused)
    assert seen.by_field()["flags"] == ("log_reverted",)
    assert rank(seen).causes[0].slug == "mcuboot-not-confirmed"


ONE_MARK = (
    "I/DfuBaseService(20100): Connecting to the device...\n"
    "E/DfuBaseService(20100): Connection state change error: 133 newState: 0\n"
)


@pytest.mark.parametrize("log", [BOOT + ONE_MARK, ONE_MARK + BOOT])
def test_a_hosts_half_that_fails_is_read_by_one_mark(log: str) -> None:
    """Beside a console with more of its own."""
    seen = incident(log).by_field()
    assert (seen["host_code"], seen["bootloader"]) == (("gatt_133",), ("mcuboot",))
    assert not incident(log).ended_well


def test_a_word_of_a_host_in_a_console_is_none_of_its_logs() -> None:
    log = BOOT + "I: gatt.c is what this line is of\n"
    assert "host_tool" not in incident(log).by_field()
    assert incident(log).has_nothing_to_explain


def test_the_end_of_a_legacy_update_is_known_by_its_requests() -> None:
    """Where the line that names the bootloader is not in it, its code 4 is no secure one."""
    lines = sample("android-legacy-refused").decode().splitlines()
    for begin in (2, 3):
        seen = shown("\n".join(lines[begin:]))
        assert (seen["bootloader"], seen["result_code"]) == (("legacy",), ("l04",))
