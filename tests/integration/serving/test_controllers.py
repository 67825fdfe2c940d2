"""Bluetooth stacks of other programs on a served BLE unit: they come, go, and send nonsense."""

from __future__ import annotations

import asyncio
import gc
import logging
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from bumble import att
from bumble.core import PhysicalTransport
from bumble.device import Advertisement, Connection, Device, Peer
from bumble.hci import Address
from bumble.transport import open_transport

from firmline.device.description import gallery_unit
from firmline.device.fabrication import fabricate
from firmline.events import UnitMode
from firmline.links.serving.hci import MAX_UNREAD
from firmline.links.serving.open import Served, serve_unit
from firmline.links.serving.place import Place, Road, parse_place
from firmline.links.serving.witness import Happening, Witness
from integration.serving.served import connect

pytestmark = pytest.mark.slow

HOME = Address("C6:05:04:03:02:01")
RESET = bytes.fromhex("01030c00")
NO_H4 = b"GET / HTTP/1.1\r\n\r\n"
SHORT_COMMAND = bytes.fromhex("01052001ff")
"""LE Set Random Address with one byte of six."""
PATIENCE_S = 20


class Watch:
    """Everything that was told, to be waited for."""

    def __init__(self) -> None:
        self.seen: list[Happening] = []
        self._news = asyncio.Event()

    def hear(self, happening: Happening) -> None:
        self.seen.append(happening)
        self._news.set()

    async def until(self, what: str, *, count: int = 1) -> Happening:
        """The n-th happening of this name."""
        async with asyncio.timeout(PATIENCE_S):
            while len(named := [seen for seen in self.seen if seen.what == what]) < count:
                self._news.clear()
                await self._news.wait()
        return named[count - 1]


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """No task lives on, and the loop's own handler is in its place again."""
    stray: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: stray.append(context))
    yield
    gc.collect()
    await asyncio.sleep(0)
    assert stray == []
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert logging.getLogger("bumble").propagate


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def served(nothing_left: None, watch: Watch) -> AsyncIterator[Served]:
    _ = nothing_left
    async with serve(Place(road=Road.HCI_TCP), watch) as served:
        yield served


def serve(place: Place, watch: Watch) -> Any:
    unit = fabricate(gallery_unit("ble-reference"))
    witness = Witness(unit, watch.hear)
    return _Powered(serve_unit(unit, place, baud=None, witness=witness))


class _Powered:
    """A served unit that is switched on."""

    def __init__(self, opening: Any) -> None:
        self._opening = opening

    async def __aenter__(self) -> Served:
        served: Served = await self._opening.__aenter__()
        served.power_on()
        return served

    async def __aexit__(self, *raised: object) -> None:
        await self._opening.__aexit__(*raised)


class Stack:
    """A Bluetooth stack of somebody else, on Bumble's public API."""

    def __init__(self, where: str, address: str = "F0:F1:F2:F3:F4:F5") -> None:
        self._where = where
        self._address = address
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Device:
        transport = await self._stack.enter_async_context(await open_transport(self._where))
        device = Device.with_hci(
            "somebody", Address(self._address), transport.source, transport.sink
        )
        await device.power_on()
        return device

    async def __aexit__(self, *raised: object) -> None:
        await self._stack.aclose()


async def see(device: Device) -> Address:
    """The first unit in the air."""
    seen: asyncio.Queue[Advertisement] = asyncio.Queue()
    device.on("advertisement", seen.put_nowait)
    await device.start_scanning()
    async with asyncio.timeout(PATIENCE_S):
        address = (await seen.get()).address
    await device.stop_scanning()
    return address


async def join(device: Device) -> Connection:
    async with asyncio.timeout(PATIENCE_S):
        return await device.connect(HOME, PhysicalTransport.LE)


