"""The audit trail: who changed what, in a chain that shows whether it was changed itself.

Rules of this room:

* An entry names the digest of the one before it, and its own digest covers all that it tells.
  Whoever notes one digest down elsewhere can prove later that nothing before it was changed.
* Entries are only added. The databases themselves refuse to change or to remove one, which stops
  mistakes; that somebody who owns the database did so all the same shows in the chain.
* An entry is written in the transaction of the change that it tells, as its last statement: either
  both are there or neither, and nobody waits for the trail while he holds it.
* :mod:`~firmline.line.audit.chain` is pure; times are handed to it.
* No entry holds a secret: no password, no key, no digest of either.
"""
