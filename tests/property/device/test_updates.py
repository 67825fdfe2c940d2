"""An accepted update ends with exactly the image that was sent, however often it was cut off."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from firmline.device.fabrication import fabricate
from firmline.device.radio_face import Notify, ResetKind
from firmline.device.synthetic import synthetic_bytes
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.protocol.channels import Channel
from firmline.protocol.framing import BleFraming
from firmline.protocol.host import HostSession
from firmline.protocol.steps import Effect, Fail, Write
from unit.device.makers import BANK_0, Host, describe, enter_bootloader, init_command, signed_packet


@dataclass(frozen=True)
class Cut:
    """What ends a session after so many writes; no kind of reset: the link is lost."""

    after_writes: int
    reset: ResetKind | None


class LinkIsGoneError(Exception):
    """The session was cut."""


def talk(unit: VirtualUnit, session: HostSession, cut: Cut | None) -> None:
    """Run a session against the unit, up to its end or the cut."""
    effects: deque[Effect] = deque(session.start())
    heard: deque[bytes] = deque()
    writes = 0
    while not session.finished:
        while effects:
            effect = effects.popleft()
            if isinstance(effect, Fail):
                raise effect.error
            if isinstance(effect, Write):
                if cut is not None and writes == cut.after_writes:
                    raise LinkIsGoneError
                writes += 1
                unit.receive(effect.channel, effect.data, now_s=0)
                outputs = unit.take_outputs()
                heard += [output.data for output in outputs if isinstance(output, Notify)]
        if not session.finished:
            effects += session.receive(heard.popleft())


def in_bootloader(unit: VirtualUnit) -> None:
    """Connect to the bootloader, by way of the application where that runs."""
    if unit.mode is UnitMode.APPLICATION:
        enter_bootloader(unit)
    Host(unit)


CUTS = st.lists(
    st.builds(Cut, st.integers(0, 120), st.sampled_from([None, *ResetKind])), max_size=5
)


@given(
    size=st.integers(1, 6_000).map(lambda words: 4 * words),
    old_size=st.integers(1, 40_000).map(lambda words: 4 * words),
    mtu=st.integers(23, 520),
    prn=st.integers(0, 8),
    cuts=CUTS,
)
def test_an_accepted_update_ends_with_exactly_the_sent_image(
    size: int, old_size: int, mtu: int, prn: int, cuts: list[Cut]
) -> None:
    image = synthetic_bytes("sent", size)
    packet = signed_packet(init_command(image))
    unit = fabricate(describe(size=old_size))
    unit.power_on(now_s=0)
    finished = False
    for cut in [*cuts, None]:
        in_bootloader(unit)
        session = HostSession(
            init_packet=packet, firmware=image, framing=BleFraming(mtu=mtu), prn=prn
        )
        try:
            talk(unit, session, cut)
        except LinkIsGoneError:
            if cut is not None and cut.reset is not None:
                unit.reset(cut.reset, now_s=0)
            else:
                unit.disconnected(now_s=0)
            unit.take_outputs()
        else:
            finished = True
            break
    assert finished
    assert unit.mode is UnitMode.APPLICATION
    assert unit.board.flash.read(BANK_0, size) == image
    assert not any(isinstance(output, Notify) for output in unit.take_outputs())


@given(
    junk=st.lists(st.binary(max_size=30), max_size=12),
    size=st.integers(1, 500).map(lambda n: 4 * n),
)
def test_whatever_a_stranger_wrote_before_an_update_still_succeeds(
    junk: list[bytes], size: int
) -> None:
    image = synthetic_bytes("sent", size)
    unit = fabricate(describe(size=4_000))
    unit.power_on(now_s=0)
    in_bootloader(unit)
    for data in junk:
        for channel in (Channel.CONTROL, Channel.PACKET):
            unit.receive(channel, data, now_s=0)
    unit.disconnected(now_s=0)
    unit.take_outputs()
    in_bootloader(unit)
    session = HostSession(
        init_packet=signed_packet(init_command(image)),
        firmware=image,
        framing=BleFraming(mtu=247),
    )
    talk(unit, session, None)
    assert unit.board.flash.read(BANK_0, size) == image
