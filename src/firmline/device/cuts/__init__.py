"""Power cuts: what becomes of a unit whose power fails at any flash operation of an update.

A power cut erases RAM and registers, so what comes after it depends on flash alone. A flow is
therefore run once and its operations are recorded; the flash before each of them, and with it half
done, is then given to a new unit, which boots, is updated again, and is judged
(:mod:`firmline.device.cuts.sweep`).
"""
