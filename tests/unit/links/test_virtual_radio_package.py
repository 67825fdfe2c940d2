"""The virtual radio costs nothing until it is opened, and says what it lacks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from firmline.errors import Code, ExitCode, TransportError, TransportReason
from firmline.links import virtual_radio


def test_importing_the_links_does_not_import_bumble() -> None:
    program = (
        "import sys, firmline.links.base, firmline.links.gatt, firmline.links.virtual_radio;"
        "print([name for name in sys.modules if name.startswith('bumble')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_without_bumble_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_radio, "find_spec", lambda _name: None)
    with pytest.raises(TransportError) as caught:
        virtual_radio.open_virtual_radio()
    assert caught.value.code is Code.LINK_EXTRA_MISSING
    assert caught.value.reason is TransportReason.NOT_AVAILABLE
    assert caught.value.exit_code is ExitCode.LINK
    assert caught.value.message == "The virtual radio needs Bumble, which is not installed here."


def test_whoever_works_in_a_clone_is_not_sent_to_a_registry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(virtual_radio, "find_spec", lambda _name: None)
    with pytest.raises(TransportError) as caught:
        virtual_radio.open_virtual_radio()
    assert caught.value.hint == (
        "Install it: pip install '.[sim]' in a clone of firmline, "
        "pip install 'firmline[sim]' otherwise."
    )
