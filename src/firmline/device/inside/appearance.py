"""What a unit shows to a radio, or on its serial line, while a program runs."""

from __future__ import annotations

from typing import Final

from firmline.device.advertising import advertising_data
from firmline.device.application import Application
from firmline.device.application_dfu import ApplicationDfu
from firmline.device.bootloader.dfu_mode import DfuMode
from firmline.device.faults.face import bootloader_advertisement
from firmline.device.inside.core import Core
from firmline.device.radio_face import (
    NO_SECURITY,
    UnitAdvertisement,
    UnitSecurity,
    UnitServices,
)
from firmline.formats.peer_data import PeerKeys
from firmline.protocol.channels import Channel
from firmline.values import BleAddress

APPLICATION_ADVERTISING_INTERVAL_MS: Final = 40.0
BLE_CHANNELS: Final = frozenset({Channel.CONTROL, Channel.PACKET})
SERIAL_CHANNELS: Final = frozenset({Channel.SERIAL})


def advertisement_of(
    core: Core, running: Application | DfuMode | None, *, name: str, address: BleAddress
) -> UnitAdvertisement | None:
    """What a unit broadcasts; ``None``: nothing runs, or it has no radio.

    Args:
        core: What all its parts share.
        running: What runs.
        name: The unit's name.
        address: Its application's address.
    """
    if running is None or not core.board.profile.is_ble:
        return None
    if isinstance(running, Application):
        return UnitAdvertisement(
            address=address,
            data=advertising_data(name, services=()),
            interval_ms=APPLICATION_ADVERTISING_INTERVAL_MS,
        )
    return bootloader_advertisement(
        address,
        core.faults.plan,
        name=running.advertised_name,
        only_for=None if running.peer is None else running.peer.address,
    )


def services_of(core: Core, running: Application | DfuMode | None) -> UnitServices:
    """The services that a unit offers."""
    board = core.board
    softdevice = board.softdevice
    runs_application = isinstance(running, Application)
    dfu = board.application_dfu if runs_application else None
    return UnitServices(
        channels=channels_of(core, running),
        device_information=running.device_information if isinstance(running, Application) else (),
        max_mtu=board.profile.mtu,
        legacy_dfu=dfu is ApplicationDfu.LEGACY
        or (core.faults.is_legacy and isinstance(running, DfuMode)),
        fwid=0 if softdevice is None else softdevice.fwid,
        smp=dfu is ApplicationDfu.SMP,
        security=security_of(core, running),
        service_changed=has_service_changed(core, running),
    )


def has_service_changed(core: Core, running: Application | DfuMode | None) -> bool:
    """Whether Service Changed is there: where there are bonds, for whom it is meant.

    A SoftDevice has it for everyone if a product wants that; nothing is ever indicated then.
    """
    match running:
        case Application():
            return core.board.application_dfu is ApplicationDfu.BONDED
        case DfuMode():
            return running.peer is not None
        case None:
            return False


def security_of(core: Core, running: Application | DfuMode | None) -> UnitSecurity:
    """What a unit does with bonds: the application makes them, the bootloader goes on with one."""
    board = core.board
    match running:
        case Application() if board.application_dfu is ApplicationDfu.BONDED:
            return UnitSecurity(
                pairs=True, bonds=board.bonds, encrypted=board.application_dfu.channels
            )
        case DfuMode(peer=PeerKeys() as peer):
            return UnitSecurity(pairs=False, bonds={peer.address: peer}, encrypted=BLE_CHANNELS)
        case _:
            return NO_SECURITY


def channels_of(core: Core, running: Application | DfuMode | None) -> frozenset[Channel]:
    """The channels on which a unit can be written to."""
    is_ble = core.board.profile.is_ble
    match running:
        case Application():
            return core.board.application_dfu.channels if is_ble else frozenset()
        case DfuMode() if core.faults.is_legacy:
            return frozenset()
        case DfuMode():
            return BLE_CHANNELS if is_ble else SERIAL_CHANNELS
        case None:
            return frozenset()
