from __future__ import annotations

import pytest

from firmline.links.connectivity.wire import happenings as told
from firmline.links.connectivity.wire import messages as says
from firmline.links.virtual_dongle.attributes import Attributes

BASE = bytes.fromhex("50eada308883b89f604f15f30000c98e")
ATTRIBUTES = Attributes(connection=0, bases={2: BASE})
HANDLES = says.Handles(start=1, end=0xFFFF)
SERVICES = says.DiscoverServices(connection=0, start=1, uuid=None)
CHARACTERISTICS = says.DiscoverCharacteristics(connection=0, handles=HANDLES)
DESCRIPTORS = says.DiscoverDescriptors(connection=0, handles=HANDLES)
READ = says.Read(connection=0, handle=12, offset=0)
READ_ON = says.Read(connection=0, handle=12, offset=22)
WRITE = says.Write(connection=0, operation=1, handle=12, value=b"\x01\x02")
COMMAND = says.Write(connection=0, operation=2, handle=15, value=b"\x01\x02")
MTU = says.ExchangeMtu(connection=0, mtu=247)


def by_uuid(number: int, kind: int) -> says.DiscoverServices:
    return says.DiscoverServices(connection=0, start=1, uuid=says.Uuid(number=number, kind=kind))


@pytest.mark.parametrize(
    ("command", "packet"),
    [
        (SERVICES, "10 0100 ffff 0028"),
        (by_uuid(0xFE59, 1), "06 0100 ffff 0028 59fe"),
        (by_uuid(0x0001, 2), "06 0100 ffff 0028 50eada308883b89f604f15f30100c98e"),
        (CHARACTERISTICS, "08 0100 ffff 0328"),
        (DESCRIPTORS, "04 0100 ffff"),
        (READ, "0a 0c00"),
        (READ_ON, "0c 0c00 1600"),
        (WRITE, "12 0c00 0102"),
        (COMMAND, "52 0f00 0102"),
        (MTU, "02 f700"),
    ],
)
def test_a_procedure_is_one_packet(command: object, packet: str) -> None:
    assert ATTRIBUTES.request(command) == bytes.fromhex(packet)


def test_a_uuid_on_a_base_that_nobody_added_cannot_be_asked_for() -> None:
    assert ATTRIBUTES.request(by_uuid(1, 3)) is None
    assert ATTRIBUTES.request(says.Enable()) is None


def answer(command: object, packet: str) -> object:
    return ATTRIBUTES.event(command, bytes.fromhex(packet))


def test_services_with_uuids_of_the_sig_on_a_base_and_unknown() -> None:
    event = answer(SERVICES, "11 06 0100 0900 0018 0a00 ffff 59fe")
    assert isinstance(event, told.ServicesFound)
    assert [each.uuid.number for each in event.services] == [0x1800, 0xFE59]
    assert event.services[1].handles == says.Handles(start=10, end=0xFFFF)
    long = answer(SERVICES, "11 14 0a00 ffff 50eada308883b89f604f15f30100c98e")
    assert isinstance(long, told.ServicesFound)
    assert long.services[0].uuid == says.Uuid(number=1, kind=2)
    unknown = answer(SERVICES, "11 14 0a00 ffff" + "00" * 16)
    assert isinstance(unknown, told.ServicesFound)
    assert unknown.services[0].uuid == says.Uuid(number=0, kind=0)


def test_a_service_that_was_asked_for_by_its_uuid() -> None:
    event = answer(by_uuid(0xFE59, 1), "07 0a00 ffff")
    assert isinstance(event, told.ServicesFound)
    assert event.services[0].uuid.number == 0xFE59


def test_characteristics_with_their_properties() -> None:
    event = answer(CHARACTERISTICS, "09 15 0b00 90 0c00 50eada308883b89f604f15f30100c98e")
    assert isinstance(event, told.CharacteristicsFound)
    (found,) = event.characteristics
    assert (found.properties, found.is_extended) == (0x10, 1)
    assert (found.declaration, found.value) == (11, 12)


def test_descriptors_of_either_size() -> None:
    short = answer(DESCRIPTORS, "05 01 0c00 0029 0d00 0229")
    assert isinstance(short, told.DescriptorsFound)
    assert [each.handle for each in short.descriptors] == [12, 13]
    long = answer(DESCRIPTORS, "05 02 0c00 50eada308883b89f604f15f30100c98e")
    assert isinstance(long, told.DescriptorsFound)
    assert long.descriptors[0].uuid.kind == 2


def test_values_writes_and_the_mtu() -> None:
    value = answer(READ, "0b aabb")
    assert isinstance(value, told.ReadDone)
    assert value.value == b"\xaa\xbb"
    assert isinstance(answer(READ_ON, "0d cc"), told.ReadDone)
    assert isinstance(answer(WRITE, "13"), told.WriteDone)
    mtu = answer(MTU, "03 f700")
    assert isinstance(mtu, told.MtuExchanged)
    assert mtu.mtu == 247


@pytest.mark.parametrize("command", [SERVICES, CHARACTERISTICS, DESCRIPTORS, READ, WRITE, MTU])
def test_an_error_is_an_event_of_its_procedure(command: object) -> None:
    event = answer(command, "01 10 0c00 0a")
    assert getattr(event, "status", None) == told.NOT_FOUND
    assert getattr(event, "error_handle", None) == 12


@pytest.mark.parametrize("packet", ["", "13", "01 10", "1b 0c00 01"])
def test_what_is_no_answer_is_no_event(packet: str) -> None:
    assert answer(SERVICES, packet) is None


def test_a_list_of_parts_without_a_size_is_empty() -> None:
    event = answer(SERVICES, "11 00 0102")
    assert isinstance(event, told.ServicesFound)
    assert event.services == ()
