"""Formats: bytes to values and back, pure.

Rules of this room: no I/O, no clock, no randomness of its own. Every reader checks bounds before it
trusts a number and raises :class:`~firmline.errors.InputError` for whatever is wrong with a file;
every writer is reproducible: the same values give the same bytes.
"""
