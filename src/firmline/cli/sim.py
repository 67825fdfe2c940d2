"""``firmline sim``: the group of the commands about virtual units."""

from __future__ import annotations

import click

from firmline.cli.lazy import Command, LazyGroup, Section

SECTIONS = (
    Section(
        "Commands",
        Command(
            "replay",
            "firmline.cli.sim_replay:replay_sessions",
            "Replay recorded sessions of the real bootloader.",
        ),
        Command("cuts", "firmline.cli.sim_cuts:cuts", "Cut the power at every flash operation."),
        Command(
            "faults",
            "firmline.cli.sim_faults:faults",
            "Update units with every fault there is, on every link.",
        ),
        Command(
            "diagnose",
            "firmline.cli.sim_diagnose:diagnose",
            "Find out why faulty units fail, test by test.",
        ),
        Command("serve", "firmline.cli.sim_serve:serve", "Serve a virtual unit to other programs."),
        Command(
            "units",
            "firmline.cli.sim_units:units",
            "List the ready units, print or check a unit file.",
        ),
    ),
)


@click.group(cls=LazyGroup, sections=SECTIONS)
def sim() -> None:
    """Virtual units: prove them against the real bootloader, put them to the test, serve them."""
