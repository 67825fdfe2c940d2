"""Bumble's host without three of its habits: formatting for logs, losing count, waiting for ever.

Two thirds of Bumble's CPU time goes into f-strings for debug logs that nobody reads; they are
built before the level is looked at. The methods that build them for every packet are overridden
here, and in the virtual radio's controller and server, with the same steps less the string. Nothing
of Bumble is patched: its own log of these packets is simply not written, for our radios alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from bumble import hci
from bumble.controller import Controller
from bumble.host import DataPacketQueue, Host
from bumble.snoop import Snooper

from firmline.errors import TransportError, TransportReason
from firmline.links.bumble.failure import broken_down, gone, nonsense, refused, silent
from firmline.links.bumble.redaction import without_keys
from firmline.links.failure import Failure

Answer = hci.HCI_Command_Complete_Event[Any] | hci.HCI_Command_Status_Event
"""What a controller says to a command."""
OnAnswer = Callable[[int], None]
"""Takes the status of an answer; 0: the command is carried out, or will be."""
FAILED = "failed"
"""The host's event: the controller has failed; ``host.failure`` says how."""
VERSION_TOLD = "remote_version"
"""The host's event: a unit's controller has said who it is."""

_NO_STATUS = 0xFF  # Where an answer has none; no HCI error (Core spec, Vol 1, Part F, 1.3).
_STATUS_AT = 3  # Behind the count of commands and the opcode (Core spec, Vol 4, Part E, 7.7.14).


class ControllerGoneError(asyncio.CancelledError):
    """Nobody will answer this command any more.

    Bumble carries out some wishes of a unit in tasks of its own, whose errors nobody fetches. As a
    cancellation it ends them in silence; whoever asked through :meth:`QuietHost.ask` is told why.
    """


class PacketQueue(DataPacketQueue):
    """Bumble's queue to the controller, which forgot whoever waits for the room of a lost link."""

    def unacknowledged(self, connection_handle: int) -> int:
        """How many packets of a connection the other side's radio has not acknowledged yet."""
        state = self._connection_state.get(connection_handle)
        waiting = sum(handle == connection_handle for _, handle in self._packets)
        return waiting + (0 if state is None else state.in_flight)

    def flush(self, connection_handle: int) -> None:
        """Give the room that a lost connection took to the others, and tell them."""
        super().flush(connection_handle)
        self._check_queue()
        self.emit("flow")


class _Command:
    """One command, from the moment it is wanted to its answer."""

    __slots__ = ("future", "on_answer", "packet")

    def __init__(
        self,
        packet: hci.HCI_Command,
        *,
        on_answer: OnAnswer | None = None,
        future: asyncio.Future[Answer] | None = None,
    ) -> None:
        self.packet = packet
        self.on_answer = on_answer
        self.future = future

    def answer(self, answer: Answer) -> None:
        """Tell who asked, if somebody still wants to know."""
        if self.future is not None and not self.future.done():
            self.future.set_result(answer)
        if self.on_answer is not None:
            self.on_answer(status_of(answer))

    def give_up(self) -> None:
        """There will be no answer."""
        if self.future is not None and not self.future.done():
            self.future.set_exception(ControllerGoneError())
            self.future.exception()  # somebody else's cancellation may have come first


