"""``firmline pkg``: the group of the package commands."""

from __future__ import annotations

import click

from firmline.cli.lazy import Command, LazyGroup, Section

SECTIONS = (
    Section(
        "Make packages",
        Command("generate", "firmline.cli.pkg_generate:generate", "Make a DFU package."),
        Command(
            "attach-signature",
            "firmline.cli.pkg_attach_signature:attach_signature",
            "Complete a package that was signed elsewhere.",
        ),
    ),
    Section(
        "Look at packages",
        Command("display", "firmline.cli.pkg_display:display", "Show what is inside a package."),
        Command("check", "firmline.cli.pkg_check:check", "Say whether a unit would accept it."),
        Command("signer", "firmline.cli.pkg_signer:signer", "Say which key signed packages."),
        Command("diff", "firmline.cli.pkg_diff:diff", "Compare two packages."),
    ),
    Section(
        "Know units",
        Command("probes", "firmline.cli.pkg_probes:probes", "Make or show a probe pack."),
        Command("softdevices", "firmline.cli.pkg_softdevices:softdevices", "List SoftDevices."),
    ),
)


@click.group(cls=LazyGroup, sections=SECTIONS)
def pkg() -> None:
    """Make DFU packages and show what is inside."""
