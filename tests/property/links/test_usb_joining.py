"""Whatever the two lists hold, no device is lost and none is made."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from firmline.links.usb.device import UsbDevice
from firmline.links.usb.joining import joined

PLACES = st.integers(1, 6).map("1-{}".format)
DEVICES = st.dictionaries(
    PLACES,
    st.tuples(st.sampled_from(["", "A", "B"]), st.sampled_from([None, 2]), st.booleans()),
    max_size=6,
)


@given(DEVICES, st.booleans(), st.randoms(use_true_random=False))
def test_every_device_comes_out_once(
    described: dict[str, tuple[str, int | None, bool]], tells_places: bool, shuffle: Random
) -> None:
    devices, ports = [], []
    for address, (place, (number, trigger, has_port)) in enumerate(described.items()):
        device = UsbDevice(
            vendor_id=1,
            product_id=2,
            serial_number=number,
            trigger=trigger,
            place=place,
            address=address,
        )
        devices.append(device)
        if has_port:
            at = place if tells_places else ""
            ports.append(replace(device, trigger=None, address=None, port=f"tty{place}", place=at))
    shuffle.shuffle(devices)
    shuffle.shuffle(ports)
    found = joined(ports, devices)
    assert {each.address for each in found} >= {each.address for each in devices}
    assert {each.port for each in found if each.port} == {each.port for each in ports}
    if tells_places:
        assert len(found) == len(devices)
    for each in found:  # a port is joined to nobody else's device
        if each.port and each.address is not None:
            own = each.place if tells_places else each.serial_number
            theirs = each.port.removeprefix("tty")
            assert own == (theirs if tells_places else described[theirs][0])
