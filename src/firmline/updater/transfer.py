"""Driving a host session over a road: the only place where protocol and waiting meet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from firmline.events import Event
from firmline.links.base import Exchange
from firmline.protocol.conversation import Effect, Fail, Pause, Report, Write
from firmline.protocol.host import HostSession
from firmline.updater.road import AnswerTimeout


async def transfer(
    session: HostSession,
    exchange: Exchange,
    *,
    report: Callable[[Event], None],
    answer_timeout_s: AnswerTimeout,
) -> None:
    """Run a session to its end.

    Args:
        session: A session that was not started.
        exchange: The unit's bootloader, open.
        report: Takes the session's events, in order, as they happen.
        answer_timeout_s: How long the answer to a request may take.

    Raises:
        TransportError: The link failed, or an answer did not come in time.
        TargetRefusedError: The unit said no.
        RemoteProtocolError: The unit's answers made no sense, or an object never arrived intact.
    """
    await _perform(session.start(), exchange, report)
    while not session.finished:
        received = await exchange.receive(timeout_s=answer_timeout_s(session.awaiting))
        await _perform(session.receive(received.data), exchange, report)


async def _perform(
    effects: list[Effect], exchange: Exchange, report: Callable[[Event], None]
) -> None:
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
