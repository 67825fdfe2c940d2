"""Records on their way from a station to the centre.

Rules of this room:

* The station's own records are the outbox: rows go in the order of their numbers, and the centre
  says up to which it has them. Nothing else remembers how far it has come, so nothing can be wrong.
* A batch that may not have arrived is sent again; it is kept once, because (station, number) names
  a row. The last row that the centre has is sent once more each time: if it tells something else,
  two computers use one name, or one was set back, and nothing is sent.
* Attachments go before the rows that name them: a row at the centre has its files there.
* The way may be slow, broken or gone for days. Scanning never waits for it.
* What the centre does not understand it refuses as a whole, and says which side is older.
"""
