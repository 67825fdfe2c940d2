"""Power cuts at every operation: what is counted, what is judged, and what is found."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from firmline.device.bootloader.settings_ram import SIZE
from firmline.device.cuts.findings import MBR_PARAMETERS, weak_spot
from firmline.device.cuts.flows import Flow, FlowSetup, set_up, sweep_key
from firmline.device.cuts.recording import Place, Recording, record, unit_with_flash
from firmline.device.cuts.sweep import Cut, State, Sweep, Tally, Verdict, running_parts
from firmline.device.fabrication import fabricate
from firmline.device.flash import FlashOperation
from firmline.device.lock_step_host import LockStepHost
from firmline.device.profile import PROFILES, SDK15_3_BLE, SDK15_3_UART, BootloaderProfile
from firmline.errors import Code, LocalProtocolError
from firmline.formats.keys import SigningKey
from firmline.protocol.checkpoints import EverySoManyBytes

KEY = sweep_key()
SMALL = 64
SETTINGS_WORDS = SIZE // 4


def setup(
    flow: Flow = Flow.APPLICATION, profile: BootloaderProfile = SDK15_3_BLE, size: int = SMALL
) -> FlowSetup:
    return set_up(flow, profile=profile, image_size=size, key=KEY)


def recorded(flow: Flow = Flow.APPLICATION, profile: BootloaderProfile = SDK15_3_BLE) -> Recording:
    return record(setup(flow, profile))


def swept(recording: Recording, *, seed: int = 1) -> Tally:
    tally = Tally()
    for verdict in Sweep(recording, random.Random(seed)).single_cuts():
        tally.count(verdict)
    return tally


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
@pytest.mark.parametrize("flow", Flow)
def test_every_flow_works_on_every_profile_without_a_cut(
    flow: Flow, profile: BootloaderProfile
) -> None:
    recording = recorded(flow, profile)
    unit = unit_with_flash(recording.setup, recording.after)
    unit.power_on(now_s=0)
    assert unit.mode == "application"
    before = running_parts(unit_with_flash(recording.setup, recording.before))
    after = running_parts(unit_with_flash(recording.setup, recording.after))
    changed = [old != new for old, new in zip(before, after, strict=True)]
    assert (
        changed
        == {
            Flow.APPLICATION: [False, False, True],
            Flow.APPLICATION_SINGLE: [False, False, True],
            Flow.SOFTDEVICE: [True, False, False],
            Flow.BOOTLOADER: [False, True, False],
            Flow.SOFTDEVICE_BOOTLOADER: [True, True, False],
            Flow.COMBINED: [True, True, True],
        }[flow]
    )


def test_the_operations_of_an_application_are_counted_one_by_one() -> None:
    """Both settings pages after the init packet, the image, both after it, the copy, both twice."""
    recording = recorded()
    page = 1 + SETTINGS_WORDS
    image = 1 + SMALL // 4
    kinds = Counter(operation.kind for operation in recording.operations)
    assert len(recording.operations) == 2 * page + image + 2 * page + image + 2 * page + 2 * page
    assert kinds[FlashOperation.ERASE] == 10


def test_the_recorded_operations_lead_from_the_flash_before_to_the_flash_after() -> None:
    recording = recorded()
    flash = bytearray(recording.before)
    for operation in recording.operations:
        flash[operation.address : operation.address + len(operation.after)] = operation.after
    assert bytes(flash) == recording.after


def test_a_flow_that_does_not_work_is_no_recording() -> None:
    wrong = setup()
    other = SigningKey.generate().public_key
    with pytest.raises(LocalProtocolError, match="does not work"):
        record(replace(wrong, unit=replace(wrong.unit, public_key=other)))


@pytest.mark.parametrize(
    "profile",
    [SDK15_3_BLE, pytest.param(SDK15_3_UART, marks=pytest.mark.slow)],
    ids=["ble", "uart"],
)
@pytest.mark.parametrize("flow", [Flow.APPLICATION, Flow.APPLICATION_SINGLE])
def test_an_application_survives_a_cut_at_every_operation(
    flow: Flow, profile: BootloaderProfile
) -> None:
    recording = recorded(flow, profile)
    tally = swept(recording)
    assert tally.harmed == []
    assert tally.cuts == tally.survived == 2 * len(recording.operations)
    waits_in_dfu = flow is Flow.APPLICATION_SINGLE
    assert (tally.states[State.DFU] > 0) is waits_in_dfu
    assert tally.states[State.OLD] > 0
    assert tally.states[State.NEW] > 0


def sent_again(profile: BootloaderProfile, spacing: int, *, step: int = 1) -> Tally:
    """An image of three objects, cut at every so-manyth operation, and resumed each time."""
    made = setup(profile=profile, size=2 * 4096 + 1000)
    recording = record(replace(made, checkpoints=EverySoManyBytes(spacing)))
    tally = Tally()
    sweep = Sweep(recording, random.Random(1))
    for at in range(0, len(recording.operations), step):
        for verdict in sweep.single_cuts(at, at + 1):
            tally.count(verdict)
            assert verdict.tries == (0 if verdict.booted is State.NEW else 1)
    assert tally.harmed == []
    return tally


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_with_checkpoints_every_cut_ends_updated_at_the_next_try_and_less_is_sent_again(
    profile: BootloaderProfile,
) -> None:
    with_them, without = sent_again(profile, 4096, step=23), sent_again(profile, 0, step=23)
    assert without.sent_again == without.resumed * (2 * 4096 + 1000)
    assert with_them.sent_again / with_them.resumed < 0.8 * (2 * 4096 + 1000)


@pytest.mark.slow
@pytest.mark.parametrize("profile", [SDK15_3_BLE, SDK15_3_UART], ids=["ble", "uart"])
def test_a_cut_at_every_single_operation_of_an_update_with_checkpoints(
    profile: BootloaderProfile,
) -> None:
    tally = sent_again(profile, 4096)
    assert tally.cuts > 10_000
    assert tally.resumed > 5_000


@pytest.mark.slow
def test_the_only_places_where_a_bootloader_update_is_lost_are_the_parameters_of_the_mbr() -> None:
    recording = recorded(Flow.BOOTLOADER)
    sweep = Sweep(recording, random.Random(1))
    harmed = [verdict for verdict in sweep.single_cuts() if not verdict.survived]
    assert [weak_spot(verdict, sweep.memory) for verdict in harmed] == [MBR_PARAMETERS] * 4
    assert {verdict.cut.operation.address for verdict in harmed} == {0x7E004, 0x7E008}
    assert {verdict.booted for verdict in harmed} == {State.BAD}


@pytest.mark.parametrize("address", [0x7E004, 0x7E008])
def test_a_second_cut_in_the_parameters_of_the_mbr_is_found_where_the_first_was_harmless(
    address: int,
) -> None:
    recording = recorded(Flow.BOOTLOADER)
    sweep = Sweep(recording, random.Random(1))
    hits = [
        number
        for number, operation in enumerate(recording.operations, 1)
        if operation.place == Place(FlashOperation.WRITE, address)
    ]
    # A cut at the first operation changes nothing: the second try does the same as the first.
    verdicts = [sweep.pair(1, number) for number in hits]
    assert {verdict.second for verdict in verdicts} == {Place(FlashOperation.WRITE, address)}
    (lost,) = [verdict for verdict in verdicts if not verdict.survived]
    assert lost.cut.operation.place == Place(FlashOperation.ERASE, 0x7F000)
    assert lost.places == (lost.cut.operation.place, Place(FlashOperation.WRITE, address))
    assert weak_spot(lost, sweep.memory) is MBR_PARAMETERS
    assert weak_spot(replace(lost, second=None), sweep.memory) is None


def test_a_second_cut_that_nothing_was_left_for_has_no_place() -> None:
    recording = recorded()
    verdict = Sweep(recording, random.Random(1)).pair(1, 10 * len(recording.operations))
    assert (verdict.second, verdict.survived) == (None, True)
    assert verdict.places == (recording.operations[0].place,)


@pytest.mark.slow
def test_a_sweep_in_pieces_and_out_of_order_comes_to_the_same_cuts() -> None:
    recording = recorded()
    total = len(recording.operations)
    whole = list(Sweep(recording, random.Random(1)).single_cuts())
    sweep = Sweep(recording, random.Random(1))
    end = list(sweep.single_cuts(total - 50))
    begin = list(sweep.single_cuts(0, 50))
    numbers = [(v.cut.number, v.cut.half_done) for v in whole]
    assert [(v.cut.number, v.cut.half_done) for v in begin] == numbers[:100]
    assert [(v.cut.number, v.cut.half_done) for v in end] == numbers[-100:]
    begun = [v for v in whole if not v.cut.half_done]
    assert [v for v in begin if not v.cut.half_done] == begun[:50]
    assert [v for v in end if not v.cut.half_done] == begun[-50:]


def test_harm_elsewhere_is_no_known_weak_spot() -> None:
    recording = recorded(Flow.BOOTLOADER)
    sweep = Sweep(recording, random.Random(1))
    harmless = next(iter(sweep.single_cuts()))
    assert weak_spot(harmless, sweep.memory) is None


def test_pairs_of_cuts_are_survived_and_repeat_with_their_seed() -> None:
    recording = recorded()
    first = list(Sweep(recording, random.Random(7)).pairs(30))
    second = list(Sweep(recording, random.Random(7)).pairs(30))
    assert first == second
    assert all(verdict.survived for verdict in first)
    assert all(verdict.cut.second_number for verdict in first)
    assert first != list(Sweep(recording, random.Random(8)).pairs(30))


def test_the_same_seed_gives_the_same_sweep() -> None:
    recording = recorded()
    verdicts = [list(Sweep(recording, random.Random(3)).single_cuts(0, 60)) for _ in range(2)]
    assert any(verdict.cut.half_done for verdict in verdicts[0]), "what the seed is for"
    assert verdicts[0] == verdicts[1]


# The judge itself: it must be able to say "bad".


def test_a_unit_whose_application_is_neither_old_nor_new_is_bad() -> None:
    recording = recorded()
    sweep = Sweep(recording, random.Random(1))
    half = bytearray(recording.after)
    half[0x26000:0x26004] = recording.before[0x26000:0x26004]
    assert half != recording.after
    parts = running_parts(unit_with_flash(recording.setup, half))
    assert sweep._judge_parts(parts) is State.BAD


def test_a_mixture_is_good_only_between_the_connections_of_a_combined_update() -> None:
    for flow, state in ((Flow.COMBINED, State.OLD), (Flow.SOFTDEVICE_BOOTLOADER, State.BAD)):
        recording = recorded(flow)
        sweep = Sweep(recording, random.Random(1))
        old = running_parts(unit_with_flash(recording.setup, recording.before))
        new = running_parts(unit_with_flash(recording.setup, recording.after))
        mixed = (new[0], old[1], old[2]) if state is State.BAD else (new[0], new[1], old[2])
        assert sweep._judge_parts(mixed) is state


def test_a_unit_that_refuses_the_second_try_is_not_survived() -> None:
    recording = recorded()
    stubborn = replace(
        recording,
        setup=replace(
            recording.setup,
            unit=replace(recording.setup.unit, public_key=SigningKey.generate().public_key),
        ),
    )
    verdict = next(iter(Sweep(stubborn, random.Random(1)).single_cuts()))
    assert (verdict.booted, verdict.ended) == (State.OLD, State.BAD)
    assert not verdict.survived


def test_a_tally_counts_what_became_of_the_units() -> None:
    operation = recorded().operations[0]
    tally = Tally()
    cut = Cut(number=1, operation=operation)
    tally.count(Verdict(cut=cut, booted=State.OLD, ended=State.NEW))
    tally.count(Verdict(cut=cut, booted=State.BAD, ended=State.BAD))
    tally.count(Verdict(cut=cut, booted=State.DFU, ended=State.BAD))
    assert (tally.cuts, tally.survived, len(tally.harmed)) == (3, 1, 2)
    assert tally.states == {State.OLD: 1, State.BAD: 1, State.DFU: 1}


# The host in lock step.


def test_the_host_passes_over_a_system_image_that_the_unit_has_already() -> None:
    """A combined update that broke off between its connections goes on with the application."""
    combined = setup(Flow.COMBINED)
    system_only = replace(combined.package, images=combined.package.images[:1])
    unit = fabricate(combined.unit)
    unit.power_on(now_s=0)
    host = LockStepHost(unit)
    assert host.send(system_only)
    assert host.send(combined.package)
    new = record(combined).after
    assert running_parts(unit) == running_parts(unit_with_flash(combined, new))


def test_the_host_stops_at_a_refusal() -> None:
    wrong = setup(Flow.COMBINED)
    unit = fabricate(replace(wrong.unit, public_key=SigningKey.generate().public_key))
    unit.power_on(now_s=0)
    host = LockStepHost(unit)
    assert not host.send(wrong.package)
    assert host.error is not None
    assert host.error.code is Code.REFUSED_OBJECT
