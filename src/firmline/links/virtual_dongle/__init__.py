"""The virtual dongle: the chip's side of an nRF Connectivity dongle, in the virtual radio's air.

Rules of this room:

* It says what a SoftDevice says, with the tables that our driver uses too; that the two do not
  agree on something wrong is seen by the maker's own driver, which updates virtual units with it.
* Bumble is used for the radio chip alone: attributes, procedures and flow control are made here.

The parts: ``attributes`` turns a procedure into a packet of the attribute protocol and its answer
into an event, ``soft_device`` carries commands out over ``peer_link``, ``chip`` speaks the serial
protocol at the pace of a UART, and ``wire`` joins it to a driver in this process.
"""
