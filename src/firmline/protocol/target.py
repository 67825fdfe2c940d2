"""The target's end of a Secure DFU: bytes to requests, answers to bytes, and the PRN counter.

Like the real bootloader's transport it knows nothing of objects: a :class:`RequestHandler` does the
work. The receipt notification (PRN) is counted here because it is counted there (spec section 2.4):
set by PRN_SET, reloaded on every CREATE, and at zero a write is answered as if a CRC had been asked
for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from firmline.protocol.answers import Answer, encode_answer
from firmline.protocol.channels import Channel
from firmline.protocol.requests import (
    REQUEST_BODY_SIZE,
    CreateObject,
    Request,
    SetPrn,
    UnknownRequest,
    WriteObject,
    decode_request,
)
from firmline.protocol.slip import SlipDecoder, encode_frame


class RequestHandler(Protocol):
    """What a bootloader does with requests."""

    def handle(self, request: Request | UnknownRequest) -> Answer | None:
        """Carry out a request; ``None``: no answer (the unit reset instead).

        A WriteObject is answered with a CRC_GET answer, which is sent only when a PRN is due.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Bytes for the host."""

    channel: Channel
    data: bytes


class TargetSession:
    """Speaks for a :class:`RequestHandler` on its channels.

    Args:
        handler: What carries the requests out.
    """

    def __init__(self, handler: RequestHandler) -> None:
        self._handler = handler
        self._slip = SlipDecoder()
        self._prn = 0
        self._writes_left = 0

    def receive(self, channel: Channel, data: bytes) -> list[Reply]:
        """Take what the host wrote to a channel; the answers, in order."""
        match channel:
            case Channel.CONTROL:
                replies = [Reply(channel=channel, data=answer) for answer in self.take(data)]
            case Channel.PACKET:
                request = WriteObject(data=data)
                replies = [
                    Reply(channel=Channel.CONTROL, data=answer)
                    for answer in self.carry_out(request)
                ]
            case Channel.SERIAL:
                replies = [
                    Reply(channel=channel, data=encode_frame(answer))
                    for frame in self._slip.feed(data)
                    for answer in self.take(frame)
                ]
            case Channel.BUTTONLESS:
                replies = []
        return replies

    def take(self, message: bytes) -> list[bytes]:
        """One request; the answers to it.

        A request that is too short is filled up with zeros: its length is not checked.
        """
        if not message:
            return []
        missing = REQUEST_BODY_SIZE.get(message[0], 0) + 1 - len(message)
        return self.carry_out(decode_request(message + bytes(max(0, missing))))

    def carry_out(self, request: Request | UnknownRequest) -> list[bytes]:
        """One request that is decoded already; the answers to it."""
        if isinstance(request, SetPrn):
            self._prn = self._writes_left = request.count
        elif isinstance(request, CreateObject):
            self._writes_left = self._prn
        answer = self._handler.handle(request)
        if answer is None or (isinstance(request, WriteObject) and not self._receipt_is_due()):
            return []
        return [encode_answer(answer)]

    def _receipt_is_due(self) -> bool:
        if self._prn == 0:
            return False
        self._writes_left -= 1
        if self._writes_left > 0:
            return False
        self._writes_left = self._prn
        return True
