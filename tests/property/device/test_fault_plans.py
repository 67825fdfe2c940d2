"""Any plan of faults on any build: nothing is raised, and the same seed is the same run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import FAULTS, Fault, FaultPlan
from firmline.device.profile import PROFILES
from firmline.device.radio_face import ResetKind
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from firmline.protocol.slip import encode_frame
from unit.device.makers import (
    BACKUP_PAGE,
    BANK_0,
    IMAGE,
    PAGE,
    SETTINGS_PAGE,
    describe,
    enter_bootloader,
    init_command,
    signed_packet,
)

INIT_PACKET = signed_packet(init_command())
SMALL = {"operation": 3_000, "after_packets": 30, "first": 40, "every": 40, "period_s": 20.0}
"""Where a story of some minutes meets what it can meet; 0 to this, or the field's own bounds."""
PAGES = (BANK_0, BANK_0 + 5 * PAGE, BACKUP_PAGE, SETTINGS_PAGE, 0xFF_FFFF)
"""What is written to, and one that no chip has."""
Action = Callable[[VirtualUnit, float], None]


def values_of(about: Any, name: str) -> st.SearchStrategy[Any]:
    """What a field can hold, most of it where it shows."""
    if "choices" in about:
        return st.sampled_from(about["choices"])
    if name == "address":
        return st.sampled_from(PAGES)
    least, most = about["least"], min(about["most"], SMALL.get(name, about["most"]))
    kind = st.floats if isinstance(about["least"], float) else st.integers
    return kind(least, most)


def faults_of(kind: type[Fault]) -> st.SearchStrategy[Fault]:
    return st.builds(
        kind, **{field.name: values_of(field.metadata, field.name) for field in fields(kind)}
    )


plans = st.builds(
    FaultPlan,
    faults=st.lists(st.one_of([faults_of(kind) for kind in FAULTS.values()]), max_size=4).map(
        tuple
    ),
    seed=st.integers(0, 2**32),
)


def write(unit: VirtualUnit, frame: bytes, now_s: float) -> None:
    if not unit.board.profile.is_ble:
        unit.receive(Channel.SERIAL, encode_frame(frame), now_s=now_s)
    elif frame[:1] == b"\x08":
        unit.receive(Channel.PACKET, frame[1:], now_s=now_s)
    else:
        unit.receive(Channel.CONTROL, frame, now_s=now_s)


def sends(*frames: bytes) -> Action:
    def act(unit: VirtualUnit, now_s: float) -> None:
        for frame in frames:
            write(unit, frame, now_s)

    return act


def data(content: bytes) -> list[bytes]:
    return [b"\x08" + content[start : start + 64] for start in range(0, len(content), 64)]


def into_bootloader(unit: VirtualUnit, now_s: float) -> None:
    if unit.mode is UnitMode.APPLICATION:
        enter_bootloader(unit, now_s=now_s)
    if unit.board.profile.is_ble:
        unit.connected(now_s=now_s, interval_s=0.015)
        unit.subscribed(Channel.CONTROL, True, now_s=now_s)


INIT = sends(b"\x01\x01" + len(INIT_PACKET).to_bytes(4, "little"), *data(INIT_PACKET), b"\x04")
OBJECT = sends(b"\x01\x02" + PAGE.to_bytes(4, "little"), *data(IMAGE[:PAGE]), b"\x03", b"\x04")
REST = sends(
    *(b"\x01\x02" + PAGE.to_bytes(4, "little"), *data(IMAGE[PAGE : 2 * PAGE]), b"\x04"),
    b"\x01\x02" + (len(IMAGE) - 2 * PAGE).to_bytes(4, "little"),
    *(*data(IMAGE[2 * PAGE :]), b"\x04"),
)
ACTIONS: list[Action] = [
    into_bootloader,
    INIT,
    OBJECT,
    REST,
    sends(b"\x0c"),
    lambda unit, now_s: unit.disconnected(now_s=now_s),
    lambda unit, now_s: unit.radio_used(now_s - 0.001, now_s, now_s=now_s),
    lambda unit, now_s: unit.power_on(now_s=now_s),
    *((lambda unit, now_s, kind=kind: unit.reset(kind, now_s=now_s)) for kind in ResetKind),
]
steps = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.sampled_from([0.0, 0.1, 1.0, 7.0, 130.0])), max_size=12
)


def told(plan: FaultPlan, profile: str, story: list[tuple[Action, float]], timed: bool) -> Any:
    """The unit's log, what it said, and its flash after a story."""
    description = describe(profile=PROFILES[profile], faults=plan)
    unit = fabricate(description, physics=physics_of(description) if timed else None)
    said: list[object] = []
    unit.power_on(now_s=0.0)
    now_s = 1.0
    for action, wait_s in [(into_bootloader, 1.0), (INIT, 2.0), *story]:
        unit.wake(now_s=now_s)
        action(unit, now_s)
        said += [(now_s, output) for output in unit.take_outputs()]
        end_s = now_s + wait_s
        for _ in range(300):
            due_s = unit.next_wake_s()
            if due_s is None or due_s > end_s:
                break
            now_s = max(now_s, due_s)
            unit.wake(now_s=now_s)
            said += [(now_s, output) for output in unit.take_outputs()]
        now_s = end_s
    assert unit.mode in (None, *UnitMode)
    return [repr(entry) for entry in unit.log], said, unit.board.flash.read(0, 0x80000)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(plan=plans, profile=st.sampled_from(list(PROFILES)), story=steps, timed=st.booleans())
def test_nothing_is_raised_and_the_same_seed_is_the_same_run(
    plan: FaultPlan, profile: str, story: list[tuple[Action, float]], timed: bool
) -> None:
    assert told(plan, profile, story, timed) == told(plan, profile, story, timed)
