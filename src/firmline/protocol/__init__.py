"""Secure DFU without I/O: one vocabulary of messages, two ends.

Rules of this room: no I/O, no clock, no event loop. Time is passed in. Any split of the byte
stream gives the same events.
"""
