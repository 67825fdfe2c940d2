"""Service Changed: who is told that a unit's services are others now, when, and how often."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.device.application_dfu import ApplicationDfu
from firmline.device.fabrication import fabricate
from firmline.device.profile import SDK15_3_BLE
from firmline.device.radio_face import IndicateChange, ResetKind, UnitOutput
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.formats.peer_data import PeerKeys
from firmline.protocol.channels import Channel
from firmline.values import BleAddress
from unit.device.makers import describe

HOST = BleAddress.parse("FE:ED:00:00:00:01")
OTHER = BleAddress.parse("FE:ED:00:00:00:02")
KEYS = PeerKeys(address=HOST, ltk=bytes(range(16)))
BONDED = Channel.BUTTONLESS_BONDED


def bonded_unit(dfu: ApplicationDfu = ApplicationDfu.BONDED) -> VirtualUnit:
    profile = replace(SDK15_3_BLE, requires_bond=dfu is ApplicationDfu.BONDED)
    unit = fabricate(describe(profile=profile, application_dfu=dfu, size=4_000))
    unit.power_on(now_s=0)
    unit.take_outputs()
    return unit


def bond(unit: VirtualUnit, host: BleAddress = HOST, *, wants: bool) -> None:
    """Somebody pairs, and subscribes to Service Changed or not."""
    unit.connected(now_s=1)
    unit.encrypted(host, now_s=1)
    unit.bonded(replace(KEYS, address=host), now_s=1)
    if wants:
        unit.wants_changes(True, now_s=1)
    unit.disconnected(now_s=1)
    unit.take_outputs()


def met(unit: VirtualUnit, host: BleAddress = HOST, *, confirms: bool = True) -> list[UnitOutput]:
    """What a bonded host hears when it connects and the link is encrypted."""
    unit.connected(now_s=2)
    unit.encrypted(host, now_s=2)
    outputs = unit.take_outputs()
    if confirms and outputs == [IndicateChange()]:
        unit.change_confirmed(now_s=2)
    unit.disconnected(now_s=2)
    unit.take_outputs()
    return outputs


def jump(unit: VirtualUnit, host: BleAddress = HOST) -> None:
    unit.connected(now_s=3)
    unit.encrypted(host, now_s=3)
    unit.subscribed(BONDED, True, now_s=3)
    unit.receive(BONDED, b"\x01", now_s=3)
    unit.indication_confirmed(BONDED, now_s=3)
    unit.disconnected(now_s=3)
    unit.take_outputs()
    assert unit.mode is UnitMode.BOOTLOADER


def back(unit: VirtualUnit) -> None:
    unit.reset(ResetKind.PIN, now_s=4)
    unit.take_outputs()
    assert unit.mode is UnitMode.APPLICATION


def test_an_application_that_never_jumped_has_nothing_to_tell() -> None:
    unit = bonded_unit()
    bond(unit, wants=True)
    assert met(unit) == []


def test_the_bootloader_tells_at_every_encrypted_link_and_the_application_once() -> None:
    unit = bonded_unit()
    bond(unit, wants=True)
    jump(unit)
    assert met(unit) == met(unit) == [IndicateChange()]
    back(unit)
    assert met(unit) == [IndicateChange()]
    assert met(unit) == []


def test_who_does_not_confirm_is_told_again() -> None:
    unit = bonded_unit()
    bond(unit, wants=True)
    jump(unit)
    back(unit)
    assert met(unit, confirms=False) == met(unit) == [IndicateChange()]
    assert met(unit) == []


def test_what_is_due_outlives_a_power_cycle() -> None:
    unit = bonded_unit()
    bond(unit, wants=True)
    jump(unit)
    unit.reset(ResetKind.POWER, now_s=4)
    unit.take_outputs()
    unit.reset(ResetKind.POWER, now_s=5)
    unit.take_outputs()
    assert met(unit) == [IndicateChange()]


def test_everyone_with_a_bond_is_told_and_not_only_who_asked_for_the_jump() -> None:
    unit = bonded_unit()
    bond(unit, wants=True)
    bond(unit, OTHER, wants=True)
    jump(unit)
    back(unit)
    assert met(unit, OTHER) == [IndicateChange()]
    assert met(unit) == [IndicateChange()]


def test_who_has_not_subscribed_is_not_told_in_either_mode() -> None:
    unit = bonded_unit()
    bond(unit, wants=False)
    jump(unit)
    assert met(unit) == []
    back(unit)
    assert met(unit) == []
    unit.connected(now_s=5)
    unit.encrypted(HOST, now_s=5)
    unit.wants_changes(True, now_s=5)
    unit.disconnected(now_s=5)
    assert met(unit) == []  # it was dropped, not kept for later


def test_a_subscription_that_is_withdrawn_is_none() -> None:
    unit = bonded_unit()
    bond(unit, wants=True)
    unit.connected(now_s=2)
    unit.encrypted(HOST, now_s=2)
    unit.wants_changes(False, now_s=2)
    unit.disconnected(now_s=2)
    jump(unit)
    assert met(unit) == []


def test_a_subscription_without_a_bond_ends_with_its_connection() -> None:
    unit = bonded_unit()
    unit.connected(now_s=1)
    unit.wants_changes(True, now_s=1)
    unit.disconnected(now_s=1)
    bond(unit, wants=False)
    jump(unit)
    assert met(unit) == []


def test_a_subscription_before_the_bond_is_kept_with_it() -> None:
    unit = bonded_unit()
    unit.connected(now_s=1)
    unit.wants_changes(True, now_s=1)
    unit.encrypted(HOST, now_s=1)
    unit.bonded(KEYS, now_s=1)
    unit.disconnected(now_s=1)
    jump(unit)
    assert met(unit) == [IndicateChange()]


def test_who_pairs_anew_has_nothing_to_be_told() -> None:
    unit = bonded_unit()
    bond(unit, wants=True)
    jump(unit)
    back(unit)
    bond(unit, wants=True)
    assert met(unit) == []


def test_a_jump_that_is_refused_makes_nobody_unaware() -> None:
    unit = bonded_unit()
    bond(unit, wants=True)
    unit.connected(now_s=3)
    unit.subscribed(BONDED, True, now_s=3)
    unit.receive(BONDED, b"\x01", now_s=3)  # over a link that is not encrypted
    unit.disconnected(now_s=3)
    unit.take_outputs()
    assert met(unit) == []


@pytest.mark.parametrize("dfu", list(ApplicationDfu))
def test_service_changed_is_there_where_there_are_bonds(dfu: ApplicationDfu) -> None:
    assert bonded_unit(dfu).services.service_changed == (dfu is ApplicationDfu.BONDED)


def test_the_bootloader_has_it_too() -> None:
    unit = bonded_unit()
    bond(unit, wants=False)
    jump(unit)
    assert unit.services.service_changed
