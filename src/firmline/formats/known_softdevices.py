"""SoftDevices that are known by their FWID: the rows of ``data/softdevices.toml``."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.data import load_table
from firmline.values import Fwid


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSoftDevice:
    """A SoftDevice as its maker ships it; addresses are counted from 0.

    Attributes:
        name: ``S132``.
        version: ``7.2.0``.
        fwid: What ``--sd-req`` names.
        source: Where the numbers come from.
        end: The first address behind it, its size word; None where only its image's size is known.
        end_lower_bound: In that case 0x1000 + the image's size; the real end is not below.
    """

    name: str
    version: str
    fwid: Fwid
    source: str
    end: int | None = None
    end_lower_bound: int | None = None

    @property
    def occupied_to(self) -> int:
        """No application that runs on it begins below this address."""
        return self.end if self.end is not None else self.end_lower_bound or 0

    def __str__(self) -> str:
        return f"{self.name} {self.version} (FWID {self.fwid})"


def known_softdevices() -> tuple[KnownSoftDevice, ...]:
    """Every row of the table."""
    rows = load_table("softdevices").values()
    return tuple(KnownSoftDevice(**{**row, "fwid": Fwid(row["fwid"])}) for row in rows)


def known_softdevice(fwid: int) -> KnownSoftDevice | None:
    """The SoftDevice with this FWID; None if there is no row for it."""
    return next((known for known in known_softdevices() if known.fwid == fwid), None)
