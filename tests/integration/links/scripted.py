"""A scripted unit: the smallest thing that a radio can make reachable, and a record of its life."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from firmline.device.radio_face import (
    AttStatus,
    DropLink,
    Indicate,
    Notify,
    ResetKind,
    Restarted,
    UnitAdvertisement,
    UnitOutput,
    UnitServices,
)
from firmline.formats.peer_data import PeerKeys
from firmline.protocol.channels import Channel
from firmline.values import BleAddress

APPLICATION = frozenset({Channel.BUTTONLESS})
BOOTLOADER = frozenset({Channel.CONTROL, Channel.PACKET})
HOME = BleAddress.parse("E1:22:33:44:55:66")
FWID = 0x0103

ENTER = b"\x01"
REFUSE = b"\xfd"
DROP = b"\xd0"
RESTART = b"\xff"


def advertising(name: str, *, plain: bool = False) -> bytes:
    """Flags, Secure DFU service and name, as a bootloader sends them (spec section 11).

    An application that does not list the service is plain.
    """
    text = name.encode()
    begin = "020106" if plain else "020106030259FE"
    return bytes.fromhex(begin) + bytes([len(text) + 1, 0x09]) + text


@dataclass
class ScriptedUnit:
    """Echoes control writes, counts packets, and does as single bytes tell it.

    ``life`` records every input, in order; packets as one running count.
    """

    name: str = "scripted"
    address: BleAddress = HOME
    channels: frozenset[Channel] = BOOTLOADER
    max_mtu: int = 247
    interval_ms: float = 20.0
    silent: bool = False
    plain: bool = False
    only_for: BleAddress | None = None
    device_information: tuple[tuple[int, str], ...] = ()
    legacy_dfu: bool = False
    battery_level: int | None = None
    restart_after_packets: int | None = None
    jumps: bool = True
    life: list[str] = field(default_factory=list)
    packets: int = 0
    size: int = 0
    crc: int = 0
    wake_at_s: float | None = None
    boots: int = 1
    _outputs: list[UnitOutput] = field(default_factory=list)

    @property
    def advertisement(self) -> UnitAdvertisement | None:
        if self.silent:
            return None
        return UnitAdvertisement(
            address=self.address,
            data=advertising(self.name, plain=self.plain),
            interval_ms=self.interval_ms,
            only_for=self.only_for,
        )

    @property
    def services(self) -> UnitServices:
        return UnitServices(
            channels=self.channels,
            device_information=self.device_information,
            max_mtu=self.max_mtu,
            fwid=FWID,
            legacy_dfu=self.legacy_dfu,
            battery_level=self.battery_level,
        )

    def say(self, *outputs: UnitOutput) -> None:
        self._outputs.extend(outputs)

    def connected(self, *, now_s: float, interval_s: float | None = None) -> None:
        assert now_s > 0
        assert interval_s is None or interval_s >= 0.0075
        self.life.append("connected")

    def bonded(self, keys: PeerKeys, *, now_s: float) -> None:
        assert now_s >= 0
        self.life.append(f"bonded with {keys.address}")

    def encrypted(self, peer: BleAddress, *, now_s: float) -> None:
        assert now_s >= 0
        self.life.append(f"encrypted for {peer}")

    def disconnected(self, *, now_s: float) -> None:
        assert now_s > 0
        self.life.append("disconnected")

    def subscribed(self, channel: Channel, enabled: bool, *, now_s: float) -> None:
        assert now_s > 0
        self.life.append(f"{channel} {'on' if enabled else 'off'}")

    def receive(self, channel: Channel, data: bytes, *, now_s: float) -> AttStatus:
        assert now_s > 0
        if channel is Channel.PACKET:
            self._take_packet(data)
            return AttStatus.OK
        self.life.append(f"{channel} {data.hex()} after {self.packets}")
        if data == REFUSE:
            return AttStatus.CCCD_IMPROPERLY_CONFIGURED
        if channel is Channel.BUTTONLESS:
            self.say(Indicate(channel=channel, data=b"\x20" + data + b"\x01"))
        elif data == DROP:
            self.say(DropLink(reason=0x13))
        elif data == RESTART:
            self.restart()
        else:
            self.say(Notify(channel=channel, data=data))
        return AttStatus.OK

    def _take_packet(self, data: bytes) -> None:
        self.packets += 1
        self.size += len(data)
        self.crc = zlib.crc32(data, self.crc)
        if self.packets == self.restart_after_packets:
            self.restart()

    def wants_changes(self, enabled: bool, *, now_s: float) -> None:
        assert now_s > 0
        self.life.append(f"changes {'on' if enabled else 'off'}")

    def change_confirmed(self, *, now_s: float) -> None:
        assert now_s > 0
        self.life.append("change confirmed")

    def indication_confirmed(self, channel: Channel, *, now_s: float) -> None:
        assert now_s > 0
        self.life.append(f"{channel} confirmed")
        if self.jumps:
            self.address = self.address.plus_one()
            self.channels = BOOTLOADER
            self.restart()

    def restart(self, *, kind: ResetKind = ResetKind.SOFT) -> None:
        self.boots += 1
        self.life.append("restarted")
        self.say(Restarted(kind=kind))

    def interval_changed(self, interval_s: float | None, *, now_s: float) -> None:
        assert now_s > 0
        self.life.append(f"interval {interval_s}")

    def radio_used(self, start_s: float, end_s: float, *, now_s: float) -> None:
        assert start_s <= end_s <= now_s

    def radio_blocked_until_s(self, *, now_s: float) -> float:
        return now_s

    def take_outputs(self) -> list[UnitOutput]:
        outputs, self._outputs = self._outputs, []
        return outputs

    def next_wake_s(self) -> float | None:
        return self.wake_at_s

    def wake(self, *, now_s: float) -> None:
        assert self.wake_at_s is not None
        assert now_s >= self.wake_at_s
        self.wake_at_s = None
        self.life.append("woken")
        self.silent = False
