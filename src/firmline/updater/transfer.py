"""Driving a host session over a road: the only place where protocol and waiting meet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from firmline.errors import TransportError, TransportReason
from firmline.events import Reporter
from firmline.links.base import Exchange, Received
from firmline.protocol.host import HostSession
from firmline.protocol.requests import WriteObject
from firmline.protocol.steps import AnyAnswer, Delivery, Effect, Fail, Pause, Report, Write
from firmline.updater.road import AnswerTimeout


async def transfer(
    session: HostSession,
    exchange: Exchange,
    *,
    report: Reporter,
    answer_timeout_s: AnswerTimeout,
    now_s: Callable[[], float],
) -> None:
    """Run a session to its end.

    Args:
        session: A session that was not started.
        exchange: The unit's bootloader, open.
        report: Takes the session's events, in order, as they happen.
        answer_timeout_s: How long the answer to a request may take.
        now_s: The road's monotonic clock, in seconds.

    Raises:
        TransportError: The link failed, or an answer did not come in time.
        TargetRefusedError: The unit said no.
        RemoteProtocolError: The unit's answers made no sense, or an object never arrived intact.
    """
    await _perform(session.start(now_s=now_s()), exchange, report)
    while not session.finished:
        match session.awaiting:
            case Delivery():
                await exchange.flush()
                effects = session.resume(now_s=now_s())
            case AnyAnswer(until_s=float() as until_s):
                heard = await _heard_within(max(0.0, until_s - now_s()), exchange)
                effects = _hear(session, heard, now_s())
            case WriteObject() as packet:
                heard = await _heard_within(answer_timeout_s(packet), exchange)
                effects = _hear(session, heard, now_s())
            case AnyAnswer(request=request) | request:
                received = await exchange.receive(timeout_s=answer_timeout_s(request))
                effects = session.receive(received.data, now_s=now_s())
        await _perform(effects, exchange, report)


def _hear(session: HostSession, heard: Received | None, now_s: float) -> list[Effect]:
    """Go on with what was heard, or with that nothing was."""
    if heard is None:
        return session.resume(now_s=now_s)
    return session.receive(heard.data, now_s=now_s)


async def _heard_within(timeout_s: float, exchange: Exchange) -> Received | None:
    """What the unit sends within a time; ``None``: nothing."""
    try:
        return await exchange.receive(timeout_s=timeout_s)
    except TransportError as error:
        if error.reason is TransportReason.TIMEOUT:
            return None
        raise


async def _perform(effects: list[Effect], exchange: Exchange, report: Reporter) -> None:
    for effect in effects:
        match effect:
            case Write(channel=channel, data=data):
                await exchange.write(channel, data)
            case Report(event=event):
                report(event)
            case Pause(duration_s=duration_s):
                await asyncio.sleep(duration_s)
            case Fail(error=error):
                raise error
