"""Was the end seen? Judged from what the unit said of itself before and after, and from that alone.

The unit answers the last EXECUTE before it commits anything, so an accepted transfer proves nothing
about what runs afterwards. What proves it is a fact that changed.
"""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, VerifyError
from firmline.values import ImageKind

Information = dict[str, str]
"""Strings of a Device Information Service, by field name; only those that are offered."""


TITLES: Final = {
    ImageKind.SOFTDEVICE: "SoftDevice",
    ImageKind.BOOTLOADER: "bootloader",
    ImageKind.SOFTDEVICE_BOOTLOADER: "SoftDevice and bootloader",
}
REVISIONS: Final = ("firmware_revision", "software_revision")
"""What an application says that changes with its firmware, and with nothing else. Other strings do
not count: one that could not be read this time would look like a change."""


def doubt_about_ending(
    before: Information | None, after: Information, *, last_image: ImageKind
) -> VerifyError | None:
    """What speaks against saying ``updated``; ``None``: nothing does.

    Args:
        before: What the application said before the update; ``None``: it was not running.
        after: What the application says after it.
        last_image: What the last image of the package was.
    """
    if last_image is not ImageKind.APPLICATION:
        return VerifyError(
            Code.NEW_APPLICATION_NOT_SEEN,
            f"The unit took the whole {TITLES[last_image]} and runs its"
            " application again, but nothing an application says shows whether the new one is in"
            " place.",
        )
    if before is None:
        return VerifyError(
            Code.NEW_APPLICATION_NOT_SEEN,
            f"The unit runs an application again ({_summary(after)}), but it was in its bootloader"
            " from the start, so there is nothing to compare that with.",
        )
    told = [name for name in REVISIONS if name in before and name in after]
    if not told:
        return VerifyError(
            Code.NEW_APPLICATION_NOT_SEEN,
            "The unit runs an application again, but it does not say, before and after, which"
            " revision it is (Device Information Service), so nobody can tell which.",
            before=before,
            after=after,
        )
    if all(before[name] == after[name] for name in told):
        return VerifyError(
            Code.SAME_APPLICATION_SEEN,
            "The unit runs an application of the same revision as before"
            f" ({_summary(after)}): it is the old one, or the same one again.",
            before=before,
            after=after,
        )
    return None


def _summary(information: Information) -> str:
    if not information:
        return "which says nothing of itself"
    return information.get("firmware_revision") or next(iter(information.values()))
