"""The pages in a real browser: keys are pressed, and what a person would see is looked at."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser import DESK, PHONE, Witness, chromium
from integration.cli.line_world import FAILS, PASSES, Served, make_line, served
from unit.cli.program import run_process

pytestmark = pytest.mark.slow
SPEED = 20
PATIENCE_MS = 30_000
"""Until a face is shown; a browser on a machine that is busy takes its time."""
CONTRAST = """
() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((each) => {
      const share = each / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return [...document.querySelectorAll(".card")].map((card) => {
    const style = getComputedStyle(card);
    const ground = style.backgroundImage === "none"
      ? style.backgroundColor : style.backgroundImage.match(/rgb\\([^)]*\\)/)[0];
    const [a, b] = [light(style.color), light(ground)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  });
}
"""
"""The contrast of each card's text to its ground (WCAG 2.2, relative luminance)."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def station(folder: Path) -> Iterator[Served]:
    make_line(folder)
    roads = (PASSES, PASSES, FAILS, PASSES)
    on = [word for road in roads for word in ("--on", road.format(speed=SPEED))]
    words = ("--db", "line.db", "--listen", "127.0.0.1:0", "--batch", "<b>7")
    with served(folder, "recipe.toml", *on, *words) as found:
        yield found


@pytest.fixture
def page(browser: Browser, station: Served) -> Iterator[Page]:
    context = browser.new_context(viewport=DESK)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    witness = Witness(page, station.url)
    page.goto(f"{station.url}/station")
    yield page
    assert witness.strangers == [], "no request leaves the machine"
    assert witness.errors == []
    context.close()


def scan(page: Page, text: str) -> None:
    """As a barcode scanner does: keys, and Enter."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def wait_for_face(page: Page, slot: int, face: str) -> None:
    expect(page.locator(f"#slot-{slot} .card")).to_have_attribute(
        "data-face", face, timeout=PATIENCE_MS
    )


def focus_of(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def fail_in_slot_3(page: Page, serial: str = "SN-0020") -> None:
    scan(page, "slot 3")
    expect(page.locator("#answer")).to_contain_text("slot 3")
    scan(page, serial)
    wait_for_face(page, 3, "fail")


def test_a_unit_is_scanned_by_keys_alone_and_passes(page: Page) -> None:
    wait_for_face(page, 1, "scan")
    assert focus_of(page) == "line"
    scan(page, "SN-0001")
    wait_for_face(page, 1, "running")
    wait_for_face(page, 2, "scan")
    word = page.locator("#slot-1 .word")
    expect(word).to_have_text(re.compile(r"\d+ %"), timeout=PATIENCE_MS)
    expect(page.locator("#slot-1 .detail")).to_contain_text("kB/s", timeout=PATIENCE_MS)
    wait_for_face(page, 1, "pass")
    expect(word).to_have_text("PASS")
    expect(page.locator("#slot-1 svg.icon")).to_be_visible()
    assert page.evaluate("document.documentElement.dataset.sound") == "pass"
    expect(page.locator("#said")).to_have_text("Slot 1: SN-0001 has passed.")
    assert focus_of(page) == "line"


def test_a_failure_shows_the_next_test_step_by_step_and_is_acknowledged_by_keys(
    page: Page,
) -> None:
    fail_in_slot_3(page)
    todo = page.locator("#todo-3")
    expect(todo).to_contain_text("Signed with another key than the bootloader's")
    expect(todo).to_contain_text("Leave its power on, and first: Read the flash by wire")
    assert todo.locator("ol li").count() == 3
    assert page.evaluate("document.documentElement.dataset.sound") == "fail"
    scan(page, "ok 3")
    expect(todo.locator("article")).to_have_count(0)
    expect(page.locator("#slot-3 .card")).not_to_have_attribute("data-face", "fail")


def test_a_failure_may_be_acknowledged_with_the_button_and_the_focus_comes_back(
    page: Page,
) -> None:
    fail_in_slot_3(page)
    page.locator("#todo-3 .seen button").click()
    expect(page.locator("#todo-3 article")).to_have_count(0)
    assert focus_of(page) == "line"


def test_the_result_of_the_test_is_taken_and_the_next_one_shown(
    page: Page, station: Served, folder: Path
) -> None:
    fail_in_slot_3(page)
    todo = page.locator("#todo-3")
    first = todo.locator("h3").inner_text()
    todo.locator("summary").press("Enter")
    todo.locator("select").first.select_option("no")
    todo.get_by_role("button", name="Keep the result").press("Enter")
    expect(todo.locator("h3")).not_to_have_text(first)
    expect(page.locator("#answer")).to_contain_text("Kept")
    assert focus_of(page) == "line"
    second = todo.locator("h3").inner_text()
    todo.get_by_role("button", name="It cannot be done here").click()
    expect(todo.locator("h3").or_(todo.locator(".seen")).first).not_to_have_text(second)
    scan(page, "ok 3")
    expect(todo.locator("article")).to_have_count(0)
    assert station.end(signal.SIGTERM)[0] == 0
    ran = run_process("line", "export", "--db", "line.db", "--json", cwd=folder)
    (run,) = (line for line in ran.json_lines if line["type"] == "run")
    assert len(run["diagnoses"]) == 3
    assert run["diagnoses"][0]["next_test"] != run["diagnoses"][2]["next_test"]


def test_scans_that_come_faster_than_answers_are_all_done_in_their_order(page: Page) -> None:
    for text in ("SN-0001", "nonsense", "SN-0002"):
        scan(page, text)
    wait_for_face(page, 1, "running")
    wait_for_face(page, 2, "running")
    expect(page.locator("#answer")).to_have_text("SN-0002 is at work.")


def test_what_is_refused_says_why_and_what_to_do(page: Page) -> None:
    scan(page, "<img src=x>")
    answer = page.locator("#answer")
    expect(answer).to_contain_text("'<img src=x>' is no serial number of the product")
    expect(answer).to_contain_text("DFU-STN-016")
    assert page.locator("#answer img").count() == 0
    expect(page.locator(".shift")).to_contain_text("batch <b>7")


def test_whatever_was_clicked_the_next_key_goes_to_the_scan_field(page: Page) -> None:
    page.locator("#slot-4").click()
    assert focus_of(page) == "line"
    page.locator("nav a").first.focus()
    scan(page, "SN-0001")
    wait_for_face(page, 1, "running")


def test_help_is_shown_and_goes_when_somebody_scans(page: Page) -> None:
    scan(page, "help")
    expect(page.locator("#help")).to_be_visible()
    scan(page, "SN-0001")
    wait_for_face(page, 1, "running")
    expect(page.locator("#help")).not_to_be_visible()


def test_a_server_that_is_killed_is_missed_and_the_page_comes_back_by_itself(
    page: Page, station: Served, folder: Path
) -> None:
    scan(page, "SN-0001")
    wait_for_face(page, 1, "running")
    station.process.kill()
    station.process.wait()
    expect(page.locator("#lost")).to_be_visible(timeout=PATIENCE_MS)
    scan(page, "SN-0002")
    expect(page.locator("#answer")).to_contain_text("Not done: no contact")
    on = ("--on", PASSES.format(speed=SPEED))
    place = station.url.removeprefix("http://")
    with served(folder, "recipe.toml", *on, "--db", "line.db", "--listen", place) as again:
        notice = page.locator(".notice")
        expect(notice).to_contain_text("SN-0001 was left half done", timeout=PATIENCE_MS)
        expect(page.locator("#lost")).not_to_be_visible()
        assert page.locator(".slot").count() == 1, "as the station is now"
        scan(page, "SN-0001")
        wait_for_face(page, 1, "running")
        expect(notice).to_have_count(0)
        assert again.end(signal.SIGTERM)[0] == 0


def test_two_browsers_show_the_same_and_choose_slots_for_themselves(
    page: Page, browser: Browser, station: Served
) -> None:
    with browser.new_context(viewport=PHONE) as context:  # type: ignore[arg-type]
        other = context.new_page()
        other.goto(f"{station.url}/station")
        scan(page, "slot 4")
        expect(page.locator("#answer")).to_contain_text("slot 4")
        scan(other, "SN-0001")
        for each in (page, other):
            wait_for_face(each, 1, "running")
        scan(page, "SN-0002")
        for each in (page, other):
            wait_for_face(each, 4, "running")


def test_a_page_that_is_closed_changes_nothing(browser: Browser, station: Served) -> None:
    with browser.new_context() as context:
        first = context.new_page()
        first.goto(f"{station.url}/station")
        scan(first, "SN-0001")
        wait_for_face(first, 1, "running")
        first.close()
        second = context.new_page()
        second.goto(f"{station.url}/station")
        wait_for_face(second, 1, "pass")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(
    page: Page, size: dict[str, int], scheme: str, tmp_path: Path
) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    fail_in_slot_3(page)
    scan(page, "SN-0001")
    wait_for_face(page, 1, "running")
    assert min(page.evaluate(CONTRAST)) >= 4.5
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, "nothing has to be pushed sideways"
    over = page.evaluate(
        "[...document.querySelectorAll('.card .word')].map((e) =>"
        " e.getBoundingClientRect().right - e.closest('.card').getBoundingClientRect().right)"
    )
    assert max(over) < 0, "every word fits its card"
    heights = page.evaluate(
        "[...document.querySelectorAll('.word')]"
        ".map((e) => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(heights) >= (28 if size is PHONE else 60)
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.card.fail')).animationName")
        == "none"
    )
    if size is DESK:
        tall = page.evaluate("document.documentElement.scrollHeight - innerHeight")
        assert tall <= 0, "the whole floor is on one screen"
        cut = page.evaluate(
            "[...document.querySelectorAll('.card')].map((e) => e.scrollHeight - e.clientHeight)"
        )
        assert max(cut) <= 0, "nothing is cut off in a card"
    assert page.screenshot(path=tmp_path / "page.png")


def test_every_control_has_a_name(page: Page) -> None:
    fail_in_slot_3(page)
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, a, input:not([type=hidden]), select')]"
        ".filter((e) => !(e.textContent.trim() || e.ariaLabel || e.labels?.length))"
        ".map((e) => e.outerHTML)"
    )
    assert nameless == []
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))
    assert page.evaluate("document.documentElement.lang") == "en"


def test_the_supervisor_finds_a_unit_and_its_trace(page: Page, station: Served) -> None:
    scan(page, "SN-0001")
    wait_for_face(page, 1, "pass")
    fail_in_slot_3(page)
    page.goto(f"{station.url}/line")
    expect(page.locator("h1")).to_have_text("Line")
    expect(page.locator("main")).to_contain_text("50.0 %")
    page.get_by_role("link", name="Runs").click()
    page.get_by_role("link", name="SN-0020").click()
    page.locator("summary").last.click()
    expect(page.locator("details[open] td.bad").first).to_have_text("refused")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in ("line", "runs", "units?serial=SN-0020"):
        page.goto(f"{station.url}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_on_a_phone_one_thing_to_do_is_open_and_the_others_are_a_tap_away(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    fail_in_slot_3(page)
    first = page.locator("#todo-3")
    expect(first.locator("ol")).to_be_visible()
    expect(first.locator(".seen")).to_be_visible()
    page.evaluate(
        "document.querySelector('#todo-4').innerHTML ="
        " document.querySelector('#todo-3').innerHTML.replaceAll('todo-3', 'todo-4')"
    )
    second = page.locator("#todo-4")
    expect(second.locator("h2")).to_be_visible()
    expect(second.locator(".seen")).to_be_hidden()
    second.locator("h2 a").click()
    expect(second.locator(".seen")).to_be_visible()
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    expect(first.locator(".seen")).to_be_visible()


def test_on_a_phone_words_of_the_records_stay_whole(page: Page, station: Served) -> None:
    fail_in_slot_3(page)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(f"{station.url}/runs")
    link = page.get_by_role("link", name="SN-0020").bounding_box()
    assert link is not None
    assert link["height"] < 30, "a serial number is one line"
    row = page.locator("tbody tr").first.bounding_box()
    assert row is not None
    assert row["height"] < PHONE["height"] / 3, "several runs are on one screen"
    cut = page.evaluate(
        "[...document.querySelectorAll('.wide')].map((e) => e.scrollWidth - e.clientWidth)"
    )
    assert max(cut) <= 0, "nothing has to be pushed sideways"
