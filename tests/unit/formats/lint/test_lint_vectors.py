"""The vector table, and the address a program is linked for: one that fires, one near miss each."""

from __future__ import annotations

import pytest

from firmline.formats.firmware import FirmwareImage
from firmline.formats.lint import Slug, lint_sources
from unit.formats.makers import image
from unit.formats.programs import TABLE_SIZE, program, softdevice, vector_table

BASE = 0x26000
SIZE = 0x800
SD_REQ = (0xB7,)  # S132 6.1.1 ends at BASE
RESERVED_VALUE = 0x1234


def found(
    application: FirmwareImage,
    sd_req: tuple[int, ...] = SD_REQ,
    softdevice: FirmwareImage | None = None,
) -> list[tuple[str, str]]:
    findings = lint_sources(
        application=application, softdevice=softdevice, application_sd_req=sd_req
    )
    return [(finding.slug, finding.message) for finding in findings]


def table(**changes: int) -> FirmwareImage:
    return image(program(SIZE, table=vector_table(BASE, **changes)), address=BASE)


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"stack": 0x2000_0000}, "its stack would start at 0x20000000, which is not in RAM"),
        ({"stack": 0x2004_0004}, "stack would start at 0x20040004"),
        ({"stack": 0x2001_0002}, "stack would start at 0x20010002"),
        ({"stack": 0xFFFF_FFFF}, "stack would start at 0xFFFFFFFF"),
        ({"stack": 0}, "stack would start at 0x00000000"),
        ({"reset": BASE + 0x40}, "its reset vector 0x00026040 is even"),
        ({"reset": BASE - 1}, "its reset vector 0x00025FFF is not inside it (0x26000 to 0x26800)"),
        ({"reset": BASE + SIZE + 1}, "reset vector 0x00026801 is not inside"),
        ({"v2": BASE + 0x40}, "its NMI vector 0x00026040 is not inside"),
        ({"v3": BASE - 1}, "its hard fault vector"),
        ({"v11": BASE + SIZE + 1}, "its SVCall vector"),
        ({"v15": 0xFFFF_FFFF}, "its SysTick vector 0xFFFFFFFF"),
    ],
)
def test_a_vector_that_points_nowhere(changes: dict[str, int], fragment: str) -> None:
    ((slug, message),) = found(table(**changes))
    assert slug is Slug.VECTOR_TABLE
    assert message.startswith("app.hex does not begin with a vector table: ")
    assert fragment in message


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stack": 0x2004_0000},  # the end of the largest RAM: a full descending stack
        {"stack": 0x2000_0004},
        {"reset": BASE + 1},
        {"reset": BASE + SIZE - 1},
        {"v2": 0},
        {"v15": 0},
        {"v7": RESERVED_VALUE},
        {"v10": RESERVED_VALUE},
        {"v13": RESERVED_VALUE},
    ],
)
def test_a_table_at_the_limits_is_a_table(changes: dict[str, int]) -> None:
    assert found(table(**changes)) == []


def test_a_program_without_room_for_a_table() -> None:
    whole = program(SIZE)
    ((slug, message),) = found(image(whole[: TABLE_SIZE - 4], address=BASE))
    assert (slug, "it has 60 bytes" in message) == (Slug.VECTOR_TABLE, True)
    assert found(image(whole[: TABLE_SIZE + 4], address=BASE)) == []


def test_random_bytes_are_no_program() -> None:
    slugs = [slug for slug, _ in found(image(bytes(range(256)) * 8, address=None, name="app.bin"))]
    assert slugs == [Slug.VECTOR_TABLE]


def test_a_bootloader_has_a_table_too_and_a_softdevice_is_its_makers_business() -> None:
    bad = lint_sources(bootloader=image(bytes(SIZE), address=0x78000, name="bl.hex"))
    assert [finding.slug for finding in bad] == [Slug.VECTOR_TABLE]
    good = program(SIZE, base=0x78000)
    assert lint_sources(bootloader=image(good, address=0x78000, name="bl.hex")) == ()
    own = image(softdevice(), address=0x1000, name="sd.hex")
    assert lint_sources(softdevice=own) == ()


# Plain bytes: nobody says where they begin.


def test_plain_bytes_may_lie_anywhere_in_flash() -> None:
    for base in (0x1000, 0x26000, 0xF0000):
        assert found(image(program(SIZE, base=base), address=None), ()) == []


@pytest.mark.parametrize("base", [0x0, 0x10_0000, 0x2000_0000])
def test_plain_bytes_lie_in_flash(base: int) -> None:
    linked = program(SIZE, base=base, table=vector_table(base, reset=base + 1))
    ((slug, message),) = found(image(linked, address=None), ())
    assert slug is Slug.VECTOR_TABLE
    assert "wherever it lies in flash" in message


def test_handlers_of_plain_bytes_lie_near_the_reset_vector() -> None:
    far = program(SIZE, table=vector_table(BASE, v3=BASE + 0x10_001))
    ((slug, _),) = found(image(far, address=None))
    assert slug is Slug.VECTOR_TABLE


# Linked elsewhere.


@pytest.mark.parametrize(
    ("sd_req", "start", "because"),
    [
        ((0x100,), 0x27000, "0x0100 (S140 7.2.0) ends there"),
        ((0x103,), 0x19000, "0x0103 (S112 7.2.0) ends there"),
        ((0xB7, 0x103), 0x19000, "0x0103 (S112 7.2.0) ends there"),
        ((0x999, 0x103), 0x19000, "0x0103 (S112 7.2.0) ends there"),
        ((0x123,), 0x27000, "published applications for 0x0123 (S140 7.3.0) begin there"),
    ],
)
@pytest.mark.parametrize("address", [BASE, None])
def test_an_application_for_another_softdevice(
    sd_req: tuple[int, ...], start: int, because: str, address: int | None
) -> None:
    ((slug, message),) = found(image(program(SIZE), address=address), sd_req)
    assert slug is Slug.LINKED_ELSEWHERE
    assert f"a bootloader looks for it at 0x{start:X}: {because}." in message
    begins = "begins at 0x26000" if address else "starts its code at 0x26040 and has 2,048 bytes"
    assert begins in message


@pytest.mark.parametrize("sd_req", [(0xB7,), (0xB7, 0x101, 0x124), (0x999,), (0xEA,), (0,), ()])
@pytest.mark.parametrize("address", [BASE, None])
def test_an_application_where_it_belongs_or_where_nobody_knows(
    sd_req: tuple[int, ...], address: int | None
) -> None:
    assert found(image(program(SIZE), address=address), sd_req) == []


def test_the_softdevice_in_the_same_package_counts_for_more_than_the_table() -> None:
    own = image(softdevice(end=0x25F00, fwid=0x103), address=0x1000, name="sd.hex")
    assert found(image(program(SIZE), address=BASE), (0x103,), softdevice=own) == []
    other = image(softdevice(end=0x26004, fwid=0x103), address=0x1000, name="sd.hex")
    ((slug, message),) = found(image(program(SIZE), address=None), (0x103,), softdevice=other)
    assert slug is Slug.LINKED_ELSEWHERE
    assert "0x27000: the SoftDevice that comes with it, 0x0103 (S112 7.2.0), ends there" in message


def test_an_application_without_a_table_is_not_said_to_be_elsewhere_too() -> None:
    slugs = [slug for slug, _ in found(image(bytes(SIZE), address=BASE), (0x103,))]
    assert slugs == [Slug.VECTOR_TABLE]
