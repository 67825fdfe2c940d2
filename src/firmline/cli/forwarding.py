"""``--centre`` of a station: it sends its records itself, and the line never waits for that."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from firmline.cli.failures import say
from firmline.errors import Code, FirmlineError, InputError

if TYPE_CHECKING:
    from firmline.line.records.sql import SqlRecords
    from firmline.line.station.opening import StationSetup
    from firmline.line.sync.centre import Centre
    from firmline.line.sync.sending import Sender

KEY_VARIABLE: Final = "FIRMLINE_STATION_KEY"


def station_key(file: Path | None) -> str:
    """The key of a station: of a file, or of the environment; empty: there is none."""
    if file is None:
        return os.environ.get(KEY_VARIABLE, "").strip()
    from firmline.cli.files import read_file  # noqa: PLC0415 - the help stays fast

    return read_file(file, what="key of a station").decode("ascii", "replace").strip()


def centre_asked_for(address: str | None, key_file: Path | None) -> Centre | None:
    """Where a station sends its records; ``None``: nowhere. What is wrong is found here.

    Raises:
        InputError: ``SYNC_ADDRESS``, ``OPTION_MISSING`` or ``OPTION_CONFLICT``.
        TransportError: ``LINK_EXTRA_MISSING``.
    """
    if address is None:
        if key_file is not None:
            raise InputError(
                Code.OPTION_CONFLICT,
                "--key-file holds the key for a centre, and no --centre is named.",
                hint="Give --centre https://HOST:PORT as well, or leave --key-file out.",
            )
        return None
    from firmline.line.sync.open import centre_of_station  # noqa: PLC0415 - the help stays fast

    return centre_of_station(address, key=station_key(key_file))


def not_sent(sender: Sender, where: str) -> str:
    """What the centre does not have at the end, as a sentence; empty: nothing."""
    try:
        left = sender.left
    except FirmlineError as problem:
        return f"How much {where} does not have cannot be told: {problem.message}"
    if left is None:
        return f"{where} was never reached: what it does not have goes the next time."
    if not left:
        return ""
    are = "record is" if left == 1 else "records are"
    return f"{left:,} {are} not at {where} yet: the rest goes the next time."


@contextmanager
def forwarding(
    centre: Centre | None,
    setup: StationSetup,
    records: SqlRecords,
    *,
    line: Callable[[str], None],
) -> Iterator[None]:
    """Send a station's records meanwhile, in a thread of its own, and what is left at the end.

    Args:
        centre: Where to; ``None``: nowhere.
        setup: The station.
        records: Its own.
        line: Prints a sentence.
    """
    if centre is None:
        yield
        return
    from firmline.line.records.attachments import attachments_beside  # noqa: PLC0415
    from firmline.line.sync.sending import Following, Sender  # noqa: PLC0415

    def told(what: FirmlineError | str | None) -> None:
        if isinstance(what, FirmlineError):
            say(what)
        else:
            line(what or f"Records go to {centre.where} again.")

    with closing(centre):
        sender = Sender(records, attachments_beside(setup.database), setup.name, centre)
        following = Following(sender, told=told)
        following.start()
        try:
            yield
        finally:
            following.stop(sends_rest=True)
            if left := not_sent(sender, centre.where):
                line(left)
