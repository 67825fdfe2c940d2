"""``firmline line``: the group of the commands of a production line."""

from __future__ import annotations

import click

from firmline.cli.lazy import Command, LazyGroup, Section

SECTIONS = (
    Section(
        "Commands",
        Command("init", "firmline.cli.line_init:init", "Write a recipe to start from."),
        Command("check", "firmline.cli.line_check:check", "Read a recipe as a station does."),
        Command("run", "firmline.cli.line_run:run", "Run a station: unit after unit."),
        Command("rework", "firmline.cli.line_rework:rework", "Let a mended unit run again."),
        Command("serve", "firmline.cli.line_serve:serve", "Serve the pages of a line."),
        Command(
            "report", "firmline.cli.line_report.command:report", "Yields, and what goes wrong."
        ),
        Command(
            "worker", "firmline.cli.line_worker:worker", "Run a station that does planned work."
        ),
        Command("sync", "firmline.cli.line_sync:sync", "Send records to the centre."),
        Command("campaign", "firmline.cli.line_campaign:campaign", "Plan work on many units."),
        Command("export", "firmline.cli.line_export:export", "Print the runs of its records."),
        Command(
            "accounts", "firmline.cli.line_accounts.group:accounts", "Accounts, roles and keys."
        ),
        Command("webhooks", "firmline.cli.line_webhooks:webhooks", "Tell other programs of runs."),
        Command("audit", "firmline.cli.line_audit:audit", "Verify who changed what."),
    ),
)


@click.group(cls=LazyGroup, sections=SECTIONS)
def line() -> None:
    """A production line: recipes, which say what is done to each unit, and records of what was."""
