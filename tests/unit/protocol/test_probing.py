"""The search of probes: what it asks, what it concludes, and which answers it does not believe."""

from __future__ import annotations

import pytest

from firmline.errors import Code, LocalProtocolError, RemoteProtocolError, TargetRefusedError
from firmline.formats.init_packet import FwType
from firmline.formats.probes import ProbeCatalogue, with_known_softdevices
from firmline.formats.probes_versions import VersionLimits, VersionRange
from firmline.protocol.answers import Answer
from firmline.protocol.codes import ExtError, Opcode, ResultCode
from firmline.protocol.probing import Findings, ProbeSearch, SoftDeviceFound
from firmline.values import U32_MAX, Fwid
from unit.protocol.probing import (
    NO_SIZE,
    TOO_LOW,
    WRONG_HW,
    WRONG_KEY,
    WRONG_SD,
    RuledUnit,
    answer,
    probe_unit,
    refused,
)

FWIDS = tuple(Fwid(number) for number in range(0xA0, 0xC8))  # 40: groups of 16, 16 and 8
CATALOGUE = ProbeCatalogue(
    hw_versions=(52, 51),
    softdevices=FWIDS,
    app_limits=VersionLimits.around([VersionRange(first=0, last=999)]),
    bootloader_limits=VersionLimits.around([VersionRange(first=0, last=99)]),
)
WITH_KEY = ProbeCatalogue(
    hw_versions=(52,),
    softdevices=with_known_softdevices(),
    app_limits=VersionLimits.every(),
    bootloader_limits=VersionLimits.every(),
)


def exactly(version: int) -> VersionRange:
    return VersionRange(first=version, last=version)


def after(*answers: Answer, catalogue: ProbeCatalogue = CATALOGUE) -> Findings:
    """What is known after these answers."""
    search = ProbeSearch(catalogue)
    for one in answers:
        assert search.next_probe is not None
        search.answered(one)
    return search.findings


def test_everything_is_found() -> None:
    probed = probe_unit(CATALOGUE, RuledUnit(hw_version=51, fwid=0xB7, app_version=3))
    assert probed.findings == Findings(
        probes_sent=len(probed.sent),
        key_ok=True,
        hw_version=51,
        softdevice=SoftDeviceFound(is_present=True, fwid=Fwid(0xB7)),
        app_version=exactly(3),
        bootloader_version=exactly(1),
    )


def test_a_wrong_key_takes_one_probe() -> None:
    probed = probe_unit(CATALOGUE, RuledUnit(trusts=False))
    assert probed.findings == Findings(probes_sent=1, key_ok=False)


def test_an_unknown_hardware_version_takes_one_probe_each() -> None:
    probed = probe_unit(CATALOGUE, RuledUnit(hw_version=53))
    assert probed.findings == Findings(probes_sent=2, key_ok=True)
    assert [probe.hw_version for probe in probed.sent] == [52, 51]


@pytest.mark.parametrize(
    ("fwid", "found"),
    [
        *((fwid, SoftDeviceFound(is_present=True, fwid=fwid)) for fwid in FWIDS),
        (0x1234, SoftDeviceFound(is_present=True)),
        (None, SoftDeviceFound(is_present=False)),
    ],
)
def test_the_softdevice_is_found_or_said_to_be_another(
    fwid: int | None, found: SoftDeviceFound
) -> None:
    probed = probe_unit(CATALOGUE, RuledUnit(fwid=fwid))
    assert probed.findings.softdevice == found
    asked = [probe for probe in probed.sent if probe.sd_req != (0,)]
    assert len(asked) <= 3 + 4, "three groups, and sixteen halved four times"


@pytest.mark.parametrize(
    ("version", "found", "most"),
    [
        (0, "0", 5),
        (15, "15", 5),
        (16, "16", 10),
        (255, "255", 10),
        (256, "256", 12),
        (999, "999", 12),
        (1000, "1000 to 1023", 12),
        (10_203, "8192 to 16383", 12),
        (U32_MAX, "2147483648 to 4294967295", 12),
    ],
)
def test_small_versions_take_few_probes(version: int, found: str, most: int) -> None:
    probed = probe_unit(CATALOGUE, RuledUnit(app_version=version))
    assert str(probed.findings.app_version) == found
    asked = [
        probe for probe in probed.sent if probe.sd_req == (0,) and probe.kind is FwType.APPLICATION
    ]
    assert len(asked) <= most


