"""Applications by their DFU service: what each offers, and what becomes of a request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from firmline.device.application_dfu import ApplicationDfu
from firmline.device.fabrication import fabricate
from firmline.device.profile import SDK15_3_BLE
from firmline.device.radio_face import (
    AttStatus,
    DropLink,
    Indicate,
    Notify,
    ResetKind,
    Restarted,
)
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.formats.peer_data import PeerKeys, decode_peer_data, encode_peer_data
from firmline.protocol.channels import Channel
from firmline.values import BleAddress
from unit.device.makers import ADDRESS, SETTINGS_PAGE, describe

HOST = BleAddress.parse("FE:ED:00:00:00:01")
KEYS = PeerKeys(address=HOST, ltk=bytes(range(16)))
PEER_DATA = SETTINGS_PAGE + 0x324
BONDED, EXPERIMENTAL = Channel.BUTTONLESS_BONDED, Channel.BUTTONLESS_EXPERIMENTAL
ENTER = b"\x01"


def unit_with(dfu: ApplicationDfu, **changes: Any) -> VirtualUnit:
    profile = replace(SDK15_3_BLE, requires_bond=dfu is ApplicationDfu.BONDED)
    unit = fabricate(describe(profile=profile, application_dfu=dfu, size=4_000, **changes))
    unit.power_on(now_s=0)
    unit.take_outputs()
    return unit


def asked(unit: VirtualUnit, channel: Channel, data: bytes = ENTER) -> list[Any]:
    unit.subscribed(channel, True, now_s=1)
    assert unit.receive(channel, data, now_s=1) is AttStatus.OK
    return unit.take_outputs()


def bonded_unit(*, encrypted: bool = True, bonded: bool = True) -> VirtualUnit:
    unit = unit_with(ApplicationDfu.BONDED)
    unit.connected(now_s=1)
    if bonded:
        unit.bonded(KEYS, now_s=1)
    if encrypted:
        unit.encrypted(HOST, now_s=1)
    return unit


@pytest.mark.parametrize(
    ("dfu", "channels", "legacy", "smp"),
    [
        (ApplicationDfu.BUTTONLESS, {Channel.BUTTONLESS}, False, False),
        (ApplicationDfu.BONDED, {BONDED}, False, False),
        (ApplicationDfu.EXPERIMENTAL, {EXPERIMENTAL}, False, False),
        (ApplicationDfu.LEGACY, set(), True, False),
        (ApplicationDfu.SMP, set(), False, True),
        (ApplicationDfu.NONE, set(), False, False),
    ],
)
def test_what_an_application_offers(
    dfu: ApplicationDfu, channels: set[Channel], legacy: bool, smp: bool
) -> None:
    services = unit_with(dfu).services
    assert services.channels == channels
    assert (services.legacy_dfu, services.smp) == (legacy, smp)
    assert services.security.pairs == (dfu is ApplicationDfu.BONDED)
    assert services.security.encrypted == (channels if dfu is ApplicationDfu.BONDED else set())


# With bonds (bootloader spec, sections 11 and 12).


def test_the_keys_of_the_host_are_in_the_settings_page_before_the_answer() -> None:
    unit = bonded_unit()
    assert asked(unit, BONDED) == [Indicate(channel=BONDED, data=b"\x20\x01\x01")]
    assert unit.board.flash.read(PEER_DATA, 64) == encode_peer_data(KEYS)
    unit.indication_confirmed(BONDED, now_s=2)
    assert unit.take_outputs() == [Restarted(kind=ResetKind.SOFT)]
    assert unit.mode is UnitMode.BOOTLOADER


def test_the_bootloader_keeps_the_address_and_is_there_for_that_host_alone() -> None:
    unit = bonded_unit()
    asked(unit, BONDED)
    unit.indication_confirmed(BONDED, now_s=2)
    advertisement = unit.advertisement
    assert advertisement is not None
    assert (advertisement.address, advertisement.only_for) == (ADDRESS, HOST)
    assert advertisement.data[:3] == bytes.fromhex("020104")
    assert b"DfuTarg" in advertisement.data
    security = unit.services.security
    assert (security.pairs, dict(security.bonds)) == (False, {HOST: KEYS})
    assert security.encrypted == {Channel.CONTROL, Channel.PACKET}


@pytest.mark.parametrize(("encrypted", "bonded"), [(False, True), (True, False), (False, False)])
def test_who_is_not_bonded_is_refused_with_07(encrypted: bool, bonded: bool) -> None:
    unit = bonded_unit(encrypted=encrypted, bonded=bonded)
    assert asked(unit, BONDED) == [Indicate(channel=BONDED, data=b"\x20\x01\x07")]
    unit.indication_confirmed(BONDED, now_s=2)
    assert unit.mode is UnitMode.APPLICATION
    assert decode_peer_data(unit.board.flash.read(PEER_DATA, 64)) is None


def test_an_encryption_ends_with_its_connection() -> None:
    unit = bonded_unit()
    unit.disconnected(now_s=2)
    unit.connected(now_s=3)
    assert asked(unit, BONDED) == [Indicate(channel=BONDED, data=b"\x20\x01\x07")]


def test_it_takes_no_name_since_its_address_stays() -> None:
    unit = bonded_unit()
    answer = asked(unit, BONDED, b"\x02\x03abc")
    assert answer == [Indicate(channel=BONDED, data=b"\x20\x02\x02")]


def test_keys_that_were_left_before_are_written_over_by_nobody() -> None:
    unit = bonded_unit()
    unit.board.flash.load(PEER_DATA, encode_peer_data(replace(KEYS, ltk=bytes(16))))
    assert asked(unit, BONDED) == [Indicate(channel=BONDED, data=b"\x20\x01\x04")]
    assert unit.mode is UnitMode.APPLICATION


def test_the_next_application_finds_the_page_cleaned_and_the_bond_kept() -> None:
    unit = bonded_unit()
    asked(unit, BONDED)
    unit.indication_confirmed(BONDED, now_s=2)
    unit.reset(ResetKind.SOFT, now_s=3)
    assert unit.mode is UnitMode.APPLICATION
    assert unit.board.flash.read(PEER_DATA, 64) == b"\xff" * 64
    assert dict(unit.services.security.bonds) == {HOST: KEYS}


def test_a_bootloader_without_the_keys_resets_and_the_application_is_back() -> None:
    unit = unit_with(ApplicationDfu.BONDED, gpregret=0xB1)
    assert unit.mode is UnitMode.APPLICATION
    faults = [entry.facts["reason"] for entry in unit.log if entry.what == "fault_at_boot"]
    assert faults == ["NoPeerData"]


def test_without_an_application_either_it_resets_for_ever() -> None:
    profile = replace(SDK15_3_BLE, requires_bond=True)
    unit = fabricate(describe(profile=profile, application_dfu=ApplicationDfu.BONDED, size=0))
    unit.power_on(now_s=0)
    assert unit.mode is None
    assert unit.advertisement is None
    assert [entry.what for entry in unit.log][-1] == "boot_loop"


# The experimental service of SDK 12.


def test_the_first_service_notifies_disconnects_and_restarts_by_itself() -> None:
    unit = unit_with(ApplicationDfu.EXPERIMENTAL)
    unit.connected(now_s=1)
    assert asked(unit, EXPERIMENTAL) == [
        Notify(channel=EXPERIMENTAL, data=b"\x20\x01\x01"),
        DropLink(reason=0x13),
        Restarted(kind=ResetKind.SOFT),
    ]
    assert unit.mode is UnitMode.BOOTLOADER
    assert unit.advertisement is not None
    assert unit.advertisement.address == ADDRESS.plus_one()


@pytest.mark.parametrize("data", [b"", b"\x02\x03abc", b"\x07"])
def test_it_knows_one_request(data: bytes) -> None:
    unit = unit_with(ApplicationDfu.EXPERIMENTAL)
    unit.connected(now_s=1)
    opcode = data[:1] or b"\0"
    assert asked(unit, EXPERIMENTAL, data) == [
        Notify(channel=EXPERIMENTAL, data=b"\x20" + opcode + b"\x02")
    ]
    assert unit.mode is UnitMode.APPLICATION


def test_who_has_not_subscribed_is_refused_as_everywhere() -> None:
    unit = unit_with(ApplicationDfu.EXPERIMENTAL)
    unit.connected(now_s=1)
    status = unit.receive(EXPERIMENTAL, ENTER, now_s=1)
    assert status is AttStatus.CCCD_IMPROPERLY_CONFIGURED
