"""Who may come in where there are accounts: people with a session, programs with a key.

Rules of this room:

* As long as there is no account, whoever is at this computer is let in as an operator, and nobody
  else reaches the server. With the first account everybody signs in, at once and everywhere.
* What may be done where is one table (:mod:`~.rules`); an address that is not in it and changes
  something needs the rarest permission.
* A session is a cookie that scripts do not see and other sites do not send. A request that changes
  something in its name has to say that it comes from a page of ours.
* A key is shown in the header ``Authorization`` alone, never in an address, which logs keep.
"""
