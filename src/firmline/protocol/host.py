"""The host's end of a Secure DFU: one image into one unit, without I/O.

Theory of operation
===================
A :class:`HostSession` is told when to start and what the unit sent; it returns *effects*: bytes to
write, in order, and events to report. Whoever drives it performs the effects, stamps the events
with the time, and then waits for what :attr:`HostSession.awaiting` says; the session never does.
What is said, and in which order, is in :mod:`firmline.protocol.conversation`.

Time is passed in, and only differences count; a session without pacing does not look at it.

One session serves one connection. After a lost link, a new session resumes where the unit says it
is.
"""

from __future__ import annotations

from firmline import events
from firmline.errors import Code, FirmlineError, LocalProtocolError, RemoteProtocolError
from firmline.protocol.answers import Answer, decode_answer
from firmline.protocol.checkpoints import NO_CHECKPOINTS, Checkpoints
from firmline.protocol.codes import Opcode
from firmline.protocol.conversation import DfuConversation
from firmline.protocol.framing import Framing
from firmline.protocol.leftovers import Leftovers, passed_over
from firmline.protocol.pacing import NO_PAUSES, Pacing
from firmline.protocol.requests import GetCrc, WriteObject, opcode_of
from firmline.protocol.steps import AnyAnswer, Delivery, Effect, Fail, Report, Wait


class HostSession:
    """Sends one init packet and one firmware image to a unit in its bootloader.

    Args:
        init_packet: The encoded init packet, exactly as in the package.
        firmware: The image, bytes.
        framing: How requests become bytes on this link.
        prn: Ask for an unasked CRC after every ``prn`` packets; 0 = only after each object.
        pacing: How long the unit's flash is given.
        checkpoints: When the unit is made to save its progress.
    """

    def __init__(
        self,
        *,
        init_packet: bytes,
        firmware: bytes,
        framing: Framing,
        prn: int = 0,
        pacing: Pacing = NO_PAUSES,
        checkpoints: Checkpoints = NO_CHECKPOINTS,
    ) -> None:
        self._framing = framing
        self._awaiting: Wait | None = None
        self._leftovers = Leftovers(framing)
        self._size = len(firmware)
        self._executed = 0
        """Bytes of the image that the unit has taken over."""
        self._started = False
        self._finished = False
        self._failed = False
        self._conversation = DfuConversation(
            init_packet=init_packet,
            firmware=firmware,
            framing=framing,
            prn=prn,
            pacing=pacing,
            checkpoints=checkpoints,
        )
        self._talk = self._conversation.run()

    @property
    def awaiting(self) -> Wait | None:
        """What the session waits for; ``None`` before the start and after the end."""
        return self._awaiting

    @property
    def finished(self) -> bool:
        """Whether the unit has answered the EXECUTE behind the whole image with success."""
        return self._finished

    def start(self, *, now_s: float = 0.0) -> list[Effect]:
        """Begin; the first effects. A session begins once, and never after it has failed."""
        if self._started or self._failed:
            raise LocalProtocolError("A host session was started after its beginning or its end.")
        self._started = True
        self._conversation.now_s = now_s
        return self._advance(None)

    def resume(self, *, now_s: float = 0.0) -> list[Effect]:
        """What was written is with the unit, or the time is over, as awaited; what follows.

        The time for a receipt may be over, too: the unit counts packets that it has, and one that
        was lost brings none.
        """
        if not isinstance(self._awaiting, Delivery | AnyAnswer | WriteObject):
            raise LocalProtocolError("A host session was resumed where it waits for an answer.")
        self._conversation.now_s = now_s
        return self._advance(None)

    def receive(self, data: bytes, *, now_s: float = 0.0) -> list[Effect]:
        """Take bytes that the unit sent; the effects they lead to. A failed session is silent."""
        effects: list[Effect] = []
        self._conversation.now_s = now_s
        for message in self._framing.decode(data):
            if self._failed:
                break
            effects.append(Report(event=events.AnswerReceived(data=message)))
            try:
                effects += self._take(decode_answer(message))
            except FirmlineError as error:
                effects += self._give_up(error)
        return effects

    def _take(self, answer: Answer) -> list[Effect]:
        """Go on with an answer that is waited for; pass over a copy of one that was.

        Raises:
            RemoteProtocolError: It is neither.
        """
        due = self._due
        if answer.opcode in due:
            self._leftovers.take(answer.opcode)
            return self._advance(answer)
        if self._leftovers.pass_over(answer.opcode):
            return [Report(event=passed_over(answer))]
        named = " or ".join(f"{opcode:02X} ({opcode.name})" for opcode in sorted(due))
        awaited = f"the answer to {named}" if due else "no answer"
        raise RemoteProtocolError(
            Code.ANSWER_UNEXPECTED,
            f"The unit answered request {answer.opcode:02X} when {awaited} was due.",
        )

    @property
    def _due(self) -> frozenset[Opcode]:
        """Opcodes of what is waited for."""
        match self._awaiting:
            case None | Delivery():
                return frozenset()
            case AnyAnswer(due=due):
                return due
            case WriteObject():
                return frozenset({opcode_of(GetCrc())})
            case request:
                return frozenset({opcode_of(request)})

    def _advance(self, answer: Answer | None) -> list[Effect]:
        """Run the conversation up to the next thing it waits for."""
        effects: list[Effect] = []
        self._awaiting = None
        try:
            step = next(self._talk) if answer is None else self._talk.send(answer)
            while isinstance(step, Effect):
                effects.append(step)
                self._note(step)
                step = next(self._talk)
            self._awaiting = step
        except StopIteration:
            effects += self._end()
        except FirmlineError as error:
            effects += self._give_up(error)
        return effects

    def _note(self, effect: Effect) -> None:
        match effect:
            case Report(event=events.ObjectExecuted(object_type="data", offset=offset)):
                self._executed = offset

    def _end(self) -> list[Effect]:
        """The conversation is over: a success only behind the EXECUTE of the whole image."""
        if self._executed == self._size:
            self._finished = True
            return []
        error = f"A host session ended with {self._executed} of {self._size} bytes executed."
        return self._give_up(LocalProtocolError(error))

    def _give_up(self, error: FirmlineError) -> list[Effect]:
        self._awaiting = None
        self._failed = True
        self._talk.close()
        return [Fail(error=error)]
