"""The jump: an application is asked to restart into its bootloader, and what comes of that.

Rules of this module:

* An application that has agreed has not jumped: where the unit is afterwards is seen by
  :mod:`firmline.updater.radio.entering`, and :func:`why_not_there` says what that means.
* A link that is lost before the answer is no refusal: a restart may be faster than its indication.

Each way to stay in the application has a code of its own where a person would do something else
about it.
"""

from __future__ import annotations

from enum import Enum, auto

from firmline import events
from firmline.errors import (
    Code,
    RemoteProtocolError,
    TargetRefusedError,
    TransportError,
    TransportReason,
)
from firmline.events import Reporter
from firmline.links.base import Connection
from firmline.protocol.buttonless import (
    ButtonlessAnswer,
    decode_buttonless_answer,
    encode_enter_bootloader,
    encode_set_advertising_name,
)
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ButtonlessResult
from firmline.updater.timeouts import Timeouts
from firmline.values import RadioAddress


class Jump(Enum):
    """What was seen of a jump before the unit was looked for."""

    RESTARTED = auto()
    """It agreed, and dropped the link."""

    STOOD = auto()
    """It agreed, and the link stood: it did not restart."""

    CRASHED = auto()
    """The link was lost before it answered."""


class Buttonless:
    """The buttonless service of an application that is connected.

    Args:
        connection: To the application.
        channel: Its buttonless service.
        timeouts: How long to wait for what.
        report: Takes every event.
    """

    def __init__(
        self, connection: Connection, channel: Channel, *, timeouts: Timeouts, report: Reporter
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._timeouts = timeouts
        self._report = report

    async def leave_name(self, name: str) -> None:
        """Have the application leave a name for its bootloader, by which that is recognised.

        Raises:
            TargetRefusedError: REFUSED_NAME.
            RemoteProtocolError: Its answer made no sense.
            TransportError: The connection failed.
        """
        request = encode_set_advertising_name(name.encode())
        answer = await self._ask("set_advertising_name", request)
        if not answer.ok:
            raise _refused_name(answer.result)

    async def jump(self, address: RadioAddress | None, name: str) -> Jump:
        """Ask the application to restart into its bootloader, and see the link go.

        Args:
            address: Where its bootloader will be; ``None``: not known.
            name: The name that was left for it; empty: none.

        Raises:
            TransportError: REFUSED or TIMEOUT: it takes no request, or does not answer one.
            RemoteProtocolError: Its answer made no sense.
            TargetRefusedError: REFUSED_BUTTONLESS: it said no.
        """
        try:
            answer = await self._ask("enter_bootloader", encode_enter_bootloader())
        except TransportError as error:
            if error.reason is not TransportReason.LOST:
                raise
            self._report(events.LinkLost(hci_reason=error.hci_reason, expected=False))
            return Jump.CRASHED
        if not answer.ok:
            raise _refused_to_jump(answer.result)
        self._report(events.EnteringBootloader(address=address, name=name))
        dropped = await drops(self._connection, self._timeouts, self._report)
        return Jump.RESTARTED if dropped else Jump.STOOD

    async def _ask(self, name: str, request: bytes) -> ButtonlessAnswer:
        """A request of the buttonless service, and what the application answers to it."""
        self._report(events.RequestSent(request=name, data=request))
        await self._connection.write(self._channel, request)
        received = await self._connection.receive(timeout_s=self._timeouts.answer_s)
        self._report(events.AnswerReceived(data=received.data))
        answer = decode_buttonless_answer(received.data)
        if answer.opcode != request[0]:
            raise RemoteProtocolError(
                Code.ANSWER_UNEXPECTED,
                f"The application answered request {answer.opcode:02X} when it was asked"
                f" {request[0]:02X} ({name.replace('_', ' ')}).",
            )
        if not answer.ok:
            self._report(events.Refused(request=name, result=answer.result, ext_error=None))
        return answer


async def drops(connection: Connection, timeouts: Timeouts, report: Reporter) -> bool:
    """See the unit drop the link; if it does not, what is seen afterwards says more."""
    try:
        reason = await connection.wait_closed(timeout_s=timeouts.drop_s)
    except TransportError:
        return False
    report(events.LinkLost(hci_reason=reason, expected=True))
    return True


def why_not_there(how: Jump | None, address: RadioAddress) -> TransportError:
    """The error of a unit whose application is in the air again, and its bootloader is not.

    Args:
        how: What was seen of the jump; ``None``: it came from its bootloader.
        address: Of its application.
    """
    hint = ""
    match how:
        case Jump.STOOD:
            code = Code.UNIT_DID_NOT_RESTART
            what = (
                "The application agreed to restart into its bootloader, its answer was confirmed,"
                " and it did not restart."
            )
        case Jump.CRASHED:
            code = Code.APPLICATION_CRASHED
            what = (
                "The link was lost before the application had answered the request to restart into"
                " its bootloader, and it is back: it crashed, or its supply broke down."
            )
        case Jump.RESTARTED:
            code = Code.UNIT_STAYED_IN_APPLICATION
            what = (
                "The unit agreed to restart into its bootloader, restarted, and is back in its"
                " application."
            )
            hint = (
                "Try once more: if it then gets there, its supply broke down while it restarted,"
                " which loses the request (GPREGRET). If it stays again, its application crashes on"
                " the way, or it has no bootloader."
            )
        case None:
            code = Code.UNIT_STAYED_IN_APPLICATION
            what = "The unit is back in its application, and the next image needs its bootloader."
    return TransportError(
        code, what, reason=TransportReason.REFUSED, hint=hint, application=str(address)
    )


def _refused_to_jump(result: int) -> TargetRefusedError:
    return TargetRefusedError(
        Code.REFUSED_BUTTONLESS,
        "The application refused to restart into its bootloader:"
        f" {_result_name(result)} (result {result:02X}).",
        result=result,
    )


def _refused_name(result: int) -> TargetRefusedError:
    return TargetRefusedError(
        Code.REFUSED_NAME,
        "The application would not leave a name for its bootloader:"
        f" {_result_name(result)} (result {result:02X}). Without one this computer could not"
        " recognise the bootloader, so the unit stays in its application.",
        result=result,
    )


def _result_name(result: int) -> str:
    if result in ButtonlessResult._value2member_map_:
        return ButtonlessResult(result).name.lower().replace("_", " ")
    return "unknown"
