"""Recipes: any TOML is a recipe that can be said in words, or one error that names its line."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from firmline.errors import Code, InputError
from firmline.formats.toml_text import decode_toml
from firmline.line.recipe.keys import (
    LIMIT,
    PACKAGE,
    PRODUCT,
    RECIPE,
    RECIPE_FILE,
    RETEST,
    STEP,
)
from firmline.line.recipe.kinds import KINDS
from firmline.line.recipe.limits import Judgement
from firmline.line.recipe.reading import read_recipe
from firmline.line.recipe.serial_numbers import SerialPattern
from firmline.line.recipe.template import PackageFacts, recipe_text
from firmline.line.recipe.words import (
    action_in_words,
    hardware_in_words,
    retest_in_words,
    rules_in_words,
)

MEANING = re.compile(r"r\.toml, line [1-9][0-9]*: .+[.?]", re.DOTALL)
CODES = {
    Code.RECIPE_MALFORMED,
    Code.RECIPE_SCHEMA,
    Code.RECIPE_LIMIT,
    Code.RECIPE_STEPS,
}
GOOD = recipe_text(PackageFacts(hw_versions=(52,), softdevices=(0x103,), knows_softdevices=True))
FULL = re.sub(r"^# (?=\[\[|(?!sha256)\w+ = )", "", GOOD, flags=re.MULTILINE)
TABLES = (RECIPE, PRODUCT, PACKAGE, RETEST, STEP, LIMIT, *(kind.rows for kind in KINDS.values()))
NAMES = sorted({str(name) for table in TABLES for name in table})
HEADERS = ["[product]", "[[packages]]", "[retest]", "[[steps]]", "[[steps.limits]]", "[x]"]
WORDS = [*KINDS, "duration", "rssi", "s", "dBm", "name", "slot", "application", "fixture:check"]


def read_or_refused(text: str) -> bool:
    """Whether it is a recipe; then it can be said in words, and its limits judge."""
    try:
        recipe = read_recipe(text, where="r.toml").recipe
    except InputError as problem:
        return refused_well(problem)
    said = [hardware_in_words(recipe.product), retest_in_words(recipe.retest)]
    for step in recipe.steps:
        said += [action_in_words(step.action), *rules_in_words(step)]
        assert step.timeout_s > 0
        for limit in step.limits:
            for bound in (limit.least, limit.most, limit.equals):
                judged = Judgement.WITHIN if bound is None else limit.judge(bound)
                assert judged in {Judgement.WITHIN, Judgement.MARGINAL}
    assert all(line.isprintable() for line in said)
    assert [step.kind for step in recipe.steps].count("scan") == 1
    return True


def refused_well(error: InputError) -> bool:
    """``False``: it is no recipe; the error says so as every error must."""
    assert error.code in CODES
    assert MEANING.fullmatch(error.message), error.message
    assert len(error.message) < 1000
    return False


values = st.one_of(
    st.sampled_from(["true", "nan", "-inf", "0", "-1", "1e999", "[]", "{}", "1979-05-27", "''"]),
    st.sampled_from(WORDS).map(repr),
    st.integers(-10, 2**33).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(str),
    st.lists(st.integers(-100, 100), max_size=3).map(str),
    st.text(max_size=5).map(repr),
)
lines = st.one_of(
    st.builds("{} = {}".format, st.sampled_from(NAMES), values),
    st.sampled_from(HEADERS),
    st.text(max_size=10),
)


@given(st.text())
@example(GOOD)
@example(FULL)
def test_any_text(text: str) -> None:
    assert read_or_refused(text) == (text in (GOOD, FULL))


@given(st.binary(max_size=100))
def test_any_bytes(content: bytes) -> None:
    try:
        text = decode_toml(content, where="r.toml", form=RECIPE_FILE)
    except InputError as problem:
        refused_well(problem)
        return
    read_or_refused(text)


@given(
    st.sampled_from([GOOD, FULL]),
    st.lists(st.tuples(st.integers(0, 110), st.integers(0, 2), lines), max_size=3),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_lines_of_a_good_file_replaced_and_put_in(
    text: str, changes: list[tuple[int, int, str]]
) -> None:
    rows = text.split("\n")
    for at, dropped, row in changes:
        rows[at : at + dropped] = [row]
    made = read_or_refused("\n".join(rows))
    assert made or changes


@given(st.sampled_from([GOOD, FULL]), st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_good_file_with_marks_changed(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    size = data.draw(st.integers(0, 4))
    put_in = data.draw(st.text(alphabet="[]{}='\"#.\\\n\r\x00x0 ", max_size=4))
    read_or_refused(text[:at] + put_in + text[at + size :])


@given(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=8), st.booleans())
@settings(deadline=None)
def test_any_order_of_steps(kinds: list[str], named: bool) -> None:
    rows = [FULL.split("[[steps]]", 1)[0]]
    for number, kind in enumerate(kinds):
        part = next(row for row in FULL.split("[[steps]]") if f'kind = "{kind}"' in row)
        name = re.search(r"^name = .*\n", part, re.MULTILINE)
        part = part.replace(name[0], "") if name and named else part
        head = f'\nname = "step-{number}"' if named else ""
        rows.append(f"[[steps]]{head}{part}")
    read_or_refused("".join(rows))


patterns = st.lists(
    st.sampled_from(["A", r"\d", "[A-Z]", "[a-]", "{3}", "{1,9}", "(", ")", "+", "*", r"\.", "|"]),
    max_size=8,
).map("".join)


@given(patterns, st.text(alphabet="Aa1.-Z", max_size=70))
def test_any_pattern_of_serial_numbers(text: str, scanned: str) -> None:
    try:
        pattern = SerialPattern(text)
    except ValueError as problem:
        assert str(problem)  # noqa: PT017 - either of the two
        return
    assert pattern.matches(scanned) in (True, False)
