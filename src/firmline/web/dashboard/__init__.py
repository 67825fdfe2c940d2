"""The supervisor's pages: what the runs of a line come to, and what became of each unit.

Rules of this room:

* It shows the records, whichever database they are in, and changes nothing.
* Records are read in threads: a report that takes a second holds up no station.
* What is asked for stands in the address of a page, so that it can be sent to somebody.
"""
