"""Statistics: what the runs of a line come to.

Rules of this room:

* It does no I/O and keeps no clock: counts and readings come in as values, and what they come to
  goes out as values. How they are read out of records is :mod:`firmline.line.records`' business.
* What is the station's fault (ERROR, TIMEOUT, ABORTED) neither counts against a unit nor for it.
* Golden samples check the station: they are told apart and count nowhere.
* Every share and every index comes with an interval of 95 %, or is not told.
* Every constant and every rule names its source.
"""
