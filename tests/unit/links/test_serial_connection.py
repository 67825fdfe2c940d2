"""A serial connection by itself, over a wire that says whatever it likes."""

from __future__ import annotations

import pytest

from firmline.errors import Code, RemoteProtocolError
from firmline.links.serial.link import MAX_UNHEARD, SerialConnection
from firmline.links.serial.wire import OnData, OnLost

BLOCK = 1 << 16


class Talker:
    """A wire to somebody who talks."""

    def listen(self, on_data: OnData, on_lost: OnLost) -> None:
        self.say, self.lose = on_data, on_lost

    async def write(self, data: bytes) -> None:
        pytest.fail(f"{len(data)} bytes were written")

    def set_baud(self, baud: int) -> None:
        pytest.fail(f"{baud} were asked for")

    def clear_to_send(self) -> bool | None:
        return None

    async def close(self) -> None:
        return


async def test_what_does_not_stop_talking_is_nonsense_and_fills_no_memory() -> None:
    wire = Talker()
    connection = SerialConnection(wire, name="COM3", baud=None)
    for _ in range(MAX_UNHEARD // BLOCK):
        wire.say(bytes(BLOCK))
    assert len((await connection.receive(timeout_s=1)).data) == BLOCK
    wire.say(bytes(BLOCK))
    assert len((await connection.receive(timeout_s=1)).data) == BLOCK
    wire.say(bytes(BLOCK))
    wire.say(b"x")
    for _ in range(2):
        with pytest.raises(RemoteProtocolError) as caught:
            await connection.receive(timeout_s=1)
        assert caught.value.code is Code.ANSWER_UNEXPECTED
        assert "COM3" in caught.value.message
    assert sum(len(data) for data in connection._heard) == MAX_UNHEARD
    connection.discard_input()
    wire.say(b"again")
    assert (await connection.receive(timeout_s=1)).data == b"again"
