"""Webhooks: other programs are told of the ends of runs, signed, and again until it has arrived.

Rules of this room:

* A delivery is entered with its run, in one transaction (:mod:`firmline.line.records.outbox`), and
  removed when the other side has answered with 2xx. It may arrive twice, never not at all.
* What is sent is signed with a secret that the other side has, together with the time: nobody else
  can send it, and nobody can send it again much later.
* Behind each failure the wait doubles, up to an hour. After half a day a delivery is dead: it is
  kept and shown, and a person sends it again.
* No redirect is followed, and of an answer only the status is read.
"""
