"""Command groups whose commands are imported only when they are called."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Command:
    """A command by reference.

    Attributes:
        name: As it is typed.
        target: ``module:attribute`` of the click command.
        help: One line for the group's help.
    """

    name: str
    target: str
    help: str


class Section:
    """Commands that stand together in the help.

    Args:
        title: Their heading.
        commands: The commands, in order.
    """

    def __init__(self, title: str, *commands: Command) -> None:
        self.title = title
        self.commands = commands


def fetched(command: Command) -> click.Command:
    """The command itself, imported now."""
    module, _, attribute = command.target.partition(":")
    loaded: click.Command = getattr(import_module(module), attribute)
    return loaded


class LazyGroup(click.Group):
    """A group made of sections of :class:`Command`."""

    def __init__(self, *args: Any, sections: tuple[Section, ...] = (), **kwargs: Any) -> None:  # noqa: ANN401 - click's own signature
        super().__init__(*args, **kwargs)
        self._sections = sections
        self._by_name = {
            command.name: command for section in sections for command in section.commands
        }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of the help."""
        return list(self._by_name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command with this name."""
        command = self._by_name.get(cmd_name)
        if command is None:
            return super().get_command(ctx, cmd_name)
        return fetched(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """One block per section, from the one-line helps: nothing is imported."""
        width = max(len(name) for name in self._by_name)
        for section in self._sections:
            with formatter.section(section.title):
                formatter.write_dl(
                    [(command.name.ljust(width), command.help) for command in section.commands]
                )
