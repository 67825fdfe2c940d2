"""Drawings: well-formed, within their frame, and with every value where it belongs."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from firmline.line.drawing import control, histogram, shares
from firmline.line.drawing.control import control_chart
from firmline.line.drawing.parts import round_numbers, text
from firmline.line.statistics.charts import Chart, Point, control_charts
from firmline.line.statistics.proportion import Share
from unit.line.statistics.readings_made import BEGIN, series


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own drawing


def of_class(svg: str, name: str) -> list[ET.Element]:
    return [each for each in parsed(svg).iter() if each.get("class") == name]


@pytest.mark.parametrize(
    ("low", "high", "numbers"),
    [
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (0.013, 0.021, [0.014, 0.016, 0.018, 0.02]),
        (-3, 3, [-2, 0, 2]),
        (19_990, 20_010, [19_990, 19_995, 20_000, 20_005, 20_010]),
        (5, 5, [5]),
    ],
)
def test_axes_have_round_numbers(low: float, high: float, numbers: list[float]) -> None:
    assert round_numbers(low, high, most=5) == pytest.approx(numbers)


def test_texts_are_escaped() -> None:
    assert text(1, 2.5, "<b>&", name="x") == (
        '<text x="1" y="2.5" text-anchor="start" class="x">&lt;b&gt;&amp;</text>'
    )


def a_chart(values: list[float]) -> Chart:
    charts = control_charts(series(values))
    assert charts is not None
    return charts.location


def test_a_control_chart_has_every_point_between_its_limits() -> None:
    chart = a_chart([10.0, 11.0] * 10 + [18.0])
    svg = control_chart(chart)
    assert len(of_class(svg, "dot")) == 20
    (out,) = of_class(svg, "out")
    assert "18 (WE 1)" in "".join(out.itertext())
    assert [len(of_class(svg, name)) for name in ("limit", "centre", "course")] == [2, 1, 1]
    dots = [*of_class(svg, "dot"), out]
    assert all(0 <= float(each.get("cx", -1)) <= control.WIDTH for each in dots)
    assert all(0 <= float(each.get("cy", -1)) <= 190 for each in dots)
    high, low = (float(dots[place].get("cy", 0)) for place in (0, 1))
    assert low < high, "10 lies below 11"
    assert "21 points, 1 of them out of control" in svg
    assert "2026-11-23 08:00 UTC" in svg


def test_points_that_are_all_alike_are_drawn() -> None:
    for chart in (a_chart([5.0] * 5), a_chart([0.0, 0.0])):
        assert "nan" not in control_chart(chart)
    one = Chart(what="<x>", centre=1, points=(Point(at=BEGIN, value=1, low=1, high=1),))
    assert "&lt;x&gt;: 1 points" in control_chart(one)


def test_a_histogram_has_every_reading_in_a_bar() -> None:
    values = [1.0] * 30 + [2.0] * 60 + [3.0] * 10
    svg = histogram.histogram(values, least=0.5, most=50)
    heights = [float(each.get("height", 0)) for each in of_class(svg, "bar")]
    assert len(heights) == 3
    room = histogram.HEIGHT - histogram.TOP - histogram.BOTTOM
    assert heights == pytest.approx([room / 2, room, room / 6], abs=0.1)
    assert len(of_class(svg, "limit")) == 1, "the other limit is far away"


@pytest.mark.parametrize("values", [[5.0], [0.0, 0.0], [-1e300, 1e300], [1e-12, 2e-12]])
def test_any_readings_make_a_histogram(values: list[float]) -> None:
    svg = histogram.histogram(values, least=None, most=None)
    assert not re.search("nan|inf", svg)
    assert of_class(svg, "bar")


def test_a_range_shows_the_interval_and_the_share_in_it() -> None:
    svg = shares.share_range(Share(98, 100), least=0.9)
    (span,) = of_class(svg, "span")
    (part,) = of_class(svg, "part")
    begin, width = float(span.get("x", 0)), float(span.get("width", 0))
    low, high = Share(98, 100).interval or (0, 0)
    assert (begin, begin + width) == pytest.approx(
        ((low - 0.9) * 1000, (high - 0.9) * 1000), abs=0.02
    )
    assert begin < float(part.get("x", 0)) < begin + width
    assert shares.share_range(Share(0, 0), least=0) == ""


def test_the_edge_leaves_every_interval_in_sight() -> None:
    assert shares.edge_for([Share(98, 100), Share(999, 1000)]) == 0.9
    assert shares.edge_for([Share(1, 3)]) == 0
    assert shares.edge_for([Share(0, 0)]) == 0
    assert shares.edge_for([Share(99_999, 100_000)]) == 0.999


def test_a_bar_is_as_long_as_its_share() -> None:
    (part,) = of_class(shares.share_bar(0.25), "part")
    assert float(part.get("width", 0)) == 25
