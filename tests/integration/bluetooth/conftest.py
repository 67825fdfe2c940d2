"""A radio and a computer for every test, and a guard: nothing raised in passing or left behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from firmline.links.virtual_radio import open_virtual_radio
from integration.bluetooth.bleak_over_bumble import Computer


@pytest.fixture
async def computer() -> AsyncIterator[Computer]:
    stray: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: stray.append(context))
    radio = open_virtual_radio()
    yield Computer(radio=radio)
    await radio.close()
    gc.collect()  # Exceptions that nobody fetched are reported when their future dies.
    await asyncio.sleep(0)
    assert stray == []
    assert asyncio.all_tasks() == {asyncio.current_task()}
