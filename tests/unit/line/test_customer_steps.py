"""A customer's steps: whatever importing them does, it is an answer, and nothing is left behind."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from firmline.line.customer_steps import trouble_with
from firmline.line.recipe.steps import Custom

GOOD = "def check_led(step):\n    raise AssertionError('it is not called')\n"


def look(folder: Path, code: str, *, name: str = "fixture", patience_s: float = 30) -> str:
    (folder / f"{name}.py").write_text(code, "utf-8")
    step = Custom(module=name, function="check_led", arguments={})
    return trouble_with(step, folder=folder, patience_s=patience_s)


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        GOOD,
        "def check_led(step, more=1): ...",
        "check_led = print",
        "class check_led:\n    def __init__(self, step): ...",
        'print(\'{"trouble": "taken for the answer"}\', flush=True)\n' + GOOD,
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()\n" + GOOD,
    ],
)
def test_a_function_of_one_argument_can_be_called(tmp_path: Path, code: str) -> None:
    assert look(tmp_path, code) == ""
    assert [path.name for path in tmp_path.iterdir()] == ["fixture.py"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", "fixture has no function check_led; it has none at all"),
        ("def check(step): ...", "fixture has no function check_led; it has check"),
        ("check_led = 3", "fixture.check_led is no function, but of the type int"),
        ("def check_led(): ...", "has to take exactly one argument"),
        ("def check_led(a, b): ...", "has to take exactly one argument"),
        (
            "import nowhere_to_be",
            "ModuleNotFoundError: No module named 'nowhere_to_be' (f",
        ),
        ("x = (", "importing fixture failed with SyntaxError: '(' was never closed (fixture.py"),
        ("\n1 / 0", "ZeroDivisionError: division by zero (fixture.py, line 2)"),
        ("raise SystemExit", "importing fixture failed with SystemExit (fixture.py, line 1)"),
        ("raise Exception('a\\nb' * 500)", "failed with Exception: a b"),
        ("import os\nos._exit(3)", "importing fixture ended its process (exit code 3)"),
        ("import os\nos.abort()", "importing fixture ended its process (signal 6)"),
    ],
)
def test_what_cannot_be_called_says_why(tmp_path: Path, code: str, words: str) -> None:
    trouble = look(tmp_path, code)
    assert words in trouble
    assert "\n" not in trouble
    assert len(trouble) < 400


def test_a_module_that_is_not_there_is_told(tmp_path: Path) -> None:
    step = Custom(module="nowhere_to_be", function="x", arguments={})
    trouble = trouble_with(step, folder=tmp_path)
    assert (
        trouble == "there is no module nowhere_to_be beside the recipe or among the installed ones"
    )


@pytest.mark.slow
def test_one_that_hangs_is_ended_with_what_it_has_started(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    code = (
        "import subprocess, sys, time\n"
        "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
        f"open({str(mark)!r}, 'w').write(str(other.pid))\n"
        "while True: time.sleep(1)\n"
    )
    assert look(tmp_path, code, patience_s=3) == "importing fixture did not end within 3 s"
    assert is_gone(int(mark.read_text()))


def is_gone(pid: int) -> bool:
    """Whether a process has ended, or does so within a second."""
    for _ in range(50):
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or ") Z " in status.read_text():
            return True
        time.sleep(0.02)
    return False


def test_a_package_of_modules_beside_the_recipe_is_found(tmp_path: Path) -> None:
    (tmp_path / "factory").mkdir()
    (tmp_path / "factory" / "led.py").write_text(GOOD, "utf-8")
    step = Custom(module="factory.led", function="check_led", arguments={})
    assert trouble_with(step, folder=tmp_path) == ""


@pytest.mark.parametrize("name", ["json", "inspect", "firmline"])
def test_a_file_with_the_name_of_one_of_ours_does_not_take_its_place(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / f"{name}.py").write_text("raise SystemExit('taken')", "utf-8")
    assert look(tmp_path, GOOD) == ""
