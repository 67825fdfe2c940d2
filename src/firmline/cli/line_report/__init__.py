"""``firmline line report``: what the runs of a line come to, in five forms.

Rules of this room:

* Every form is made from one :class:`~firmline.line.reporting.LineReport`, and leaves out no number
  that another one has, but for the points of the charts, which only the page and JSON draw.
* Names come from recipes, stations and scanners: they are cleaned before they are shown.
* Shares are in percent for people and 0 to 1 for programs; times are UTC.
"""
