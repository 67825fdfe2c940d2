"""Serving: other programs reach a virtual unit through a serial port or a Bluetooth controller.

Rules of this room:

* Time is real: the event loop's clock drives the unit, and nothing here sleeps.
* Everything listens on 127.0.0.1 or on a path of the user's, never on a network.
* What a client sends can end that client alone. Everything opened is given back at the end.

The parts: ``place`` reads where to serve, ``open`` opens it, ``witness`` tells what happens in the
unit; ``serial_driver`` drives a serial unit, to which ``pseudo_terminal`` and ``tcp`` lead;
``hci`` gives each client a Bluetooth controller; ``sockets`` listens and owns the clients.
"""
