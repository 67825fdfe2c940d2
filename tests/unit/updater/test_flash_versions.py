"""What a bootloader's word on its flash proves, and what is said where it proves nothing."""

from __future__ import annotations

import pytest

from firmline.errors import Code, VerifyError
from firmline.events import Proof
from firmline.formats.firmware import FirmwareImage
from firmline.formats.package import PackageImage
from firmline.formats.package_build import PackageSpec, build_package
from firmline.formats.softdevice import INFO_IMAGE_OFFSET, build_softdevice_info
from firmline.protocol.answers import FirmwareVersion
from firmline.protocol.codes import ImageType
from firmline.updater.flash_versions import kept_from_application, left_in_bootloader, see_versions
from firmline.updater.serial.talk import Versions
from firmline.values import Fwid, FwVersion, ImageKind
from unit.formats.makers import image

BOOTLOADER_SENT, SOFTDEVICE_SENT = 2, 7_002_000


def told(
    softdevice: int | None = None, bootloader: int | None = None, application: int | None = None
) -> Versions:
    versions = {
        ImageType.SOFTDEVICE: softdevice,
        ImageType.BOOTLOADER: bootloader,
        ImageType.APPLICATION: application,
    }
    return {
        each: FirmwareVersion(image_type=each, version=version, address=0x1000, size=0x6000)
        for each, version in versions.items()
        if version is not None
    }


def softdevice(*, says_its_version: bool = True) -> FirmwareImage:
    info = build_softdevice_info(
        size_word=0x19000,
        fwid=Fwid(0x103),
        family=112,
        version=SOFTDEVICE_SENT,
        info_size=24 if says_its_version else 0x10,
    )
    return image(bytes(INFO_IMAGE_OFFSET) + info, address=None)


def sent(softdevice: FirmwareImage | None, *, with_bootloader: bool) -> PackageImage:
    """The image of a package that brings these."""
    spec = PackageSpec(
        softdevice=softdevice,
        bootloader=image(bytes(400), address=None) if with_bootloader else None,
        bootloader_version=FwVersion(BOOTLOADER_SENT) if with_bootloader else None,
        hw_version=52,
        sd_req=(Fwid(0x103),),
        signing_key=None,
    )
    (only,) = build_package(spec).images
    return only


BOOTLOADER = sent(None, with_bootloader=True)
SOFTDEVICE = sent(softdevice(), with_bootloader=False)
BOTH = sent(softdevice(), with_bootloader=True)
BOTH_OF_UNKNOWN_VERSION = sent(softdevice(says_its_version=False), with_bootloader=True)


@pytest.mark.parametrize(
    ("image", "before", "after"),
    [
        pytest.param(BOOTLOADER, told(bootloader=1), told(bootloader=2), id="bootloader"),
        pytest.param(BOTH, told(7_000_000, 1), told(7_002_000, 2), id="both"),
        # The package has them in one image: one of them in place, and the other is.
        pytest.param(BOTH, told(7_002_000, 1), told(7_002_000, 2), id="the SoftDevice again"),
        # A bootloader tells all that it has: what it did not tell was not there.
        pytest.param(SOFTDEVICE, told(bootloader=1), told(7_002_000, 1), id="its first"),
        pytest.param(
            BOTH_OF_UNKNOWN_VERSION, told(7_000_000, 1), told(7_001_000, 2), id="does not say"
        ),
    ],
)
def test_the_versions_that_were_sent_prove_what_was_sent(
    image: PackageImage, before: Versions, after: Versions
) -> None:
    seen = see_versions(image, before, after)
    assert seen.proof is Proof.BOOTLOADER
    verb = "are" if image.kind is ImageKind.SOFTDEVICE_BOOTLOADER else "is"
    assert seen.message.endswith(f" {verb} in place.")


@pytest.mark.parametrize(
    ("image", "before", "after", "said"),
    [
        pytest.param(
            BOOTLOADER,
            told(bootloader=2),
            told(bootloader=2),
            "tells the same bootloader as before.",
            id="the same",
        ),
        pytest.param(
            BOTH,
            told(7_002_000, 2),
            told(7_002_000, 2),
            "tells the same SoftDevice and bootloader as before.",
            id="the same of both",
        ),
        pytest.param(
            BOTH_OF_UNKNOWN_VERSION,
            told(7_000_000, 1),
            told(7_000_000, 2),
            "tells the same SoftDevice as before.",
            id="the same of one of which nobody knows what was sent",
        ),
        pytest.param(
            BOOTLOADER,
            told(bootloader=1),
            told(bootloader=0),
            "tells version 0 of its bootloader, where 2 was sent, and its settings are lost with"
            " its version.",
            id="another, as damaged settings have it",
        ),
        pytest.param(
            BOTH,
            told(7_000_000, 1),
            told(7_000_000, 2),
            "tells version 7.0.0 of its SoftDevice, where 7.2.0 was sent.",
            id="one of both",
        ),
        pytest.param(
            BOTH,
            told(7_000_000, 1),
            told(7_000_000, 1),
            "tells version 7.0.0 of its SoftDevice, where 7.2.0 was sent, and tells version 1 of"
            " its bootloader, where 2 was sent.",
            id="none of both",
        ),
        pytest.param(
            BOOTLOADER,
            told(bootloader=1),
            {},
            "tells nothing of its bootloader now.",
            id="nothing now",
        ),
        pytest.param(
            SOFTDEVICE,
            {},
            told(bootloader=2),
            "tells nothing of its SoftDevice now.",
            id="nothing of it, before and now",
        ),
        pytest.param(
            BOOTLOADER,
            {},
            told(bootloader=2),
            "told nothing of its flash before, so there is nothing to compare with.",
            id="nothing before",
        ),
    ],
)
def test_what_proves_nothing_is_said_as_it_is(
    image: PackageImage, before: Versions, after: Versions, said: str
) -> None:
    with pytest.raises(VerifyError) as found:
        see_versions(image, before, after)
    assert found.value.code == Code.NEW_APPLICATION_NOT_SEEN
    assert found.value.message == (
        f"The unit took the whole image and is in its bootloader, which {said}"
    )


@pytest.mark.parametrize(
    ("after", "why", "hint"),
    [
        (told(bootloader=2, application=3), "stays there: something keeps it", None),
        (told(bootloader=2), "knows of no valid application any more", "Send it its application"),
    ],
)
def test_a_unit_that_had_an_application_should_run_it_again(
    after: Versions, why: str, hint: str | None
) -> None:
    seen = see_versions(BOOTLOADER, told(bootloader=1, application=3), after)
    doubt = kept_from_application(seen, after)
    assert doubt.code == Code.UNIT_DID_NOT_RETURN
    assert why in doubt.message
    assert hint is None or doubt.hint.startswith(hint)


@pytest.mark.parametrize(
    ("before", "after", "is_lost"),
    [
        (told(bootloader=1), told(bootloader=0), True),
        (told(bootloader=1), told(bootloader=1), False),
        (told(bootloader=0), told(bootloader=0), False),
        (told(), told(bootloader=0), False),
        (told(bootloader=1), told(), False),
    ],
)
def test_a_bootloader_that_has_lost_its_version_has_lost_its_settings(
    before: Versions, after: Versions, is_lost: bool
) -> None:
    error = left_in_bootloader(BOOTLOADER, before, after)
    assert ("as one does whose settings are lost" in error.message) is is_lost
    assert "settings page" in error.hint
    with pytest.raises(VerifyError) as caught:
        see_versions(SOFTDEVICE, before, {**before, **after})
    assert ("its settings are lost with its version" in caught.value.message) is is_lost
