"""Makes a virtual unit reachable: its radio chip, its GATT server, its advertising.

The unit is passive: each input is followed by taking its outputs and carrying them out in order,
within the same call. Only powering the radio on takes more than one step; one task per boot does
that, and dies with the boot.
"""

from __future__ import annotations

import asyncio
from typing import assert_never

from bumble import hci
from bumble.device import (
    AdvertisingType,
    Connection,
    Device,
    DeviceConfiguration,
    LegacyAdvertiser,
)

from firmline.device.radio_face import (
    AttStatus,
    DropLink,
    Indicate,
    IndicateChange,
    LoseHost,
    Notify,
    RadioUnit,
    Restarted,
    UnitAdvertisement,
    UnitOutput,
)
from firmline.formats.peer_data import PeerKeys
from firmline.links.bumble.address import from_bumble, to_bumble
from firmline.links.bumble.host import QuietHost
from firmline.links.bumble.keys import SharedKeys, just_works
from firmline.links.gatt import SUPERVISION_TIMEOUT
from firmline.links.virtual_radio.air import Air
from firmline.links.virtual_radio.controller import RadioController
from firmline.links.virtual_radio.server import UnitServer
from firmline.links.virtual_radio.unit_device import UnitDevice
from firmline.protocol.channels import Channel

_EARLY_S = 1e-6  # An event loop may run a timer early by its clock's resolution.


