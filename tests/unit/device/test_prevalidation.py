"""The checks of an init packet and their order (spec sections 5.1 to 5.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from firmline.device.bootloader.init_decoder import decode
from firmline.device.bootloader.prevalidation import RefusalError, image_size, prevalidate
from firmline.protocol.codes import ExtError, ResultCode
from unit.device.makers import (
    FWID,
    OTHER_KEY,
    UART,
    init_command,
    make_board,
    make_store,
    refused,
    remove_softdevice,
    signed_packet,
    understood,
    unsigned_packet,
)

BLE = make_board()
BARE = make_board()
remove_softdevice(BARE)
SERIAL = make_board(profile=UART)
EXT = ResultCode.EXTENDED_ERROR
Verdict = tuple[ResultCode, ExtError | None] | None


def verdict(packet: bytes, *, board: Any = BLE) -> Verdict:
    """How the packet is refused by a unit with application 3 and bootloader 1; None: it is not."""
    try:
        prevalidate(decode(packet), board, make_store(board).ram)
    except RefusalError as error:
        return error.result, error.ext_error
    return None


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a packet, and what it is refused with where nothing else is."""

    name: str
    verdict: Verdict
    envelope: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)


# In the order in which the bootloader looks (section 5.1).
FAULTS = [
    Fault("not signed", (EXT, ExtError.SIGNATURE_MISSING), envelope={"unsigned": True}),
    Fault(
        "another type of signature",
        (EXT, ExtError.WRONG_SIGNATURE_TYPE),
        envelope={"signature_type": 1},
    ),
    Fault(
        "a signature of 63 bytes",
        (ResultCode.OPERATION_FAILED, None),
        envelope={"signature": bytes(63)},
    ),
    Fault("signed by another key", (ResultCode.INVALID_OBJECT, None), envelope={"key": OTHER_KEY}),
    Fault("no type", (EXT, ExtError.INIT_COMMAND_INVALID), fields={"kind": None, "app_size": 8}),
    Fault("another hash type", (EXT, ExtError.WRONG_HASH_TYPE), fields={"hash_type": 2}),
    Fault("no hardware version", (EXT, ExtError.INIT_COMMAND_INVALID), fields={"hw_version": None}),
    Fault("another hardware", (EXT, ExtError.HW_VERSION_FAILURE), fields={"hw_version": 51}),
    Fault("another SoftDevice", (EXT, ExtError.SD_VERSION_FAILURE), fields={"sd_req": (0xB7,)}),
    Fault("an older version", (EXT, ExtError.FW_VERSION_FAILURE), fields={"fw_version": 2}),
]


def packet_with(*faults: Fault) -> bytes:
    envelope: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    for fault in faults:
        envelope |= fault.envelope
        fields |= fault.fields
    init = init_command(**fields)
    if envelope.pop("unsigned", False):
        return unsigned_packet(init)
    return signed_packet(init, **envelope)


def test_a_good_packet_passes() -> None:
    assert verdict(packet_with()) is None


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_one_fault_is_answered_with_its_code(fault: Fault) -> None:
    assert verdict(packet_with(fault)) == fault.verdict


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (first, second)
        for index, first in enumerate(FAULTS)
        for second in FAULTS[index + 1 :]
        if not set(first.fields) & set(second.fields)
        and not (first.envelope and second.envelope and "unsigned" in first.envelope)
    ],
    ids=lambda fault: fault.name,
)
def test_of_two_faults_the_earlier_check_answers(earlier: Fault, later: Fault) -> None:
    # The fault that is found first is merged last, where both concern the envelope.
    assert verdict(packet_with(later, earlier)) == earlier.verdict


def test_all_faults_together_are_an_unsigned_packet() -> None:
    assert verdict(packet_with(*reversed(FAULTS))) == FAULTS[0].verdict


# Types and signatures.


@pytest.mark.parametrize("kind", [4, 5, 255])
def test_an_unknown_type_or_an_external_application_is_refused(kind: int) -> None:
    packet = signed_packet(init_command(kind=kind, app_size=8))
    assert verdict(packet) == (EXT, ExtError.INIT_COMMAND_INVALID)


def test_an_empty_signature_is_too_short_and_not_missing() -> None:
    packet = signed_packet(init_command(), signature=b"")
    assert verdict(packet) == (ResultCode.OPERATION_FAILED, None)


def test_a_signature_of_zeros_is_wrong() -> None:
    packet = signed_packet(init_command(), signature=bytes(64))
    assert verdict(packet) == (ResultCode.INVALID_OBJECT, None)


@pytest.mark.parametrize("hash_type", [0, 1, 2, 4, 255])
def test_every_hash_but_sha_256_is_refused(hash_type: int) -> None:
    packet = signed_packet(init_command(hash_type=hash_type))
    assert verdict(packet) == (EXT, ExtError.WRONG_HASH_TYPE)


def test_a_debug_packet_is_checked_like_any_other() -> None:
    init = init_command(hw_version=51) + b"\x48\x01"
    assert verdict(signed_packet(init)) == (EXT, ExtError.HW_VERSION_FAILURE)


def test_the_hash_itself_is_not_looked_at_yet() -> None:
    assert verdict(signed_packet(init_command(digest=b"anything"))) is None


# sd_req (section 5.2).

APP, SD, BL, SD_BL = range(4)
SIZES: dict[str, Any] = {"sd_size": 8, "bl_size": 8}
NO_SD = (EXT, ExtError.SD_VERSION_FAILURE)


