"""How fast the virtual unit is, without radio and without time: in this process."""

from __future__ import annotations

import gzip
import json
import random
import time
from collections.abc import Callable
from pathlib import Path

from firmline.device.cuts.flows import Flow, set_up
from firmline.device.cuts.recording import record, unit_with_flash
from firmline.device.cuts.sweep import Sweep
from firmline.device.fabrication import fabricate
from firmline.device.lock_step_host import LockStepHost
from firmline.device.profile import SDK15_3_BLE
from firmline.device.replay.machine import replay
from firmline.device.replay.session import read_session
from firmline.formats.keys import SigningKey

KEY = SigningKey.generate()
BOOTS = 2_000
TRANSCRIPTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "transcripts"


def timed(work: Callable[[], object]) -> float:
    """Seconds that the work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def update_without_radio(size: int) -> float:
    """Milliseconds of one update of ``size`` bytes, from the request to the new application."""
    setup = set_up(Flow.APPLICATION, profile=SDK15_3_BLE, image_size=size, key=KEY)
    unit = fabricate(setup.unit)
    unit.power_on(now_s=0.0)
    host = LockStepHost(unit)
    seconds = timed(lambda: host.send(setup.package))
    if host.error is not None:
        raise host.error
    return 1000 * seconds


def boots_after_cuts() -> float:
    """Boots a second of units whose power was cut in an update of 8 kB; no second updates."""
    recording = record(set_up(Flow.APPLICATION, profile=SDK15_3_BLE, image_size=8192, key=KEY))
    rng = random.Random(1)
    sweep = Sweep(recording, rng)
    flash = bytearray(recording.before)
    states = []
    for operation in recording.operations:
        states.append(bytes(flash))
        flash[operation.address : operation.address + len(operation.after)] = operation.after
        if len(states) == BOOTS:
            break

    def boot_all() -> None:
        for content in states:
            unit = unit_with_flash(recording.setup, content)
            unit.power_on(now_s=0.0)
            sweep.state_of(unit)

    return len(states) / timed(boot_all)


def replay_of_all() -> tuple[float, int]:
    """Seconds for all recorded sessions, and how many there are; zero where they are not here."""
    lines = [
        line
        for path in sorted(TRANSCRIPTS.glob("*.jsonl.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
    return timed(lambda: [replay(read_session(json.loads(line))) for line in lines]), len(lines)
