"""Debug probes, by pyOCD: CMSIS-DAP, J-Link, ST-Link and others.

pyOCD opens the probe and speaks ADIv5 with the chip. No target is made of it: its debug port is
switched on, the two access ports of an nRF52 are asked, and the debug port is switched off again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir, contextmanager
from tempfile import TemporaryDirectory
from typing import Any, Final

from firmline.errors import Code, InputError, TransportError, TransportReason, shortened
from firmline.links.extras import extra_missing
from firmline.links.quiet import quiet_log
from firmline.links.swd.port import MemoryPort

MEMORY_PORT, CONTROL_PORT = 0, 1
"""Access ports of an nRF52 (its product specifications, debug: AHB-AP and CTRL-AP)."""
CONTROL_IDR: Final = 0x0288_0000
"""IDR of CTRL-AP without its revision; by that it is known (the same)."""
_REVISION: Final = 0xF000_0000
APPROTECT_STATUS: Final = 0x00C
"""Of CTRL-AP: 0 while the memory is protected, 1 while it is open (the same)."""
OPTIONS: Final[dict[str, object]] = {
    "target_override": "cortex_m",
    "auto_unlock": False,
    "connect_mode": "attach",
    "resume_on_disconnect": False,
    "no_config": True,
}
"""Of pyOCD's session: nothing that knows how to erase, nothing that halts or resumes."""


@contextmanager
def open_port(number: str) -> Iterator[MemoryPort]:
    """The memory of the chip behind a probe; the probe is given back at the end.

    Args:
        number: Of the probe, or a part of it; empty: the one that is plugged in.

    Raises:
        TransportError: ``LINK_EXTRA_MISSING``, ``SWD_PROBE`` or ``SWD_FAILED``.
    """
    try:
        from pyocd.core.helpers import ConnectHelper  # noqa: PLC0415 - an optional part
    except ImportError:
        raise extra_missing("swd", "Debug probes need pyOCD") from None
    with quiet_log("pyocd"), _told("The debug probes of this computer"):
        found = ConnectHelper.get_all_connected_probes(blocking=False, unique_id=number or None)
    with attached(_the_one(found, number)) as port:
        yield port


@contextmanager
def attached(probe: Any) -> Iterator[MemoryPort]:  # noqa: ANN401 - pyOCD has no types
    """The memory of the chip behind one of pyOCD's probes.

    Raises:
        TransportError: ``SWD_FAILED``.
    """
    from pyocd.core.session import Session  # noqa: PLC0415 - an optional part
    from pyocd.probe.debug_probe import DebugProbe  # noqa: PLC0415 - an optional part

    name = shortened(f"{probe.description} {probe.unique_id}")
    # A session runs the scripts of the folder that it is made in, and goes there: an empty one.
    with quiet_log("pyocd"), _told(name), TemporaryDirectory() as empty, chdir(empty):
        session = Session(probe, auto_open=False, options={**OPTIONS, "project_dir": empty})
    try:
        with quiet_log("pyocd"), _told(name):
            session.open(init_board=False)
            session.target.dp.connect(DebugProbe.Protocol.SWD)  # an nRF52 speaks no other
        yield _Port(session.target.dp, name)
    finally:
        with quiet_log("pyocd"), _told(name):
            _let_go(session)


def _let_go(session: Any) -> None:  # noqa: ANN401 - pyOCD has no types
    """Switch the debug port off, so that the chip goes back to how it was, and close the probe."""
    try:
        if session.target.dp.dpidr is not None:
            session.target.dp.disconnect()
    finally:
        session.close()


def _the_one(found: list[Any], number: str) -> Any:  # noqa: ANN401 - pyOCD has no types
    """The probe that is meant.

    Raises:
        TransportError: ``SWD_PROBE``: none or several are.
    """
    names = [shortened(f"{each.description} ({each.unique_id})") for each in found]
    if len(found) == 1:
        return found[0]
    which = f"with {shortened(number)!r} in its number " if number else ""
    if found:
        says = f"{len(found)} debug probes {which}are plugged in: {', '.join(names)}."
        hint = "Name one by its number: swd:NUMBER."
    else:
        says = f"No debug probe {which}is plugged in."
        hint = "Plug it in, and see that no other program holds it and that you may use it."
    raise TransportError(Code.SWD_PROBE, says, reason=TransportReason.NOT_AVAILABLE, hint=hint)


class _Port:
    """The memory of a chip, through pyOCD's debug port (:class:`MemoryPort`)."""

    def __init__(self, dp: Any, name: str) -> None:  # noqa: ANN401 - pyOCD has no types
        self._dp = dp
        self._memory: Any = None
        self.name = name

    def is_protected(self) -> bool:
        """Ask the control port, which answers also where the memory does not."""
        from pyocd.coresight.ap import APv1Address  # noqa: PLC0415 - an optional part

        # Its registers are read as they are: pyOCD would try out what a port of another chip can.
        port = APv1Address(CONTROL_PORT)
        with quiet_log("pyocd"), _told(self.name):
            idr = self._dp.read_ap(port.address + port.idr_address)
            if idr & ~_REVISION != CONTROL_IDR:
                raise InputError(
                    Code.DUMP_OTHER_CHIP,
                    f"The chip at {self.name} has no control port of an nRF52.",
                    hint="Connect the probe to the unit's own nRF52; no other chip is known here.",
                )
            return bool(self._dp.read_ap(port.address + APPROTECT_STATUS) == 0)

    def read(self, address: int, size: int) -> bytes:
        """Read words, while the processor runs."""
        with quiet_log("pyocd"), _told(self.name):
            if self._memory is None:
                from pyocd.coresight.ap import AccessPort, APv1Address  # noqa: PLC0415

                self._memory = AccessPort.create(self._dp, APv1Address(MEMORY_PORT))
            words = self._memory.read_memory_block32(address, size // 4)
        return b"".join(int(word).to_bytes(4, "little") for word in words)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Say what went wrong at a probe.

    Raises:
        TransportError: ``SWD_FAILED``.
    """
    from pyocd.core.exceptions import Error  # noqa: PLC0415 - an optional part

    try:
        yield
    except (Error, OSError) as problem:
        why = " ".join(str(problem).split()).rstrip(".") or type(problem).__name__
        raise TransportError(
            Code.SWD_FAILED,
            f"Reading through {name} failed: {shortened(why)}.",
            reason=TransportReason.LOST,
            hint="Check SWDIO, SWDCLK and GND, and that the unit is supplied; do not power it anew"
            " if its registers matter.",
        ) from None
