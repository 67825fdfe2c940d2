"""``firmline dfu``: updates with nrfutil's words."""

from __future__ import annotations

import click

from firmline.cli.lazy import Command, LazyGroup, Section

SECTIONS = (
    Section(
        "Commands",
        Command(
            "ble",
            "firmline.cli.dfu_ble:ble",
            "Update a unit over Bluetooth LE, with nrfutil's options.",
        ),
        Command(
            "serial",
            "firmline.cli.dfu_serial:serial",
            "Update a unit through its serial port, with nrfutil's options.",
        ),
        Command(
            "usb-serial",
            "firmline.cli.dfu_usb_serial:usb_serial",
            "Update a unit that is plugged in by USB, with nrfutil's options.",
        ),
    ),
)


@click.group(cls=LazyGroup, sections=SECTIONS)
def dfu() -> None:
    """Update units with nrfutil's commands and options.

    What they do is what firmline update does, and so are the exit codes: 0 only when the new
    application was seen, 5 when everything was sent and nothing shows what runs.
    """
