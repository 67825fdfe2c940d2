"""What every test may rely on: hypothesis profiles and the place of the shared evidence.

``CI=true`` makes hypothesis draw the same examples each time, so that a red run can be repeated; a
developer's machine draws new ones. ``HYPOTHESIS_PROFILE`` names another profile, as ``quick``, that
of ``make check``.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from postgresql_server import Server

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("quick", deadline=None, max_examples=20)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


for name, usual in (("SIGHUP", signal.SIG_DFL), ("SIGINT", signal.default_int_handler)):
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        # nohup and shells' `&` make us deaf to them, and with us the programs under test.
        signal.signal(number, usual)


def pytest_collection_finish() -> None:
    """Thousands of collected tests live to the end: no collection of garbage looks at them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where firmline keeps what lasts: another place in every test, and never the developer's."""
    folder = tmp_path_factory.getbasetemp() / "state" / os.urandom(8).hex()
    monkeypatch.setenv("FIRMLINE_STATE", str(folder))
    return folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """One PostgreSQL server for all tests of a session; mark them as slow, for it takes seconds."""
    from postgresql_server import Server  # noqa: PLC0415 - of systems that know users

    started = Server()
    yield started
    started.remove()


@pytest.fixture
def postgresql_url(postgresql: Server) -> str:
    """The address of an empty place in that server."""
    return postgresql.new_place()


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded evidence beside the checkout; tests that need it skip without it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the recorded evidence (../shared) is not on this machine")
    return folder
