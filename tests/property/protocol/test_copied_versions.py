"""What is in a unit's flash is told right however often its answers arrive."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from firmline import events
from firmline.protocol.answers import Answer, FirmwareVersion, Pong
from firmline.protocol.codes import ImageType, Opcode, ResultCode
from firmline.protocol.framing import SerialFraming
from firmline.protocol.leftovers import MOST_COPIES, Leftovers
from firmline.protocol.reading import read_images
from firmline.protocol.requests import GetFirmwareVersion, Ping, Request, opcode_of

NONE = FirmwareVersion(image_type=ImageType.UNKNOWN, version=0, address=0, size=0)
IMAGES = [
    FirmwareVersion(image_type=kind, version=7, address=0x1000, size=0x2000)
    for kind in (ImageType.BOOTLOADER, ImageType.SOFTDEVICE, ImageType.APPLICATION)
]


def answer_to(request: Request, images: list[FirmwareVersion]) -> Answer:
    match request:
        case GetFirmwareVersion(index=index):
            told = images[index] if index < len(images) else NONE
            return Answer(opcode=Opcode.FIRMWARE_VERSION, result=ResultCode.SUCCESS, body=told)
        case Ping(number=number):
            body = Pong(number=number)
            return Answer(opcode=Opcode.PING, result=ResultCode.SUCCESS, body=body)
        case _:
            raise AssertionError(request)


def told_by(
    images: list[FirmwareVersion], copies: Callable[[], int]
) -> tuple[FirmwareVersion, ...]:
    """What a host takes from a line that hands every answer out as often as it likes."""
    leftovers = Leftovers(SerialFraming())
    ping = answer_to(Ping(number=1), images)
    line = deque([ping] * copies())  # of the question whether it is there
    talk = read_images()
    answer: Answer | None = None
    while True:
        try:
            request = talk.send(answer)
        except StopIteration as end:
            result: tuple[FirmwareVersion, ...] = end.value
            return result
        assert not isinstance(request, events.Event)
        line.extend([answer_to(request, images)] * (1 + copies()))
        while (answer := line.popleft()).opcode != opcode_of(request):
            assert leftovers.pass_over(answer.opcode)
        leftovers.take(answer.opcode)


@given(
    count=st.integers(0, len(IMAGES)),
    copies=st.lists(st.integers(0, MOST_COPIES), max_size=30),
)
def test_copies_of_answers_hide_no_image_and_make_none(count: int, copies: list[int]) -> None:
    left = iter(copies)
    assert told_by(IMAGES[:count], lambda: next(left, 0)) == tuple(IMAGES[:count])
