"""What is said of a unit whose answer to the last EXECUTE did not arrive, or makes no sense.

It may have taken the image. Without its answer that is never called a success (ADR 12, 14), on any
road.
"""

from __future__ import annotations

from typing import Final

from firmline.errors import (
    Code,
    FirmlineError,
    RemoteProtocolError,
    TargetRefusedError,
    TransportError,
    VerifyError,
)
from firmline.protocol.codes import ResultCode

UNHEARD: Final = (
    "The unit has the whole image, but its answer to the last EXECUTE did not arrive, and"
)


def may_hide_success(error: FirmlineError) -> bool:
    """Whether the unit may have taken what the last EXECUTE was about, whatever this error says.

    A verdict on the image comes as an extended error and is believed. Any other refusal contradicts
    what the unit has said before: that the image is all there. On a serial line, which has no
    checksum, one turned bit makes 03, 05 or 09 of a success.

    Args:
        error: With what the session ended whose last EXECUTE had gone out.
    """
    if isinstance(error, TargetRefusedError):
        return error.result != ResultCode.EXTENDED_ERROR
    return isinstance(error, TransportError | RemoteProtocolError)


def left_since(error: FirmlineError, heard: str) -> VerifyError:
    """The bootloader behind a serial port answers no more: it has restarted, and cannot be asked.

    Args:
        error: What was heard instead of its success, if anything.
        heard: What an application has printed since; empty: nothing.
    """
    since = f"an application says {heard!r} since" if heard else "it is silent since"
    if not isinstance(error, TargetRefusedError):
        return VerifyError(
            Code.NEW_APPLICATION_NOT_SEEN,
            f"{UNHEARD} {since}: it may have restarted to activate the image.",
        )
    return VerifyError(
        Code.NEW_APPLICATION_NOT_SEEN,
        "The unit has the whole image, its answer to the last EXECUTE arrived as a refusal (result"
        f" {error.result:02X}), and {since}: either it has refused the image, or the"
        " answer was changed on the line and it has restarted to activate the image.",
        hint="See which application runs. If it is the old one, send the package again: what is"
        " refused a second time is refused.",
    )


def refused_again() -> VerifyError:
    """The unit was sent the image once more, and says that it has this version."""
    return VerifyError(
        Code.NEW_APPLICATION_NOT_SEEN,
        "The unit's answer to the last EXECUTE did not arrive, and it refuses the same image a"
        " second time because its version is not higher than the installed one: it may have taken"
        " it the first time.",
    )


def not_seen_again(waited_s: float) -> VerifyError:
    """The unit is nowhere.

    Args:
        waited_s: How long it was waited for.
    """
    return VerifyError(
        Code.UNIT_DID_NOT_RETURN, f"{UNHEARD} it was not seen again within {waited_s:g} s."
    )


def not_asked_again(error: TransportError) -> VerifyError:
    """The unit is somewhere, but its bootloader, which alone can tell, could not be asked.

    Args:
        error: Why not.
    """
    return VerifyError(
        Code.NEW_APPLICATION_NOT_SEEN,
        f"{UNHEARD} its bootloader could not be asked: {error.message}",
        hint=error.hint,
    )
