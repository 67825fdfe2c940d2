"""What a bootloader's word on its flash proves, and what is said where it proves nothing."""

from __future__ import annotations

import pytest

from firmline.errors import Code, VerifyError
from firmline.events import Proof
from firmline.protocol.answers import FirmwareVersion
from firmline.protocol.codes import ImageType
from firmline.updater.flash_versions import see_versions
from firmline.updater.serial_talk import Versions
from firmline.values import ImageKind


def told(softdevice: int | None = None, bootloader: int | None = None) -> Versions:
    versions = {ImageType.SOFTDEVICE: softdevice, ImageType.BOOTLOADER: bootloader}
    return {
        image: FirmwareVersion(image_type=image, version=version, address=0x1000, size=0x6000)
        for image, version in versions.items()
        if version is not None
    }


BOTH = ImageKind.SOFTDEVICE_BOOTLOADER


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        pytest.param(ImageKind.BOOTLOADER, told(bootloader=1), told(bootloader=2), id="another"),
        pytest.param(BOTH, told(7_000_000, 1), told(7_002_000, 2), id="two others"),
        # A bootloader tells all that it has: what it did not tell was not there.
        pytest.param(ImageKind.SOFTDEVICE, told(bootloader=1), told(7_002_000, 1), id="its first"),
    ],
)
def test_other_versions_prove_what_was_sent(
    kind: ImageKind, before: Versions, after: Versions
) -> None:
    seen = see_versions(kind, before, after)
    assert seen.proof is Proof.BOOTLOADER
    assert "is in place" in seen.message


@pytest.mark.parametrize(
    ("kind", "before", "after", "said"),
    [
        pytest.param(
            ImageKind.BOOTLOADER,
            told(bootloader=1),
            told(bootloader=1),
            "tells the same bootloader as before.",
            id="the same",
        ),
        pytest.param(
            BOTH,
            told(7_000_000, 1),
            told(7_000_000, 1),
            "tells the same SoftDevice and bootloader as before.",
            id="the same of both",
        ),
        pytest.param(
            BOTH,
            told(7_000_000, 1),
            told(7_002_000, 1),
            "tells the same bootloader as before.",
            id="the same of one",
        ),
        pytest.param(
            ImageKind.BOOTLOADER,
            told(bootloader=1),
            {},
            "tells nothing of its bootloader now.",
            id="nothing now",
        ),
        pytest.param(
            ImageKind.SOFTDEVICE,
            {},
            told(bootloader=2),
            "tells nothing of its SoftDevice now.",
            id="nothing of it, before and now",
        ),
        pytest.param(
            ImageKind.BOOTLOADER,
            {},
            told(bootloader=2),
            "told nothing of its flash before, so there is nothing to compare with.",
            id="nothing before",
        ),
    ],
)
def test_what_proves_nothing_is_said_as_it_is(
    kind: ImageKind, before: Versions, after: Versions, said: str
) -> None:
    with pytest.raises(VerifyError) as found:
        see_versions(kind, before, after)
    assert found.value.code == Code.NEW_APPLICATION_NOT_SEEN
    assert found.value.message == (
        f"The unit took the whole image and is in its bootloader, which {said}"
    )
