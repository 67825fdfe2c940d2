"""The nRF Connectivity dongle: a SoftDevice behind a serial port, driven without native code.

Rules of this room:

* ``wire`` is pure: bytes and times in, bytes and values out. It speaks for both ends, so that the
  virtual dongle of the tests says what our driver hears, and both are compared with bytes that the
  maker's own driver has sent.
* Everything here is a fact of the protocol as it is seen on the wire, and no code of the maker's.
"""