@pytest.mark.parametrize(
    ("version", "most"), [(0, 5), (15, 5), (255, 10), (10_203, 19), (70_000, 35), (U32_MAX, 35)]
)
def test_with_a_key_at_hand_every_version_is_exact(version: int, most: int) -> None:
    unit = RuledUnit(app_version=version, bootloader_version=version)
    probed = probe_unit(WITH_KEY, unit)
    assert probed.findings.app_version == exactly(version)
    assert probed.findings.bootloader_version == exactly(version)
    for kind in (FwType.APPLICATION, FwType.BOOTLOADER):
        asked = [probe for probe in probed.sent if probe.sd_req == (0,) and probe.kind is kind]
        assert len(asked) <= most


# Answers that no bootloader of the SDK gives there.

STRANGE = [
    (answer(ResultCode.SUCCESS), RemoteProtocolError, Code.ANSWER_UNEXPECTED, "accepted a probe"),
    (answer(0x04), TargetRefusedError, Code.REFUSED_RESOURCES, "not enough room"),
    (answer(0x02), TargetRefusedError, Code.REFUSED_OPCODE, "does not know this request"),
    (answer(0x08), TargetRefusedError, Code.REFUSED_NOT_PERMITTED, "does not allow this now"),
    (answer(0x0A), TargetRefusedError, Code.REFUSED_OPERATION_FAILED, "failed inside it"),
    (answer(0x42), TargetRefusedError, Code.REFUSED_UNKNOWN, "no name for"),
    (refused(ExtError.SIGNATURE_MISSING), TargetRefusedError, Code.REFUSED_SIGNATURE_MISSING, ""),
    (refused(ExtError.WRONG_HASH_TYPE), TargetRefusedError, Code.REFUSED_HASH_TYPE, "a probe"),
    (refused(ExtError.INSUFFICIENT_SPACE), TargetRefusedError, Code.REFUSED_SPACE, "a probe"),
    (refused(0x42), TargetRefusedError, Code.REFUSED_UNKNOWN, "no name for"),
    (
        Answer(opcode=Opcode.CRC_GET, result=ResultCode.SUCCESS),
        RemoteProtocolError,
        Code.ANSWER_UNEXPECTED,
        "an answer to request 03",
    ),
]
APP_PASSED = (NO_SIZE,) * 5
"""The first limit, 15, passes, then the four halves below: application version 0."""
SOFTDEVICE_FOUND = (NO_SIZE,) * 5
STAGES = {
    "hardware": (),
    "application": (NO_SIZE,),
    "softdevice": APP_PASSED,
    "bootloader": APP_PASSED + SOFTDEVICE_FOUND,
}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("strange", "kind", "code", "fragment"), STRANGE)
def test_a_strange_answer_is_told_and_ends_the_search(
    stage: str, strange: Answer, kind: type[Exception], code: Code, fragment: str
) -> None:
    before = STAGES[stage]
    findings = after(*before, strange)
    assert type(findings.problem) is kind
    assert findings.problem is not None
    assert findings.problem.code is code
    assert fragment in findings.problem.message
    assert findings.probes_sent == len(before) + 1
    assert findings.key_ok is (True if before else None)
    assert (findings.app_version is not None) is (stage in ("softdevice", "bootloader"))
    assert findings.bootloader_version is None


@pytest.mark.parametrize(
    ("before", "strange", "fragment"),
    [
        ((), WRONG_SD, "refused a probe for its SoftDevice"),
        ((WRONG_HW,), WRONG_KEY, "refused a probe for its signature"),
        ((NO_SIZE,), WRONG_KEY, "refused a probe for its signature"),
        ((NO_SIZE,), WRONG_HW, "refused a probe for its hardware version"),
        ((TOO_LOW,), WRONG_SD, "refused a probe for its SoftDevice"),
        (APP_PASSED, WRONG_HW, "refused a probe for its hardware version"),
        (STAGES["bootloader"], WRONG_KEY, "refused a probe for its signature"),
        (STAGES["bootloader"], WRONG_SD, "refused a probe for its SoftDevice"),
    ],
)
def test_a_check_that_has_passed_cannot_refuse_later(
    before: tuple[Answer, ...], strange: Answer, fragment: str
) -> None:
    findings = after(*before, strange)
    assert isinstance(findings.problem, RemoteProtocolError)
    assert fragment in findings.problem.message
    assert "15.3 to 17.1" in findings.problem.hint


def test_what_was_found_before_a_strange_answer_is_kept() -> None:
    findings = after(*STAGES["bootloader"], answer(0x04))
    assert findings.hw_version == 52
    assert findings.app_version == exactly(0)
    assert findings.softdevice == SoftDeviceFound(is_present=True, fwid=FWIDS[0])


@pytest.mark.parametrize("last", [WRONG_KEY, answer(0x04)])
def test_an_ended_search_takes_no_answer(last: Answer) -> None:
    search = ProbeSearch(CATALOGUE)
    search.answered(last)
    assert search.next_probe is None
    with pytest.raises(LocalProtocolError):
        search.answered(NO_SIZE)
