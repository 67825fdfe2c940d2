"""What is said of a unit whose answer to the last EXECUTE did not arrive, on any road.

It may have taken the image. Without its answer that is never called a success (ADR 12, 14).
"""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, TransportError, VerifyError

UNHEARD: Final = (
    "The unit has the whole image, but its answer to the last EXECUTE did not arrive, and"
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
