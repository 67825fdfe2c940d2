"""Links: how bytes travel between host and unit.

Rules of this room: see :mod:`firmline.links.base`. Each backend is imported only when it is used.
"""
