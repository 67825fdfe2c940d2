"""The public asynchronous interface, on virtual units in virtual time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

import firmline
from firmline import events
from firmline.device.application import GPREGRET_ENTER_DFU
from firmline.device.description import UnitDescription
from firmline.device.profile import SDK15_3_UART
from firmline.device.synthetic import synthetic_bytes
from firmline.errors import Code, InputError, TransportError
from firmline.events import Event, Outcome
from firmline.formats.firmware import FirmwareImage
from firmline.formats.package import Package, write_package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.updater.api import ConnectedUnit
from firmline.updater.expectation import Expectation, expectation
from firmline.updater.timeouts import SerialTimeouts, Timeouts
from firmline.values import Fwid, FwVersion
from unit.device.makers import FWID, KEY, describe, softdevice_image

pytestmark = pytest.mark.slow
URI = "sim:bench-unit"
UNIT = describe()
ON_A_UART = describe(profile=SDK15_3_UART, gpregret=GPREGRET_ENTER_DFU)


def package(version: int = 4, size: int = 9_000) -> Package:
    image = FirmwareImage(
        data=synthetic_bytes(f"api {version}", size), address=None, source_name="app.bin"
    )
    return build_package(
        PackageSpec(
            application=image,
            hw_version=52,
            application_version=FwVersion(version),
            sd_req=(Fwid(FWID),),
            signing_key=KEY,
        )
    )


def with_unit(
    story: Callable[[ConnectedUnit], Awaitable[None]], *, unit: UnitDescription = UNIT
) -> None:
    async def main() -> None:
        async with firmline.connect(URI, unit=unit) as connected:
            await story(connected)

    firmline.run(URI, main())


async def update(unit: ConnectedUnit, content: Package | bytes) -> list[Event]:
    return [event async for event in unit.update(content)]


def outcome_of(heard: list[Event]) -> Outcome:
    finished = heard[-1]
    assert isinstance(finished, events.UpdateFinished)
    return finished.outcome


async def assert_takes(unit: ConnectedUnit, content: Package) -> None:
    """An update comes to its end, and its application runs.

    One that finds the unit in its bootloader has nothing to compare with, and may say so.
    """
    assert outcome_of(await update(unit, content)) in {Outcome.UPDATED, Outcome.UNVERIFIED}
    facts = [e async for e in unit.inspect() if isinstance(e, events.FactFound)]
    assert next(f.value for f in facts if f.fact == "firmware_revision").startswith("4+")


def test_an_update_is_a_stream_that_ends_with_how_it_ended() -> None:
    async def story(unit: ConnectedUnit) -> None:
        heard = await update(unit, package())
        assert outcome_of(heard) is Outcome.UPDATED
        assert sum(isinstance(event, events.UpdateFinished) for event in heard) == 1
        times = [event.at_s for event in heard]
        assert times == sorted(times)

    with_unit(story)


def test_the_bytes_of_a_file_will_do() -> None:
    async def story(unit: ConnectedUnit) -> None:
        assert outcome_of(await update(unit, write_package(package()))) is Outcome.UPDATED

    with_unit(story)


def test_one_unit_is_read_and_updated_again_and_again() -> None:
    async def story(unit: ConnectedUnit) -> None:
        for version in (4, 5):
            assert outcome_of(await update(unit, package(version))) is Outcome.UPDATED
            facts = [e async for e in unit.inspect() if isinstance(e, events.FactFound)]
            revision = next(f.value for f in facts if f.fact == "firmware_revision")
            assert revision.startswith(f"{version}+")

    with_unit(story)


def test_a_unit_on_a_serial_port_is_read_and_then_updated() -> None:
    """It keeps its power between two streams: it waits in its bootloader, as a real one would."""

    async def story(unit: ConnectedUnit) -> None:
        for _ in range(2):
            facts = [e async for e in unit.inspect() if isinstance(e, events.FactFound)]
            assert next(f.value for f in facts if f.fact == "mode") == "bootloader"
        heard = [e async for e in unit.update(package(), expectation=expectation("application 4+"))]
        assert outcome_of(heard) is Outcome.UPDATED

    with_unit(story, unit=ON_A_UART)


def test_an_update_over_a_serial_port_that_was_stopped_goes_on_from_where_it_was() -> None:
    async def story(unit: ConnectedUnit) -> None:
        done = 0
        async with aclosing(unit.update(package())) as stream:
            async for event in stream:
                if isinstance(event, events.ObjectExecuted) and event.object_type == "data":
                    done = event.offset
                    break
        heard = [e async for e in unit.update(package(), expectation=expectation("application 4+"))]
        assert outcome_of(heard) is Outcome.UPDATED
        resumed = [e.offset for e in heard if isinstance(e, events.Resumed)]
        assert done > 0
        assert max(resumed) >= done

    with_unit(story, unit=ON_A_UART)


def test_behind_an_update_over_a_serial_port_the_new_application_runs() -> None:
    """It takes no update over this port, and has greeted already: told as of a real one."""

    async def story(unit: ConnectedUnit) -> None:
        heard = [e async for e in unit.update(package(), expectation=expectation("application 4+"))]
        assert outcome_of(heard) is Outcome.UPDATED
        finished = (await update(unit, package(5)))[-1]
        assert isinstance(finished, events.UpdateFinished)
        assert (finished.outcome, finished.code) == (Outcome.FAILED, Code.PORT_SILENT)

    with_unit(story, unit=ON_A_UART)


def test_a_refusal_is_told_in_the_stream() -> None:
    async def story(unit: ConnectedUnit) -> None:
        heard = await update(unit, package(version=0))
        assert outcome_of(heard) is Outcome.REFUSED
        finished = heard[-1]
        assert isinstance(finished, events.UpdateFinished)
        assert finished.code == Code.REFUSED_FW_VERSION

    with_unit(story)


def test_whoever_stops_listening_stops_the_update_and_the_unit_takes_the_next_one() -> None:
    async def story(unit: ConnectedUnit) -> None:
        async with aclosing(unit.update(package())) as stream:
            async for event in stream:
                if isinstance(event, events.ObjectExecuted) and event.object_type == "data":
                    break
        await assert_takes(unit, package())

    with_unit(story)


@pytest.mark.parametrize("count", [1, 5, 9, 14, 20, 30, 45, 60])
def test_an_update_is_cancelled_at_any_moment_and_the_unit_takes_the_next_one(count: int) -> None:
    async def story(unit: ConnectedUnit) -> None:
        heard: list[Event] = []

        async def listen() -> None:
            async for event in unit.update(package()):
                heard.append(event)
                if len(heard) == count:
                    listening.cancel()

        listening = asyncio.ensure_future(listen())
        with pytest.raises(asyncio.CancelledError):
            await listening
        assert len(heard) >= count
        await assert_takes(unit, package())

    with_unit(story)


def test_a_stream_that_is_closed_before_its_first_event_has_begun_nothing() -> None:
    async def story(unit: ConnectedUnit) -> None:
        stream = unit.update(package())
        await stream.aclose()
        await asyncio.sleep(500)
        facts = [e async for e in unit.inspect() if isinstance(e, events.FactFound)]
        assert next(f.value for f in facts if f.fact == "firmware_revision").startswith("3+")
        assert outcome_of(await update(unit, package())) is Outcome.UPDATED

    with_unit(story)


def test_of_two_streams_the_second_cannot_be_begun_while_the_first_is_at_work() -> None:
    async def story(unit: ConnectedUnit) -> None:
        first, second = unit.update(package()), unit.update(package())
        async with aclosing(first):
            await anext(first)
            with pytest.raises(InputError):
                await anext(second)
        assert outcome_of(await update(unit, package())) is Outcome.UPDATED

    with_unit(story)


def test_a_unit_does_one_thing_at_a_time() -> None:
    async def story(unit: ConnectedUnit) -> None:
        async with aclosing(unit.update(package())) as stream:
            await anext(stream)
            with pytest.raises(InputError) as caught:
                unit.inspect()
            assert caught.value.code is Code.OPTION_CONFLICT
        assert outcome_of(await update(unit, package())) is Outcome.UPDATED

    with_unit(story)


def test_what_is_no_package_is_refused_before_anything_is_sent() -> None:
    async def story(unit: ConnectedUnit) -> None:
        with pytest.raises(InputError):
            unit.update(b"no package")
        assert outcome_of(await update(unit, package())) is Outcome.UPDATED

    with_unit(story)


NAN = float("nan")
V4 = re.compile("v4")
WRONG: list[tuple[dict[str, object], Code, str]] = [
    ({"prn": -1}, Code.NUMBER_OUT_OF_RANGE, "prn is -1"),
    ({"prn": 65_536}, Code.NUMBER_OUT_OF_RANGE, "prn is 65536"),
    ({"prn": 1.5}, Code.NUMBER_MALFORMED, "prn is 1.5"),
    ({"prn": True}, Code.NUMBER_MALFORMED, "prn is True"),
    ({"prn": "8"}, Code.NUMBER_MALFORMED, "prn is '8'"),
    ({"prn": None}, Code.NUMBER_MALFORMED, "prn is None"),
    ({"prn": 10**400}, Code.NUMBER_OUT_OF_RANGE, "prn is 1000"),
    ({"timeouts": Timeouts(return_s=10**400)}, Code.NUMBER_OUT_OF_RANGE, "return"),
    ({"checkpoint_s": 0}, Code.NUMBER_OUT_OF_RANGE, "checkpoint_s is 0"),
    ({"checkpoint_s": -5.0}, Code.NUMBER_OUT_OF_RANGE, "checkpoint_s is -5"),
    ({"checkpoint_s": NAN}, Code.NUMBER_MALFORMED, "checkpoint_s is nan"),
    ({"checkpoint_s": float("inf")}, Code.NUMBER_OUT_OF_RANGE, "checkpoint_s is inf"),
    ({"checkpoint_s": "off"}, Code.NUMBER_MALFORMED, "checkpoint_s is 'off'"),
    ({"timeouts": 10}, Code.USAGE, "10 are no timeouts"),
    ({"timeouts": Timeouts(serial=3)}, Code.USAGE, "3 are no timeouts"),  # type: ignore[arg-type]
    (
        {"timeouts": Timeouts(execute_s="40")},  # type: ignore[arg-type]
        Code.NUMBER_MALFORMED,
        "timeouts.execute_s is '40'",
    ),
    ({"timeouts": Timeouts(search_s=NAN)}, Code.NUMBER_MALFORMED, "timeouts.search_s is nan"),
    (
        {"timeouts": Timeouts(serial=SerialTimeouts(ping_s=0))},
        Code.NUMBER_OUT_OF_RANGE,
        "timeouts.serial.ping_s is 0",
    ),
    ({"expectation": "v4"}, Code.USAGE, "'v4' is no Expectation"),
    ({"package": "dfu.zip"}, Code.USAGE, "'dfu.zip' is neither a package"),
    ({"expectation": Expectation(text="v4", pattern=V4, baud=0)}, Code.NUMBER_OUT_OF_RANGE, "baud"),
    (
        {"expectation": Expectation(text="v4", pattern=V4, timeout_s=NAN)},
        Code.NUMBER_MALFORMED,
        "expectation.timeout_s is nan",
    ),
    ({"package": "x" * 500}, Code.USAGE, "... is neither a package"),
    ({"package": None}, Code.USAGE, "None is neither a package"),
    ({"package": bytearray(b"PK")}, Code.USAGE, "bytearray(b'PK') is neither a package"),
    ({"name": None}, Code.USAGE, "name is None"),
    ({"name": b"app.zip"}, Code.USAGE, "name is b'app.zip'"),
    ({"report": None}, Code.USAGE, "report is None"),
    ({"report": []}, Code.USAGE, "report is []"),
    ({"report": asyncio.sleep}, Code.USAGE, "report is <function sleep"),
]


@pytest.mark.parametrize(("asked", "code", "says"), WRONG, ids=lambda value: str(value)[:30])
def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    asked: dict[str, object], code: Code, says: str
) -> None:
    async def story(unit: ConnectedUnit) -> None:
        wishes: dict[str, Any] = {"package": package(), **asked}
        with pytest.raises(InputError) as caught:
            unit.update(wishes.pop("package"), **wishes)
        assert caught.value.code is code
        assert says in caught.value.message
        if not {"timeouts", "report"}.isdisjoint(asked):
            with pytest.raises(InputError):
                unit.inspect(**wishes)

    with_unit(story)


@pytest.mark.parametrize("uri", [None, 3, b"sim:ble-reference", Path("/dev/ttyACM0"), ["sim:x"]])
def test_a_uri_is_text(uri: Any) -> None:
    """At once, and not when it is opened."""
    with pytest.raises(InputError, match="is no URI of a unit, which is text") as caught:
        firmline.connect(uri)
    assert caught.value.code is Code.USAGE

    async def main() -> None:
        pytest.fail("There is no unit to run this with.")

    with pytest.raises(InputError):
        firmline.run(uri, main())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"unit": "ble-reference"}, "'ble-reference' does not describe a virtual unit"),
        ({"unit": UnitDescription}, "does not describe a virtual unit"),
        ({"trusted_key": b"secret pem"}, "A value of type bytes is no PublicKey"),
    ],
)
def test_a_virtual_unit_is_a_description(given: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        firmline.connect(URI, **given)
    assert (caught.value.code, "secret" in str(caught.value)) == (Code.USAGE, False)
    assert says in caught.value.message


def test_what_is_run_is_a_coroutine() -> None:
    async def main() -> None:
        pytest.fail("Nobody has called it.")

    for wrong in (None, main, with_unit, 3):
        with pytest.raises(InputError, match="is no coroutine") as caught:
            firmline.run(URI, wrong)  # type: ignore[arg-type]
        assert "main()" in caught.value.hint


@pytest.mark.parametrize("text", [None, b"v4", 4])
def test_what_is_expected_is_text(text: Any) -> None:
    with pytest.raises(InputError, match="not text"):
        expectation(text)


def test_what_is_at_the_bounds_is_taken() -> None:
    async def story(unit: ConnectedUnit) -> None:
        stream = unit.update(package(), prn=65_535, checkpoint_s=1, timeouts=Timeouts(erase_s=3600))
        assert outcome_of([event async for event in stream]) is Outcome.UPDATED
        stream = unit.update(package(5), prn=1, checkpoint_s=None)
        assert outcome_of([event async for event in stream]) is Outcome.UPDATED

    with_unit(story)


@pytest.mark.parametrize("closes", [True, False], ids=["aclosing", "left to the connection"])
@pytest.mark.parametrize("kind", [events.UpdateStarted, events.ObjectCreated, events.ImageSent])
def test_whoever_leaves_the_loop_leaves_a_safe_unit_and_a_stream_with_an_end(
    kind: type[Event], closes: bool
) -> None:
    kept: list[Event] = []

    async def leave(stream: AsyncGenerator[Event]) -> None:
        async for event in stream:
            if isinstance(event, kind):
                break

    async def main() -> None:
        radio_of_unit = firmline.connect(URI, unit=UNIT)
        async with radio_of_unit as unit:
            stream = unit.update(package(), report=kept.append)
            if not closes:
                await leave(stream)
                await unit.close()
            else:
                async with aclosing(stream):
                    await leave(stream)
            finished = kept[-1]
            assert isinstance(finished, events.UpdateFinished)
            assert finished.code == Code.INTERRUPTED
            count = len(kept)
            await asyncio.sleep(500)
            assert len(kept) == count
            await assert_takes(unit, package())

    firmline.run(URI, main())


def test_an_inspection_is_reported_as_well() -> None:
    async def story(unit: ConnectedUnit) -> None:
        kept: list[Event] = []
        heard = [event async for event in unit.inspect(report=kept.append)]
        assert kept == heard

    with_unit(story)


def test_a_stream_that_nobody_reads_is_stopped_with_the_connection() -> None:
    async def main() -> None:
        async with firmline.connect(URI, unit=UNIT) as unit:
            stream = unit.update(package())
            await anext(stream)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others

    firmline.run(URI, main())


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("nothing", InputError),
        ("sim:", InputError),
        ("sim:no-such-unit", InputError),
        ("sim:ble-reference?nonsense=1", InputError),
        ("serial:/dev/there/is/no/such/port", TransportError),
    ],
)
def test_a_unit_that_is_not_there_is_told_at_once(uri: str, kind: type[Exception]) -> None:
    async def main() -> None:
        async with firmline.connect(uri) as unit:
            heard = await update(unit, package())
            finished = heard[-1]
            assert isinstance(finished, events.UpdateFinished)
            raise TransportError(Code.PORT_NOT_FOUND, finished.message, reason=None)  # type: ignore[arg-type]

    with pytest.raises(kind):
        firmline.run(uri, main())


def test_a_new_softdevice_is_seen_by_the_unit_s_radio() -> None:
    """Over the air, from 0x0103 to 0x0104: what changed is a fact, and it is told."""
    image = FirmwareImage(data=softdevice_image(), address=None, source_name="sd.bin")
    content = build_package(
        PackageSpec(
            softdevice=image, hw_version=52, sd_req=(Fwid(FWID),), sd_id=(), signing_key=KEY
        )
    )

    async def story(unit: ConnectedUnit) -> None:
        heard = await update(unit, content)
        assert outcome_of(heard) is Outcome.UPDATED
        finished = heard[-1]
        assert isinstance(finished, events.UpdateFinished)
        assert "0x0104" in finished.message
        facts = [e async for e in unit.inspect() if isinstance(e, events.FactFound)]
        assert next(f.value for f in facts if f.fact == "softdevice_fwid") == "0x0104"

    with_unit(story)
