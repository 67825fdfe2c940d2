"""The report of a failure, which somebody else can read: one page, or one JSON object.

Rules of this room:

* Page and JSON say the same: both are made from one :class:`~firmline.cli.report.content.Report`.
* Whatever comes from a unit, a file or a person is cleaned when it is taken up, and escaped by the
  template engine when it is drawn. A page that was opened asks no network and runs no script.
* Private keys do not get in. What looks like a secret is listed, and not embedded.
* What was left out for its size is said, with how much it was.
"""
