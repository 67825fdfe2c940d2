"""Accounts and keys: who may do what on a line, and how anybody shows that he is who he says.

Rules of this room:

* What a role may do is one table (:mod:`~.roles`), and how long somebody waits behind wrong
  passwords one function (:mod:`~.throttle`); both are pure.
* No secret is kept that could be used: of a password the Argon2id hash, of keys and sessions, which
  are random and long, the SHA-256. A key is shown once, when it is made.
* Every change is in the audit trail, in the same transaction; wrong passwords are told with the
  sign-in that follows them, for anybody may give one.
* A wrong name, a wrong password and a disabled account are answered alike, and in the same time.
* The extra firmline[server] is needed for passwords alone, and is imported there.
"""
