"""The maker's own native driver updates a virtual unit through the virtual dongle.

So the chip's side of the protocol is judged by somebody who was not there when it was written.
"""

from __future__ import annotations

import asyncio
import json
import os
import zlib
from pathlib import Path

import pytest

from firmline.device.synthetic import synthetic_bytes
from firmline.formats.package import write_package
from integration.connectivity.ports import dongle_at_pty
from integration.serving.nrfutil import find_nrfutil
from integration.story import package
from unit.device.makers import describe

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).parent / "native_update.py"
PATIENCE_S = 120.0


async def native_update(port: str, package: Path, name: str) -> float:
    """The seconds that it took."""
    python = Path(find_nrfutil()).parent / "python"
    if not python.exists():
        pytest.skip("nrfutil has no Python of its own beside it: make nrfutil installs one")
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    process = await asyncio.create_subprocess_exec(
        python,
        SCRIPT,
        port,
        package,
        name,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            said, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, (said + errors).decode()[-2000:]
    return float(json.loads(said.splitlines()[-1])["seconds"])


async def test_the_makers_own_driver_updates_a_unit_through_our_dongle(tmp_path: Path) -> None:
    size, seed = 30_000, "sent by the native driver"
    path = tmp_path / "dfu.zip"
    path.write_bytes(write_package(package(size, seed=seed)))
    async with dongle_at_pty(describe(size=4_000)) as (port, unit, _):
        seconds = await native_update(port, path, "bench-unit")
        await asyncio.sleep(1)  # it boots
        assert unit.firmware_revision == f"4+{zlib.crc32(synthetic_bytes(seed, size)):08x}"
    assert seconds < 60
