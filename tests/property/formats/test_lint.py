"""Whatever is well-formed has no findings, and whatever is not is told without a crash."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmline.formats.firmware import FirmwareImage
from firmline.formats.keys import SigningKey
from firmline.formats.known_softdevices import KnownSoftDevice, known_softdevices
from firmline.formats.lint import Slug, lint_package, lint_sources
from firmline.formats.package import read_package, write_package
from firmline.formats.package_build import PackageSpec, build_package
from firmline.values import FwVersion
from unit.formats.programs import TABLE_SIZE, program, vector_table

KEY = SigningKey.generate()
WITH_AN_END = [known for known in known_softdevices() if known.application_start is not None]


@given(
    known=st.sampled_from(WITH_AN_END),
    words=st.integers(min_value=TABLE_SIZE // 4 + 1, max_value=0x2000),
    stack=st.integers(min_value=1, max_value=0x10000).map(lambda words: 0x2000_0000 + 4 * words),
    handler=st.integers(min_value=0),
    has_address=st.booleans(),
)
def test_a_well_formed_program_has_no_findings(
    known: KnownSoftDevice, words: int, stack: int, handler: int, has_address: bool
) -> None:
    size, base = 4 * words, known.application_start or 0
    vector = base + (handler % words) * 4 + 1
    table = vector_table(base, stack=stack, reset=vector, v3=vector, v15=0)
    image = FirmwareImage(
        data=program(size, table=table), address=base if has_address else None, source_name="a.hex"
    )
    assert lint_sources(application=image, application_sd_req=(known.fwid,)) == ()
    spec = PackageSpec(
        application=image,
        hw_version=52,
        application_version=FwVersion(1),
        sd_req=(known.fwid,),
        signing_key=KEY,
    )
    package = read_package(write_package(build_package(spec)), name="a.zip")
    assert lint_package(package) == ()
    assert lint_package(package, application_start=base) == ()


@given(data=st.binary(min_size=1), address=st.none() | st.integers(0x1000, 0xFFFFF))
def test_any_bytes_are_told_of_in_slugs(data: bytes, address: int | None) -> None:
    image = FirmwareImage(data=data, address=address, source_name="a.hex")
    for part in ("application", "bootloader", "softdevice"):
        match part:
            case "application":
                findings = lint_sources(application=image, application_sd_req=(0x101,))
            case "bootloader":
                findings = lint_sources(bootloader=image)
            case _:
                findings = lint_sources(softdevice=image)
        assert all(finding.slug in Slug and finding.meaning for finding in findings)
        assert len({finding.slug for finding in findings}) == len(findings)
