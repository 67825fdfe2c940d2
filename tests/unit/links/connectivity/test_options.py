from __future__ import annotations

import pytest

from firmline.errors import Code, InputError
from firmline.links.connectivity.options import (
    DongleOptions,
    dongle_radio_options,
    dongle_unit_options,
)
from firmline.links.target import parse_target
from firmline.values import BleAddress

ADDRESS = BleAddress.parse("C6:05:04:03:02:01")


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("/dev/ttyACM0/C6:05:04:03:02:01", DongleOptions(port="/dev/ttyACM0", address=ADDRESS)),
        ("COM3/c6-05-04-03-02-01", DongleOptions(port="COM3", address=ADDRESS)),
        (
            "COM3/C6:05:04:03:02:01?baud=115200&interval=30&phy=1M",
            DongleOptions(
                port="COM3", address=ADDRESS, baud=115_200, interval_s=0.03, phy_2m=False
            ),
        ),
        (
            "socket://host:5/C6:05:04:03:02:01",
            DongleOptions(port="socket://host:5", address=ADDRESS),
        ),
    ],
)
def test_a_target_names_a_port_and_a_unit(text: str, options: DongleOptions) -> None:
    assert dongle_unit_options(parse_target(f"nrfconn:{text}")) == options


def test_a_dongle_alone_is_a_radio() -> None:
    options = dongle_radio_options(parse_target("nrfconn:/dev/ttyACM0?interval=30"))
    assert options == DongleOptions(port="/dev/ttyACM0", address=None, interval_s=0.03)


@pytest.mark.parametrize(
    "text",
    [
        *("COM3", "/C6:05:04:03:02:01", "COM3/", "COM3/C6:05", "/dev/ttyACM0"),
        *("COM3/C6:05:04:03:02:01?phy=coded", "COM3/C6:05:04:03:02:01?baud=fast"),
        *("COM3/C6:05:04:03:02:01?baud=1", "COM3/C6:05:04:03:02:01?color=red"),
        *("COM3/C6:05:04:03:02:01?interval=1", "C\x1b3/C6:05:04:03:02:01"),
    ],
)
def test_what_names_no_unit_behind_a_dongle_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        dongle_unit_options(parse_target(f"nrfconn:{text}"))
    assert caught.value.code is Code.TARGET_MALFORMED
    assert "\x1b" not in caught.value.message


def test_a_unit_where_a_radio_is_wanted_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        dongle_radio_options(parse_target("nrfconn:COM3/C6:05:04:03:02:01"))
    assert caught.value.hint == "Leave the address out: nrfconn:COM3."
