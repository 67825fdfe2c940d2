"""The fault matrix: every fault of the virtual unit on every kind of link, and what comes of it.

An update of a faulty unit may end in many ways, and only one is forbidden: to be called updated
when it is not. The virtual unit's true state is known, so that the outcome is compared with it.

The parts: ``subjects`` are the units before anything is wrong with them, ``cases`` what is wrong,
``trial`` updates one, and ``endings`` are what came of it.
"""
