"""Commands that take a file, or the name of a command of their own in its place."""

from __future__ import annotations

from typing import Any

import click

from firmline.cli.lazy import Command, fetched
from firmline.cli.parameters import OnceCommand


class WithSubcommands(OnceCommand):
    """A command whose first word may be one of its own commands.

    A file of such a name is written with its folder: ``./batch``.

    Args:
        subcommands: The commands, in order.
    """

    def __init__(self, *args: Any, subcommands: tuple[Command, ...] = (), **kwargs: Any) -> None:  # noqa: ANN401 - click's own signature
        super().__init__(*args, **kwargs)
        self.subcommands = subcommands

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - click's own signature
    ) -> click.Context:
        """The context of this command, or of the one that is named first."""
        for each in self.subcommands:
            if args[:1] == [each.name]:
                name = f"{info_name} {each.name}"
                return fetched(each).make_context(name, args[1:], parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, and the commands."""
        super().format_options(ctx, formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(each.name, each.help) for each in self.subcommands])
