"""Bumble's host without two of its habits: formatting for logs, and losing count of answers.

Two thirds of Bumble's CPU time goes into f-strings for debug logs that nobody reads; they are
built before the level is looked at. The methods that build them for every packet are overridden
here and in ``controller``, ``server`` and ``client`` with the same steps less the string. Nothing
of Bumble is patched: its own log of these packets is simply not written, for our radio alone.
"""

from __future__ import annotations

import asyncio
from typing import Any

from bumble import hci
from bumble.controller import Controller
from bumble.host import DataPacketQueue, Host
from bumble.snoop import Snooper


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


class QuietHost(Host):
    """A host that is joined to one controller of ours."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self._turn = asyncio.Lock()
        self.set_packet_sink(controller)
        controller.set_packet_sink(self)

    async def reset(self, driver_factory: object = None) -> None:  # noqa: ARG002 - Bumble's own
        """Reset the controller; it is ours, so that no vendor's driver has to be looked for."""
        await super().reset(driver_factory=None)
        made = self.le_acl_packet_queue
        if made is not None:
            self.le_acl_packet_queue = PacketQueue(
                made.max_packet_size, made.max_in_flight, self.send_hci_packet
            )

    def post(self, command: hci.HCI_Command) -> None:
        """Send a command for whose answer nobody waits: usable where nothing may be awaited.

        Real controllers take one command at a time; ours carries each out within this call.
        """
        self.send_hci_packet(command)

    async def _send_command(
        self,
        command: hci.HCI_SyncCommand[Any] | hci.HCI_AsyncCommand,
        response_timeout: float | None = None,  # noqa: ARG002 - ours always answers
    ) -> hci.HCI_Command_Complete_Event[Any] | hci.HCI_Command_Status_Event:
        """Send a command and wait for its answer.

        Bumble waits with ``asyncio.wait_for``, which on Python 3.11 loses a cancellation that
        comes together with the answer: the task would live on behind a controller without power.
        """
        async with self._turn:
            self.pending_command = command
            self.pending_response = asyncio.get_running_loop().create_future()
            try:
                self.send_hci_packet(command)
                return await self.pending_response
            finally:
                self.pending_command = None
                self.pending_response = None

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Send to the controller, without formatting the packet for the log."""
        data = bytes(packet)
        if self.snooper is not None:
            self.snooper.snoop(data, Snooper.Direction.HOST_TO_CONTROLLER)
        if self.hci_sink is not None:
            self.hci_sink.on_packet(data)

    def on_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Take a packet from the controller, without formatting it for the log."""
        if self.snooper is not None:
            self.snooper.snoop(bytes(packet), Snooper.Direction.CONTROLLER_TO_HOST)
        if isinstance(packet, hci.HCI_AclDataPacket):
            self.on_hci_acl_data_packet(packet)
        elif isinstance(packet, hci.HCI_Event):
            self.on_hci_event_packet(packet)

    def send_acl_sdu(self, connection_handle: int, sdu: bytes) -> None:
        """Send data; what comes after the end of its connection is dropped without a warning."""
        if connection_handle in self.connections:
            super().send_acl_sdu(connection_handle, sdu)

    def on_command_processed(
        self,
        event: hci.HCI_Command_Complete_Event[Any] | hci.HCI_Command_Status_Event,
    ) -> None:
        """Give an answer to the one who waits for it, if there still is one.

        A task that was cancelled leaves its answer under way. Bumble would hand it to the next
        command, and raise in the event loop when the right answer comes.
        """
        waiting, command = self.pending_response, self.pending_command
        if waiting is None or command is None or waiting.done():
            return
        if command.op_code == event.command_opcode:
            waiting.set_result(event)

    def on_hci_read_remote_version_information_complete_event(
        self, event: hci.HCI_Read_Remote_Version_Information_Complete_Event
    ) -> None:
        """Pass on the peer's version, which Bumble's host does not know."""
        self.emit("remote_version", event)
