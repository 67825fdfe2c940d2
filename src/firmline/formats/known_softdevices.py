"""SoftDevices that are known by their FWID: the rows of ``data/softdevices.toml``.

Rules of this module: a number that is not in the table is as good as one that is; it is shown as a
plain number and never refused. Each figure of a row has its own source, and what is only a bound or
only how others link their applications is kept apart from what is exact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from firmline.data import load_table
from firmline.errors import Code, InputError
from firmline.formats.softdevice import SOFTDEVICE_START
from firmline.values import Fwid, parse_number

PAGE_SIZE = 0x1000  # of every nRF52; an application begins with a page (spec section 6)
_MAX_FWID = 0xFFFF
RAM_START = 0x2000_0000  # of every nRF5x (product specifications, memory map)
# Nordic's file names are s132_nrf52_6.1.1_softdevice.hex, older ones s110_nrf51822_7.1.0_...
_NAME = re.compile(
    r"(?:ant[-_])?(?P<name>s[0-9]{3})(?:[-_](?P<chip>nrf5[12])(?:[0-9]{3})?)?[-_ ]v?"
    r"(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:[-.][0-9a-z.]+)?)",
    re.IGNORECASE,
)
_LIKE_A_NAME = re.compile(r"(?:ant[-_])?s[0-9]{2,}", re.IGNORECASE)
_FILE_ENDING = re.compile(r"(?:_softdevice)?(?:\.hex)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSoftDevice:
    """A SoftDevice as its maker ships it; addresses are counted from 0, sizes are bytes.

    Attributes:
        name: ``S132``.
        version: ``7.2.0``; of pre-releases ``2.0.0-7.alpha``.
        chip: ``nrf51`` or ``nrf52``.
        fwid: What ``--sd-req`` names.
        also: Other versions with the same FWID.
        end: The first address behind it, exactly; None where that is not known.
        image_size: Its bytes without the MBR, as an update carries them; None if not known.
        linked_at: Where published applications for it begin; it ends there or below.
        ram: The least RAM that it takes, counted from the start of RAM; None if not known.
        sources: Where each figure comes from, by the figure's name.
    """

    name: str
    version: str
    chip: str
    fwid: Fwid
    also: tuple[str, ...] = ()
    end: int | None = None
    image_size: int | None = None
    linked_at: int | None = None
    ram: int | None = None
    sources: dict[str, str] = field(hash=False)

    @property
    def title(self) -> str:
        """``S132 7.2.0``."""
        return f"{self.name} {self.version}"

    @property
    def option(self) -> str:
        """``s132-7.2.0``, the name that options take."""
        return f"{self.name.lower()}-{self.version}"

    @property
    def occupied_to(self) -> int | None:
        """No application that runs on it begins below this address; None if that is not known."""
        if self.end is not None:
            return self.end
        return None if self.image_size is None else SOFTDEVICE_START + self.image_size

    @property
    def application_start(self) -> int | None:
        """Where an application for it begins, as far as the table knows."""
        if self.end is not None:
            return -(-self.end // PAGE_SIZE) * PAGE_SIZE
        return self.linked_at

    def __str__(self) -> str:
        return f"{self.fwid} ({self.title})"


@cache
def known_softdevices() -> tuple[KnownSoftDevice, ...]:
    """Every row of the table, by name and version."""
    table = load_table("softdevices")
    return tuple(_row(row, table["sources"]) for row in table["softdevices"].values())


def _row(row: dict[str, object], texts: dict[str, str]) -> KnownSoftDevice:
    facts = {key: value for key, value in row.items() if not key.endswith("_source")}
    sources = {
        key.removesuffix("_source"): texts[str(value)]
        for key, value in row.items()
        if key.endswith("_source")
    }
    fwid, also = Fwid(int(str(facts.pop("fwid")))), facts.pop("also", ())
    return KnownSoftDevice(**facts, fwid=fwid, also=tuple(also), sources=sources)  # type: ignore[arg-type]


@cache
def _by_fwid() -> dict[int, KnownSoftDevice]:
    return {known.fwid: known for known in known_softdevices()}


def known_softdevice(fwid: int) -> KnownSoftDevice | None:
    """The SoftDevice with this FWID; None if there is no row for it."""
    return _by_fwid().get(fwid)


def describe_fwid(fwid: int) -> str:
    """A FWID for people: ``0x00B7 (S132 6.1.1)``; ``0x0999`` where the table has no row for it."""
    known = known_softdevice(fwid)
    return str(known) if known is not None else f"0x{fwid:04X}"


def softdevice_that_ends_at(version: str, end: int) -> KnownSoftDevice | None:
    """The one SoftDevice of this version that ends there; None: none is known to, or several may.

    Args:
        version: ``7.2.0``.
        end: The first address behind it.
    """
    of_version = [known for known in known_softdevices() if version in (known.version, *known.also)]
    may_be = [known for known in of_version if known.end in (end, None)]
    return may_be[0] if len(may_be) == 1 and may_be[0].end == end else None


def softdevice_by_name(text: str) -> KnownSoftDevice | None:
    """The SoftDevice of this name; None if there is no row for it.

    Args:
        text: ``s132-6.1.1`` or the name of Nordic's file, ``s132_nrf52_6.1.1_softdevice.hex``; case
            does not matter.
    """
    parts = _NAME.fullmatch(_FILE_ENDING.sub("", text.strip()))
    if parts is None:
        return None
    name, chip, version = parts["name"].upper(), parts["chip"], parts["version"].lower()
    return next(
        (
            known
            for known in known_softdevices()
            if known.name == name
            and version in (known.version, *known.also)
            and (chip is None or chip.lower() == known.chip)
        ),
        None,
    )


def looks_like_softdevice_name(text: str) -> bool:
    """Whether a text is meant as the name of a SoftDevice, known or not."""
    return _LIKE_A_NAME.match(text.strip()) is not None


def parse_softdevice(text: str, *, name: str) -> Fwid:
    """The FWID that a user names: as a number, or by the SoftDevice's name.

    Args:
        text: ``0xB7``, ``183`` or what :func:`softdevice_by_name` takes.
        name: What it is, for the message (``--sd-req``).

    Raises:
        InputError: ``SOFTDEVICE_UNKNOWN``, or a code of a number.
    """
    if not looks_like_softdevice_name(text):
        return Fwid(parse_number(text, name=name, maximum=_MAX_FWID))
    known = softdevice_by_name(text)
    if known is not None:
        return known.fwid
    similar = similar_softdevices(text)
    near = f"Is it {' or '.join(similar)}? " if similar else ""
    raise InputError(
        Code.SOFTDEVICE_UNKNOWN,
        f"{name} names the SoftDevice {text.strip()[:40]!r}, which is not in the table of known"
        " SoftDevices.",
        hint=f"{near}firmline pkg softdevices lists them all; the FWID of any other goes as a"
        " number.",
    )


def similar_softdevices(text: str) -> list[str]:
    """The names that options take which are most like this text; at most four."""
    import difflib  # noqa: PLC0415 - for a mistake only

    names = [known.option for known in known_softdevices()]
    wanted = re.sub(r"[-_ ](?:nrf5[0-9]+[-_ ])?v?", "-", text.strip().lower(), count=1)
    return difflib.get_close_matches(wanted[:40], names, n=4, cutoff=0.6)
