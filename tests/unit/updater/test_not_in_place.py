"""A unit that accepted an image and does not have it in place: what is blamed, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.errors import Code, TargetRefusedError
from firmline.formats.package import PackageImage
from firmline.formats.package_build import PackageSpec, build_package
from firmline.formats.softdevice import INFO_IMAGE_OFFSET, build_softdevice_info
from firmline.protocol.reading import HeldObjects
from firmline.updater.not_in_place import (
    KEPT_TEST,
    SETTINGS_TEST,
    lacks_what_it_took,
    stays_in_bootloader,
)
from firmline.values import Fwid, FwVersion, ImageKind
from unit.formats.makers import image

BROUGHT, OLD = Fwid(0x103), Fwid(0x101)


@pytest.mark.parametrize("kind", ImageKind)
@pytest.mark.parametrize(
    ("held", "says", "hint"),
    [
        (None, "either it did not find", KEPT_TEST),
        (HeldObjects(init_packet=141, image=0), "before it had saved", SETTINGS_TEST),
        (HeldObjects(init_packet=0, image=0), "its settings hold nothing of that", SETTINGS_TEST),
        (
            HeldObjects(init_packet=0, image=0, image_crc=0x2B000),
            "its settings have it as complete, so either",
            KEPT_TEST,
        ),
    ],
)
def test_what_a_bootloader_holds_tells_why_no_application_runs(
    held: HeldObjects | None, says: str, hint: str, kind: ImageKind
) -> None:
    error = stays_in_bootloader(kind, held)
    assert (error.code, error.hint) == (Code.UNIT_DID_NOT_RETURN, hint)
    assert says in error.message
    # Only an application that was sent is a new one.
    assert ("new application" in error.message) <= (kind is ImageKind.APPLICATION)


def sent(*, with_softdevice: bool = True) -> list[PackageImage]:
    """SoftDevice and bootloader, and the application behind them; or one for the old SoftDevice."""
    info = build_softdevice_info(size_word=0x19000, fwid=BROUGHT, family=112, version=7_002_000)
    new = image(bytes(INFO_IMAGE_OFFSET) + info, address=None)
    spec = PackageSpec(
        softdevice=new if with_softdevice else None,
        bootloader=image(bytes(400), address=None) if with_softdevice else None,
        bootloader_version=FwVersion(2) if with_softdevice else None,
        application=image(bytes(400), address=None),
        application_version=FwVersion(4),
        hw_version=52,
        sd_req=(OLD,),
        sd_id=(BROUGHT,) if with_softdevice else (),
        signing_key=None,
    )
    return list(build_package(spec).images)


def refused(code: Code = Code.REFUSED_SOFTDEVICE) -> TargetRefusedError:
    return TargetRefusedError(code, "No.", result=0x0B, ext_error=7, phase="the init packet")


@pytest.mark.parametrize("fwid", [None, OLD])
def test_a_softdevice_that_was_accepted_and_is_not_there_is_no_wrong_package(
    fwid: Fwid | None,
) -> None:
    before, application = sent()
    error = lacks_what_it_took(refused(), application, before, fwid=fwid)
    assert error is not None
    assert (error.code, error.hint) == (Code.NOT_IN_PLACE, SETTINGS_TEST)
    assert (error.result, error.ext_error) == (0x0B, 7)
    assert "accepted the SoftDevice and bootloader and has not put them in place" in error.message
    assert "0x0103" in error.message
    assert ("0x0101" in error.message) == (fwid is not None)


def test_where_the_package_may_be_wrong_the_refusal_stays_as_it_is() -> None:
    before, application = sent()
    assert lacks_what_it_took(refused(), application, before, fwid=BROUGHT) is None
    assert (
        lacks_what_it_took(refused(Code.REFUSED_HW_VERSION), application, before, fwid=OLD) is None
    )
    (for_another,) = sent(with_softdevice=False)
    assert lacks_what_it_took(refused(), for_another, before, fwid=OLD) is None
    no_softdevice = replace(before, firmware=bytes(len(before.firmware)))
    assert lacks_what_it_took(refused(), application, no_softdevice, fwid=OLD) is None
