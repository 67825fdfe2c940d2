"""Probes: what each asks, that none can pass, and that a catalogue has all a search may need."""

from __future__ import annotations

import pytest

from firmline.errors import Code
from firmline.formats.init_packet import MAX_SD_REQ, FwType, decode_init_packet, hash_firmware
from firmline.formats.keys import SigningKey
from firmline.formats.known_softdevices import known_softdevices
from firmline.formats.probes import (
    MAX_HW_VERSIONS,
    MAX_SOFTDEVICES,
    PROBE_TYPES,
    ProbeCatalogue,
    SignedOnDemand,
    encode_probe_command,
    first_half,
    sign_probe,
    softdevice_probe,
    version_probe,
    with_known_softdevices,
)
from firmline.formats.probes_versions import MAX_LIMIT, VersionLimits, VersionRange
from firmline.values import U32_MAX, Fwid
from unit.formats.makers import refuses

KEY = SigningKey.generate()
FEW = VersionLimits(runs=((0, 3), (7, 7)))


def catalogue(**changes: object) -> ProbeCatalogue:
    fields = {
        "hw_versions": (52,),
        "softdevices": (Fwid(0xB7), Fwid(0x101)),
        "app_limits": FEW,
        "bootloader_limits": FEW,
    }
    return ProbeCatalogue(**(fields | changes))  # type: ignore[arg-type]


def fwids(count: int) -> tuple[Fwid, ...]:
    return tuple(Fwid(number) for number in range(1, count + 1))


@pytest.mark.parametrize(
    ("kind", "limit", "named"),
    [
        (FwType.APPLICATION, 0, 0),
        (FwType.APPLICATION, MAX_LIMIT, MAX_LIMIT),
        (FwType.BOOTLOADER, 0, 1),
        (FwType.BOOTLOADER, MAX_LIMIT, U32_MAX),
    ],
)
def test_a_bootloader_has_to_be_newer_than_the_limit(kind: FwType, limit: int, named: int) -> None:
    probe = version_probe(kind, 52, limit)
    assert (probe.kind, probe.hw_version, probe.fw_version) == (kind, 52, named)
    assert probe.sd_req == (0,)


def test_a_packet_asks_what_its_probe_asks_and_announces_nothing() -> None:
    for probe in catalogue(softdevices=fwids(40)).probes():
        packet = decode_init_packet(sign_probe(probe, KEY))
        command = packet.command
        assert (command.kind, command.hw_version) == (probe.kind, probe.hw_version)
        assert (command.sd_req, command.fw_version) == (probe.sd_req, probe.fw_version)
        assert (command.app_size, command.sd_size, command.bl_size) == (0, 0, 0)
        assert not command.is_debug
        assert command.hash == hash_firmware(b"")
        assert command.kind in PROBE_TYPES
        assert packet.signed_bytes == encode_probe_command(probe)
        assert KEY.public_key.verify(packet.signed_bytes, packet.signature or b"")


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 40])
@pytest.mark.parametrize("hw_versions", [(52,), (52, 0, U32_MAX)])
def test_a_catalogue_counts_its_probes(count: int, hw_versions: tuple[int, ...]) -> None:
    one = catalogue(hw_versions=hw_versions, softdevices=fwids(count))
    made = list(one.probes())
    assert len(made) == len(set(made)) == one.count
    assert [fwid for group in one.softdevice_groups for fwid in group] == list(fwids(count))
    assert all(len(probe.sd_req) <= MAX_SD_REQ for probe in made)


@pytest.mark.parametrize("count", [1, 2, 7, 16, 33])
def test_every_way_to_bisect_a_group_is_in_the_catalogue(count: int) -> None:
    one = catalogue(softdevices=fwids(count))
    made = set(one.probes())
    assert softdevice_probe(52, ()) in made
    waiting = one.softdevice_groups
    assert all(softdevice_probe(52, group) in made for group in waiting)
    while waiting:
        group = waiting.pop()
        if len(group) > 1:
            half = first_half(group)
            assert 0 < len(half) < len(group)
            assert softdevice_probe(52, half) in made
            waiting += [half, group[len(half) :]]


def test_given_softdevices_are_asked_for_first_and_then_the_newest() -> None:
    known = {softdevice.fwid for softdevice in known_softdevices()}
    assert with_known_softdevices() == tuple(sorted(known, reverse=True))
    oldest = min(known)
    ordered = with_known_softdevices((Fwid(0x1234), oldest))
    assert ordered == (0x1234, oldest, *sorted(known - {oldest}, reverse=True))