class QuietHost(Host):
    """A host of one controller, which it tells one command at a time.

    Args:
        name: The controller, for people.
        answer_timeout_s: After this time without an answer the controller has failed; ``None``: it
            is in this process, and is waited for.

    Attributes:
        name: The controller, for people.
        answer_timeout_s: As above.
        failure: Why nothing goes over the controller any more; ``None``: it works. The event
            ``FAILED`` tells when.
        unreadable: How many packets made no sense.
    """

    def __init__(self, name: str, *, answer_timeout_s: float | None = None) -> None:
        super().__init__()
        self.name = name
        self.failure: Failure | None = None
        self.unreadable = 0
        self.answer_timeout_s = answer_timeout_s
        self._wanted: deque[_Command] = deque()
        self._current: _Command | None = None
        self._has_room = True
        self._timer: asyncio.TimerHandle | None = None

    def join(self, controller: Controller) -> None:
        """Take a controller that is in this process."""
        self.set_packet_sink(controller)
        controller.set_packet_sink(self)

    async def reset(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Bumble's own
        """Reset the controller, and ask what it is."""
        await super().reset(*arguments, **options)
        made = self.le_acl_packet_queue
        if made is not None:
            self.le_acl_packet_queue = PacketQueue(
                made.max_packet_size, made.max_in_flight, self.send_hci_packet
            )

    # Commands.

    def post(self, command: hci.HCI_Command, on_answer: OnAnswer | None = None) -> None:
        """Send a command in its turn, without waiting: usable where nothing may be awaited.

        Args:
            command: Which.
            on_answer: Told how it was answered; not at all where the controller fails before.
        """
        self._want(_Command(command, on_answer=on_answer))

    async def ask(self, command: hci.HCI_Command, what: str) -> Answer:
        """Send a command in its turn, and wait until it is answered with success.

        Args:
            command: Which.
            what: What it is for, for messages.

        Raises:
            TransportError: NOT_AVAILABLE: the controller refused it, or has failed.
        """
        answer = await self._answer_to(command)
        if status := status_of(answer):
            raise refused(self.name, what, status).error()
        return answer

    async def _answer_to(self, command: hci.HCI_Command) -> Answer:
        try:
            return await self._send_command(command)
        except ControllerGoneError:
            raise self.error() from None

    async def knock(self, patience_s: Iterable[float]) -> None:
        """Reset a controller of which nobody knows what it was told before.

        Args:
            patience_s: How long to wait for an answer, before it is told again.

        Raises:
            TransportError: NOT_AVAILABLE: it does not answer, or is gone.
        """
        waited_s = 0.0
        for timeout_s in patience_s:
            try:
                async with asyncio.timeout(timeout_s):
                    await self.ask(hci.HCI_Reset_Command(), "to reset")
            except TimeoutError:
                waited_s += timeout_s
                self._current = None  # a late answer will do as well
            else:
                return
        self.fail(nonsense(self.name) if self.unreadable else silent(self.name, waited_s))
        raise self.error()

    def error(self, reason: TransportReason = TransportReason.NOT_AVAILABLE) -> TransportError:
        """A new error for whoever wanted something of a controller that has failed."""
        return (self.failure or gone(self.name)).error(reason)

    async def _send_command(
        self,
        command: hci.HCI_Command,
        response_timeout: float | None = None,  # noqa: ARG002 - every answer is waited for alike
    ) -> Answer:
        """Send a command and wait for its answer.

        Bumble waits with ``asyncio.wait_for``, which on Python 3.11 loses a cancellation that
        comes together with the answer: the task would live on behind a controller without power.

        Raises:
            ControllerGoneError: There will be no answer.
        """
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        wanted = _Command(command, future=answered)
        self._want(wanted)
        try:
            return await answered
        finally:
            if wanted in self._wanted:  # it was cancelled before its turn came
                self._wanted.remove(wanted)

    async def send_async_command(
        self,
        command: hci.HCI_AsyncCommand,
        check_status: bool = True,
        response_timeout: float | None = None,
    ) -> hci.HCI_ErrorCode:
        """Send a command that is answered before it is carried out.

        Bumble hands on the connection parameters that a unit asks for in a task of its own, where
        nobody would fetch the error if the controller knows no such parameters.
        """
        if isinstance(command, hci.HCI_LE_Connection_Update_Command):
            check_status = False
        return await super().send_async_command(command, check_status, response_timeout)

    def _want(self, command: _Command) -> None:
        if self.failure is not None:
            command.give_up()
            return
        self._wanted.append(command)
        self._send_next()

    def _send_next(self) -> None:
        """Send the next command, if the controller takes one."""
        if self._current is None and self._has_room and self._wanted:
            self._current = self._wanted.popleft()
            self.send_hci_packet(self._current.packet)
            self._wait_anew()

    def _wait_anew(self) -> None:
        """Begin to wait for the controller, or end it where nothing is wanted of it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waits = self._current is not None or self._wanted
        if waits and self.answer_timeout_s is not None and self.failure is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self.answer_timeout_s, self._on_silence)

    def _on_silence(self) -> None:
        made_no_sense = self.unreadable and not self.ready
        self.fail(
            nonsense(self.name) if made_no_sense else silent(self.name, self.answer_timeout_s or 0)
        )

    def on_hci_command_complete_event(self, event: hci.HCI_Command_Complete_Event[Any]) -> None:
        """Take an answer; one to no command only tells that there is room for the next."""
        self.on_command_processed(event)

    def on_command_processed(self, event: Answer) -> None:
        """Give an answer to the one who waits for it, if there still is one.

        A task that was cancelled leaves its answer under way. Bumble would hand it to the next
        command, and raise in the event loop when the right answer comes.
        """
        self._has_room = event.num_hci_command_packets > 0
        answered = self._current
        if answered is not None and answered.packet.op_code == event.command_opcode:
            self._current = None
            self._wait_anew()
            answered.answer(event)
        self._send_next()

    # Packets.

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Send to the controller, without formatting the packet for the log."""
        data = bytes(packet)
        if self.snooper is not None:
            self.snooper.snoop(without_keys(data), Snooper.Direction.HOST_TO_CONTROLLER)
        if self.hci_sink is not None and self.failure is None:
            self.hci_sink.on_packet(data)

    def on_packet(self, packet: bytes) -> None:
        """Take a packet from the controller; what cannot be read is counted and dropped."""
        if self.snooper is not None:
            self.snooper.snoop(without_keys(packet), Snooper.Direction.CONTROLLER_TO_HOST)
        try:
            read = hci.HCI_Packet.from_bytes(packet)
        except Exception:  # noqa: BLE001 - Bumble's parsers raise any of them
            self.unreadable += 1
            return
        if self.ready or _answers_reset(read):
            self.on_hci_packet(read)

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Act on a packet, without formatting it for the log."""
        if isinstance(packet, hci.HCI_AclDataPacket):
            self.on_hci_acl_data_packet(packet)
        elif isinstance(packet, hci.HCI_Event):
            self.on_hci_event_packet(packet)
        elif isinstance(packet, hci.HCI_Command):  # which no controller sends
            self.fail(nonsense(self.name))

    def on_hci_event(self, event: hci.HCI_Event) -> None:
        """Leave alone what nobody here asked for: vendors have events of their own."""

    def send_acl_sdu(self, connection_handle: int, sdu: bytes) -> None:
        """Send data; what comes after the end of its connection is dropped without a warning."""
        if connection_handle in self.connections:
            super().send_acl_sdu(connection_handle, sdu)

    def on_hci_read_remote_version_information_complete_event(
        self, event: hci.HCI_Read_Remote_Version_Information_Complete_Event
    ) -> None:
        """Pass on the peer's version, which Bumble's host does not know."""
        self.emit(VERSION_TOLD, event)

    # The end of a controller.

    def on_hci_hardware_error_event(self, event: hci.HCI_Event) -> None:
        """The controller has failed by its own account; its connections are gone."""
        self.fail(broken_down(self.name, event.parameters[:1].hex().upper()))

    def on_transport_lost(self) -> None:
        """The road to the controller is broken."""
        self.fail(gone(self.name))

    def fail(self, failure: Failure) -> None:
        """Give the controller up: everyone who waits for it is told; the first reason stays."""
        if self.failure is not None:
            return
        self.failure = failure
        given_up = [*([self._current] if self._current else []), *self._wanted]
        self._current = None
        self._wanted.clear()
        self._wait_anew()
        for command in given_up:
            command.give_up()
        self.emit(FAILED)


def status_of(answer: Answer) -> int:
    """The status in an answer (Core spec, Vol 1, Part F, 1.3)."""
    if isinstance(answer, hci.HCI_Command_Status_Event):
        return int(answer.status)
    parameters = answer.parameters
    return parameters[_STATUS_AT] if len(parameters) > _STATUS_AT else _NO_STATUS


def _answers_reset(packet: hci.HCI_Packet) -> bool:
    """Whether a controller that was reset says so: what comes before is of another time."""
    return (
        isinstance(packet, hci.HCI_Command_Complete_Event)
        and packet.command_opcode == hci.HCI_RESET_COMMAND
    )
