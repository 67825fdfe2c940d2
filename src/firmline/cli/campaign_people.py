"""Who does something to a campaign: where the line has accounts, whoever knows the password of one.

Two persons are two accounts then. On a line without accounts a name is believed: whoever can write
to the database could write any.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from firmline.cli.parameters import FilePath

if TYPE_CHECKING:
    from firmline.line.accounts.roles import Permission
    from firmline.line.queue.campaigns import CampaignBook

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who somebody says to be.

    Attributes:
        name: As he gave it.
        password_file: Where his password is; ``None``: he is asked for it.
    """

    name: str
    password_file: Path | None = None


def by_option(command: _F) -> _F:
    """Give a command ``--by`` and ``--password-file``; it takes them as ``by``."""

    @functools.wraps(command)
    def told(*, who: str, password_file: Path | None, **others: Any) -> Any:  # noqa: ANN401
        return command(by=By(name=who, password_file=password_file), **others)

    with_file = click.option(
        "--password-file",
        metavar="FILE",
        type=FilePath(),
        help="Read the password from its first line; its owner alone may read it (0600).",
    )(told)
    name = click.option(
        "--by",
        "who",
        metavar="NAME",
        required=True,
        help="Who does it: an account, where the line has accounts.",
    )
    return name(with_file)  # type: ignore[return-value] # click keeps the parameters, not the type


def identified(book: CampaignBook, by: By, permission: Permission) -> tuple[CampaignBook, str]:
    """The campaigns as somebody may change them, and his name as it is kept.

    Args:
        book: As it was opened.
        by: Who he says to be.
        permission: What he has to be allowed.

    Raises:
        InputError: ``PASSWORD_NOT_GIVEN``, a ``SIGN_IN_*`` code, or ``NOT_ALLOWED``.
        TransportError: ``LINK_EXTRA_MISSING``: the extra firmline[server] is not installed.
    """
    from firmline.cli.line_accounts.shared import now, password_of  # noqa: PLC0415 - not for help
    from firmline.line.accounts.hashing import Passwords  # noqa: PLC0415
    from firmline.line.accounts.sessions import Sessions  # noqa: PLC0415
    from firmline.line.accounts.store import Accounts  # noqa: PLC0415
    from firmline.line.queue.campaigns import CampaignBook  # noqa: PLC0415

    if not Accounts(book.database).are_there():
        return book, by.name
    sessions = Sessions(book.database, Passwords())
    session = sessions.sign_in(by.name, password_of(by.name, by.password_file), now=now())
    sessions.end(session.token, now=now())
    holder = session.holder
    if (refusal := holder.refusal(permission)) is not None:
        raise refusal
    return CampaignBook(book.database, role=holder.role.value), holder.name