class UnitPeripheral:
    """A unit in the air.

    Args:
        unit: The unit; it is driven with the event loop's time.
        air: Where it is heard.
    """

    def __init__(self, unit: RadioUnit, air: Air) -> None:
        self.unit = unit
        self._air = air
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._boot()
        self.settle()

    async def close(self) -> None:
        """Take the unit out of the air; harmless when done before."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._shut_down()
        await asyncio.gather(*self._ending, return_exceptions=True)

    # One boot of the radio.

    def _boot(self) -> None:
        """Bring up a new radio chip for the mode that the unit is in now."""
        services = self.unit.services
        self._link: Connection | None = None
        self._on_air: UnitAdvertisement | None = None
        self._powered = False
        self._controller = RadioController(self.unit.name, self._air, subversion=services.fwid)
        self._controller.owner = self
        self._host = QuietHost(self.unit.name)
        self._host.join(self._controller)
        config = DeviceConfiguration(name=self.unit.name, gatt_service_enabled=False)
        if (advertisement := self.unit.advertisement) is not None:
            config.address = to_bumble(advertisement.address)
        self._device = UnitDevice(config=config, host=self._host)
        security = services.security
        self._device.pairs = security.pairs
        self._device.keystore = SharedKeys(security.bonds.get, self._on_bond)
        self._device.pairing_config_factory = just_works
        self._server = UnitServer(self._device, services, self)
        self._device.gatt_server = self._server
        self._device.on(Device.EVENT_CONNECTION, self._on_connection)
        self._task = self._loop.create_task(self._power_on())

    def _shut_down(self) -> None:
        """Cut the radio's power: nothing of this boot is heard of any more."""
        self._controller.vanish()
        self._link = None
        if not self._task.done():
            self._ending.add(self._task)
            self._task.add_done_callback(self._ending.discard)
            self._task.cancel()

    async def _power_on(self) -> None:
        await self._device.power_on()
        self._powered = True
        self._advertise()

    def _advertise(self) -> None:
        """Make what is in the air equal to what the unit wants there."""
        wanted = self.unit.advertisement
        # One central at a time, and no advertising while it is there (spec section 11).
        if not self._powered or self._link is not None or wanted == self._on_air:
            return
        self._on_air = wanted
        only_for = None if wanted is None else wanted.only_for
        self._controller.only_for = None if only_for is None else to_bumble(only_for)
        self._host.post(hci.HCI_LE_Set_Advertising_Enable_Command(advertising_enable=0))
        if wanted is not None:
            # What pairing computes with; the unit may not have had one when its radio came up.
            self._device.random_address = to_bumble(wanted.address)
            self._device.static_address = to_bumble(wanted.address)
            # Bumble wonders about a central that connects to a device without an advertiser.
            self._device.legacy_advertiser = LegacyAdvertiser(
                device=self._device,
                advertising_type=AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE,
                own_address_type=hci.OwnAddressType.RANDOM,
                peer_address=hci.Address.ANY,
                auto_restart=False,
            )
            for command in _advertising(wanted):
                self._host.post(command)

    # The central comes and goes.

    def _on_connection(self, connection: Connection) -> None:
        self._link = connection
        self._on_air = None  # The chip stops advertising by itself.
        connection.on(Connection.EVENT_DISCONNECTION, self._on_disconnection)
        connection.on(Connection.EVENT_CONNECTION_PARAMETERS_UPDATE, self._on_new_interval)
        connection.on(Connection.EVENT_CONNECTION_ENCRYPTION_CHANGE, self._on_encrypted)
        self.unit.connected(now_s=self._loop.time(), interval_s=self._interval_s())
        self.settle()

    def _on_bond(self, keys: PeerKeys) -> None:
        self.unit.bonded(keys, now_s=self._loop.time())
        self.settle()

    def _on_encrypted(self) -> None:
        if self._link is not None and self._link.is_encrypted:
            peer = from_bumble(self._link.peer_address)
            self.unit.encrypted(peer, now_s=self._loop.time())
            self.settle()

    def _on_new_interval(self) -> None:
        self.unit.interval_changed(self._interval_s(), now_s=self._loop.time())
        self.settle()

    def _interval_s(self) -> float | None:
        """The interval of the one connection there is."""
        connections = self._controller.le_connections.values()
        return next((self._air.interval_s(connection) for connection in connections), None)

    def _on_disconnection(self, _reason: int) -> None:
        self._link = None
        self.unit.disconnected(now_s=self._loop.time())
        self.settle()

    # What the radio tells (see schedule.Owner).

    def radio_used(self, start_s: float, end_s: float) -> None:
        """The radio was on; the unit's supply feels it."""
        self.unit.radio_used(start_s, end_s, now_s=self._loop.time())
        self.settle()

    def deaf_until_s(self, now_s: float) -> float:
        """Until when the unit's flash has the chip."""
        return self.unit.radio_blocked_until_s(now_s=now_s)

    # What the server hears (see server.UnitSide).

    def write(self, channel: Channel, data: bytes) -> AttStatus:
        """The central wrote a value."""
        return self.unit.receive(channel, data, now_s=self._loop.time())

    def subscribe(self, channel: Channel, enabled: bool) -> None:
        """The central switched notifications or indications."""
        self.unit.subscribed(channel, enabled, now_s=self._loop.time())

    def confirm(self, channel: Channel) -> None:
        """The central confirmed an indication."""
        self.unit.indication_confirmed(channel, now_s=self._loop.time())

    def wants_changes(self, enabled: bool) -> None:
        """The central wrote the CCCD of Service Changed."""
        self.unit.wants_changes(enabled, now_s=self._loop.time())

    def change_confirmed(self) -> None:
        """The central confirmed Service Changed."""
        self.unit.change_confirmed(now_s=self._loop.time())

    # What the unit wants done.

    def settle(self) -> None:
        """Carry out what the unit wants done after an input."""
        for output in self.unit.take_outputs():
            self._carry_out(output)
        self._advertise()
        self._wake_later()

    def _carry_out(self, output: UnitOutput) -> None:
        match output:
            case Notify():
                if self._link is not None:
                    self._server.notify(self._link, output.channel, output.data)
            case Indicate():
                if self._link is not None:
                    self._server.indicate(self._link, output.channel, output.data)
            case IndicateChange():
                if self._link is not None:
                    self._server.indicate_change(self._link)
            case DropLink():
                self._controller.drop_link(output.reason)
            case Restarted():
                self._shut_down()
                self._boot()
            case LoseHost():  # The central is not silenced, it only loses the link.
                self._controller.drop_link(SUPERVISION_TIMEOUT)
            case _:
                assert_never(output)

    def _wake_later(self) -> None:
        """Set the timer; one that is set too early is left, since it looks again by itself."""
        due_s = self.unit.next_wake_s()
        if due_s is None or (self._timer is not None and self._timer.when() <= due_s):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(due_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        due_s = self.unit.next_wake_s()
        if due_s is not None and due_s <= self._loop.time() + _EARLY_S:
            self.unit.wake(now_s=max(self._loop.time(), due_s))
            self.settle()
        else:
            self._wake_later()


def _advertising(wanted: UnitAdvertisement) -> list[hci.HCI_Command]:
    """The commands that make a radio chip, which is silent, advertise."""
    interval = max(int(wanted.interval_ms / 0.625), 0x20)  # At least 20 ms (HCI, 7.8.5).
    return [
        hci.HCI_LE_Set_Random_Address_Command(random_address=to_bumble(wanted.address)),
        hci.HCI_LE_Set_Advertising_Parameters_Command(
            advertising_interval_min=interval,
            advertising_interval_max=interval,
            advertising_type=int(AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE),
            own_address_type=hci.OwnAddressType.RANDOM,
            peer_address_type=hci.Address.ANY.address_type,
            peer_address=hci.Address.ANY,
            advertising_channel_map=7,
            advertising_filter_policy=0,
        ),
        hci.HCI_LE_Set_Advertising_Data_Command(advertising_data=wanted.data),
        hci.HCI_LE_Set_Advertising_Enable_Command(advertising_enable=1),
    ]