async def bytes_until_end(served: Served, sent: bytes) -> bytes:
    """What a client that sends this gets until it is sent away."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", int(served.where["hci"].rpartition(":")[2])
    )
    writer.write(sent)
    async with asyncio.timeout(PATIENCE_S):
        got = await reader.read()
    writer.close()
    await writer.wait_closed()
    return got


async def test_every_client_has_a_controller_in_the_same_air(served: Served, watch: Watch) -> None:
    where = served.where["hci"]
    async with Stack(where) as one, Stack(where, "F0:F1:F2:F3:F4:F6") as other:
        assert set(await asyncio.gather(see(one), see(other))) == {HOME}
        assert one.public_address != other.public_address
    await watch.until("left", count=2)


async def test_the_unit_loses_a_client_that_vanishes(served: Served, watch: Watch) -> None:
    where = served.where["hci"]
    for count in (1, 2):
        async with Stack(where) as device:
            connection = await join(device)
            assert connection.peer_address == HOME
            peer = Peer(connection)
            assert await peer.discover_services()
        # It goes without a disconnection, and the next one can connect all the same.
        await watch.until("left", count=count)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (NO_H4, "its bytes are no HCI packets"),
        (RESET + NO_H4, "its bytes are no HCI packets"),
        (SHORT_COMMAND, "its controller cannot take 01 05 20 01 FF"),
        (SHORT_COMMAND + RESET, "its controller cannot take 01 05 20 01 FF"),
    ],
    ids=["no H4", "H4 first", "short command", "and more"],
)
async def test_nonsense_ends_its_sender_alone(
    sent: bytes, why: str, served: Served, watch: Watch
) -> None:
    async with Stack(served.where["hci"]) as device:
        connection = await join(device)
        await bytes_until_end(served, sent)
        left = await watch.until("left")
        assert str(left.facts["why"]).startswith(why)
        await Peer(connection).discover_services()
    assert "why" not in (await watch.until("left", count=2)).facts


async def test_a_client_that_leaves_in_the_middle_of_a_packet(served: Served, watch: Watch) -> None:
    with connect(served.where["hci"].partition(":")[2]) as client:
        client.sendall(RESET[:2])
        await watch.until("connected")
    left = await watch.until("left")
    assert "why" not in left.facts
    async with Stack(served.where["hci"]) as device:
        assert await see(device) == HOME


async def test_an_att_packet_that_makes_no_sense_is_refused(served: Served, watch: Watch) -> None:
    async with Stack(served.where["hci"]) as device:
        connection = await join(device)
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        device.host.on("l2cap_pdu", lambda _handle, _cid, pdu: heard.put_nowait(bytes(pdu)))
        connection.send_l2cap_pdu(att.ATT_CID, b"\x08\x01")  # Read By Type, cut short
        async with asyncio.timeout(PATIENCE_S):
            assert await heard.get() == b"\x01\x08\x00\x00\x04"
        assert await Peer(connection).discover_services()
    assert "stack_error" not in [happening.what for happening in watch.seen]


async def test_a_client_that_does_not_read_is_sent_away(
    served: Served, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmline.links.serving.hci.MAX_UNREAD", -1)
    assert MAX_UNREAD > 100_000
    assert await bytes_until_end(served, RESET) == b""
    left = await watch.until("left")
    assert left.facts["why"] == "it does not read what it is sent"


async def test_at_the_end_the_clients_are_sent_away(watch: Watch) -> None:
    async with serve(Place(road=Road.HCI_TCP), watch) as served:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", int(served.where["hci"].rpartition(":")[2])
        )
        await watch.until("connected")
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    await watch.until("left")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a socket, in the current folder: a whole path may be too long for one."""
    monkeypatch.chdir(tmp_path)
    return Path("socket")


def mode_of(path: Path) -> int | None:
    return path.stat().st_mode if path.exists() else None


def rename(path: Path, name: str) -> None:
    path.rename(name)


async def test_a_unix_socket_is_its_owners_and_goes_with_the_server(
    path: Path, watch: Watch
) -> None:
    async with serve(parse_place(f"hci-unix:{path}"), watch) as served:
        assert served.where == {"hci": "unix-client:socket"}
        assert mode_of(path) == stat.S_IFSOCK | 0o600
        async with Stack(served.where["hci"]) as device:
            assert await see(device) == HOME
    assert mode_of(path) is None


async def test_the_socket_of_a_dead_server_is_replaced(
    path: Path, watch: Watch, dead_socket: Callable[[Path], None]
) -> None:
    dead_socket(path)
    async with (
        serve(parse_place(f"hci-unix:{path}"), watch) as served,
        Stack(served.where["hci"]) as device,
    ):
        assert await see(device) == HOME


async def test_a_socket_that_was_replaced_in_the_meantime_stays(
    path: Path, watch: Watch, dead_socket: Callable[[Path], None]
) -> None:
    async with serve(parse_place(f"hci-unix:{path}"), watch):
        rename(path, "old")
        dead_socket(path)
    assert mode_of(path) is not None


async def test_the_unit_says_what_it_runs(watch: Watch) -> None:
    async with serve(Place(road=Road.HCI_TCP), watch):
        runs = await watch.until("runs")
    assert runs.facts["mode"] == UnitMode.APPLICATION
    assert str(runs.facts["firmware_revision"]).startswith("1+")
    assert [happening.what for happening in watch.seen] == ["boot", "runs"]
