"""Ways to a controller that lead to none, and controllers that go away: one error, in time."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bumble.transport.common import TransportSpecError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from firmline.device.description import gallery_unit
from firmline.device.fabrication import fabricate
from firmline.errors import Code, InputError, TransportError, TransportReason
from firmline.links import hci as door
from firmline.links.bumble import transport
from firmline.links.bumble.central import CentralSettings
from firmline.links.bumble.options import HciOptions, hci_radio_options
from firmline.links.hci import open_hci
from firmline.links.serving.open import serve_unit
from firmline.links.serving.place import Place, Road
from firmline.links.serving.witness import Witness
from firmline.links.target import parse_target
from firmline.protocol.channels import Channel
from firmline.values import BleAddress
from integration.bumble.hostile import serving

pytestmark = pytest.mark.slow
HOME = BleAddress.parse("C6:05:04:03:02:01")
QUICK_S = (0.05, 0.05)
RESET_DONE = bytes.fromhex("040e0401030c00")


@pytest.fixture(autouse=True)
async def guard(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Short patience; and nothing is raised in passing, printed or left behind."""
    monkeypatch.setattr(transport, "KNOCKS_S", QUICK_S)
    monkeypatch.setattr(transport, "ANSWER_S", 0.2)
    impatient = partial(CentralSettings, request_timeout_s=0.2)
    monkeypatch.setattr(transport, "CentralSettings", impatient)
    stray: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: stray.append(context))
    yield
    gc.collect()
    await asyncio.sleep(0)
    assert stray == []
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert logging.getLogger("bumble").propagate


async def failure(options: HciOptions) -> TransportError:
    try:
        async with open_hci(options) as link:
            await link.find(HOME, timeout_s=5)
    except TransportError as error:
        return error
    pytest.fail("it was found")


async def test_a_server_that_says_nothing_is_silent() -> None:
    async def mute(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(100):
            pass

    async with serving(mute) as options:
        error = await failure(options)
    assert error.code is Code.CONTROLLER_SILENT
    assert "did not answer within 0.1 s" in error.message


async def test_a_controller_left_in_the_middle_of_a_packet_is_reset_again() -> None:
    """The first reset is taken for the rest of a packet that somebody else has begun."""
    resets = 0

    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal resets
        while await reader.read(100):
            resets += 1
            if resets == 2:
                writer.write(RESET_DONE)

    async with serving(busy) as options:
        error = await failure(options)
    assert resets >= 3, "it went on to ask what the controller is"
    assert error.code is Code.CONTROLLER_SILENT
    assert "within 0.2 s" in error.message


async def test_a_server_that_speaks_another_language_is_named() -> None:
    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(100):
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(web) as options:
        error = await failure(options)
    assert error.code is Code.CONTROLLER_NONSENSE


async def test_bytes_out_of_step_end_the_link_at_once() -> None:
    async def derail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = 0
        while await reader.read(100):
            asked += 1
            writer.write(RESET_DONE if asked <= 2 else b"\x99\x99\x99")

    async with serving(derail) as options:
        error = await failure(options)
    assert error.code is Code.CONTROLLER_NONSENSE


@pytest.mark.parametrize("answers", [0, 1, 2])
async def test_a_server_that_hangs_up_is_gone(answers: int) -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(answers):
            await reader.read(100)
            writer.write(RESET_DONE)
        await writer.drain()

    async with serving(leave) as options:
        error = await failure(options)
    assert error.code is Code.CONTROLLER_LOST
    assert error.message.startswith("The Bluetooth controller tcp-client:127.0.0.1:")


async def test_nobody_listens() -> None:
    async with serving(lambda _reader, _writer: asyncio.sleep(0)) as options:
        pass
    assert (await failure(options)).code is Code.CONTROLLER_NOT_FOUND


async def test_a_host_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_name: str) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(transport, "open_transport", never)
    monkeypatch.setattr(transport, "OPENING_S", 0.05)
    error = await failure(hci_radio_options(parse_target("hci:usb:0")))
    assert error.code is Code.CONTROLLER_NOT_FOUND


