"""The virtual unit: chip, flash, bootloader and application, exact and pure.

Rules of this room: no I/O, no clock, no random numbers; time is passed in. Radios and ports that
make a unit reachable live in ``links``.
"""
