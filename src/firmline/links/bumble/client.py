"""The GATT client: Bumble's, with an honest end to every request.

Bumble cancels whoever waits for an answer when the link is lost (indistinguishable from the
caller's own cancellation), and takes the late answer to a request given up for the answer to the
next one. Here a lost link is an error, late answers are counted and dropped, and so is what is no
answer to the request under way: a copy of an earlier one, or nonsense.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bumble import att
from bumble.device import Connection
from bumble.gatt_client import Client

from firmline.errors import TransportError
from firmline.links.bumble.address import from_bumble
from firmline.links.gatt import refused, timed_out
from firmline.links.gatt_connection import Loss

_NOT_OFFERED = frozenset(
    {
        att.ATT_INVALID_HANDLE_ERROR,
        att.ATT_READ_NOT_PERMITTED_ERROR,
        att.ATT_ATTRIBUTE_NOT_FOUND_ERROR,
    }
)
"""ATT errors of a value that is not there to be read (Core spec, Vol 3, Part F, 3.4.1.1)."""


@dataclass(slots=True)
class _Pending:
    """One request under way.

    Attributes:
        opcode: Of the request.
        future: Its answer, or why there is none.
        answered: Whether the answer has come.
    """

    opcode: int
    future: asyncio.Future[att.ATT_PDU | TransportError]
    answered: bool = False

    def is_answered_by(self, answer: att.ATT_PDU) -> bool:
        """Whether it is its response, or an error.

        The opcode of a response is the one behind its request's (Core spec, Vol 3, Part F, 3.4.8).
        """
        return isinstance(answer, att.ATT_Error_Response) or answer.op_code == self.opcode + 1


class AttClient(Client):
    """Speaks ATT with one unit.

    Args:
        link: Bumble's connection.
        on_value: Called with handle and value of every notification and indication.
        timeout_s: How long an answer may take.
    """

    def __init__(
        self, link: Connection, on_value: Callable[[int, bytes], None], *, timeout_s: float
    ) -> None:
        super().__init__(link)
        self._peer = from_bumble(link.peer_address)
        self._on_value = on_value
        self._timeout_s = timeout_s
        self._waiting: _Pending | None = None
        self._owed = 0  # Answers still to come to requests that nobody waits for any more.
        self._lost: Loss | None = None

    def fail(self, loss: Loss) -> None:
        """The link is gone: every request fails, now and later."""
        self._lost = loss
        if self._waiting is not None and not self._waiting.future.done():
            self._waiting.future.set_result(loss())

    async def write(self, handle: int, data: bytes, what: str) -> None:
        """Write with response.

        Args:
            handle: The attribute.
            data: The value, at most the MTU less 3 bytes.
            what: What is written, for messages.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT.
        """
        request = att.ATT_Write_Request(attribute_handle=handle, attribute_value=data)
        answer = await self.send_request(request)
        if isinstance(answer, att.ATT_Error_Response):
            raise refused(self._peer, what, int(answer.error_code))

    async def read(self, handle: int, what: str) -> bytes | None:
        """Read a value, whatever its length; ``None`` where the unit does not offer it.

        Args:
            handle: The attribute.
            what: What is read, for messages.

        Raises:
            TransportError: LOST, REFUSED or TIMEOUT. A refusal may pass (a unit that is busy, a
                link not encrypted yet), so that it must not look like a unit without the value.
        """
        with self.refusals(what):
            try:
                return await self.read_value(handle)
            except att.ATT_Error as error:
                if error.error_code in _NOT_OFFERED:
                    return None
                raise

    @contextmanager
    def refusals(self, what: str) -> Iterator[None]:
        """Turn the errors that Bumble's requests raise into REFUSED.

        Args:
            what: What is asked for, for messages.
        """
        try:
            yield
        except att.ATT_Error as error:
            raise refused(self._peer, what, int(error.error_code)) from error

    def post(self, handle: int, data: bytes) -> None:
        """Write without response; the caller has made sure that there is room."""
        command = att.ATT_Write_Command(attribute_handle=handle, attribute_value=data)
        self.send_gatt_pdu(bytes(command))

    async def send_request(self, request: att.ATT_PDU) -> att.ATT_PDU:
        """Send a request and wait for its answer, one after the other.

        Raises:
            TransportError: LOST or TIMEOUT.
        """
        async with self.request_semaphore:
            if self._lost is not None:
                raise self._lost()
            future = asyncio.get_running_loop().create_future()
            pending = _Pending(opcode=int(request.op_code), future=future)
            self._waiting = pending
            self.send_gatt_pdu(bytes(request))
            try:
                async with asyncio.timeout(self._timeout_s):
                    answer = await pending.future
            except TimeoutError:
                raise timed_out(self._peer, "answer a request", self._timeout_s) from None
            finally:
                self._waiting = None
                if not pending.answered:
                    self._owed += 1
        if isinstance(answer, TransportError):
            raise answer
        return answer

    def on_disconnection(self, *_args: object) -> None:
        """Left to the owner of the connection, who knows the reason: :meth:`fail`."""

    def on_gatt_pdu(self, att_pdu: att.ATT_PDU) -> None:
        """Handle a packet from the unit."""
        match att_pdu:
            case att.ATT_Handle_Value_Notification():
                self._on_value(att_pdu.attribute_handle, att_pdu.attribute_value)
            case att.ATT_Handle_Value_Indication():
                self._on_value(att_pdu.attribute_handle, att_pdu.attribute_value)
                self.send_gatt_pdu(bytes(att.ATT_Handle_Value_Confirmation()))
            case _:
                self._on_answer(att_pdu)

    def _on_answer(self, answer: att.ATT_PDU) -> None:
        """ATT answers in order: those to abandoned requests come first."""
        if self._owed:
            self._owed -= 1
        elif self._waiting is not None and self._waiting.is_answered_by(answer):
            self._waiting.answered = True
            if not self._waiting.future.done():
                self._waiting.future.set_result(answer)
