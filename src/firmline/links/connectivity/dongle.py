"""A dongle behind a port: commands one at a time, each answered or given up, and events.

Rules of this module: time is the event loop's, and what may be wanted while nothing may be awaited
(``post``) needs no waiting.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from firmline.errors import RemoteProtocolError, TransportError, TransportReason, shortened
from firmline.links.connectivity import problems
from firmline.links.connectivity.wire.layouts import Response, Table
from firmline.links.connectivity.wire.three_wire import (
    Acknowledged,
    Delivered,
    Failed,
    LinkEvent,
    LinkState,
    Opened,
    Restarted,
    Role,
    ThreeWireLink,
)
from firmline.links.failure import Failure, closed
from firmline.links.serial.wire import Wire

ANSWER_S: Final = 1.5
"""How long a command may take (nrf-connectivity spec, "Serialization layer")."""
FAREWELL_S: Final = 0.5
"""How long the last reset may take to be written; ours."""

OnResponse = Callable[[Response], None]
OnEvent = Callable[[object], None]
OnFailure = Callable[[Failure], None]


class _Wanted:
    """A command on its way to its response."""

    __slots__ = ("command", "future", "on_response")

    def __init__(
        self,
        command: object,
        *,
        on_response: OnResponse | None = None,
        future: asyncio.Future[Response | Failure] | None = None,
    ) -> None:
        self.command = command
        self.on_response = on_response
        self.future = future

    def answer(self, response: Response) -> None:
        """Tell who asked."""
        if self.future is not None and not self.future.done():
            self.future.set_result(response)
        if self.on_response is not None:
            self.on_response(response)

    def give_up(self, failure: Failure) -> None:
        """There will be no response."""
        if self.future is not None and not self.future.done():
            self.future.set_result(failure)


class Dongle:
    """A dongle.

    Args:
        wire: Its port, open.
        table: What can be said to it.
        port: The port's name, for messages.

    Attributes:
        port: The same.
        failure: Why nothing goes over it any more; ``None``: it works, or is not open yet.
    """

    def __init__(self, wire: Wire, *, table: Table, port: str) -> None:
        self.port = port
        self.failure: Failure | None = None
        self._wire = wire
        self._table = table
        self._loop = asyncio.get_running_loop()
        self._link = ThreeWireLink(Role.HOST)
        self._opened: asyncio.Future[Failure | None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._silence: asyncio.TimerHandle | None = None
        self._wanted: deque[_Wanted] = deque()
        self._current: _Wanted | None = None
        self._on_event: OnEvent = lambda _event: None
        self._on_failure: OnFailure = lambda _failure: None
        self._outgoing = bytearray()
        self._has_outgoing = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    # From the beginning to the end.

    def listen(self, on_event: OnEvent, on_failure: OnFailure) -> None:
        """From now on tell what the dongle tells, and once why it does no more."""
        self._on_event, self._on_failure = on_event, on_failure

    async def open(self) -> None:
        """Reset the dongle and open the link to it.

        Raises:
            TransportError: NOT_AVAILABLE: nothing answers, or what answers is no dongle.
        """
        self._writing = self._loop.create_task(self._write())
        self._wire.listen(self._hear, self._on_lost)
        self._link.open(now_s=self._loop.time())
        self._go_on()
        failure = await self._opened
        if failure is not None:
            raise failure.error()

    async def close(self) -> None:
        """Give the port back, and leave the dongle reset; harmless when already closed."""
        if self.failure is None and self._link.state is LinkState.ACTIVE:
            await self._leave()
        self.fail(closed(shortened(self.port)))
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
            self._writing = None
        await self._wire.close()

    async def _leave(self) -> None:
        """Reset the dongle, or it would go on listening for nobody."""
        self._link.leave()
        with suppress(TransportError, TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                await self._wire.write(self._link.take_output())

    def fail(self, failure: Failure) -> None:
        """Give the dongle up: everyone who waits for it is told; the first reason stays."""
        if self.failure is not None:
            return
        self.failure = failure
        if not self._opened.done():
            self._opened.set_result(failure)
        given_up = [*([self._current] if self._current else []), *self._wanted]
        self._current = None
        self._wanted.clear()
        for timer in (self._timer, self._silence):
            if timer is not None:
                timer.cancel()
        for wanted in given_up:
            wanted.give_up(failure)
        self._on_failure(failure)

    # Commands.

    def post(self, command: object, on_response: OnResponse | None = None) -> None:
        """Send a command in its turn, without waiting.

        Args:
            command: Which.
            on_response: Told what it came to; not at all where the dongle fails before.
        """
        self._want(_Wanted(command, on_response=on_response))

    async def ask(self, command: object, what: str) -> object:
        """Send a command in its turn, and wait until it was answered with success.

        Args:
            command: Which.
            what: What it is for, for messages.

        Returns:
            Its results; ``None`` where it has none.

        Raises:
            TransportError: NOT_AVAILABLE: the dongle refused it (``context['nrf_error']``), or has
                failed.
        """
        response = await self.try_to(command)
        if response.error:
            raise problems.refused(self.port, what, response.error)
        try:
            return self._table.decode_results(type(command), response)
        except RemoteProtocolError as error:
            self.fail(problems.nonsense(self.port, error.message))
            raise self.error() from error

    async def try_to(self, command: object) -> Response:
        """Send a command in its turn, and wait for its response, whichever it is.

        Raises:
            TransportError: NOT_AVAILABLE: the dongle has failed.
        """
        future: asyncio.Future[Response | Failure] = self._loop.create_future()
        wanted = _Wanted(command, future=future)
        self._want(wanted)
        try:
            outcome = await future
        finally:
            if wanted in self._wanted:  # it was cancelled before its turn came
                self._wanted.remove(wanted)
        if isinstance(outcome, Failure):
            raise outcome.error()
        return outcome

    def error(self, reason: TransportReason = TransportReason.NOT_AVAILABLE) -> TransportError:
        """A new error for whoever wanted something of a dongle that has failed."""
        return (self.failure or closed(shortened(self.port))).error(reason)

    def _want(self, wanted: _Wanted) -> None:
        if self.failure is not None:
            wanted.give_up(self.failure)
            return
        self._wanted.append(wanted)
        self._send_next()
        self._go_on()

    def _send_next(self) -> None:
        if self._current is not None or not self._wanted:
            return
        if self._link.state is not LinkState.ACTIVE:
            return
        self._current = self._wanted.popleft()
        payload = self._table.encode_command(self._current.command)
        now_s = self._loop.time()
        self._link.send(payload, now_s=now_s)
        self._silence = self._loop.call_at(now_s + ANSWER_S, self._on_silence)

    def _on_silence(self) -> None:
        self.fail(problems.stopped(self.port, ANSWER_S))

    # The link.

    def _hear(self, data: bytes) -> None:
        if self.failure is None:
            self._link.feed(data, now_s=self._loop.time())
            self._go_on()

    def _on_lost(self, error: TransportError) -> None:
        self.fail(Failure(code=error.code, message=error.message, hint=error.hint))

    def _on_time(self) -> None:
        # An event loop may run a timer early by its clock's resolution.
        self._link.wake(now_s=max(self._loop.time(), self._link.next_wake_s() or 0.0))
        self._go_on()

    def _go_on(self) -> None:
        """Carry out what the link has come to."""
        while self.failure is None and (events := self._link.take_events()):
            for event in events:
                self._on_link(event)
        if data := self._link.take_output():
            self._outgoing += data
            self._has_outgoing.set()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_s = self._link.next_wake_s()
        if due_s is not None and self.failure is None:
            self._timer = self._loop.call_at(due_s, self._on_time)

    def _on_link(self, event: LinkEvent) -> None:
        match event:
            case Delivered(payload):
                self._on_payload(payload)
            case Opened() if not self._opened.done():
                self._opened.set_result(None)
            case Failed(why):
                self.fail(problems.of_link(self.port, why, self._link.heard))
            case Restarted():
                self.fail(problems.restarted(self.port))
            case Acknowledged() | Opened():
                return

    def _on_payload(self, payload: bytes) -> None:
        if self.failure is not None:
            return
        try:
            said = self._table.decode_said(payload)
        except RemoteProtocolError as error:
            self.fail(problems.nonsense(self.port, error.message))
            return
        if isinstance(said, Response):
            self._on_response(said)
        else:
            self._on_event(said)

    def _on_response(self, response: Response) -> None:
        """Give a response to the one who waits for it; one to no command is left."""
        current = self._current
        if current is None or self._table.opcode_of(type(current.command)) != response.opcode:
            return
        self._current = None
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        current.answer(response)
        self._send_next()

    async def _write(self) -> None:
        """Write what the link has to say, as long as it lives."""
        while True:
            await self._has_outgoing.wait()
            self._has_outgoing.clear()
            data = bytes(self._outgoing)
            self._outgoing.clear()
            try:
                await self._wire.write(data)
            except TransportError as error:
                self._on_lost(error)
                return
