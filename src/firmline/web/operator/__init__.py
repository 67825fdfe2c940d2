"""The operator's page: one giant state per slot, and what is scanned.

Rules of this room:

* A browser is told of what has changed, never of a backlog: of each slot it gets the newest state.
  One that is slow, or asleep, holds nobody up.
* What is scanned on the page is understood by the same words, and checked by the same station, as
  what is scanned at the terminal.
* No mouse is needed: the scan field has the focus, and every action has a word.

``cards`` says what a slot looks like, ``hub`` tells browsers, ``board`` holds what they are told,
and ``routes`` answers them.
"""
