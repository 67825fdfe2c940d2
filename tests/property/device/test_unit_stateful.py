"""A unit, a host that does anything in any order, and what is always true of the unit."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from firmline.device.profile import PROFILES
from fuzz.steps import CHIPS, CHUNKS
from fuzz.world import World
from unit.device.makers import FWID, PAGE

KINDS_AND_SIZES = st.one_of(
    st.tuples(st.sampled_from([0, 2]), st.sampled_from([4, 64, PAGE, PAGE + 200, 9_000])),
    st.tuples(st.sampled_from([1, 3]), st.sampled_from([0x2100, 0x3100])),
)
CHANGES = st.one_of(
    st.builds(lambda value: (("fw_version", value),), st.sampled_from([4, 4, 4, 5, 2, None])),
    st.builds(lambda value: (("sd_req", value),), st.sampled_from([(), (0,), (FWID, 0)])),
    st.just((("digest", bytes(32)),)),
)
PACKAGES = st.builds(
    lambda made, name, changes: (made[0], name, made[1], changes),
    KINDS_AND_SIZES,
    st.sampled_from(["new", "newer"]),
    CHANGES,
)
REQUESTS = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [b"\x03", b"\x04", b"\x06\x01", b"\x06\x02", b"\x09\x07", b"\x0b\x01", b"\x0c"]
    ),
    st.builds(
        lambda kind, size: bytes([1, kind]) + size.to_bytes(4, "little"),
        st.integers(0, 3),
        st.sampled_from([0, 1, 64, 512, 513, PAGE, 0xFFFF_FFFF]),
    ),
    st.binary(max_size=64).map(lambda data: b"\x08" + data),
)
LINES = st.lists(
    st.one_of(st.sampled_from([b"\xc0", b"\xdb", b"\xdb\xc0", b"\x08"]), REQUESTS), max_size=12
).map(b"".join)


class UnitMachine(RuleBasedStateMachine):
    """What a session of the fuzz target does, chosen and shortened by hypothesis."""

    @initialize(data=st.data(), profile=st.sampled_from(sorted(PROFILES)))
    def begin(self, data: st.DataObject, profile: str) -> None:
        transport = profile.rpartition("-")[2]
        self.chunk = CHUNKS[transport]
        self.made: dict[str, Any] = {
            "profile": profile,
            "chip": data.draw(st.sampled_from(CHIPS[transport])),
            "application_size": 5_000,
        }
        self.world = World(**self.made)
        self.steps: list[tuple[Any, ...]] = []

    def do(self, *step: Any) -> None:
        self.world.do(step)
        self.steps.append(step)

    @rule(frame=REQUESTS)
    def request(self, frame: bytes) -> None:
        self.do("request", frame)

    @rule(channel=st.sampled_from(["control", "packet", "serial", "buttonless"]), data=LINES)
    def raw(self, channel: str, data: bytes) -> None:
        self.do("raw", channel, data)

    @rule(package=PACKAGES, stop=st.none() | st.integers(0, 60))
    def update(self, package: Any, stop: int | None) -> None:
        self.do("update", package, self.chunk, stop)

    @rule(package=PACKAGES, objects=st.integers(0, 2))
    def go_on(self, package: Any, objects: int) -> None:
        self.do("image", package, self.chunk, objects)

    @rule(packet=st.binary(max_size=200))
    def init_packet(self, packet: bytes) -> None:
        self.do("init", packet)

    @rule(step=st.sampled_from(["enter", "connect", "disconnect", "buttonless"]))
    def link(self, step: str) -> None:
        self.do(step)

    @rule(channel=st.sampled_from(["control", "buttonless"]), on=st.booleans())
    def cccd(self, channel: str, on: bool) -> None:
        self.do("cccd", channel, on)

    @rule(kind=st.sampled_from(["soft", "pin", "wdt", "power"]))
    def reset(self, kind: str) -> None:
        self.do("reset", kind)

    @rule(seconds=st.sampled_from([0, 9.5, 11, 121]))
    def wait(self, seconds: float) -> None:
        self.do("wait", seconds)

    @rule(value=st.integers(0, 255))
    def gpregret(self, value: int) -> None:
        self.do("gpregret", value)

    @rule(number=st.integers(1, 3_000))
    def cut(self, number: int) -> None:
        self.do("cut", number)

    @invariant()
    def what_is_always_true(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        """The untouched application boots, and the same session comes to the same end."""
        if not hasattr(self, "world"):
            return
        again = World(**self.made)
        for step in self.steps:
            again.do(step)
        assert again.digest == self.world.digest
        self.world.check_boot()


TestUnit = UnitMachine.TestCase
TestUnit.settings = settings(
    max_examples=60,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
