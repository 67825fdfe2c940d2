"""Groups that import a command when it is called, and not before."""

from __future__ import annotations

import click
import pytest

from firmline.cli import lazy
from firmline.cli.lazy import Command, LazyGroup, Section
from firmline.cli.main import cli

SECTIONS = (
    Section("First", Command("one", "shop.one:command", "Does one thing.")),
    Section(
        "Then",
        Command("two", "shop.two:command", "Does two things."),
        Command("thirteen", "shop.none:command", "Is not there."),
    ),
)


class Shop:
    """Stands for the modules, and keeps a list of those that were fetched."""

    def __init__(self) -> None:
        self.fetched: list[str] = []
        self.command = click.Command("any", callback=lambda: None)

    def fetch(self, name: str) -> Shop:
        if name == "shop.none":
            raise ModuleNotFoundError(name)
        self.fetched.append(name)
        return self


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop()
    monkeypatch.setattr(lazy, "import_module", shop.fetch)
    return shop


@pytest.fixture
def group() -> LazyGroup:
    return LazyGroup("group", sections=SECTIONS)


def test_only_the_command_that_is_called_is_imported(shop: Shop, group: LazyGroup) -> None:
    found = group.get_command(click.Context(group), "two")
    assert found is shop.command
    assert shop.fetched == ["shop.two"]


def test_the_help_imports_nothing(shop: Shop, group: LazyGroup) -> None:
    context = click.Context(group, info_name="group")
    help_text = group.get_help(context)
    assert shop.fetched == []
    assert "\nFirst:\n  one       Does one thing.\n" in help_text
    assert "\nThen:\n  two       Does two things.\n  thirteen  Is not there." in help_text


def test_the_names_come_in_the_order_of_the_help(group: LazyGroup) -> None:
    assert group.list_commands(click.Context(group)) == ["one", "two", "thirteen"]


def test_an_unknown_name_is_no_command(shop: Shop, group: LazyGroup) -> None:
    assert group.get_command(click.Context(group), "three") is None
    assert shop.fetched == []


def test_a_command_whose_module_is_missing_is_a_defect(shop: Shop, group: LazyGroup) -> None:
    with pytest.raises(ModuleNotFoundError):
        group.get_command(click.Context(group), "thirteen")
    assert shop.fetched == []


def test_every_command_of_the_program_is_where_it_is_said_to_be() -> None:
    found = [path for path, _ in commands(cli, "firmline")]
    assert found == [
        "firmline demo",
        "firmline keys",
        "firmline keys generate",
        "firmline keys display",
        "firmline pkg",
        "firmline pkg generate",
        "firmline pkg attach-signature",
        "firmline pkg display",
        "firmline pkg check",
        "firmline pkg signer",
        "firmline pkg diff",
        "firmline pkg probes",
        "firmline pkg softdevices",
        "firmline settings",
        "firmline settings generate",
        "firmline settings display",
        "firmline update",
        "firmline dfu",
        "firmline dfu ble",
        "firmline dfu serial",
        "firmline dfu usb-serial",
        "firmline scan",
        "firmline inspect",
        "firmline bonds",
        "firmline bonds list",
        "firmline bonds forget",
        "firmline trace",
        "firmline trace show",
        "firmline trace convert",
        "firmline line",
        "firmline line init",
        "firmline line check",
        "firmline line run",
        "firmline line rework",
        "firmline line serve",
        "firmline line report",
        "firmline line worker",
        "firmline line sync",
        "firmline line campaign",
        "firmline line campaign abort",
        "firmline line campaign again",
        "firmline line campaign cancel",
        "firmline line campaign list",
        "firmline line campaign make",
        "firmline line campaign move",
        "firmline line campaign pause",
        "firmline line campaign release",
        "firmline line campaign resume",
        "firmline line campaign show",
        "firmline line campaign start",
        "firmline line export",
        "firmline line accounts",
        "firmline line accounts add",
        "firmline line accounts list",
        "firmline line accounts role",
        "firmline line accounts password",
        "firmline line accounts disable",
        "firmline line accounts enable",
        "firmline line accounts key",
        "firmline line accounts key add",
        "firmline line accounts key list",
        "firmline line accounts key revoke",
        "firmline line webhooks",
        "firmline line webhooks add",
        "firmline line webhooks list",
        "firmline line webhooks remove",
        "firmline line webhooks retry",
        "firmline line audit",
        "firmline diagnose",
        "firmline autopsy",
        "firmline sim",
        "firmline sim replay",
        "firmline sim cuts",
        "firmline sim faults",
        "firmline sim diagnose",
        "firmline sim serve",
        "firmline sim units",
    ]


def test_a_group_says_of_a_command_what_the_command_says_of_itself() -> None:
    for path, command in commands(cli, "firmline"):
        assert command.help, path
        assert command.name == path.rpartition(" ")[2]


def commands(group: click.Group, path: str) -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append((f"{path} {name}", command))
        if isinstance(command, click.Group):
            found += commands(command, f"{path} {name}")
    return found
