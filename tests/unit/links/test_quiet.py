"""The logs of libraries do not reach the terminal."""

from __future__ import annotations

import logging

import pytest

from firmline.links.quiet import quiet_log

LIBRARY = "library-of-somebody"


def test_a_log_that_nobody_has_set_up_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with quiet_log(LIBRARY):
        logging.getLogger(f"{LIBRARY}.part").warning("it wonders")

    assert capsys.readouterr() == ("", "")


def test_whoever_has_set_it_up_still_gets_it() -> None:
    heard: list[str] = []
    own = logging.Handler()
    own.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger(LIBRARY)
    log.addHandler(own)
    try:
        with quiet_log(LIBRARY):
            log.warning("it wonders")
    finally:
        log.removeHandler(own)

    assert heard == ["it wonders"]


@pytest.mark.parametrize("before", [True, False])
def test_the_log_is_afterwards_as_it_was(before: bool) -> None:
    log = logging.getLogger(LIBRARY)
    log.propagate = before
    with pytest.raises(ZeroDivisionError), quiet_log(LIBRARY):
        raise ZeroDivisionError

    assert (log.propagate, log.handlers) == (before, [])
    log.propagate = True


def test_one_library_within_another_leaves_both_as_they_were() -> None:
    with quiet_log(LIBRARY), quiet_log(f"{LIBRARY}.part"):
        assert not logging.getLogger(f"{LIBRARY}.part").propagate

    assert logging.getLogger(LIBRARY).propagate
    assert logging.getLogger(f"{LIBRARY}.part").propagate
