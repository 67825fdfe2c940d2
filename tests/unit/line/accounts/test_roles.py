"""Who may do what: the table, line by line."""

from __future__ import annotations

import pytest

from firmline.line.accounts.roles import PEOPLE, PERMISSIONS, Permission, Role, may

ALLOWED = {
    Role.OPERATOR: "SEE WORK",
    Role.ENGINEER: "SEE WORK PLAN AUDIT",
    Role.RELEASE_MANAGER: "SEE WORK PLAN AUDIT RELEASE MANAGE",
    Role.STATION: "SYNC",
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_the_table(role: Role, permission: Permission) -> None:
    assert may(role, permission) is (permission.name in ALLOWED[role].split())


def test_every_role_stands_in_it_and_people_are_no_stations() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert set(PEOPLE) == set(Role) - {Role.STATION}


def test_every_permission_is_somebodys() -> None:
    assert frozenset().union(*PERMISSIONS.values()) == set(Permission)
