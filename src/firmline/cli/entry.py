"""Where the program begins: its signals are taken before anything else is imported."""

from __future__ import annotations

import sys
from typing import NoReturn

from firmline.cli.interruption import interruptions


def main() -> NoReturn:
    """Run the program; never returns."""
    interruptions.take()
    try:
        from firmline.cli.main import main as begin  # noqa: PLC0415 - see above

        begin()
    except KeyboardInterrupt:  # before a command had begun, or while its end was told
        from firmline.errors import ExitCode  # noqa: PLC0415 - likewise

        sys.exit(ExitCode.INTERRUPTED)
    finally:
        interruptions.over()
