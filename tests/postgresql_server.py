"""A PostgreSQL server of the tests' own: Debian's programs, a temporary folder, a socket in it.

It never runs as root, which PostgreSQL refuses: then it runs as the user that Debian's package
makes, or as nobody. Nothing of it listens on a network.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import quote

from needs import missing

PLACES: Final = Path("/usr/lib/postgresql")
"""Where Debian puts the programs, by version; only some are on PATH."""
OWNER: Final = "firmline"


def program(name: str) -> Path:
    """A program of PostgreSQL's; without it the test is skipped."""
    found = sorted(PLACES.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which(name)
    if not found and on_path is None:
        missing("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1] if found else Path(str(on_path))


@dataclass(frozen=True, slots=True)
class Account:
    """Who the server runs as."""

    name: str
    uid: int
    gid: int

    def run(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs to its end."""
        is_other = os.geteuid() != self.uid
        return subprocess.run(
            command,
            check=check,
            text=True,
            stdout=subprocess.DEVNULL,  # a server would keep a pipe open
            stderr=subprocess.DEVNULL,
            cwd="/",
            user=self.uid if is_other else None,
            group=self.gid if is_other else None,
            extra_groups=[] if is_other else None,
        )


def account() -> Account:
    """We ourselves; instead of root another user."""
    if os.geteuid() != 0:
        return Account("", os.geteuid(), os.getegid())
    known = {each.pw_name: each for each in pwd.getpwall()}
    found = known.get("postgres") or known.get("nobody")
    if found is None:
        missing("there is no user but root that PostgreSQL could run as")
    return Account(found.pw_name, found.pw_uid, found.pw_gid)


class Server:
    """A server with a fresh cluster.

    Args:
        is_durable: Whether it waits for the disk, as servers do; tests of other things need not.
    """

    def __init__(self, *, is_durable: bool = False) -> None:
        self._pg_ctl, initdb = program("pg_ctl"), program("initdb")
        self._account = account()
        self.folder = Path(tempfile.mkdtemp(prefix="firmline-pg-"))
        os.chown(self.folder, self._account.uid, self._account.gid)
        self._data = self.folder / "data"
        self._numbers = count(1)
        self._fsync = "on" if is_durable else "off"
        self._account.run(
            *(initdb, "--pgdata", self._data, "--username", OWNER, "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
        )
        hba = self._data / "pg_hba.conf"
        hba.write_text(f"local all stranger reject\n{hba.read_text('utf-8')}", "utf-8")
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-k {self.folder} -c listen_addresses= -c fsync={self._fsync}"
        log = self.folder / "log"
        self._account.run(
            *(self._pg_ctl, "start", "--wait", "--pgdata", self._data, "--log", log),
            *("--options", options),
        )

    def stop(self, mode: str = "fast") -> None:
        """Stop it: ``fast``, or ``immediate`` as a crash would."""
        self._account.run(
            *(self._pg_ctl, "stop", "--wait", "--pgdata", self._data, "--mode", mode), check=False
        )

    @contextmanager
    def silent(self) -> Iterator[None]:
        """It takes connections and answers nobody, as one behind a broken network does."""
        first = int((self._data / "postmaster.pid").read_text("ascii").split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text("ascii")
        processes = [first, *map(int, children.split())]
        try:
            for each in processes:
                os.kill(each, signal.SIGSTOP)
            yield
        finally:
            for each in processes:
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    def url(self, database: str, *, user: str = OWNER) -> str:
        """The address of one of its databases."""
        return f"postgresql://{user}:s3cret@/{database}?host={quote(str(self.folder), safe='')}"

    def new_place(self) -> str:
        """The address of an empty place: a schema of its own, for a database is 900 files."""
        import psycopg  # noqa: PLC0415 - an extra

        name = f"place_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
            connection.execute(f"GRANT USAGE ON SCHEMA {name} TO PUBLIC")
        return f"{self.url('postgres')}&options=-csearch_path%3D{name}"

    def remove(self) -> None:
        """Stop it, and leave nothing behind."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)
