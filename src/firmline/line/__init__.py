"""The production line: what is done to a unit, in which order, and what that shows.

Rules of this room:

* FAIL is the unit's fault, ERROR the station's (:mod:`firmline.line.outcomes`); nothing that the
  station could not do ever counts against a unit, and nothing that was not seen counts for one.
* What decides is pure and can be asked without a station: outcomes, the recipe (``line.recipe``)
  and its rules of retests do no I/O and keep no clock. What reads files or starts processes stands
  beside them, and says so.
* A customer's own code is never run inside a process of ours.
"""
