"""Answers that arrive more than once: which ones are copies of what was answered before.

An answer of the bootloader carries no number; only its opcode says what it is about. A stack that
has subscribed twice, or more often, hands every notification out as often, and who takes a copy for
the answer to the next request thinks that packets were lost which the unit has. It would send them
again, and each packet that the unit must refuse costs it a receive buffer (bootloader spec, section
13).

Answers and their copies arrive in order, so a copy comes before the answer to anything that is
asked later. From that the rules of this room follow:

* What nothing waits for is a copy, if an answer to the same opcode was taken before, and is passed
  over. At most :data:`MOST_COPIES` for each that was taken, and those of one that an earlier
  session on the same connection has left: a unit that goes on and on makes no sense.
* Before a conversation on a serial port its bootloader was asked whether it is there, and what is
  in its flash. Nobody waits for the answers to these any more, so what comes of them is a copy.
* Whoever asks the same opcode twice in a row must not act on an answer that a copy could give.
  Whether packets were lost is therefore asked by CRC_GET, and if so by SELECT
  (:meth:`firmline.protocol.asking.Asking.check_taken`), and an answer to the question for one image
  that is the same as that for the one before is asked for again behind a question of another kind.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from firmline import events
from firmline.protocol.answers import Answer
from firmline.protocol.codes import Opcode
from firmline.protocol.framing import Framing, SerialFraming

MOST_COPIES: Final = 7
"""Of an answer, beside itself; ours: one for each further subscription of the same program."""


ASKED_BEFORE: Final = frozenset({Opcode.PING, Opcode.FIRMWARE_VERSION})
"""On a serial port, before anything else; no such answer means anything in the middle of an update,
and none of the bootloader's state is changed by asking."""


class Leftovers:
    """Counts the answers of one session by their opcodes.

    Args:
        framing: Of the link that they come over.
    """

    def __init__(self, framing: Framing) -> None:
        self._before = ASKED_BEFORE if isinstance(framing, SerialFraming) else frozenset()
        self._taken: Counter[int] = Counter()
        self._passed_over: Counter[int] = Counter()

    def take(self, opcode: int) -> None:
        """An answer was the one that was waited for."""
        self._taken[opcode] += 1

    def pass_over(self, opcode: int) -> bool:
        """Nothing waits for this answer: whether it can be a copy; it then is one."""
        taken = self._taken[opcode]
        if not (taken or opcode in self._before):
            return False
        if self._passed_over[opcode] >= MOST_COPIES * (taken + 1):
            return False
        self._passed_over[opcode] += 1
        return True


def passed_over(answer: Answer) -> events.AnswerPassedOver:
    """What is told of a copy."""
    return events.AnswerPassedOver(request=Opcode(answer.opcode).name.lower())
