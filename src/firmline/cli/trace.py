"""``firmline trace``: the group of the commands about traces."""

from __future__ import annotations

import click

from firmline.cli.lazy import Command, LazyGroup, Section

SECTIONS = (
    Section(
        "Commands",
        Command("show", "firmline.cli.trace_show:show", "Draw a trace as a time line."),
        Command(
            "convert",
            "firmline.cli.trace_convert:convert",
            "Write a trace for Wireshark or a spreadsheet.",
        ),
    ),
)


@click.group(cls=LazyGroup, sections=SECTIONS)
def trace() -> None:
    """Traces, which update and inspect keep with --trace: read them, take them to other tools."""
