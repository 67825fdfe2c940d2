"""The group ``firmline line accounts``, and the group of its keys."""

from __future__ import annotations

import click

from firmline.cli.lazy import Command, LazyGroup, Section

HERE = "firmline.cli.line_accounts"
SECTIONS = (
    Section(
        "Commands",
        Command("add", f"{HERE}.people:add", "Make an account."),
        Command("list", f"{HERE}.people:list_accounts", "List the accounts."),
        Command("role", f"{HERE}.people:role", "Give an account another role."),
        Command("password", f"{HERE}.people:password", "Give an account another password."),
        Command("disable", f"{HERE}.people:disable", "Let nobody sign in with an account."),
        Command("enable", f"{HERE}.people:enable", "Let an account be used again."),
        Command("key", f"{HERE}.group:key", "Keys of stations and programs."),
    ),
)
KEY_SECTIONS = (
    Section(
        "Commands",
        Command("add", f"{HERE}.keys:add", "Make a key, and print it this once."),
        Command("list", f"{HERE}.keys:list_keys", "List the keys, without their secrets."),
        Command("revoke", f"{HERE}.keys:revoke", "Let a key open nothing any more."),
    ),
)


@click.group(cls=LazyGroup, sections=SECTIONS)
def accounts() -> None:
    """Accounts of people and keys of stations and programs; every change is in the audit trail.

    An operator sees the line and works at its stations. An engineer plans campaigns as well, and
    reads the audit trail. A release manager releases what somebody else has planned, and manages
    webhooks.
    """


@click.group(cls=LazyGroup, sections=KEY_SECTIONS)
def key() -> None:
    """Keys that open the API to a program, or the centre to a station.

    A key is printed once, when it is made; only its hash is kept.
    """
