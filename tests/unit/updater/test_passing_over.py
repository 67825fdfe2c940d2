"""Images that the unit does not have to be sent: which refusal says so, and what is told."""

from __future__ import annotations

import pytest

from firmline.errors import Code, TargetRefusedError
from firmline.updater.passing_over import PassedOver, in_words, says_it_has_it
from firmline.values import ImageKind


def refused(code: Code) -> TargetRefusedError:
    return TargetRefusedError(code, "No.", result=0x0B, ext_error=5)


@pytest.mark.parametrize("kind", ImageKind)
def test_only_a_bootloader_that_is_not_newer_is_there_already(kind: ImageKind) -> None:
    has_bootloader = kind in (ImageKind.BOOTLOADER, ImageKind.SOFTDEVICE_BOOTLOADER)
    assert says_it_has_it(refused(Code.REFUSED_FW_VERSION), kind) is has_bootloader
    assert not says_it_has_it(refused(Code.REFUSED_HW_VERSION), kind)


def test_nothing_is_said_where_nothing_was_passed_over() -> None:
    assert in_words([]) == ""


def test_an_image_that_was_sent_once_is_not_said_to_have_been_left_out() -> None:
    told = in_words(
        [
            PassedOver(kind=ImageKind.SOFTDEVICE_BOOTLOADER, may_have_taken=True),
            PassedOver(kind=ImageKind.BOOTLOADER, may_have_taken=False),
        ]
    )
    first, second = told.removesuffix(".").split(". ")
    assert first.startswith(" Its SoftDevice and bootloader was sent once")
    assert second.startswith("Its bootloader did not have to be sent: the unit has this version")
