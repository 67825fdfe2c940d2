"""From a target to an open link: which road it is, and that everything is given back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from firmline.device.description import UnitDescription, gallery_names, gallery_unit
from firmline.device.fabrication import fabricate
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, ExitCode, InputError, TransportError, TransportReason
from firmline.formats.keys import PublicKey, SigningKey
from firmline.links import virtual_air
from firmline.links.base import PortLink
from firmline.links.bumble.central import BumbleLink
from firmline.links.open import open_target, run_for_target
from firmline.links.sim_options import SimOptions, sim_options
from firmline.links.target import parse_target
from firmline.links.virtual_radio.radio import VirtualRadio
from firmline.links.virtual_time import VirtualTimeLoop
from firmline.protocol.channels import Channel
from firmline.protocol.pacing import NO_PAUSES

WAITING = {"leaked-buffers", "no-application", "stuck-gpregret"}
"""Units of the gallery that are in their bootloader: DfuTarg, at the next address."""
BLE = [name for name in gallery_names() if gallery_unit(name).profile.is_ble]


QUICK = {"ble-reference", "other-softdevice"}
"""Each is waited for in real time: the rest is left to the slow tests."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow])
        for name in BLE
        if name not in WAITING
    ],
)
async def test_every_unit_of_the_gallery_is_in_the_air_under_its_address(name: str) -> None:
    async with open_target(parse_target(f"sim:{name}")) as opened:
        assert type(opened.link) is BumbleLink
        assert opened.pin == gallery_unit(name).address
        sighting = await opened.link.find(opened.pin, timeout_s=5.0)
        assert sighting.name == name


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(WAITING))
async def test_a_unit_that_waits_in_its_bootloader_is_in_the_air_as_one(name: str) -> None:
    async with open_target(parse_target(f"sim:{name}")) as opened:
        assert opened.pin == gallery_unit(name).address
        assert isinstance(opened.link, BumbleLink)
        assert opened.pin is not None
        sighting = await opened.link.find(opened.pin.plus_one(), timeout_s=5.0)
        assert sighting.name == "DfuTarg"


async def test_a_unit_without_a_radio_is_at_a_port_of_its_own() -> None:
    async with open_target(parse_target("sim:uart-reference")) as opened:
        assert isinstance(opened.link, PortLink)
        assert opened.pin is None
        assert opened.link.capabilities.baud == 115_200
        port = await opened.link.open()
        await port.write(Channel.SERIAL, b"\x09\x42\xc0")
        assert (await port.receive(timeout_s=5)).data[:3] == b"\x60\x09\x01"
        await port.close()


async def test_what_only_a_radio_has_is_refused_for_a_port() -> None:
    with pytest.raises(InputError) as caught:
        async with open_target(parse_target("sim:uart-reference?interval=30")):
            pytest.fail("it was opened")
    assert caught.value.code is Code.TARGET_MALFORMED


async def test_a_dongle_that_is_not_there_is_told() -> None:
    with pytest.raises(TransportError) as caught:
        async with open_target(parse_target("nrfconn:/dev/ttyNOPE/AA:BB:CC:DD:EE:FF")):
            pytest.fail("it was opened")
    assert caught.value.code is Code.PORT_NOT_FOUND
    assert caught.value.reason is TransportReason.NOT_AVAILABLE
    assert caught.value.exit_code == ExitCode.LINK
    assert "/dev/ttyNOPE" in caught.value.message


