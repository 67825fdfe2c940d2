"""What a test needs of the machine: it is skipped without, with a reason.

``FIRMLINE_REQUIRE_ALL=1`` turns the skips into failures: CI has installed everything, and a test
that does not run there would be missed by nobody.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """Skip the test, or fail it where everything has to be there.

    Args:
        reason: What is missing, and how it is installed.
    """
    if os.environ.get("FIRMLINE_REQUIRE_ALL") == "1":
        pytest.fail(f"FIRMLINE_REQUIRE_ALL is set, and {reason}", pytrace=False)
    pytest.skip(reason)
