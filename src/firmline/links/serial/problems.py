"""What a system says of its ports, in one sentence each, with the next thing to do."""

from __future__ import annotations

import errno
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from firmline.errors import Code, TransportError, TransportReason, shortened
from firmline.links.extras import extra_missing as missing

_MISSING: Final = frozenset({errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOTDIR})
_BUSY: Final = frozenset({errno.EBUSY, errno.EAGAIN})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM})
_NOT_A_PORT: Final = frozenset({errno.ENOTTY, errno.EISDIR, errno.EINVAL})

_URLS: Final = "Write rfc2217://HOST:PORT or socket://HOST:PORT."
CHECK_HOST: Final = "Check that host and port number are those of the unit's serial port."


def extra_missing() -> TransportError:
    """The error of a computer without pyserial."""
    return missing("serial", "Serial ports need pyserial")


def cannot_open(port: str, problem: Exception) -> TransportError:
    """The error of a port that cannot be opened.

    Args:
        port: As the user named it.
        problem: What pyserial, or the system, has raised.
    """
    if "://" in port:
        return _nothing_behind(port, problem)
    name = shortened(port)
    number = errno_of(problem)
    if number in _MISSING:
        code, says, hint = Code.PORT_NOT_FOUND, f"There is no port {name}.", _ports()
    elif number in _BUSY:
        code, says = Code.PORT_BUSY, f"The port {name} is in use by another program."
        hint = f"Close that program; fuser {name} names it." if _is_linux() else ""
    elif number in _FORBIDDEN:
        code, says = Code.PORT_FORBIDDEN, f"You may not use the port {name}."
        hint = _permission_hint(port)
    elif number in _NOT_A_PORT:
        code, says, hint = Code.PORT_NOT_FOUND, f"{name} is no serial port.", _ports()
    else:
        why = " ".join(str(problem).split())
        code, says = Code.PORT_FAILED, f"The port {name} cannot be opened: {shortened(why)}."
        hint = ""
    return TransportError(code, says, reason=TransportReason.NOT_AVAILABLE, hint=hint)


def _nothing_behind(port: str, problem: Exception) -> TransportError:
    """The error of a port elsewhere; why it cannot be opened stands inside of pyserial's words."""
    name = shortened(port)
    cause = problem.__cause__ or problem.__context__ or problem
    code = Code.PORT_NOT_FOUND
    match cause:
        case socket.gaierror():
            says = f"The host of {name} is not known."
            hint = "Check the name of the host, or give its number."
        case ConnectionRefusedError():
            says = f"Nothing listens at {name}: the connection was refused."
            hint = "Start the program that serves the port there, and check the port's number."
        case TimeoutError():
            says = f"Nothing answers at {name}."
            hint = "Check that the host is on and lets you in, and the port's number."
        case _ if "not known" in str(problem):
            says = f"{name} begins with no kind of port that pyserial knows."
            hint = _URLS
        case TypeError() | KeyError() | ValueError() | AttributeError():
            says = f"{name} does not name a host and the number of a port."
            hint = _URLS
        case _:
            code = Code.PORT_FAILED
            why = getattr(cause, "strerror", None) or " ".join(str(cause).split())
            says = f"The port {name} cannot be opened: {shortened(why)}."
            hint = f"Check host and port number. {_URLS}"
    return TransportError(code, says, reason=TransportReason.NOT_AVAILABLE, hint=hint)


def lost(port: str, problem: Exception | None = None) -> TransportError:
    """The error of a port that is gone while it was in use."""
    if "://" in port:
        return _closed(port)
    why = getattr(problem, "strerror", None) or (str(problem) if problem is not None else "")
    because = f" ({shortened(' '.join(why.split()))})" if why else ""
    return TransportError(
        Code.LINK_LOST,
        f"The port {shortened(port)} is gone{because}: was it unplugged?",
        reason=TransportReason.LOST,
        hint="Plug it in and start the update again: it goes on where the unit stands.",
    )


def _closed(port: str) -> TransportError:
    """The error of a port elsewhere that is gone while it was in use."""
    return TransportError(
        Code.LINK_LOST,
        f"What listens at {shortened(port)} has closed the connection.",
        reason=TransportReason.LOST,
        hint=f"{CHECK_HOST} Many servers let one program in at a time. Then start again: an update"
        " goes on where the unit stands.",
    )


def blocked(port: str, waited_s: float) -> TransportError:
    """The error of a port that takes no bytes."""
    return TransportError(
        Code.PORT_BLOCKED,
        f"The port {shortened(port)} has taken no byte for {waited_s:g} s: its flow control holds"
        " them back.",
        reason=TransportReason.TIMEOUT,
    )


def no_such_speed(port: str, baud: int, problem: Exception) -> TransportError:
    """The error of a port that cannot go at a speed."""
    return TransportError(
        Code.PORT_FAILED,
        f"The port {shortened(port)} cannot go at {baud} bits per second:"
        f" {shortened(' '.join(str(problem).split()))}.",
        reason=TransportReason.NOT_AVAILABLE,
    )


def errno_of(problem: Exception) -> int | None:
    """The number of what went wrong, also where pyserial has only put it into words."""
    number = getattr(problem, "errno", None)
    if isinstance(number, int):
        return number
    text = str(problem)
    # Windows refuses a port that another program holds, and says nothing more.
    for name, meant in (
        ("FileNotFoundError", errno.ENOENT),
        ("PermissionError", errno.EBUSY),
        ("(25, ", errno.ENOTTY),
        ("(22, ", errno.EINVAL),
    ):
        if name in text:
            return meant
    return None


def _permission_hint(port: str) -> str:
    """Name the group that may use the port, where there is one."""
    with suppress(ImportError, OSError, KeyError):
        import grp  # noqa: PLC0415 - not on Windows

        group = grp.getgrgid(Path(port).stat().st_gid).gr_name
        if group != "root":
            return f"Join its group, and log in anew: sudo usermod -aG {group} $USER."
    return ""


def _is_linux() -> bool:
    return sys.platform == "linux"


def _ports() -> str:
    from firmline.links.serial.ports import ports_hint  # noqa: PLC0415 - it raises our errors

    return ports_hint()
