"""``firmline diagnose margin`` on virtual units, with supplies, and against mistakes."""

from __future__ import annotations

import io
import json
import re
import time
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest

from firmline.cli.margin_svg import margin_svg
from firmline.cli.margin_text import Swept, hints, margin_sentence, run_line
from firmline.diagnosis.margin_search import MarginSearch, Sweep, Tried
from firmline.errors import Code, ExitCode
from firmline.updater.experiments.runs import Ended, Run, RunEnd
from unit.cli.makers import KEY, package
from unit.cli.program import Program, assert_failed
from unit.formats.makers import image
from unit.formats.programs import program
from unit.links.supplies.scpi_instrument import RESOURCE, Instrument
from unit.links.supplies.virtual_ppk2 import virtual_ppk2

UNIT = "sim:weak-coin-cell?key=public.pem"
MARGIN = ("diagnose", "margin", "dfu.zip", "--to", UNIT)
BY_HAND = ("diagnose", "margin", "--attempt", "by-hand")
VOLTS = Sweep(good=3.0, bad=1.8, resolution=0.06)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    (folder / "dfu.zip").write_bytes(package(image(program(2048, base=0x19000))))
    (folder / "public.pem").write_bytes(KEY.public_key.format_pem())


class Slowly(io.BytesIO):
    """What nobody types in no time."""

    def readline(self, size: int | None = -1, /) -> bytes:
        time.sleep(0.1)
        return super().readline(size)


def answers(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """What a person types."""
    typed = Slowly("".join(f"{line}\n" for line in lines).encode())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=typed, isatty=lambda: False))


@pytest.mark.slow
def test_the_resistance_at_which_a_unit_breaks_down_is_found(firmline: Program) -> None:
    """By calculation (physics spec, section 4): 15.8 mA of CPU and radio take 3.0 V to 1.6 V behind
    88.6 ohms if the radio stays on for long; a short package is over before that."""
    told = firmline(*MARGIN, "--resistance", "0..200", "--json")
    assert told.code == 0, told.err
    result = told.result
    assert (result["place"], result["found"], result["stopped"]) == ("inside", True, "decided")
    assert 88.6 < result["least"] < result["threshold"] < result["most"] < 130
    assert result["most"] - result["least"] <= 10.01
    assert result["unit"] == "ohm"


@pytest.mark.slow
def test_a_picture_and_a_table_are_written(firmline: Program, folder: Path) -> None:
    words = ("--voltage", "1.7..3.0", "--resistance", "20", "--resolution", "0.2", "--runs", "12")
    told = firmline(*MARGIN, *words, "--svg", "m.svg", "--csv", "m.csv", "--log", "runs.jsonl")
    assert told.code == 0, told.err
    assert "It stops working at 1." in told.out
    assert "supply voltage behind 20 ohm" in told.out
    rows = (folder / "m.csv").read_text().splitlines()
    assert rows[0].startswith("run,voltage_v,end,code,")
    runs = [line for line in told.out.splitlines() if " V  " in line]
    assert len(rows) - 1 == len(runs)
    root = ET.fromstring((folder / "m.svg").read_text())  # noqa: S314 - our own
    circles = root.findall(f"{SVG}circle")
    assert len(circles) == len(runs) + 2  # and two of the legend
    assert json.loads((folder / "runs.jsonl").read_text().splitlines()[1])["condition"] == 3.0


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (("--resistance", "0..20"), "always_works"),
        (("--voltage", "1.7..1.75", "--resistance", "50"), "never_works"),
    ],
)
@pytest.mark.slow
def test_a_margin_outside_of_the_sweep_is_told_as_such(
    firmline: Program, words: tuple[str, ...], place: str
) -> None:
    told = firmline(*MARGIN, *words, "--json")
    if place == "never_works":  # the unit was never heard: nothing counts
        assert told.code == ExitCode.LINK
        assert told.result["runs"] == 0
        assert told.result["message"] == "No run counts, so nothing is known."
        return
    assert told.code == 0, told.err
    assert (told.result["place"], told.result["threshold"]) == (place, None)
    assert "It works in the whole sweep" in told.result["message"]


# --- supplies -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_person_sets_the_supply_and_says_how_it_ended(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, "", "p", "", "f", "", "p", "q")
    told = firmline(*BY_HAND, "--voltage", "1.8..3.0", "--accept-power-loss", "--json")
    assert told.code == 0
    assert "Feed the unit with 3 V, with a current limit of 0.05 A, and see" in told.err
    assert "Feed the unit with 1.8 V and see that it is on." in told.err
    assert "The supply is as you have set it last" in told.err
    assert (told.result["runs"], told.result["stopped"]) == (3, "person")
    assert told.result["supply_left"].startswith("The supply is as you have set it last")


