"""Which lines of a text are looked into for passwords, and that none is missed by that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmline.cli.report import passwords
from firmline.cli.report.passwords import holds_password
from firmline.errors import without_secrets

HARMLESS = '{"type": "packets_sent", "at_s": 1.5, "size": 244, "capabilities": {"mtu_request": 1}}'
SECRETS = (
    *("password=hunter2", '"Passphrase": "hunter2"', "PASSCODE => hunter2", "passkey is 123456"),
    *("passwd: x1", "pwd=x1", "--psk x1", "LTK: 0011", "irk=0011", "csrk: 0011", "--api-key x1"),
    *("client_secret: x1", "credentials=x1", "access_token=x1", "session-key: x1", "IdToken=x1"),
    *(
        "PIN: 1234",
        "pin-value=1234",
        "token: abcdefgh",
        "Authorization: Basic eA==",
        "bearer x1x1x1x1",
    ),
    *(
        "ghp_" + "a1" * 10,
        "GHR_" + "a1" * 10,
        "AKIA" + "Z9" * 8,
        "eyJ" + "a" * 12 + ".eyJ" + "b" * 12,
    ),
    *("https://me:hunter2@example.com/", "'ltk=0011", "&secret%3dx1"),
    *("pa\u017fsword=x1", "p\u0131n: 1234", "P\u0130N=1234", "to\u212aen: abcdefgh"),
)


def by_the_whole(text: str) -> bool:
    """The same without a choice of lines."""
    return without_secrets(text) != text or any(each.search(text) for each in passwords._PATTERNS)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_secret_is_found_in_any_line(secret: str, end: str) -> None:
    assert by_the_whole(secret)
    for lines in ([secret, HARMLESS], [HARMLESS, secret], [HARMLESS, "x", secret, HARMLESS]):
        assert holds_password(end.join(lines).encode())


PIECES = st.sampled_from(
    [
        *SECRETS,
        HARMLESS,
        *"\n\r\t =:\"'.\\&?\u2028\x85",
        "password",
        "token",
        "key",
        "id",
        "pin",
        "is",
        "12345678",
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=8).map("".join))
def test_no_choice_of_lines_changes_what_is_found(text: str) -> None:
    clean = text.encode("utf-8", "replace").decode()
    assert holds_password(b"-" * 64 + b"\n" + clean.encode()) is by_the_whole(f"-\n{clean}")


def test_only_lines_that_may_hold_one_are_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten megabytes of a trace took four seconds of a report's six."""
    looked_into = []

    def noted(text: str) -> str:
        looked_into.append(text)
        return without_secrets(text)

    monkeypatch.setattr(passwords, "without_secrets", noted)
    lines = [HARMLESS] * 500 + ["the token of a race"] + [HARMLESS] * 500
    assert not holds_password("\n".join(lines).encode())
    assert looked_into == ["the token of a race"]
