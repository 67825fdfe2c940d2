"""Pages, API and sync of the production line, over HTTP.

Rules of this room:

* It shows and passes on. What is decided, counted or kept is decided, counted and kept in ``line``,
  which knows nothing of HTTP.
* No request leaves the machine that serves: scripts and styles lie in ``assets``, and
  ``assets/VENDORED.toml`` says where each comes from.
* It listens on loopback unless somebody names another address, and then everybody logs in.
"""
