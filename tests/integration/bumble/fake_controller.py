"""A controller that keeps what it is told, and says what a test has it say."""

from __future__ import annotations

from bumble import hci

from firmline.links.bumble.host import QuietHost


class FakeController:
    """The other side of a host: commands are kept, answers are given by hand."""

    def __init__(self) -> None:
        self.commands: list[hci.HCI_Command] = []
        self.data: list[bytes] = []
        self.host: QuietHost | None = None

    def on_packet(self, packet: bytes) -> None:
        read = hci.HCI_Packet.from_bytes(packet)
        if isinstance(read, hci.HCI_Command):
            self.commands.append(read)
        else:
            self.data.append(packet)

    @property
    def names(self) -> list[str]:
        return [command.name for command in self.commands]

    def say(self, packet: bytes) -> None:
        assert self.host is not None
        self.host.on_packet(packet)

    def complete(self, op_code: int, *, status: int = 0, room: int = 1, rest: bytes = b"") -> None:
        parameters = bytes([room]) + op_code.to_bytes(2, "little") + bytes([status]) + rest
        self.say(bytes([0x04, 0x0E, len(parameters)]) + parameters)

    def accept(self, op_code: int, *, status: int = 0, room: int = 1) -> None:
        self.say(bytes([0x04, 0x0F, 4, status, room]) + op_code.to_bytes(2, "little"))

    def make_room(self, room: int = 1) -> None:
        """Command Complete for no command (Core spec, Vol 4, Part E, 7.7.14)."""
        self.say(bytes([0x04, 0x0E, 3, room, 0, 0]))
