"""The search of probes on any unit that keeps the rules, with any catalogue."""

from __future__ import annotations

from math import ceil, log2

from hypothesis import given
from hypothesis import strategies as st

from firmline.formats.init_packet import FwType
from firmline.formats.probes import ProbeCatalogue
from firmline.formats.probes_versions import VersionLimits, VersionRange
from firmline.protocol.answers import Answer
from firmline.protocol.probing import ProbeSearch
from firmline.values import U32_MAX, Fwid
from unit.protocol.probing import RuledUnit, probe_unit

FWIDS = st.integers(1, 0xFFFF).map(Fwid)
VERSIONS = st.one_of(st.integers(0, 40), st.integers(0, 2000), st.integers(0, U32_MAX))
HW_VERSIONS = st.one_of(st.integers(50, 54), st.integers(0, U32_MAX))


@st.composite
def ranges(draw: st.DrawFn) -> VersionRange:
    first = draw(VERSIONS)
    last = min(U32_MAX, first + draw(st.integers(0, 400)))
    return VersionRange(first=first, last=last)


LIMITS = st.lists(ranges(), max_size=3).map(VersionLimits.around)


@st.composite
def catalogues(draw: st.DrawFn, limits: st.SearchStrategy[VersionLimits]) -> ProbeCatalogue:
    return ProbeCatalogue(
        hw_versions=tuple(draw(st.lists(HW_VERSIONS, min_size=1, max_size=4, unique=True))),
        softdevices=tuple(draw(st.lists(FWIDS, max_size=50, unique=True))),
        app_limits=draw(limits),
        bootloader_limits=draw(limits),
    )


@st.composite
def units(draw: st.DrawFn, catalogue: ProbeCatalogue) -> RuledUnit:
    known = [st.sampled_from(catalogue.softdevices)] if catalogue.softdevices else []
    return RuledUnit(
        hw_version=draw(st.one_of(st.sampled_from(catalogue.hw_versions), HW_VERSIONS)),
        fwid=draw(st.one_of(st.none(), FWIDS, *known)),
        app_version=draw(VERSIONS),
        bootloader_version=draw(VERSIONS),
        trusts=draw(st.sampled_from([True] * 9 + [False])),
    )


def assert_true(found: VersionRange | None, installed: int, limits: VersionLimits) -> None:
    """The installed version is in what was found, which is as narrow as the limits allow."""
    assert found is not None
    assert installed in found
    if any(installed in part for part in limits.told_exactly):
        assert found.is_exact
    assert found == limits.below(limits.count_up_to(installed - 1))


def most_probes(catalogue: ProbeCatalogue) -> int:
    """Each version: halved, after at most three steps up; the FWIDs: groups, halves, none."""
    versions = sum(
        ceil(log2(len(limits) + 1)) + 3
        for limits in (catalogue.app_limits, catalogue.bootloader_limits)
    )
    groups = len(catalogue.softdevice_groups)
    return len(catalogue.hw_versions) - 1 + versions + groups + 4 + 1


@given(data=st.data())
def test_what_is_found_is_true_and_as_exact_as_can_be(data: st.DataObject) -> None:
    catalogue = data.draw(catalogues(LIMITS))
    unit = data.draw(units(catalogue))
    probed = probe_unit(catalogue, unit)
    findings = probed.findings
    assert findings.problem is None
    assert findings.key_ok is unit.trusts
    assert set(probed.sent) <= set(catalogue.probes()), "a pack has every probe of a search"
    if not unit.trusts:
        assert findings.probes_sent == 1
        return
    if unit.hw_version not in catalogue.hw_versions:
        assert findings.hw_version is None
        assert findings.probes_sent == len(catalogue.hw_versions)
        return
    assert findings.hw_version == unit.hw_version
    assert_true(findings.app_version, unit.app_version, catalogue.app_limits)
    assert_true(findings.bootloader_version, unit.bootloader_version, catalogue.bootloader_limits)
    assert findings.softdevice is not None
    assert findings.softdevice.is_present is (unit.fwid is not None)
    known = unit.fwid if unit.fwid in catalogue.softdevices else None
    assert findings.softdevice.fwid == known
    assert findings.probes_sent <= most_probes(catalogue)


@given(data=st.data())
def test_with_a_key_every_version_is_told(data: st.DataObject) -> None:
    catalogue = data.draw(catalogues(st.just(VersionLimits.every())))
    unit = data.draw(units(catalogue))
    findings = probe_unit(catalogue, unit).findings
    if findings.hw_version is not None:
        assert findings.app_version == VersionRange(first=unit.app_version, last=unit.app_version)
        assert_true(
            findings.bootloader_version, unit.bootloader_version, catalogue.bootloader_limits
        )
        assert findings.probes_sent <= most_probes(catalogue)


@given(
    catalogue=catalogues(LIMITS),
    answers=st.lists(
        st.builds(
            Answer,
            opcode=st.sampled_from([4, 4, 4, 3]),
            result=st.sampled_from([0x0B] * 8 + [0x05, 0x04, 0x01, 0x42]),
            ext_error=st.sampled_from([4, 5, 6, 7, 0x0C, None]),
        ),
        max_size=60,
    ),
)
def test_any_answers_end_in_findings(catalogue: ProbeCatalogue, answers: list[Answer]) -> None:
    """A unit that lies is believed or told; the search only ever asks what its pack holds."""
    search = ProbeSearch(catalogue)
    for answer in answers:
        probe = search.next_probe
        if probe is None:
            break
        assert probe.kind in (FwType.APPLICATION, FwType.BOOTLOADER)
        assert probe.hw_version in catalogue.hw_versions
        search.answered(answer)
    findings = search.findings
    if findings.problem is not None:
        assert search.next_probe is None
        assert findings.problem.message.endswith(".")
