"""What a bootloader shows in the air, right or wrong."""

from __future__ import annotations

from typing import Final

from firmline.device.advertising import (
    BOOTLOADER_ADVERTISING_INTERVAL_MS,
    BOOTLOADER_NAME,
    DFU_SERVICE,
    GENERAL_DISCOVERABLE_NO_CLASSIC,
    NO_CLASSIC,
    advertising_data,
)
from firmline.device.faults.plan import BondMismatch, FaultPlan, LegacyBootloader, WrongAddress
from firmline.device.radio_face import UnitAdvertisement
from firmline.values import BleAddress

LEGACY_DFU_SERVICE: Final = bytes.fromhex("000015301212EFDE1523785FEABCD123")
"""128-bit UUID of the DFU service of SDKs before 12, most significant byte first."""


def bootloader_advertisement(
    application: BleAddress,
    plan: FaultPlan,
    *,
    name: bytes | None = None,
    only_for: BleAddress | None = None,
) -> UnitAdvertisement:
    """What the bootloader broadcasts (spec section 11).

    Args:
        application: The application's address.
        name: The name that the application has left for it; ``None``: its own.
        only_for: The one host that it lets in; ``None``: everyone.
        plan: What is wrong. A bootloader with a bond keeps the address, and is not discoverable for
            others.
    """
    is_bonded = only_for is not None or plan.one(BondMismatch) is not None
    is_legacy = plan.one(LegacyBootloader) is not None
    return UnitAdvertisement(
        address=_address(application, plan, is_bonded=is_bonded),
        data=advertising_data(
            BOOTLOADER_NAME if name is None else name,
            services=() if is_legacy else (DFU_SERVICE,),
            long_services=(LEGACY_DFU_SERVICE,) if is_legacy else (),
            flags=NO_CLASSIC if is_bonded else GENERAL_DISCOVERABLE_NO_CLASSIC,
        ),
        interval_ms=BOOTLOADER_ADVERTISING_INTERVAL_MS,
        only_for=only_for,
    )


def _address(application: BleAddress, plan: FaultPlan, *, is_bonded: bool) -> BleAddress:
    wrong = plan.one(WrongAddress)
    if wrong is not None:
        *high, low = application.octets
        return BleAddress(bytes([*high, (low + wrong.offset) & 0xFF]))
    return application if is_bonded else application.plus_one()
