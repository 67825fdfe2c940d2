"""Was the end seen? Judged from what the unit said of itself before and after, and from its return.

The unit answers the last EXECUTE before it commits anything, so an accepted transfer proves nothing
about what runs afterwards. What proves it is a fact that changed, or a return that no unit makes
that has not done what it was told (:mod:`firmline.updater.radio.homecoming`).
"""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, VerifyError
from firmline.events import Proof
from firmline.formats.known_softdevices import describe_fwid
from firmline.updater.radio.homecoming import Return
from firmline.updater.road import NEW_APPLICATION_RUNS, Seen
from firmline.values import Fwid, ImageKind

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


def judge_ending(
    before: Information | None, after: Information, *, last_image: ImageKind, back: Return
) -> Seen:
    """Say what shows that the unit has what was sent.

    Args:
        before: What the application said before the update; ``None``: it was not running.
        after: What the application says after it.
        last_image: What the last image of the package was.
        back: How the unit came back.

    Raises:
        VerifyError: Nothing does; with what was missing.
    """
    doubt = doubt_about_facts(before, after, last_image=last_image)
    if doubt is None:
        return NEW_APPLICATION_RUNS
    if back.is_late_enough:
        title = TITLES.get(last_image, "application")
        return Seen(
            proof=Proof.RETURN,
            message=f"The unit took the whole {title}, ended the connection itself and runs its"
            f" application ({_summary(after)}) since {back.after_s:.1f} s after that; to put the"
            f" image in place takes {back.shortest_s:.1f} s at least.",
        )
    doubt.message = f"{doubt.message} {back.missing()}"
    raise doubt


def judge_softdevice(sent: Fwid | None, *, before: int | None, after: int | None) -> Seen | None:
    """Say that the unit's radio is that of the SoftDevice that was sent.

    Args:
        sent: The FWID of the image; ``None``: it was no SoftDevice, or does not say.
        before: What the unit's radio said before; ``None``: nothing.
        after: What it says now; ``None``: nothing.

    Returns:
        ``None``: that shows nothing: it is not told, or was the same before.

    Raises:
        VerifyError: The radio is that of another SoftDevice.
    """
    if sent is None or after is None:
        return None
    if after != sent:
        raise VerifyError(
            Code.NEW_APPLICATION_NOT_SEEN,
            f"The unit took the whole SoftDevice {describe_fwid(sent)} and runs its application"
            f" again, but its radio says that it has {describe_fwid(after)}.",
        )
    if before is None or before == sent:
        return None
    return Seen(
        proof=Proof.SOFTDEVICE,
        message="The unit runs its application on the new SoftDevice: its radio says"
        f" {describe_fwid(after)}, and said {describe_fwid(before)} before.",
    )


def nothing_shows(last_image: ImageKind) -> VerifyError:
    """The doubt about a SoftDevice or bootloader where only the application can be asked."""
    return VerifyError(
        Code.NEW_APPLICATION_NOT_SEEN,
        f"The unit took the whole {TITLES[last_image]} and runs its application again, but nothing"
        " an application says shows whether the new one is in place.",
    )


def doubt_about_facts(
    before: Information | None,
    after: Information,
    *,
    last_image: ImageKind,
    asked: str = "Device Information Service",
) -> VerifyError | None:
    """Why what the application says does not show the new one; ``None``: it does.

    Args:
        before: What the application said before the update; ``None``: it was not running.
        after: What the application says after it.
        last_image: What the last image of the package was.
        asked: What was asked for its revision.
    """
    if last_image is not ImageKind.APPLICATION:
        return nothing_shows(last_image)
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
            f"The unit runs an application again ({_summary(after)}), but it did not say, before"
            f" and after, which revision it is ({asked}), so there is nothing to compare.",
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
