"""Experiments: the same attempt again and again, under conditions that are switched in between.

Rules of this room:

* What the runs say is reckoned in :mod:`firmline.diagnosis`; here they are run. Whatever touches a
  person, a file or an instrument is passed in.
* A run is kept before it is judged: whatever breaks off the experiment, nothing is lost.
* A fault of the station (a port, a radio, the supply) is no outcome of a run. It is told, and the
  run is run again; after several in a row the experiment stops.
"""