@pytest.mark.parametrize(
    ("board", "kind", "sd_req", "expected"),
    [
        pytest.param(BLE, APP, (), NO_SD, id="an empty list never passes"),
        pytest.param(BLE, BL, (), NO_SD, id="an empty list never passes, for bootloaders either"),
        pytest.param(BLE, APP, (FWID,), None, id="the installed one"),
        pytest.param(BLE, APP, (0xB7, FWID), None, id="the installed one among others"),
        pytest.param(BLE, APP, (FWID, 0), None, id="the installed one before zero"),
        pytest.param(BLE, APP, (0xFFFE,), NO_SD, id="any counts for external applications only"),
        pytest.param(BLE, APP, (0,), None, id="zero alone for an application"),
        pytest.param(BLE, APP, (0, FWID), NO_SD, id="zero and the installed one, over BLE"),
        pytest.param(BLE, SD, (0,), NO_SD, id="zero for a SoftDevice"),
        pytest.param(BLE, SD, (0, FWID), NO_SD, id="zero and the installed one for a SoftDevice"),
        pytest.param(BLE, BL, (0,), None, id="zero for a bootloader"),
        pytest.param(BLE, SD_BL, (0, 0xB7), None, id="zero first for SoftDevice and bootloader"),
        pytest.param(SERIAL, APP, (0, FWID), None, id="zero and the installed one, not over BLE"),
        pytest.param(SERIAL, APP, (0, 0xB7), NO_SD, id="zero and another one, not over BLE"),
        pytest.param(SERIAL, APP, (0,), None, id="zero alone, not over BLE"),
        pytest.param(SERIAL, SD, (0,), NO_SD, id="zero for a SoftDevice, not over BLE"),
        pytest.param(
            SERIAL, SD, (0, FWID), NO_SD, id="zero and the installed one for a SoftDevice, no BLE"
        ),
        pytest.param(BARE, APP, (), None, id="no SoftDevice, none wanted"),
        pytest.param(BARE, APP, (0,), None, id="no SoftDevice, zero"),
        pytest.param(BARE, APP, (FWID,), NO_SD, id="no SoftDevice, but one wanted"),
    ],
)
def test_the_softdevice_rule(
    board: Any, kind: int, sd_req: Sequence[int], expected: Verdict
) -> None:
    packet = signed_packet(init_command(kind=kind, sd_req=sd_req, **SIZES))
    assert verdict(packet, board=board) == expected


def test_without_a_softdevice_a_version_is_needed_for_any_image() -> None:
    packet = signed_packet(init_command(kind=SD, fw_version=None, sd_req=()))
    assert verdict(packet, board=BARE) == NO_SD


# fw_version (section 5.2): the unit runs application 3 and bootloader 1.

TOO_LOW = (EXT, ExtError.FW_VERSION_FAILURE)
NEEDED = (EXT, ExtError.INIT_COMMAND_INVALID)


@pytest.mark.parametrize(
    ("kind", "version", "expected"),
    [
        (APP, 2, TOO_LOW),
        (APP, 3, None),
        (APP, 4, None),
        (APP, 0xFFFF_FFFF, None),
        (APP, None, NEEDED),
        (SD, 2, TOO_LOW),
        (SD, 3, None),
        (SD, None, None),
        (BL, 1, TOO_LOW),
        (BL, 2, None),
        (BL, None, NEEDED),
        (SD_BL, 1, TOO_LOW),
        (SD_BL, 2, None),
        (SD_BL, None, NEEDED),
    ],
)
def test_the_version_rule(kind: int, version: int | None, expected: Verdict) -> None:
    packet = signed_packet(init_command(kind=kind, fw_version=version, **SIZES))
    assert verdict(packet) == expected


# Sizes (section 5.3).


@pytest.mark.parametrize(
    ("kind", "expected"), [(APP, 0x300), (SD, 0x100), (BL, 0x200), (SD_BL, 0x300)]
)
def test_the_size_is_that_of_the_kind(kind: int, expected: int) -> None:
    init = init_command(kind=kind, sd_size=0x100, bl_size=0x200, app_size=0x300)
    assert image_size(understood(init), BLE) == expected


@pytest.mark.parametrize("kind", [APP, SD, BL, SD_BL])
def test_an_image_of_no_size_is_refused(kind: int) -> None:
    init = init_command(b"", kind=kind, sd_size=0, bl_size=0, app_size=0)
    with refused(EXT, ExtError.INIT_COMMAND_INVALID):
        image_size(understood(init), BLE)


@pytest.mark.parametrize("kind", [BL, SD_BL])
def test_a_bootloader_must_fit_its_region(kind: int) -> None:
    fits = understood(init_command(kind=kind, sd_size=0x1000, bl_size=0x6000))
    assert image_size(fits, BLE) == (0x6000 if kind == BL else 0x7000)
    with refused(ResultCode.INSUFFICIENT_RESOURCES):
        image_size(understood(init_command(kind=kind, sd_size=0x1000, bl_size=0x6004)), BLE)


def test_a_missing_part_of_two_is_not_noticed() -> None:
    assert image_size(understood(init_command(kind=SD_BL, sd_size=8)), BLE) == 8


def test_the_sum_of_two_sizes_overflows_like_32_bits() -> None:
    init = init_command(kind=SD_BL, sd_size=0xFFFF_FFFC, bl_size=8)
    assert image_size(understood(init), BLE) == 4
