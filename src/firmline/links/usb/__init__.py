"""USB: units that are found by their serial number, whichever port they have at the moment.

Rules of this room:

* A unit is its serial number. Its port, its product and its address change with every restart, so
  nothing is remembered of them; two devices with one serial number are nobody's unit.
* What a computer knows of its USB devices comes through one small interface
  (:class:`~firmline.links.usb.bus.UsbBus`): the devices there are, and requests to one of them. The
  computer's own (``host_bus``: pyserial and pyusb, thin) and that of virtual units (``virtual``)
  cannot be told apart by anybody else.
* Bytes of a DFU go through the unit's serial port, as everywhere (:mod:`firmline.links.serial`).
* pyusb and libusb (``firmline[usb]``) are needed for an application that is to be asked into its
  bootloader, and for nothing else: without them a unit that waits in its bootloader is updated.

The parts: ``device`` is a device as a value, ``joining`` makes it of what pyserial and libusb say,
``link`` is one unit as the updater sees it, ``problems`` puts what goes wrong into sentences.
"""
