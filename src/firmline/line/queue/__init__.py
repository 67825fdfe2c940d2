"""The queue: planned work on PostgreSQL, as jobs of Procrastinate that are bound to stations.

Rules of this room:

* What is true of a unit stands in its line of ``campaign_units``; a job only carries it to its
  station. Both change in one transaction, and a job that is not the one of the unit's line does
  nothing.
* A unit has a job in one campaign at a time: a unique index says so. Locks of Procrastinate are not
  used: of two jobs with one lock, the later waits for ever behind an offline station.
* Only the current wave is queued: fetching slows down with large backlogs.
* A unit that was begun belongs to its station until it is reported; only there is known what was
  done to it. Stalled jobs are put back by that station alone, when it is back.
* A run is told once, by its number: who is not sure whether a report arrived sends it again.
* Times are the server's. A station whose clock is off plans nothing wrong.

``campaigns`` is what people do to campaigns, ``desk`` what a station asks, ``worker`` its loop.
"""
