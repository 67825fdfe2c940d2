"""The search of probes and the virtual bootloader: what is found is what the unit is made of.

And nothing else happens: no flash operation, no reset, and flash the same to the byte.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from firmline.device.description import SoftDeviceDescription, UnitDescription
from firmline.device.fabrication import fabricate
from firmline.device.profile import PROFILES, BootloaderProfile
from firmline.device.radio_face import Notify
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.formats.init_packet import FwType
from firmline.formats.keys import SigningKey
from firmline.formats.known_softdevices import known_softdevices
from firmline.formats.probes import (
    Probe,
    ProbeCatalogue,
    ProbeSource,
    SignedOnDemand,
    sign_probe,
    with_known_softdevices,
)
from firmline.formats.probes_pack import (
    ProbePack,
    read_probe_pack,
    sign_probe_pack,
    write_probe_pack,
)
from firmline.formats.probes_versions import VersionLimits, VersionRange
from firmline.protocol.answers import decode_answer
from firmline.protocol.probing import Findings, ProbeSearch, SoftDeviceFound
from firmline.values import U32_MAX, Fwid, FwVersion
from unit.device.makers import (
    BANK_0,
    KEY,
    OTHER_KEY,
    Host,
    describe,
    enter_bootloader,
    remove_softdevice,
)

PROBED = tuple(PROFILES.values())
UNKNOWN_FWID = Fwid(0x0ABC)
VERSIONS = [(0, 0), (1, 1), (3, 1), (15, 16), (16, 15), (255, 99), (998, 98), (999, 0)]
CATALOGUE = ProbeCatalogue(
    hw_versions=(52, 51, 833),
    softdevices=with_known_softdevices(Fwid(number) for number in range(0x200, 0x21C)),
    app_limits=VersionLimits.around([VersionRange(first=0, last=999)]),
    bootloader_limits=VersionLimits.around([VersionRange(first=0, last=99)]),
)
FWIDS = [*(softdevice.fwid for softdevice in known_softdevices()), UNKNOWN_FWID]


@pytest.fixture(scope="module")
def pack() -> ProbePack:
    """A pack as a station has it: from its file, without the key."""
    content = write_probe_pack(sign_probe_pack(CATALOGUE, KEY))
    return read_probe_pack(content, name="probes.zip")


def made(
    profile: BootloaderProfile,
    *,
    fwid: Fwid = FWIDS[0],
    app_version: int = 3,
    bootloader_version: int = 1,
    key: SigningKey = KEY,
) -> UnitDescription:
    return describe(
        profile=profile,
        size=4000,
        public_key=key.public_key,
        softdevice=SoftDeviceDescription(
            fwid=fwid, family=132, version=7_002_000, size_word=BANK_0
        ),
        application_version=FwVersion(app_version),
        bootloader_version=FwVersion(bootloader_version),
    )


def in_bootloader(description: UnitDescription) -> VirtualUnit:
    unit = fabricate(description)
    unit.power_on(now_s=0.0)
    return enter_bootloader(unit)


@dataclass(slots=True)
class Session:
    """A station beside a unit in its bootloader.

    Attributes:
        unit: The unit.
        host: What writes to it.
    """

    unit: VirtualUnit
    host: Host

    @classmethod
    def with_unit(cls, unit: VirtualUnit) -> Session:
        assert unit.mode is UnitMode.BOOTLOADER
        return cls(unit, Host(unit))

    def send(self, packet: bytes) -> str:
        """Create, write and execute a probe; the answer to EXECUTE, hexadecimal."""
        return self.host.send_init_packet(packet)

    def probe(self, source: ProbeSource) -> Findings:
        """A whole search, after which the unit is as it was."""
        flash = self.unit.board.flash
        before, operations = flash.read(0, flash.size), flash.operations
        self.unit.log.clear()
        search = ProbeSearch(source.catalogue)
        while (probe := search.next_probe) is not None:
            search.answered(decode_answer(bytes.fromhex(self.send(source.packet(probe)))))
        assert flash.operations == operations
        assert flash.read(0, flash.size) == before
        assert self.unit.mode is UnitMode.BOOTLOADER
        assert self.unit.log == [], "no reset, no fault"
        assert all(isinstance(output, Notify) for output in self.host.outputs)
        return search.findings


def found(source: ProbeSource, description: UnitDescription) -> Findings:
    """What a search finds on a new unit."""
    return Session.with_unit(in_bootloader(description)).probe(source)


def expected(description: UnitDescription, findings: Findings) -> Findings:
    """The facts of a description, as exact findings."""
    softdevice = description.softdevice
    assert softdevice is not None
    is_known = softdevice.fwid != UNKNOWN_FWID
    app, bootloader = description.application_version, description.bootloader_version
    return Findings(
        probes_sent=findings.probes_sent,
        key_ok=True,
        hw_version=description.profile.hw_version,
        softdevice=SoftDeviceFound(is_present=True, fwid=softdevice.fwid if is_known else None),
        app_version=VersionRange(first=app, last=app),
        bootloader_version=VersionRange(first=bootloader, last=bootloader),
    )


def by_name(profile: BootloaderProfile) -> str:
    return profile.name


def grid() -> list[object]:
    """Each SoftDevice on each bootloader; on one of them, in turn, with the quick tests."""
    return [
        pytest.param(
            profile,
            fwid,
            id=f"{fwid}-{profile.name}",
            marks=[] if PROBED.index(profile) == number % len(PROBED) else [pytest.mark.slow],
        )
        for number, fwid in enumerate(FWIDS)
        for profile in PROBED
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "fwid"), grid())
def test_a_pack_finds_what_the_unit_is_made_of(
    pack: ProbePack, profile: BootloaderProfile, fwid: Fwid
) -> None:
    """Each SoftDevice on each bootloader, with the versions and hardware taken in turn."""
    start = FWIDS.index(fwid) + PROBED.index(profile)
    for turn in (start, start + 3):
        app_version, bootloader_version = VERSIONS[turn % len(VERSIONS)]
        hardware = replace(profile, hw_version=CATALOGUE.hw_versions[turn % 3])
        description = made(
            hardware, fwid=fwid, app_version=app_version, bootloader_version=bootloader_version
        )
        findings = found(pack, description)
        assert findings == expected(description, findings)


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROBED, ids=by_name)
def test_every_pair_of_versions_is_told(pack: ProbePack, profile: BootloaderProfile) -> None:
    for app_version, bootloader_version in VERSIONS:
        description = made(profile, app_version=app_version, bootloader_version=bootloader_version)
        findings = found(pack, description)
        assert findings == expected(description, findings)


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROBED, ids=by_name)
def test_a_key_at_hand_tells_any_version(profile: BootloaderProfile) -> None:
    every = replace(
        CATALOGUE, app_limits=VersionLimits.every(), bootloader_limits=VersionLimits.every()
    )
    source = SignedOnDemand(catalogue=every, signer=KEY)
    description = made(profile, app_version=10_203, bootloader_version=U32_MAX - 1)
    findings = found(source, description)
    assert findings == expected(description, findings)


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROBED, ids=by_name)
def test_a_version_outside_the_pack_is_found_within_bounds(
    pack: ProbePack, profile: BootloaderProfile
) -> None:
    findings = found(pack, made(profile, app_version=10_203, bootloader_version=U32_MAX))
    assert findings.app_version == VersionRange(first=8192, last=16_383)
    assert findings.bootloader_version == VersionRange(first=2**31, last=U32_MAX)


@pytest.mark.parametrize("profile", PROBED, ids=by_name)
def test_a_unit_without_a_softdevice_says_so(pack: ProbePack, profile: BootloaderProfile) -> None:
    unit = in_bootloader(made(profile))
    remove_softdevice(unit.board)
    findings = Session.with_unit(unit).probe(pack)
    assert findings.softdevice == SoftDeviceFound(is_present=False)
    assert findings.app_version == VersionRange(first=3, last=3)
    assert findings.problem is None


@pytest.mark.parametrize("profile", PROBED, ids=by_name)
def test_a_unit_with_another_key_tells_that_alone(
    pack: ProbePack, profile: BootloaderProfile
) -> None:
    findings = found(pack, made(profile, key=OTHER_KEY))
    assert findings == Findings(probes_sent=1, key_ok=False)


@pytest.mark.parametrize("profile", PROBED, ids=by_name)
def test_other_hardware_is_told_after_one_probe_for_each_that_it_is_not(
    pack: ProbePack, profile: BootloaderProfile
) -> None:
    findings = found(pack, made(replace(profile, hw_version=99)))
    assert findings == Findings(probes_sent=3, key_ok=True)


@pytest.mark.parametrize(
    ("key", "hw_version", "sd_req", "fw_version", "answer"),
    [
        (OTHER_KEY, 52, 0xB7, 3, "600405"),
        (KEY, 51, 0xB7, 3, "60040b06"),
        (KEY, 52, 0x9D, 0, "60040b07"),
        (KEY, 52, 0xB7, 0, "60040b05"),
        (KEY, 52, 0xB7, 2, "60040b05"),
        (KEY, 52, 0xB7, 3, "60040b04"),
    ],
)
def test_the_answers_are_those_that_were_recorded(
    key: SigningKey, hw_version: int, sd_req: int, fw_version: int, answer: str
) -> None:
    """The table of the spec (init-packet-probe), from the SDK 15.3.0 BLE bootloader."""
    session = Session.with_unit(in_bootloader(made(PROFILES["sdk15.3-ble"], fwid=Fwid(0xB7))))
    probe = Probe(
        kind=FwType.APPLICATION,
        hw_version=hw_version,
        sd_req=(Fwid(sd_req),),
        fw_version=FwVersion(fw_version),
    )
    assert session.send(sign_probe(probe, key)) == answer


@pytest.mark.parametrize(
    "profile",
    [
        pytest.param(
            profile, marks=[] if number < len(CATALOGUE.hw_versions) else [pytest.mark.slow]
        )
        for number, profile in enumerate(PROBED)
    ],
    ids=by_name,
)
def test_no_probe_of_a_pack_is_accepted(pack: ProbePack, profile: BootloaderProfile) -> None:
    """Every one for this hardware, on a unit so old that it refuses no version."""
    hw_version = CATALOGUE.hw_versions[PROBED.index(profile) % 3]
    hardware = replace(profile, hw_version=hw_version)
    unit = in_bootloader(made(hardware, app_version=0, bootloader_version=0))
    session = Session.with_unit(unit)
    flash = unit.board.flash
    before, operations = flash.read(0, flash.size), flash.operations
    packets = [packet for probe, packet in pack.packets.items() if probe.hw_version == hw_version]
    assert len(packets) == CATALOGUE.count // 3
    assert {session.send(packet) for packet in packets} == {"60040b04", "60040b07"}
    assert flash.operations == operations
    assert flash.read(0, flash.size) == before