async def test_a_serial_port_is_locked_and_a_silent_one_is_told(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    import os  # noqa: PLC0415 - with the above

    ours, theirs = pty.openpty()
    options = hci_radio_options(parse_target(f"hci:serial:{os.ttyname(theirs)}"))
    _ = tmp_path
    try:
        first = asyncio.create_task(failure(options))
        while not (await asyncio.to_thread(os.read, ours, 1)):
            pass
        assert (await failure(options)).code is Code.CONTROLLER_BUSY
        assert (await first).code is Code.CONTROLLER_SILENT
    finally:
        os.close(ours)
        os.close(theirs)


async def test_a_transport_that_bumble_lacks_is_the_users_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def unknown(_name: str) -> None:
        raise TransportSpecError("unknown transport scheme")

    monkeypatch.setattr(transport, "open_transport", unknown)
    with pytest.raises(InputError) as caught:
        async with open_hci(hci_radio_options(parse_target("hci:usb:0"))):
            pytest.fail("it was opened")
    assert caught.value.code is Code.TARGET_MALFORMED


async def test_without_bumble_one_sentence_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(door, "find_spec", lambda _name: None)
    error = await failure(hci_radio_options(parse_target("hci:usb:0")))
    assert error.code is Code.LINK_EXTRA_MISSING
    assert "pip install 'firmline[hci]'" in error.hint


async def test_a_host_where_a_controller_should_be_is_no_controller() -> None:
    async def host(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = 0
        while await reader.read(100):
            asked += 1
            writer.write(RESET_DONE if asked <= 2 else bytes.fromhex("01030c00"))

    async with serving(host) as options:
        error = await failure(options)
    assert error.code is Code.CONTROLLER_NONSENSE


async def test_a_packet_log_that_cannot_be_begun_gives_the_controller_back() -> None:
    gone = asyncio.Event()

    async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(100):
            writer.write(RESET_DONE)
        gone.set()

    def full(_data: bytes) -> None:
        raise ValueError("full")

    async with serving(watch) as options:
        with pytest.raises(ValueError, match="full"):
            async with open_hci(options, packet_log=full):
                pytest.fail("it was opened")
        async with asyncio.timeout(5):
            await gone.wait()


async def test_a_served_controller_is_a_central_like_any_other() -> None:
    unit = fabricate(gallery_unit("ble-reference"))
    witness = Witness(unit, lambda _happening: None)
    packets = bytearray()
    place = Place(road=Road.HCI_TCP)
    async with serve_unit(unit, place, baud=None, witness=witness) as served:
        served.power_on()
        options = hci_radio_options(parse_target(f"hci:{served.where['hci']}"))
        async with open_hci(options, packet_log=packets.extend) as link:
            assert (await link.find(HOME, timeout_s=5)).rssi_dbm == -50
            connection = await link.connect(HOME, timeout_s=5)
            assert connection.channels == {Channel.BUTTONLESS}
            assert await connection.rssi() == -50
            assert (await connection.remote_version(timeout_s=5)).softdevice_fwid == 0x0103
            assert await connection.battery_level() is None
            with pytest.raises(TransportError) as caught:
                await connection.receive(timeout_s=0.01)
            assert caught.value.reason is TransportReason.TIMEOUT
            await connection.close()
    assert packets.startswith(b"btsnoop\0")
    assert b"\x01\x03\x0c\x00" in packets


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    answers=st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.binary(max_size=20).map(lambda data: bytes([4, 0x0E, len(data)]) + data),
            st.tuples(st.integers(0, 255), st.binary(max_size=20)).map(
                lambda event: bytes([4, event[0], len(event[1])]) + event[1]
            ),
            st.tuples(st.integers(0, 255), st.binary(max_size=20)).map(
                lambda event: bytes([4, 0x3E, len(event[1]) + 1, event[0]]) + event[1]
            ),
            st.binary(max_size=20).map(lambda data: bytes([2, 1, 0, len(data), 0]) + data),
        ),
        max_size=8,
    ),
    honest=st.integers(0, 6),
)
def test_a_stream_of_nonsense_never_hangs_and_is_always_one_error(
    answers: list[bytes], honest: int
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the first commands as a controller does, and then whatever comes."""
        count = 0
        while head := await reader.read(4):
            await reader.read(head[3]) if len(head) == 4 and head[3] else None
            count += 1
            if count <= honest:
                writer.write(bytes([4, 0x0E, 4, 1, *head[1:3], 0]))
            elif answers:
                writer.write(answers[(count - honest - 1) % len(answers)])

    async def story() -> None:
        stray: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: stray.append(context))
        async with asyncio.timeout(20), serving(talk) as options:
            error = await failure(options)
        assert error.code in {
            Code.CONTROLLER_SILENT,
            Code.CONTROLLER_NONSENSE,
            Code.CONTROLLER_LOST,
            Code.CONTROLLER_REFUSED,
        }
        gc.collect()
        await asyncio.sleep(0)
        assert stray == []

    asyncio.run(story())


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(after=st.integers(100, 2500), noise=st.binary(min_size=1, max_size=60), drop=st.booleans())
# An answer to another request than the one under way.
@example(after=656, noise=b"\x03", drop=False)
def test_a_good_stream_that_goes_bad_is_one_error_or_none(
    after: int, noise: bytes, drop: bool
) -> None:
    async def story() -> None:
        stray: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: stray.append(context))
        unit = fabricate(gallery_unit("ble-reference"))
        witness = Witness(unit, lambda _happening: None)
        place = Place(road=Road.HCI_TCP)
        async with serve_unit(unit, place, baud=None, witness=witness) as served:
            served.power_on()
            port = int(served.where["hci"].rpartition(":")[2])

            async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await spoil(reader, writer, port=port, after=after, noise=noise, drop=drop)

            async with asyncio.timeout(20), serving(between) as options:
                with suppress(TransportError):
                    async with open_hci(options) as link:
                        connection = await link.connect(HOME, timeout_s=0.5)
                        await connection.device_information()
                        await connection.remote_version(timeout_s=0.2)
                        await connection.rssi()
        # What the served unit's own stack wonders at is told by its witness, and is no stray.
        gc.collect()
        await asyncio.sleep(0)
        assert stray == []

    asyncio.run(story())


async def spoil(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    port: int,
    after: int,
    noise: bytes,
    drop: bool,
) -> None:
    """Carry bytes between a host and a controller; so many bytes later, noise comes among them."""
    from_controller, to_controller = await asyncio.open_connection("127.0.0.1", port)

    async def there() -> None:
        while data := await reader.read(1000):
            to_controller.write(data)
        to_controller.close()

    going = asyncio.create_task(there())
    passed = 0
    try:
        while data := await from_controller.read(1000):
            if passed <= after < passed + len(data):
                cut = after - passed
                data = data[:cut] + noise + (b"" if drop else data[cut:])
            passed += len(data)
            writer.write(data)
    finally:
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        to_controller.transport.abort()