@pytest.mark.slow
def test_a_ppk2_feeds_the_unit_and_its_current_is_kept(
    firmline: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with virtual_ppk2() as instrument:
        answers(monkeypatch, "p", "f", "q")
        supply = ("--supply", f"ppk2:{instrument.port}", "--accept-power-loss")
        words = ("--voltage", "1.8..3.0", "--log", "runs.jsonl", "--csv", "m.csv")
        told = firmline(*BY_HAND, *supply, *words)
        assert instrument.is_off_soon()
    assert told.code == 0, told.err
    assert "current: mean 4.0" in told.out
    assert "is off: the unit has no power." in told.err
    run = json.loads((folder / "runs.jsonl").read_text().splitlines()[1])
    assert run["current"]["mean_a"] == pytest.approx(0.004, rel=0.01)
    table = (folder / run["current_file"]).read_text().splitlines()
    assert table[0] == "time_ms,least_ua,mean_ua,most_ua"
    assert len(table) > 1
    assert (folder / "m.csv").read_text().splitlines()[1].startswith("1,3,pass,,0.000,4.0")


@pytest.mark.slow
def test_a_bench_supply_is_set_and_left_as_it_was_found(
    firmline: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, "p", "q")
    visa = Instrument(measured="3.00").save(folder)
    supply = ("--supply", f"scpi:{RESOURCE}?visa={visa}", "--accept-power-loss")
    told = firmline(*BY_HAND, *supply, "--voltage", "2.98..3.0")
    assert told.code == 0, told.err
    assert "ACME Instruments PS-100 is off, as it was found." in told.err
    assert told.out.count("passed") == 1


@pytest.mark.slow
def test_a_supply_that_does_not_reach_its_voltage_is_no_outcome(
    firmline: Program, folder: Path
) -> None:
    visa = Instrument(measured="1.0").save(folder)
    supply = ("--supply", f"scpi:{RESOURCE}?visa={visa}", "--accept-power-loss")
    told = firmline(*BY_HAND, *supply, "--voltage", "1.8..3.0")
    assert_failed(told, Code.SUPPLY_SHORT, ExitCode.LINK)
    assert "No run counts" in told.out
    assert "is off, as it was found" in told.err


def test_an_instrument_that_is_not_there_ends_it_before_anything_is_run(
    firmline: Program,
) -> None:
    supply = ("--supply", "ppk2:/dev/nowhere", "--accept-power-loss")
    told = firmline(*BY_HAND, *supply, "--voltage", "1.8..3.0")
    assert_failed(told, Code.PORT_NOT_FOUND, ExitCode.LINK)


# --- mistakes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), Code.OPTION_CONFLICT),
        (("--voltage", "1.8..3", "--resistance", "0..9"), Code.OPTION_CONFLICT),
        (("--voltage", "1.8..5"), Code.SUPPLY_LIMITS),
        (("--voltage", "1..3"), Code.SUPPLY_LIMITS),
        (("--voltage", "3..3"), Code.USAGE),
        (("--voltage", "low..high"), Code.USAGE),
        (("--voltage", "1.8..3", "--resistance", "x"), Code.NUMBER_MALFORMED),
        (("--voltage", "-3", "--resistance", "0..9"), Code.NUMBER_MALFORMED),
        (("--resistance", "0..999999"), Code.NUMBER_OUT_OF_RANGE),
        (("--voltage", "1.8..3", "--resolution", "0.001"), Code.NUMBER_OUT_OF_RANGE),
        (("--voltage", "1.8..3", "--resolution", "1"), Code.NUMBER_OUT_OF_RANGE),
        (("--voltage", "1.8..3", "--to", "sim:ble-reference"), Code.OPTION_CONFLICT),
        (("--voltage", "1.8..3", "--supply", "ppk2:COM7"), Code.OPTION_CONFLICT),
        (("--voltage", "1.8..3", "--svg", "x", "--csv", "x"), Code.OPTION_CONFLICT),
        (("--voltage", "1.8..3", "--svg", "dfu.zip"), Code.OPTION_CONFLICT),
        (("--voltage", "1.8..3", "--svg", "nowhere/x.svg"), Code.FILE_NOT_WRITABLE),
        (("--voltage", "1.8..3", "--runs", "0"), Code.NUMBER_OUT_OF_RANGE),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_run(
    firmline: Program, words: tuple[str, ...], code: Code
) -> None:
    told = firmline(*MARGIN, *words)
    assert_failed(told, code)
    assert told.out == ""


def test_a_series_resistance_needs_a_supply_that_has_one(firmline: Program) -> None:
    told = firmline(*BY_HAND, "--supply", "ppk2:COM7", "--resistance", "0..90")
    assert_failed(told, Code.SUPPLY_CANNOT)
    assert "--supply person" in told.err


def test_power_that_would_be_lost_has_to_be_accepted(firmline: Program) -> None:
    told = firmline(*BY_HAND, "--voltage", "1.8..3.0")
    assert_failed(told, Code.POWER_LOSS_NOT_ACCEPTED)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("runs", "begins"),
    [
        ((), "No run counts"),
        (((3.0, False),), "Not known yet, behind 1 run: if it stops working within 3 to 1.8 V"),
        (((3.0, False), *[(1.8, False)] * 3), "Not known yet, behind 4 runs, but likely: it works"),
        (
            ((3.0, False), *[(2.4, True)] * 2, (2.4, False)),
            "Not known yet: 2 of 4 runs failed",
        ),
        ((*[(3.0, True)] * 16,), "It fails in the whole sweep, 3 to 1.8 V (16 of 16 runs failed;"),
        (
            (*[(3.0, True), (1.8, True)] * 18, (3.0, False)),
            "It nearly always fails in the whole sweep, 3 to 1.8 V (36 of 37 runs failed;",
        ),
        ((*[(3.0, False), (1.8, True), (3.0, True), (1.8, False)] * 20,), "It is intermittent at"),
        (
            ((3.0, False), *[(1.8, False)] * 15),
            "It works in the whole sweep, 3 to 1.8 V (0 of 16 runs failed;",
        ),
    ],
)
def test_what_is_known_is_told_as_far_as_it_is(
    runs: tuple[tuple[float, bool], ...], begins: str
) -> None:
    tried = [Tried(value=value, failed=failed) for value, failed in runs]
    swept = Swept(is_voltage=True, good=3.0, bad=1.8, resolution=0.06, fixed=0.0)
    told = margin_sentence(
        MarginSearch(VOLTS, tried).margin(), swept, tried=tried, is_at_bound=True
    )
    assert told.startswith(begins)


