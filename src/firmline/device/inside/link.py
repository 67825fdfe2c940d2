"""The connection to a host, as the unit knows it: who is there, and what has been subscribed to.

It ends without the programs' doing; what that does to them is for those who end it
(:mod:`firmline.device.inside.radio`, :mod:`firmline.device.inside.life`).
"""

from __future__ import annotations

from typing import Final

from firmline.device.inside.core import Core
from firmline.device.radio_face import DropLink, Notify
from firmline.protocol.channels import Channel
from firmline.protocol.target import Reply
from firmline.values import BleAddress

REMOTE_USER_TERMINATED: Final = 0x13
"""HCI reason of a disconnection that the unit asked for (Core spec, Vol 1, Part F)."""


class Link:
    """The one connection of a unit, or that there is none.

    Args:
        core: What all parts share.

    Attributes:
        is_open: Whether a host is connected.
        gives_up_s: When a host that is not heard any more is given up; ``None``: it is heard.
        encrypted_for: With whom the connection is encrypted; ``None``: it is not.
        hears_changes: Whether the host has subscribed to Service Changed.
    """

    def __init__(self, core: Core) -> None:
        self.is_open = False
        self.gives_up_s: float | None = None
        self.encrypted_for: BleAddress | None = None
        self.hears_changes = False
        self._core = core
        self._subscribed: set[Channel] = set()

    def open(self) -> None:
        """A host has connected, and must subscribe anew."""
        self.is_open = True
        self.encrypted_for = None
        self.hears_changes = False
        self._subscribed.clear()

    def close(self, at_s: float) -> None:
        """The connection is over at this time; nothing that is on its way then arrives."""
        self.is_open = False
        self.encrypted_for = None
        self._subscribed.clear()
        self.gives_up_s = None
        self._core.faults.clear_road()
        self._core.outbox.lose_answers(at_s)

    def subscribe(self, channel: Channel, enabled: bool) -> None:
        """The host wrote the CCCD of a channel."""
        if enabled:
            self._subscribed.add(channel)
        else:
            self._subscribed.discard(channel)

    def is_subscribed(self, channel: Channel) -> bool:
        """Whether the host wants to hear a channel."""
        return channel in self._subscribed

    def take_reply(self, reply: Reply) -> None:
        """The bootloader answers; who has not subscribed hears nothing."""
        core = self._core
        if self.is_subscribed(reply.channel) or reply.channel is Channel.SERIAL:
            for at_s, data in core.faults.from_bootloader(reply.data, core.time.cpu_s):
                core.outbox.say(Notify(channel=reply.channel, data=data), at_s=at_s)

    def drop(self) -> None:
        """The bootloader disconnects the host, and gives the radio time for that."""
        physics = self._core.time.physics
        if self.is_open:
            self._core.outbox.say(DropLink(reason=REMOTE_USER_TERMINATED))
            if physics is not None:
                physics.wait(physics.timing.farewell_s)
