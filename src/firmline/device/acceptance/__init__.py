"""Would this unit accept this package? Answered by the virtual bootloader's own checks.

Rules of this room: no check is written here a second time. What decides is what the bootloader
runs (:mod:`firmline.device.bootloader`), on the flash of a unit that was made from its description;
what was accepted is then sent to that unit in lock step, so that a second image meets the unit that
the first one leaves, and the answer that was foretold is compared with the one that was given.
"""