@pytest.mark.parametrize(
    ("runs", "says"),
    [
        (((3.0, True),), "1 of 1 run failed: "),
        ((*[(3.0, True)] * 33, *[(1.8, False)] * 7), "33 of 40 runs failed: "),
        ((*[(3.0, False), (1.8, True), (3.0, True), (1.8, False)] * 20,), "40 of 80 runs failed: "),
    ],
)
def test_a_line_says_what_was_measured_before_what_is_made_of_it(
    runs: tuple[tuple[float, bool], ...], says: str
) -> None:
    tried = [Tried(value=value, failed=failed) for value, failed in runs]
    swept = Swept(is_voltage=True, good=3.0, bad=1.8, resolution=0.06, fixed=0.0)
    run = Run(number=1, condition=3.0, ended=Ended(end=RunEnd.FAIL))
    line = run_line(run, swept, MarginSearch(VOLTS, tried).margin(), tried)
    assert says in line
    assert re.search(r", with \d+ %$", line)
    assert "never works" not in line


# --- outputs, and what is told ------------------------------------------------------------------


@pytest.mark.slow
def test_no_picture_or_table_is_replaced(
    firmline: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*BY_HAND, "--voltage", "1.8..3.0", "--accept-power-loss")
    for name in ("m.svg", "m.csv", "m-2.csv"):
        (folder / name).write_text("of yesterday")
    answers(monkeypatch, "", "p", "q")
    told = firmline(*words, "--svg", "m.svg", "--csv", "m.csv")
    assert told.code == 0, told.err
    assert "m.svg was there already and was left as it is; this went to m-2.svg." in told.err
    assert "this went to m-3.csv." in told.err
    assert all((folder / n).read_text() == "of yesterday" for n in ("m.svg", "m.csv", "m-2.csv"))
    assert (folder / "m-2.svg").read_text().startswith("<svg")
    assert (folder / "m-3.csv").read_text().count("\n") == 2