@pytest.mark.parametrize(
    ("text", "code", "fragment"),
    [
        ("sim:nope", Code.TARGET_UNKNOWN_UNIT, "'nope'"),
        ("sim:../units/ble-reference", Code.TARGET_UNKNOWN_UNIT, "no virtual unit"),
        ("sim:ble-reference.toml", Code.TARGET_UNKNOWN_UNIT, "no virtual unit"),
        ("sim:BLE-REFERENCE", Code.TARGET_UNKNOWN_UNIT, "no virtual unit"),
        ("sim:" + "x" * 5000, Code.TARGET_UNKNOWN_UNIT, "no virtual unit"),
        ("sim:ble-reference?pace=4", Code.TARGET_MALFORMED, "no option 'pace'"),
        ("sim:ble-reference?Key=4", Code.TARGET_MALFORMED, "no option 'Key'"),
        ("sim:ble-reference?speed=0", Code.TARGET_MALFORMED, "speed=0 is not a factor"),
        ("sim:ble-reference?speed=100001", Code.TARGET_MALFORMED, "from 0.01 to 100000"),
        ("sim:ble-reference?speed=-1", Code.TARGET_MALFORMED, "speed=-1 is not"),
        ("sim:ble-reference?speed=nan", Code.TARGET_MALFORMED, "speed=nan is not"),
        ("sim:ble-reference?speed=²", Code.TARGET_MALFORMED, "speed=² is not"),
        ("sim:ble-reference?speed=" + "9" * 5000, Code.TARGET_MALFORMED, "is not a factor"),
        ("sim:ble-reference?interval=7", Code.TARGET_MALFORMED, "from 7.5 to 4000"),
        ("sim:ble-reference?interval=8", Code.TARGET_MALFORMED, "in steps of 1.25"),
        ("sim:ble-reference?packets=0", Code.TARGET_MALFORMED, "from 1 to 100"),
        ("sim:ble-reference?physics=no", Code.TARGET_MALFORMED, "neither on nor off"),
        ("sim:ble-reference?physics=off&speed=2", Code.TARGET_MALFORMED, "speed= means nothing"),
        ("sim:ble-reference?packets=1.5", Code.TARGET_MALFORMED, "a whole number"),
    ],
)
async def test_a_target_that_cannot_be_is_refused_before_a_radio_is_opened(
    text: str, code: Code, fragment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(virtual_air, "open_virtual_radio", never)
    with pytest.raises(InputError) as caught:
        async with open_target(parse_target(text)):
            pytest.fail("it was opened")
    assert caught.value.code is code
    assert fragment in caught.value.message
    assert len(caught.value.message) < 150


def never(**_given: Any) -> VirtualRadio:
    pytest.fail("a radio was opened")


def test_the_refusal_of_a_unit_names_those_there_are() -> None:
    with pytest.raises(InputError) as caught:
        asyncio.run(opened("sim:nope"))
    assert [name in caught.value.hint for name in gallery_names()] == [True] * len(gallery_names())


async def opened(text: str) -> None:
    async with open_target(parse_target(text)):
        pytest.fail("it was opened")


class Watched:
    """Keeps the radios that were opened, and the units in them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: list[PublicKey] = []
        self.closed = 0
        close = VirtualRadio.close

        async def watched_close(radio: VirtualRadio) -> None:
            self.closed += 1
            await close(radio)

        def watched_fabricate(description: UnitDescription, **given: Any) -> VirtualUnit:
            self.keys.append(description.public_key)
            return fabricate(description, **given)

        monkeypatch.setattr(VirtualRadio, "close", watched_close)
        monkeypatch.setattr(virtual_air, "fabricate", watched_fabricate)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


async def test_a_unit_trusts_the_key_of_its_description(watched: Watched) -> None:
    async with open_target(parse_target("sim:ble-reference")):
        assert watched.keys == [gallery_unit("ble-reference").public_key]


async def test_a_unit_trusts_another_key_where_it_is_told_to(watched: Watched) -> None:
    key = SigningKey.generate().public_key
    async with open_target(parse_target("sim:ble-reference"), trusted_key=key):
        assert watched.keys == [key]


async def test_the_radio_is_given_back_at_the_end(watched: Watched) -> None:
    async with open_target(parse_target("sim:ble-reference")):
        assert watched.closed == 0
    assert watched.closed == 1


@pytest.mark.parametrize("problem", [KeyboardInterrupt, asyncio.CancelledError, ZeroDivisionError])
async def test_the_radio_is_given_back_however_its_use_ends(
    problem: type[BaseException], watched: Watched
) -> None:
    with pytest.raises(problem):
        async with open_target(parse_target("sim:ble-reference")):
            raise problem
    assert watched.closed == 1


def test_the_options_become_what_the_radio_is_told() -> None:
    target = parse_target("sim:ble-reference?speed=2.5&interval=30&packets=4")
    assert sim_options(target) == SimOptions(speed=2.5, interval_s=0.03, packets_per_event=4)
    plain = sim_options(parse_target("sim:ble-reference?key=a.pem"))
    assert plain == SimOptions(speed=None, interval_s=0.015, packets_per_event=None)


async def test_without_physics_a_unit_is_ready_at_once_and_needs_no_pauses() -> None:
    async with open_target(parse_target("sim:ble-reference?physics=off")) as opened:
        assert opened.pacing == NO_PAUSES
        assert opened.link.now_s() > 0


def test_without_physics_time_is_ours() -> None:
    async def loop_of() -> type[asyncio.AbstractEventLoop]:
        return type(asyncio.get_running_loop())

    ours = run_for_target(parse_target("sim:ble-reference?physics=off"), loop_of())
    assert not issubclass(ours, VirtualTimeLoop)
    assert issubclass(run_for_target(parse_target("sim:x"), loop_of()), VirtualTimeLoop)


def test_a_virtual_unit_has_a_time_of_its_own() -> None:
    async def hours() -> float:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(7200)
        return loop.time()

    assert run_for_target(parse_target("sim:ble-reference"), hours()) == 7200


def test_a_wrong_option_leaves_no_coroutine_behind() -> None:
    async def never_run() -> None:
        pytest.fail("it was run")

    with pytest.raises(InputError):
        run_for_target(parse_target("sim:ble-reference?speed=0"), never_run())
