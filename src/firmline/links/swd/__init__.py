"""A unit's memory through a debug probe, as it is.

Rules of this room: nothing is written, halted or reset. The memory is read through the chip's
memory access port while its processor runs; pyOCD's own target for the nRF52 is not used, since it
erases a chip whose debug port is protected and writes to UICR, both without being asked. Registers
come first: whatever else is read, they tell of the failure.
"""
