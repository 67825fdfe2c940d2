"""The supervisor's pages over records of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette

from firmline.line.outcomes import StepOutcome
from firmline.line.records.address import DatabaseAddress
from firmline.line.records.attachments import attachments_beside
from firmline.line.records.open import open_records
from firmline.line.records.sql import SqlRecords
from firmline.line.records.values import Entry, Row, Unit
from firmline.web.app import build_app
from firmline.web.dashboard.routes import RUNS_ON_A_PAGE, DashboardPages
from firmline.web.rooms import Site
from unit.cli.failed_trace import failed_update
from unit.line.records_world import BEGIN, phase, row, run, whole_run
from unit.line.reports_world import whole_shift
from unit.web.asking import browser

EVIL = "<img src=x onerror=1>"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shift.db"


@pytest.fixture
def records(path: Path) -> Iterator[SqlRecords]:
    with closing(open_records(DatabaseAddress(path=path), create=True)) as opened:
        yield opened


def site(records: SqlRecords, path: Path | None = None) -> Starlette:
    attachments = None if path is None else attachments_beside(path)
    pages = DashboardPages(records, attachments=attachments, where="shift.db")
    return build_app(Site(name="shift"), pages.rooms)


async def read(app: Starlette, address: str, *, status: int = 200) -> str:
    async with browser(app) as client:
        answer = await client.get(address)
    assert answer.status_code == status, answer.text
    return answer.text


async def test_the_first_page_is_the_report_of_the_line(records: SqlRecords) -> None:
    records.write(whole_shift())
    page = await read(site(records), "/line?by=station")
    assert "94.9 % (83.1 to 98.6) of 39 units" in page
    assert "DFU-LINK-004" in page
    assert page.count("<svg") > 5
    assert re.search(r"north</a></td><td class=\"number\">22<", page)


async def test_a_serial_number_that_passed_twice_is_named_and_linked(records: SqlRecords) -> None:
    twice = replace(run(1, Unit(product="tag", serial="SN&20")), address="")
    records.write([*whole_shift(), row("west", 1, twice), row("east", 1, twice)])
    page = await read(site(records), "/line")
    assert "Passed more than once: 1 serial number" in page
    assert '<a href="/units?serial=SN%2620">tag SN&amp;20</a></strong> It has passed' in page


@pytest.mark.slow
async def test_a_filter_narrows_the_report_and_stays_filled_in(records: SqlRecords) -> None:
    records.write(whole_shift())
    page = await read(site(records), "/line?station=south")
    assert "of 19 units" in page
    assert 'name="station" value="south"' in page


@pytest.mark.slow
@pytest.mark.parametrize("address", ["/line", "/line?batch=none", "/runs", "/units"])
async def test_where_nothing_was_run_a_page_says_so(records: SqlRecords, address: str) -> None:
    page = await read(site(records), address)
    assert "No run that was asked for has ended." in page or address == "/units"


async def test_what_cannot_be_meant_is_a_page_with_its_code(records: SqlRecords) -> None:
    assert "DFU-WEB-004" in await read(site(records), "/line?slot=x", status=400)


async def test_runs_are_listed_the_newest_first_page_by_page(records: SqlRecords) -> None:
    many = RUNS_ON_A_PAGE + 5
    records.write([row("n", 1 + i, replace(run(1 + i), began_at=BEGIN)) for i in range(many)])
    app = site(records)
    first = await read(app, "/runs?station=n")
    assert first.count("PASS") == RUNS_ON_A_PAGE
    (older,) = re.findall(r'rel="next" href="([^"]*)"', first)
    second = await read(app, older.replace("&amp;", "&"))
    assert second.count("PASS") == 5
    assert 'rel="next"' not in second


async def test_a_unit_is_shown_with_all_that_is_known_of_it(records: SqlRecords) -> None:
    records.write([*whole_run(first=1), *whole_run(first=9, outcome=StepOutcome.PASS)])
    page = await read(site(records), "/units?serial=SN-0007")
    assert "2 attempts" in page
    assert page.index("Attempt 2") < page.index("Attempt 1"), "the newest first"
    assert "rate 9.1 kB/s (marginal)" in page
    assert "not measured" in page
    assert "kept at the station that made it" in page
    assert "battery CR-11" in page


async def test_a_serial_number_that_two_units_have_is_doubted(records: SqlRecords) -> None:
    records.write(whole_run("north", outcome=StepOutcome.PASS))
    assert "two units" not in await read(site(records), "/units?serial=SN-0007")
    records.write(whole_run("south", outcome=StepOutcome.PASS))
    page = await read(site(records), "/units?serial=SN-0007")
    assert "It has passed the recipe tag-rev-c 2 times (north, south)" in page
    assert "at north and at south at the same time" in page


async def test_a_run_without_an_end_says_so(records: SqlRecords) -> None:
    records.write(whole_run()[:2])
    assert "no end" in await read(site(records), "/units?serial=SN-0007")


async def test_the_trace_of_a_step_is_drawn_as_its_time_line(
    records: SqlRecords, path: Path
) -> None:
    from firmline.formats.trace import encode_event  # noqa: PLC0415

    content = "".join(map(encode_event, failed_update())).encode()
    kept = attachments_beside(path).keep("trace.jsonl", content, media_type="application/jsonl")
    rows = whole_run()
    told = replace(phase(1), attachments=(kept,))
    records.write([rows[0], row("north", 2, told), *rows[2:]])
    page = await read(site(records, path), "/units?serial=SN-0007")
    assert "Time line of the trace" in page
    assert 'class="label bad">refused' in page


@pytest.mark.parametrize("damage", [b"", b"no trace\n", None], ids=["empty", "other", "gone"])
async def test_a_trace_that_cannot_be_read_hides_nothing_else(
    records: SqlRecords, path: Path, damage: bytes | None
) -> None:
    rows = whole_run()
    store = attachments_beside(path)
    kept = store.keep("trace.jsonl", damage or b"x")
    if damage is None:
        store._place(kept.sha256).unlink()
    told = replace(phase(1), attachments=(kept,))
    records.write([rows[0], row("north", 2, told), *rows[2:]])
    page = await read(site(records, path), "/units?serial=SN-0007")
    assert "Attempt 1" in page
    assert "Time line of the trace" in page


@pytest.mark.slow
async def test_names_from_outside_are_text(records: SqlRecords) -> None:
    unit = Unit(product=EVIL, serial=EVIL)
    rows: list[Row[Entry]] = whole_run(unit=unit)
    records.write([*rows[:2], row("north", 3, replace(run(1, unit), batch=EVIL, operator=EVIL))])
    app = site(records)
    for address in ("/line?by=batch", "/runs", f"/units?serial={EVIL}", f"/line?batch={EVIL}"):
        page = await read(app, address)
        assert EVIL not in page
        assert "&lt;img" in page
