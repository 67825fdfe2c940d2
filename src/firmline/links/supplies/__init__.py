"""Supplies: what feeds a unit in an experiment, behind one small interface.

Rules of this room:

* A supply says what it can do (:class:`~firmline.links.supplies.base.Abilities`); what it cannot is
  refused before anything is switched, and never left out without a word.
* Nothing is switched on before its voltage is seen to be within the limits.
* However an experiment ends, the supply is left in a state that is told: on at the voltage at which
  it was found on, if nothing has gone wrong and it reaches that voltage, and off otherwise. What
  cannot be reached any more is told as not known.
* A supply that feeds something else is not touched.
* A supply is a station's part: what goes wrong with it is no outcome of a run.
* Its libraries are imported when it is opened, and not before.
"""