@pytest.mark.parametrize(
    ("changes", "code", "fragment"),
    [
        ({"hw_versions": ()}, Code.PROBE_PACK_MALFORMED, "need a hardware version"),
        ({"hw_versions": (52, 52)}, Code.PROBE_PACK_MALFORMED, "hardware versions come twice"),
        ({"hw_versions": (-1,)}, Code.PROBE_PACK_MALFORMED, "from 0 to 4294967295"),
        ({"hw_versions": (2**32,)}, Code.PROBE_PACK_MALFORMED, "from 0 to 4294967295"),
        (
            {"hw_versions": tuple(range(MAX_HW_VERSIONS + 1))},
            Code.PROBE_TOO_MANY,
            "17 hardware versions",
        ),
        ({"softdevices": (Fwid(0),)}, Code.PROBE_PACK_MALFORMED, "FWID 0 means no SoftDevice"),
        ({"softdevices": fwids(1) * 2}, Code.PROBE_PACK_MALFORMED, "SoftDevices come twice"),
        (
            {"softdevices": fwids(MAX_SOFTDEVICES + 1)},
            Code.PROBE_TOO_MANY,
            "513 SoftDevices are too many",
        ),
    ],
)
def test_what_cannot_be_asked(changes: dict[str, object], code: Code, fragment: str) -> None:
    with refuses(code, fragment):
        catalogue(**changes)


def test_with_a_key_at_hand_any_probe_is_signed() -> None:
    source = SignedOnDemand(catalogue=catalogue(app_limits=VersionLimits.every()), signer=KEY)
    probe = version_probe(FwType.APPLICATION, 52, 3_000_000_000)
    assert decode_init_packet(source.packet(probe)).command.fw_version == 3_000_000_000


# Limits of versions.


def test_limits_are_a_sequence_that_is_not_written_out() -> None:
    assert list(FEW) == [FEW[index] for index in range(len(FEW))] == [0, 1, 2, 3, 7]
    for index in (5, -1):
        with pytest.raises(IndexError):
            FEW[index]
    every = VersionLimits.every()
    assert len(every) == U32_MAX
    assert (every[0], every[U32_MAX - 1]) == (0, MAX_LIMIT)


def test_limits_up_to_a_version_are_counted() -> None:
    counted = [FEW.count_up_to(version) for version in range(-1, 10)]
    assert counted == [0, 1, 2, 3, 4, 4, 4, 4, 5, 5, 5]
    assert VersionLimits(runs=((5, 6),)).count_up_to(4) == 0


def test_two_limits_leave_a_range_between_them() -> None:
    ranges = [FEW.below(index) for index in range(len(FEW) + 1)]
    assert [str(found) for found in ranges] == ["0", "1", "2", "3", "4 to 7", "8 to 4294967295"]
    assert [found.is_exact for found in ranges] == [True] * 4 + [False] * 2


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ([(0, 300)], ["0 to 300"]),
        ([(12, 12)], ["0 to 1", "12"]),
        ([(100, 105), (10_000, 10_299)], ["0 to 1", "100 to 105", "10000 to 10299"]),
        ([(4, 9), (0, 5)], ["0 to 9"]),
        ([(U32_MAX, U32_MAX)], ["0 to 1", "4294967295"]),
        ([], ["0 to 1"]),
    ],
)
def test_limits_around_ranges_tell_each_of_their_versions(
    wanted: list[tuple[int, int]], told: list[str]
) -> None:
    ranges = [VersionRange(first=first, last=last) for first, last in wanted]
    limits = VersionLimits.around(ranges)
    assert [str(part) for part in limits.told_exactly] == told
    for part in ranges:
        for version in (part.first, part.last):
            assert limits.below(limits.count_up_to(version - 1)) == VersionRange(
                first=version, last=version
            )


def test_beyond_the_ranges_a_version_is_found_within_a_power_of_two() -> None:
    limits = VersionLimits.around([VersionRange(first=0, last=99)])
    for version in (100, 127, 128, 10_203, 2**31, U32_MAX):
        found = limits.below(limits.count_up_to(version - 1))
        assert version in found
        assert found.last < 2 * max(found.first, 64)


@pytest.mark.parametrize(
    "runs", [(), ((3, 2),), ((0, 1), (2, 3)), ((5, 6), (1, 2)), ((-1, 0),), ((0, U32_MAX),)]
)
def test_runs_of_limits_have_to_rise(runs: tuple[tuple[int, int], ...]) -> None:
    with refuses(Code.PROBE_PACK_MALFORMED, "runs in rising order"):
        VersionLimits(runs=runs)


@pytest.mark.parametrize(("first", "last"), [(1, 0), (-1, 0), (0, U32_MAX + 1)])
def test_a_range_of_versions_has_an_order(first: int, last: int) -> None:
    with refuses(Code.NUMBER_OUT_OF_RANGE, "no range of versions"):
        VersionRange(first=first, last=last)
