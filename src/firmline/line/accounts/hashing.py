"""Hashes of passwords: Argon2id, with the parameters of RFC 9106 for small memories.

One hash takes 64 MiB; so only two are made at a time, and whoever would wait long is sent away: a
flood of sign-ins neither fills the memory nor takes the threads of the pages.
"""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

from firmline.errors import Code, InputError
from firmline.links.extras import extra_missing

if TYPE_CHECKING:
    from argon2 import PasswordHasher

AT_ONCE: Final = 2
"""Hashes that are made at the same time; ours."""
PATIENCE_S: Final = 2.0
"""How long a sign-in waits for its turn, seconds; ours."""
_turns: Final = BoundedSemaphore(AT_ONCE)


class Passwords:
    """Makes hashes, and compares passwords with them.

    Raises:
        TransportError: ``LINK_EXTRA_MISSING``: the extra firmline[server] is not installed.
    """

    def __init__(self) -> None:
        self._hasher = _hasher()
        made = self._hasher
        # Of no password: salt and hash are zeros. To compare with it takes as long as with any.
        self._nobodys = (
            f"$argon2id$v=19$m={made.memory_cost},t={made.time_cost},p={made.parallelism}"
            f"${'A' * 22}${'A' * 43}"
        )

    def hash(self, password: str) -> str:
        """A new hash, with its own salt."""
        with _turn():
            return self._hasher.hash(_bytes(password))

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one of this hash.

        Args:
            kept: The hash; ``None``: there is no such account, which takes as long to find out.
            password: What was given.

        Raises:
            InputError: ``SIGN_IN_BUSY``: too many sign in at once.
        """
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 - an extra

        with _turn():
            try:
                is_right = self._hasher.verify(kept or self._nobodys, _bytes(password))
            except (VerificationError, InvalidHashError):
                return False
        return is_right and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether a hash was made with weaker parameters than those of today."""
        return self._hasher.check_needs_rehash(kept)


class _turn:  # noqa: N801 - read as a word: with _turn()
    """One of the places in which hashes are made."""

    def __enter__(self) -> None:
        if not _turns.acquire(timeout=PATIENCE_S):
            raise InputError(Code.SIGN_IN_BUSY, "Too many people sign in at the same time.")

    def __exit__(self, *_: object) -> None:
        _turns.release()


def _bytes(password: str) -> bytes:
    """Whatever was sent, also what is no text of UTF-8: it is wrong then, and no defect."""
    return password.encode("utf-8", "surrogatepass")


def _hasher() -> PasswordHasher:
    try:
        from argon2 import PasswordHasher  # noqa: PLC0415 - an extra
        from argon2.profiles import RFC_9106_LOW_MEMORY  # noqa: PLC0415
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] != "argon2":
            raise
        raise extra_missing("server", "Passwords need argon2-cffi") from None
    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
