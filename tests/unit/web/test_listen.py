"""Where a server listens."""

from __future__ import annotations

import socket

import pytest

from firmline.errors import Code, InputError, TransportError
from firmline.web.listen import ListenAddress, check_reach, listening_socket, parse_listen


@pytest.mark.parametrize(
    ("text", "host", "port", "url"),
    [
        ("127.0.0.1:8350", "127.0.0.1", 8350, "http://127.0.0.1:8350/"),
        ("localhost:0", "localhost", 0, "http://localhost:0/"),
        ("[::1]:80", "::1", 80, "http://[::1]:80/"),
        ("10.0.0.7:8350", "10.0.0.7", 8350, "http://10.0.0.7:8350/"),
    ],
)
def test_an_address_is_understood(text: str, host: str, port: int, url: str) -> None:
    found = parse_listen(text)
    assert (found.host, found.port, found.url(found.port)) == (host, port, url)


@pytest.mark.parametrize(
    "text", ["", "8350", ":8350", "localhost:", "localhost:x", "localhost:65536", "::1:80", "[::1]"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_listen(text)
    assert refused.value.code is Code.LISTEN_ADDRESS
    assert "HOST:PORT" in refused.value.hint


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LocalHost"])
def test_this_computer_alone_reaches_loopback(host: str) -> None:
    address = ListenAddress(host=host, port=0)
    assert address.is_loopback
    assert host.lower() in address.names
    check_reach(address, has_accounts=False)


@pytest.mark.parametrize("host", ["::", "192.168.1.7", "line.example", "localhost.example"])
def test_other_computers_are_let_in_only_where_there_are_accounts(host: str) -> None:
    address = ListenAddress(host=host, port=0)
    assert (address.is_loopback, address.names) == (False, frozenset())
    check_reach(address, has_accounts=True)
    with pytest.raises(InputError, match="no account"):
        check_reach(address, has_accounts=False)


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = ListenAddress(host="127.0.0.1", port=other.getsockname()[1])
        with pytest.raises(TransportError, match="Another program listens") as refused:
            listening_socket(address)
    assert refused.value.code is Code.ADDRESS_NOT_FREE


def test_an_address_that_is_not_ours_is_one_sentence() -> None:
    with pytest.raises(TransportError, match=r"Nobody can listen on 192\.0\.2\.1"):
        listening_socket(ListenAddress(host="192.0.2.1", port=0))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_port_0_is_one_that_is_free(host: str) -> None:
    with listening_socket(ListenAddress(host=host, port=0)) as listener:
        assert listener.getsockname()[1] > 0
