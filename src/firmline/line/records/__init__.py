"""Records: what the line remembers of every run on every unit, for ever.

Rules of this room:

* A record is written once and never changed: what is found out later is another record. Every
  record is a row with a number of its station, and (station, sequence) names it everywhere.
* Writing is idempotent: a station that is not sure whether its rows arrived sends them again, in
  any order, and nothing is doubled. The same number with other content is refused, because then two
  computers use one station's name, and one of them would lose its records in silence.
* A batch of rows is kept whole or not at all.
* Times are aware and kept in UTC. A naive time is refused: nobody could say later what it meant.
* A run that was begun and has no end is a unit that was left half done: it is found by asking
  :meth:`~firmline.line.records.base.Records.half_done`.
* Attachments lie beside the database under their SHA-256; a row holds the hash.
* SQLAlchemy, Alembic and psycopg are imported only where a database is opened.
"""
