"""Service Changed: a unit tells those it is bonded with that its services are others now.

A host may remember the services of a unit it is bonded with (Core spec, Vol 3, Part G, 2.5.2). The
bootloader has others than the application, and with a bond the same address. So

* the bootloader, which was left the host's subscription with its keys (bootloader spec, section 8),
  indicates Service Changed as soon as the link is encrypted, at every connection;
* the application, before it agrees to restart, remembers of everyone it is bonded with that they
  have still to be told (section 12), and tells each at the next encrypted link.

A subscription belongs to the bond and is kept with it. Who has not subscribed is not told, and is
not waited for either.
"""

from __future__ import annotations

from dataclasses import replace

from firmline.device.application import Application
from firmline.device.bootloader.dfu_mode import DfuMode
from firmline.device.inside.core import Core
from firmline.device.inside.link import Link
from firmline.device.inside.programs import Programs
from firmline.device.radio_face import IndicateChange
from firmline.formats.peer_data import PeerKeys


class Changes:
    """What hosts know of a unit's services.

    Args:
        core: What all parts share.
        link: The unit's connection.
        programs: What runs.
    """

    def __init__(self, core: Core, link: Link, programs: Programs) -> None:
        self._core = core
        self._link = link
        self._programs = programs

    def subscribed(self, enabled: bool) -> None:
        """The host wrote the CCCD; of one that is bonded that is kept."""
        self._link.hears_changes = enabled
        bonds = self._core.board.bonds
        peer = self._link.encrypted_for
        keys = None if peer is None else bonds.get(peer)
        if keys is not None and isinstance(self._programs.running, Application):
            bonds[keys.address] = replace(keys, hears_changes=enabled)

    def encrypted(self) -> None:
        """The link is encrypted: the host has its subscription again, and is told what is due."""
        keys = self._keys()
        if keys is None:
            return
        self._link.hears_changes |= keys.hears_changes
        unaware = self._core.board.unaware
        is_due = isinstance(self._programs.running, DfuMode) or keys.address in unaware
        if is_due and self._link.hears_changes:
            self._core.outbox.say(IndicateChange())
        elif is_due:
            unaware.discard(keys.address)

    def confirmed(self) -> None:
        """The host knows; the application has not to tell it again."""
        peer = self._link.encrypted_for
        if peer is not None and isinstance(self._programs.running, Application):
            self._core.board.unaware.discard(peer)
        self._core.log.record("change_confirmed", peer=str(peer))

    def _keys(self) -> PeerKeys | None:
        """Of the host with whom the link is encrypted, where the unit has a bond with it."""
        peer = self._link.encrypted_for
        match self._programs.running:
            case Application():
                return None if peer is None else self._core.board.bonds.get(peer)
            case DfuMode(peer=PeerKeys() as keys):
                return keys if keys.address == peer else None
            case _:
                return None
