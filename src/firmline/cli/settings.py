"""``firmline settings``: the group of the commands for bootloader settings pages."""

from __future__ import annotations

import click

from firmline.cli.lazy import Command, LazyGroup, Section

SECTIONS = (
    Section(
        "Commands",
        Command(
            "generate",
            "firmline.cli.settings_generate:generate",
            "Make a settings page for a programmer.",
        ),
        Command(
            "display", "firmline.cli.settings_display:display", "Show the settings pages in a file."
        ),
    ),
)


@click.group(cls=LazyGroup, sections=SECTIONS)
def settings() -> None:
    """Make bootloader settings pages and show those in hex files and flash dumps."""
