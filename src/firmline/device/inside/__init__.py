"""What is inside a virtual unit; outside it is :class:`firmline.device.unit.VirtualUnit` alone.

Rules of this room: each part looks after one thing and knows only parts that come before it here:
``core`` (times, log, outbox, faults), ``appearance``, ``link``, ``programs``, ``life``, ``radio``,
``agenda``. Only the agenda moves the time on, and only when the unit asks it to.
"""
