"""Where a server listens: on loopback, for as long as nobody has to log in."""

from __future__ import annotations

import errno
import ipaddress
import socket
from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, InputError, TransportError, TransportReason, shortened

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MOST_PORT: Final = 65535
_FORM: Final = "Write it as HOST:PORT, such as 127.0.0.1:8350 or [::1]:8350; port 0 is a free one."


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenAddress:
    """Where to listen.

    Attributes:
        host: A name or an address.
        port: 0: one that is free.
    """

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether this computer alone reaches it."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def names(self) -> frozenset[str]:
        """What a browser may call it; empty: whatever the network calls it."""
        return LOOPBACK_NAMES | {self.host.lower()} if self.is_loopback else frozenset()

    def url(self, port: int, *, is_encrypted: bool = False) -> str:
        """What to open, with the port that it really has."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if is_encrypted else ''}://{host}:{port}/"


def parse_listen(text: str) -> ListenAddress:
    """Understand what a user gave as ``--listen``.

    Raises:
        InputError: ``LISTEN_ADDRESS``.
    """
    host, colon, port = text.strip().rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    is_bracketed = bare != host
    is_port = port.isascii() and port.isdigit() and int(port[:6]) <= MOST_PORT
    if not colon or not bare or not is_port or (":" in bare) != is_bracketed:
        raise InputError(
            Code.LISTEN_ADDRESS, f"{shortened(text)!r} is no address to listen on.", hint=_FORM
        )
    return ListenAddress(host=bare, port=int(port))


def check_reach(address: ListenAddress, *, has_accounts: bool) -> None:
    """See that nobody reaches pages that have no accounts from another computer.

    Raises:
        InputError: ``LISTEN_ADDRESS``.
    """
    if not address.is_loopback and not has_accounts:
        raise InputError(
            Code.LISTEN_ADDRESS,
            f"Other computers would reach {shortened(address.host)}, and there is no account: the"
            " pages are served to this computer alone.",
        )


def listening_socket(address: ListenAddress) -> socket.socket:
    """A socket that listens there.

    Raises:
        TransportError: ``ADDRESS_NOT_FREE``.
    """
    is_v6 = ":" in address.host
    try:
        return socket.create_server(
            (address.host, address.port), family=socket.AF_INET6 if is_v6 else socket.AF_INET
        )
    except OSError as problem:
        place = f"{shortened(address.host)}:{address.port}"
        raise TransportError(
            Code.ADDRESS_NOT_FREE,
            f"Another program listens on {place} already."
            if problem.errno == errno.EADDRINUSE
            else f"Nobody can listen on {place}: {(problem.strerror or str(problem)).lower()}.",
            reason=TransportReason.NOT_AVAILABLE,
        ) from problem
