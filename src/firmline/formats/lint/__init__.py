"""Lint: what is well-formed and still probably a mistake, in firmware files and finished packages.

Rules of this room: pure, from bytes alone. A finding is a warning; what is certainly wrong is
refused elsewhere (:mod:`firmline.formats.placement`) and not said a second time here. What the
table of SoftDevices does not know is not found fault with. A finding's slug is stable; what it
means and what to do is data (``data/lint.toml``), and a test proves that slugs and data agree.
"""

from firmline.formats.lint.finding import Finding, Slug
from firmline.formats.lint.packages import lint_init_packets, lint_package
from firmline.formats.lint.sources import lint_sources

__all__ = ["Finding", "Slug", "lint_init_packets", "lint_package", "lint_sources"]
