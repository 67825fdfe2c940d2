"""Campaigns: planned work on many units, in groups of which the first is the canary. Pure.

Rules of this room:

* A campaign is made by one person and released by another one.
* The first group is the canary. A group is opened when the one before it has reached its success
  threshold, and never before; where it cannot be reached any more, the campaign pauses.
* An abort rule that is met wins over everything.
* Units are counted, not jobs and not runs: a unit counts once, by its first attempt or by its last
  as the campaign says. What was the station's fault says nothing of a unit.
* What happened is passed in, and the answer is a value: nothing is stored or asked here.
"""
