"""Why an update failed: evidence, causes, how sure we are, and which test to do next.

Rules of this room:

* It does no I/O, keeps no clock and draws no random numbers: what was seen comes in as values, and
  what is concluded goes out as values.
* What is known of causes and tests is data (``data/causes/``, ``data/evidence.toml``): code knows
  how to reason, and no cause by its name.
* Evidence that is missing says nothing. What could not be used is said, not dropped.
"""