@pytest.mark.parametrize("name", ["/dev/null", "x" * 300 + ".svg", "/proc/m.svg"])
def test_an_output_that_cannot_be_written_is_told_before_anything_is_asked(
    firmline: Program, name: str
) -> None:
    told = firmline(*BY_HAND, "--voltage", "1.8..3.0", "--svg", name)
    assert_failed(told, Code.FILE_NOT_WRITABLE)
    assert "will lose its power" not in told.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--voltage", "3V3"), Code.NUMBER_MALFORMED),
        (("--voltage", "1V8..3V3"), Code.NUMBER_MALFORMED),
        (("--voltage", "1.8..3", "--supply", "scpi:FOO"), Code.SUPPLY_MALFORMED),
        (("--voltage", "1.8..3", "--supply", "ppk2:/dev/nowhere"), Code.PORT_NOT_FOUND),
    ],
)
def test_what_is_wrong_is_told_before_it_is_asked_whether_power_may_be_lost(
    firmline: Program, words: tuple[str, ...], code: Code
) -> None:
    told = firmline(*BY_HAND, *words)
    assert code in told.err
    assert "will lose its power" not in told.err
    assert ("Write 1.8" in told.err or "Write 3.3" in told.err) is ("V" in words[1])


@pytest.mark.slow
def test_a_run_that_does_not_count_says_nothing_of_a_threshold(
    firmline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*BY_HAND, "--voltage", "1.8..3.0", "--accept-power-loss")
    answers(monkeypatch, "", "s", "q")
    told = firmline(*words)
    assert "it says nothing of the unit" in told.out
    assert "stops working" not in told.out
    answers(monkeypatch, "", "s", "q")
    result = firmline(*words, "--json").result
    assert (result["place"], result["threshold"], result["least"], result["most"]) == (None,) * 4


def test_more_runs_are_not_offered_to_whoever_has_stopped() -> None:
    tried = [Tried(value=value, failed=value < 2) for value in (3.0, 1.8) * 12]
    margin = MarginSearch(VOLTS, tried).margin()
    swept = Swept(is_voltage=True, good=3.0, bad=1.8, resolution=0.06, fixed=0.0)
    at_bound, stopped = (
        margin_sentence(margin, swept, tried=tried, is_at_bound=is_at_bound)
        for is_at_bound in (True, False)
    )
    assert at_bound.endswith("V wide, and 0.06 was asked for: go on with more --runs.")
    assert stopped.endswith("V wide, and 0.06 was asked for.")


def test_the_numbers_of_a_sentence_agree() -> None:
    ended = [Ended(end=RunEnd.FAIL)] + [Ended(end=RunEnd.PASS)] * 25
    runs = [Run(number=n, condition=1.8, ended=each) for n, each in enumerate(ended, 1)]
    tried = [Tried(value=3.0, failed=False), *[Tried(value=1.8, failed=False)] * 25]
    margin = MarginSearch(VOLTS, tried).margin()
    assert list(hints(margin, runs)) == ["  Careful: 1 of 26 runs failed all the same."]


# --- the picture --------------------------------------------------------------------------------


def picture(sweep: Sweep, *tried: tuple[float, bool], title: str = "A unit") -> ET.Element:
    runs = [Tried(value=value, failed=failed) for value, failed in tried]
    margin = MarginSearch(sweep, runs).margin()
    drawn = margin_svg(margin, runs, title=title, unit="V", axis="voltage")
    return ET.fromstring(drawn)  # noqa: S314 - our own


def test_everything_that_is_drawn_is_inside_of_the_picture() -> None:
    root = picture(
        Sweep(good=3.0, bad=1.8, resolution=0.06), *[(3.0, False)] * 30, *[(1.8, True)] * 30
    )
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for circle in root.iter(f"{SVG}circle"):
        assert 0 < float(circle.attrib["cx"]) < width
        assert 0 < float(circle.attrib["cy"]) < height
    (curve,) = root.iter(f"{SVG}polyline")
    for point in curve.attrib["points"].split():
        x, y = map(float, point.split(","))
        assert 0 < x < width
        assert 0 < y < height


@pytest.mark.parametrize(("low", "high"), [(0.0, 7.5), (1.7, 1.75), (0.0, 100_000.0), (47.0, 48.0)])
def test_an_axis_has_a_few_round_numbers(low: float, high: float) -> None:
    root = picture(Sweep(good=low, bad=high, resolution=(high - low) / 20), (low, False))
    bottom = [t for t in root.iter(f"{SVG}text") if t.attrib.get("y") == "360"]
    numbers = [float(text.text or "") for text in bottom]
    assert 3 <= len(numbers) <= 9
    assert all(low <= number <= high for number in numbers)


def test_a_title_is_text_and_fits() -> None:
    root = picture(VOLTS, (3.0, False), title="<script>&" + "x" * 200)
    title = root.findall(f"{SVG}text")[0].text or ""
    assert title.startswith("<script>&x")
    assert len(title) <= 76
    assert not list(root.iter(f"{SVG}script"))
