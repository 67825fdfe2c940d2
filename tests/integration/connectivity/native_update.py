"""Update a unit with the maker's own classes and native driver; run by nrfutil's Python, not ours.

Usage: ``native_update.py PORT PACKAGE NAME``; prints one JSON line with the seconds it took.
"""

import json
import sys
import time

from pc_ble_driver_py import config

config.__conn_ic_id__ = "NRF52"  # before anything else of it is imported

from nordicsemi.dfu.dfu import Dfu  # noqa: E402
from nordicsemi.dfu.dfu_transport_ble import DfuTransportBle  # noqa: E402
from pc_ble_driver_py.exceptions import NordicSemiException  # noqa: E402


def main(port: str, package: str, name: str) -> None:
    """Update, and say how long it took."""
    transport = DfuTransportBle(
        serial_port=port, att_mtu=247, target_device_name=name, target_device_addr=None
    )
    began = time.monotonic()
    try:
        Dfu(zip_file_path=package, dfu_transport=transport, connect_delay=3).dfu_send_images()
    except NordicSemiException as problem:
        # A unit whose flash takes no time has restarted before it is said good-bye to.
        if "ble_gap_disconnect" not in str(problem):
            raise
    sys.stdout.write(json.dumps({"seconds": round(time.monotonic() - began, 3)}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
