"""The commands that there are twice: as they were first, and with extended advertising.

A controller takes either kind after a reset, and then no more of the other (Core spec, Vol 4, Part
E, 3.1.1). Bumble asks a controller that knows the extended ones questions of that kind while it
starts, so that such a controller has to be spoken to in it from then on.
"""

from __future__ import annotations

from typing import Final

from bumble import hci
from bumble.host import Host

INTERVAL_UNIT_S: Final = 1.25e-3
"""Unit of connection intervals (Core spec, Vol 4, Part E, 7.8.12)."""
_SCAN: Final = 0x10
"""10 ms in units of 0.625 ms, for interval and window alike: always listening."""
_SUPERVISION: Final = 400
"""4 s in units of 10 ms, as nRF Connect asks for."""
_MAX_SUPERVISION: Final = 3200
"""32 s (Core spec, Vol 4, Part E, 7.8.12)."""
_INTERVALS_PER_SUPERVISION: Final = 3
"""More than two, or no controller takes it (same place)."""
_INTERVALS_PER_UNIT: Final = 8
"""10 ms are eight times 1.25 ms."""
_ONE_PHY: Final = 1
"""Bit 0: the 1M PHY, on which every advertisement begins."""


def is_extended(host: Host) -> bool:
    """Whether the controller is spoken to with the commands of extended advertising."""
    return host.supports_le_features(
        hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
    ) and host.supports_command(hci.HCI_LE_EXTENDED_CREATE_CONNECTION_COMMAND)


def scan_parameters(*, extended: bool) -> hci.HCI_Command:
    """Listen actively and always: names may be in scan responses only."""
    if extended:
        return hci.HCI_LE_Set_Extended_Scan_Parameters_Command(
            own_address_type=hci.OwnAddressType.RANDOM,
            scanning_filter_policy=0,
            scanning_phys=_ONE_PHY,
            scan_types=[hci.HCI_LE_Set_Extended_Scan_Parameters_Command.ACTIVE_SCANNING],
            scan_intervals=[_SCAN],
            scan_windows=[_SCAN],
        )
    return hci.HCI_LE_Set_Scan_Parameters_Command(
        le_scan_type=hci.HCI_LE_Set_Scan_Parameters_Command.ACTIVE_SCANNING,
        le_scan_interval=_SCAN,
        le_scan_window=_SCAN,
        own_address_type=hci.OwnAddressType.RANDOM,
        scanning_filter_policy=0,
    )


def scan_enable(*, on: bool, extended: bool) -> hci.HCI_Command:
    """Begin to listen, or end it; every advertisement counts, also of one who was heard before."""
    if extended:
        return hci.HCI_LE_Set_Extended_Scan_Enable_Command(
            enable=int(on), filter_duplicates=0, duration=0, period=0
        )
    return hci.HCI_LE_Set_Scan_Enable_Command(le_scan_enable=int(on), filter_duplicates=0)


def connect(address: hci.Address, *, interval_s: float, extended: bool) -> hci.HCI_Command:
    """Connect to one address, without latency.

    Args:
        address: Of the peer.
        interval_s: Connection interval to ask for.
        extended: With the commands of extended advertising.
    """
    interval = round(interval_s / INTERVAL_UNIT_S)
    if extended:
        return hci.HCI_LE_Extended_Create_Connection_Command(
            initiator_filter_policy=0,
            own_address_type=hci.OwnAddressType.RANDOM,
            peer_address_type=address.address_type,
            peer_address=address,
            initiating_phys=_ONE_PHY,
            scan_intervals=[_SCAN],
            scan_windows=[_SCAN],
            connection_interval_mins=[interval],
            connection_interval_maxs=[interval],
            max_latencies=[0],
            supervision_timeouts=[_supervision(interval)],
            min_ce_lengths=[0],
            max_ce_lengths=[0],
        )
    return hci.HCI_LE_Create_Connection_Command(
        le_scan_interval=_SCAN,
        le_scan_window=_SCAN,
        initiator_filter_policy=0,
        peer_address_type=address.address_type,
        peer_address=address,
        own_address_type=hci.OwnAddressType.RANDOM,
        connection_interval_min=interval,
        connection_interval_max=interval,
        max_latency=0,
        supervision_timeout=_supervision(interval),
        min_ce_length=0,
        max_ce_length=0,
    )


def _supervision(interval: int) -> int:
    """How long a link may be silent, in units of 10 ms, at an interval in units of 1.25 ms."""
    longer = -(-interval * _INTERVALS_PER_SUPERVISION // _INTERVALS_PER_UNIT)
    return min(max(_SUPERVISION, longer), _MAX_SUPERVISION)
