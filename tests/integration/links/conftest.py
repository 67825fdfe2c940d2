"""A radio for every test, and a guard: nothing raised in passing, warned or left behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from firmline.links.bumble.central import BumbleLink
from firmline.links.virtual_radio import open_virtual_radio
from firmline.links.virtual_radio.radio import VirtualRadio


@pytest.fixture(autouse=True)
async def guard(caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:
    """Fail the test for exceptions in callbacks, tasks left over, and warnings in Bumble's log."""
    stray: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: stray.append(context))
    yield
    gc.collect()  # Exceptions that nobody fetched are reported when their future dies.
    await asyncio.sleep(0)
    assert stray == []
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    assert tasks == set()
    logged = [record for record in caplog.get_records("call") if record.name.startswith("bumble")]
    assert [record.getMessage() for record in logged if record.levelname != "DEBUG"] == []


@pytest.fixture
async def radio(guard: None) -> AsyncIterator[VirtualRadio]:
    _ = guard
    radio = open_virtual_radio()
    yield radio
    await radio.close()


@pytest.fixture
async def link(radio: VirtualRadio) -> BumbleLink:
    return await radio.open_link()
