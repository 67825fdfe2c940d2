"""Where to serve, as it is typed."""

from __future__ import annotations

import pytest

from firmline.errors import Code, InputError
from firmline.links.serving.place import Place, Road, parse_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("pty", Place(road=Road.PTY)),
        ("tcp:0", Place(road=Road.TCP)),
        ("tcp:65535", Place(road=Road.TCP, port=65535)),
        ("hci-tcp:6402", Place(road=Road.HCI_TCP, port=6402)),
        ("hci-unix:a b:c", Place(road=Road.HCI_UNIX, path="a b:c")),
        ("nrfconn", Place(road=Road.NRFCONN)),
    ],
)
def test_a_place_is_understood(text: str, place: Place) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize(
    "text",
    [
        *("", "foo", "foo:1", "PTY", "pty:", "pty:1", "tcp", "tcp:", "tcp:x", "tcp:-1", "tcp: 1"),
        *("tcp:1.0", "tcp:127.0.0.1:1", "tcp:٣", "tcp:123456", "hci-tcp:", "hci-unix", "hci-unix:"),
        *("nrfconn:", "nrfconn:1", "hci-unix:\0", "\x1b[31m", "tcp:1\n"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_place(text)
    assert caught.value.code is Code.USAGE
    assert "pty, tcp:PORT, hci-tcp:PORT, hci-unix:PATH or nrfconn" in caught.value.hint
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize("text", ["tcp:65536", "hci-tcp:99999"])
def test_a_port_that_there_cannot_be_is_named(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_place(text)
    assert caught.value.code is Code.NUMBER_OUT_OF_RANGE


def test_controllers_and_dongles_are_radios() -> None:
    assert [road for road in Road if not road.is_radio] == [Road.PTY, Road.TCP]
