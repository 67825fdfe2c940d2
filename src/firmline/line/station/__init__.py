"""The station: one computer with its slots, which take one unit after another.

Rules of this room:

* Nothing is done to a unit before the beginning of its run is on the disk, and no step before the
  one behind it. A station that was killed finds what it had begun, and says which unit was half
  done.
* Scanning depends on no network and no server: recipe and packages were read before the shift, and
  records go into a file of this computer.
* FAIL is the unit's fault, ERROR the station's. A failed unit is named until somebody acknowledges
  it; a slot with an error takes no unit until then.
* A record that cannot be written now is kept until it can be, and no new run is begun meanwhile.
* What went wrong in one slot disturbs no other.

``run`` carries out a recipe on one unit, ``steps`` knows how each kind of step is done,
``journal`` writes, ``slots`` is what people see of it, and ``station`` holds them together.
"""
