"""The logs of other people's libraries, kept from people's terminals."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_log(library: str) -> Iterator[None]:
    """Keep a library from printing what it wonders about; whoever has set its log up still gets it.

    Bumble, for one, logs a warning, or an exception with its traceback, for every packet that makes
    no sense; of a log that nobody has set up, Python prints those.

    Args:
        library: Its logger.
    """
    log = logging.getLogger(library)
    silent, before = logging.NullHandler(), log.propagate
    log.addHandler(silent)
    log.propagate = False
    try:
        yield
    finally:
        log.propagate = before
        log.removeHandler(silent)
