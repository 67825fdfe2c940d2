"""Drawings of statistics as SVG, for pages that are printed, mailed, or served.

Rules of this room:

* A drawing is text made from values: no I/O, no clock, no template engine.
* Colours are the page's: shapes have classes, and no style of their own, so that a page may forbid
  styles that it does not know, and be dark or printed.
* Every text in it is escaped.
"""
