"""The bench: a virtual unit on which diagnostic tests are done as a person does them on a real one.

Rules of this room:

* A test turns what a person can turn (the host, the reset pin, the supply, a probe), runs the real
  updater over the real virtual link again, and reads what trace, air, probe and oscilloscope show.
  Nobody here asks which fault was injected, but for :mod:`~firmline.updater.bench.truths`, which
  judges the verdict at the end.
* What a test destroys is destroyed: a reset gives lost buffers back, a loss of power clears every
  register, an update that passes has healed what it has healed.
* What cannot be told is not told. A test that cannot be begun takes no minutes, and says nothing.

The parts: ``attempt`` is one update and what it was given, ``places`` are where a unit stands and
how it is reached, ``bench`` has the unit's history, ``probe`` is the debug probe, ``looking`` and
``trying`` do the tests, ``work`` goes from one test to the next, ``incidents`` are what is wrong
with units, ``truths`` which cause that is.
"""
