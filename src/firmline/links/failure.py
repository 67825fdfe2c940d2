"""What happened to a radio of one's own, kept until somebody has to be told."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.errors import Code, TransportError, TransportReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why nothing goes over a controller, or a dongle, any more.

    Attributes:
        code: The stable name.
        message: One sentence.
        hint: The next thing to do.
    """

    code: Code
    message: str
    hint: str = ""

    def error(self, reason: TransportReason = TransportReason.NOT_AVAILABLE) -> TransportError:
        """A new error for whoever wanted something of it."""
        return TransportError(self.code, self.message, reason=reason, hint=self.hint)


def closed(name: str) -> Failure:
    """The link was closed on this side.

    Args:
        name: What it went over, for people.
    """
    return Failure(code=Code.LINK_NOT_AVAILABLE, message=f"The link over {name} is closed.")
