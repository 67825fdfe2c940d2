"""Recipes: what is there by default, and what a wrong one is told, with its line."""

from __future__ import annotations

import hashlib
import re

import pytest

from firmline.errors import Code
from firmline.line.outcomes import StepOutcome
from firmline.line.recipe import steps
from firmline.line.recipe.kinds import KINDS
from firmline.line.recipe.reading import read_recipe
from firmline.line.recipe.template import PackageFacts, recipe_text
from firmline.line.recipe.words import action_in_words, retest_in_words, rules_in_words
from firmline.values import Fwid
from unit.line.recipes import (
    BEFORE,
    HEAD,
    PACKAGES,
    STEPS,
    last_step,
    recipe,
    refused,
    with_step,
)

WHOLE = HEAD + PACKAGES + STEPS
CUSTOM = 'kind = "custom"\ncall = "factory.fixture:check_led"\n'


def test_a_recipe_says_what_stands_in_it() -> None:
    made = recipe(WHOLE)
    assert (made.name, made.version, made.title) == ("tag-a", 7, "Tag A, Endprüfung")
    assert made.sha256 == hashlib.sha256(WHOLE.encode()).hexdigest()
    assert (made.product.name, made.product.revision) == ("Tag A", "C")
    assert made.product.serial_pattern.matches("TAG-000001")
    assert made.product.hw_versions == (52,)
    assert made.product.softdevices == (Fwid(0x103), Fwid(0xB7))
    assert made.package("application").file == "packages/dfu.zip"
    assert made.package("application").sha256 == "a" * 64
    assert made.is_pinned
    assert [step.name for step in made.steps] == ["scan", "find", "update", "verify"]


def test_what_is_not_said_has_a_value() -> None:
    head = 'schema = 1\nname = "x"\nversion = 1\n[product]\nname = "X"\nserial_number = "[0-9]"'
    made = recipe(head + STEPS.split('[[steps]]\nkind = "update"')[0])
    assert (made.title, made.product.revision, made.packages) == ("x", "", ())
    assert (made.product.hw_versions, made.product.softdevices) == (None, None)
    assert (made.retest.strikes, made.retest.repeat_passed) == (3, False)
    assert made.retest.counted == {StepOutcome.FAIL}
    assert made.is_pinned
    find = made.steps[1]
    kind = KINDS["find"]
    assert (find.title, find.timeout_s, find.ends_run) == (kind.title, kind.timeout_s, True)
    assert (find.retry.most, find.limits) == (0, ())


def test_every_kind_of_step_becomes_its_action() -> None:
    made = recipe(
        f"""{HEAD}{PACKAGES}
[[steps]]
kind = "scan"
[[steps]]
kind = "find"
by = "name"
advertised = "Tag {{serial_number}}"
[[steps]]
kind = "inspect"
[[steps]]
kind = "battery"
load_s = 5
[[steps.limits]]
measurement = "loaded_voltage"
unit = "V"
at_least = 2.2
[[steps]]
kind = "preflight"
[[steps]]
kind = "update"
[[steps]]
kind = "verify"
[[steps]]
kind = "measure"
[[steps.limits]]
measurement = "attempts"
equals = 1
[[steps]]
{CUSTOM}arguments = {{ threshold = 3, fast = true, mode = "x" }}
[[steps]]
kind = "label"
text = "{{product}} {{serial_number}}"
when = "always"
"""
    )
    assert [step.action for step in made.steps] == [
        steps.Scan(),
        steps.Find(by=steps.FindBy.NAME, advertised="Tag {serial_number}"),
        steps.Inspect(),
        steps.Battery(load_s=5),
        steps.Preflight(package="application"),
        steps.Update(package="application"),
        steps.Verify(),
        steps.Measure(),
        steps.Custom(
            module="factory.fixture",
            function="check_led",
            arguments={"threshold": 3, "fast": True, "mode": "x"},
        ),
        steps.Label(text="{product} {serial_number}", when=steps.LabelWhen.ALWAYS),
    ]
    assert {step.kind for step in made.steps} == set(KINDS)
    assert [action_in_words(step.action) for step in made.steps][-2:] == [
        "factory.fixture:check_led with threshold = 3, fast = True, mode = x",
        '"{product} {serial_number}", also where the run did not pass',
    ]


def test_a_step_may_be_named_timed_and_tried_again() -> None:
    step = last_step(
        f'{CUSTOM}name = "led"\ntitle = "Grün?"\ntimeout_s = 2.5\nretries = 2\n'
        'retry_on = ["fail"]\non_fail = "go-on"'
    )
    assert (step.name, step.title, step.timeout_s, step.ends_run) == ("led", "Grün?", 2.5, False)
    assert (step.retry.most, step.retry.on) == (2, frozenset({StepOutcome.FAIL}))
    assert rules_in_words(step) == [
        "tried 2 times more after FAIL",
        "the run goes on where it does not pass",
    ]


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("address", "the barcode is its Bluetooth address"),
        ("usb", "the barcode is its serial number on USB"),
        ("slot", "whatever is wired to the slot"),
    ],
)
def test_a_unit_is_found_by_what_the_recipe_says(by: str, words: str) -> None:
    text = WHOLE.replace(r"TAG-\d{6}", "[0-9A-F:]{12,17}")
    find = recipe(text.replace("slot", by)).steps[1].action
    assert find == steps.Find(by=steps.FindBy(by))
    assert action_in_words(find) == words


def test_the_rule_of_retests_in_words() -> None:
    lines = 'strikes = 1\ncounted = ["timeout", "fail"]\nrepeat_passed = true'
    assert retest_in_words(recipe(f"{WHOLE}[retest]\n{lines}").retest) == (
        "to rework after 1 run that ended in FAIL or TIMEOUT; one that has passed may run again"
    )


# What is wrong in the head.


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("schema = 1\n", "", 1, "schema is missing; it has to be a whole number from 1"),
        ("schema = 1", "schema = true", 1, "schema is true, and has to be a whole number"),
        (
            'name = "tag-a"',
            'name = "Tag A"',
            2,
            "name is 'Tag A', and has to be lower-case letters",
        ),
        ('name = "tag-a"', 'nmae = "tag-a"', 2, "there is no key 'nmae'; did you mean 'name'?"),
        ("version = 7", "version = 1.5", 3, "version is 1.5, and has to be a whole number from 1"),
        ("version = 7", "version = 0", 3, "version is 0, and has to be a whole number from 1"),
        ("Endprüfung", "\\u001b[2J", 4, "and has to be a text of 1 to 60 printable characters"),
        ("hw_versions = [52]", "hw_versions = []", 10, "is empty, so that no package would fit"),
        ("hw_versions = [52]", "hw_versions = [true]", 10, "each a whole number from 0 to"),
        (
            "hw_versions = [52]",
            "hw_versions = 52",
            10,
            "product.hw_versions is 52, and has to be a",
        ),
        ("0x0103", "0x10103", 11, "each a whole number from 0 to 65535"),
        ("[product]", "[prodcut]", 6, "there is no key 'prodcut'; did you mean 'product'?"),
        ("packages/dfu.zip", "../dfu.zip", 15, "a path from the recipe's folder"),
        ("packages/dfu.zip", "/dfu.zip", 15, "a path from the recipe's folder"),
        ("packages/dfu.zip", "C:/dfu.zip", 15, "a path from the recipe's folder"),
        ("packages/dfu.zip", "a//dfu.zip", 15, "a path from the recipe's folder"),
        ("packages/dfu.zip", "./dfu.zip", 15, "a path from the recipe's folder"),
        ("A" * 64, "A" * 63, 16, "and has to be a text of 64 to 64 printable ASCII characters"),
        ("A" * 64, "x" * 64, 16, "and has to be 64 hexadecimal digits"),
    ],
)
def test_what_is_wrong_in_the_head_is_named_with_its_line(
    old: str, new: str, line: int, words: str
) -> None:
    assert old in WHOLE
    assert words in refused(WHOLE.replace(old, new), line=line).message


@pytest.mark.parametrize("schema", [0, 2, 10**400])
def test_a_recipe_of_another_form_is_told_as_one_whatever_else_it_holds(schema: int) -> None:
    error = refused(f"new_key = 1\nschema = {schema}", Code.RECIPE_SCHEMA, 2)
    assert "and this firmline reads schema 1" in error.message


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("strikes = 0", "retest.strikes is 0, and has to be a whole number from 1 to 100"),
        ('counted = ["pass"]', "each one of fail, error, timeout"),
        ('counted = "fail"', "retest.counted is 'fail', and has to be a list"),
        ("repeat_passed = 1", "retest.repeat_passed is 1, and has to be true or false"),
    ],
)
def test_a_wrong_rule_of_retests_is_told(lines: str, words: str) -> None:
    assert words in refused(f"{WHOLE}[retest]\n{lines}", line=BEFORE + 2).message


# What is wrong in a step.


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        ('kind = "updaet"', 2, "steps.kind is 'updaet', and has to be one of scan, find"),
        ('name = "x"', 1, "steps.kind is missing"),
        ('kind = "inspect"\nby = "slot"', 3, "there is no key 'steps.by'"),
        ('kind = "inspect"\ntimeout_s = 0', 3, "a number from 0.1 to 86400"),
        ('kind = "inspect"\ntimeout_s = nan', 3, "steps.timeout_s is nan"),
        ('kind = "inspect"\nretries = 10', 3, "a whole number from 0 to 9"),
        ('kind = "inspect"\nretry_on = ["skip"]', 3, "each one of fail, error, timeout"),
        ('kind = "inspect"\non_fail = "continue"', 3, "has to be one of stop, go-on"),
        ('kind = "inspect"\nname = "Read it"', 3, "lower-case letters and digits"),
        ('kind = "custom"', 1, "steps.call is missing"),
        ('kind = "custom"\ncall = "fixture"', 3, "a module and a function with : between"),
        ('kind = "custom"\ncall = "a b:c"', 3, "a module and a function with : between"),
        ('kind = "custom"\ncall = "a..b:c"', 3, "a module and a function with : between"),
        ('kind = "custom"\ncall = "a:import"', 3, "a module and a function with : between"),
        ('kind = "custom"\ncall = "../a:b"', 3, "a module and a function with : between"),
        (f"{CUSTOM}arguments = {{ a = [1] }}", 4, "the argument 'a' is a list, and has to be"),
        (f"{CUSTOM}arguments = {{ a = nan }}", 4, "the argument 'a' is nan"),
        ('kind = "label"\ntext = "{serial}"', 3, "text has the field 'serial', and there is none"),
        ('kind = "label"\ntext = "{serial_number"', 3, "text has a brace that is no field"),
        ('kind = "label"\ntext = "{serial_number.x}"', 3, "text has the field 'serial_number.x'"),
    ],
)
def test_what_is_wrong_in_a_step_is_named_with_its_line(lines: str, line: int, words: str) -> None:
    assert words in refused(with_step(lines), line=BEFORE + line).message


def test_a_near_miss_is_told_what_was_meant() -> None:
    assert refused(with_step('kind = "updaet"')).hint == "Did you mean update?"
    label = refused(with_step('kind = "label"\ntext = "{serial}"'))
    assert label.hint == "Did you mean {serial_number}?"
    package = refused(with_step('kind = "update"\npackage = "aplication"'), Code.RECIPE_STEPS)
    assert package.hint == "Did you mean application?"


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ('"name"', "a unit that is found by its name needs that name"),
        ('"name"\nadvertised = "Tag"', "does not hold {serial_number}, so that any unit would be"),
        ('"name"\nadvertised = "{x}"', "advertised has the field 'x', and there is none"),
        ('"slot"\nadvertised = "{serial_number}"', "a name means nothing to a unit that is found"),
    ],
)
def test_how_a_unit_is_found_has_to_be_whole(by: str, words: str) -> None:
    assert words in refused(WHOLE.replace('"slot"', by)).message


@pytest.mark.parametrize("pattern", ["[0-9A-F]{12}", "[0-9A-F:]{17}", "C4[0-9A-F]{10,15}"])
def test_a_barcode_may_be_an_address(pattern: str) -> None:
    text = WHOLE.replace("slot", "address").replace(r"TAG-\d{6}", pattern)
    assert recipe(text).steps[1].action == steps.Find(by=steps.FindBy.ADDRESS)


def test_a_barcode_that_can_be_no_address_finds_no_unit() -> None:
    error = refused(WHOLE.replace("slot", "address"), line=22)
    assert "has 12 or 17 characters, and product.serial_number takes 10." in error.message


# Steps that cannot be done in their order.


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ("find scan", "the first step is 'find', and has to be 'scan'"),
        ("scan scan", "there are two steps with the name 'scan'"),
        (
            "scan update verify",
            "the step 'update' needs a step 'find' before it, and there is none",
        ),
        (
            "scan inspect find",
            "the step 'inspect' needs a step 'find' before it, which comes later",
        ),
        (
            "scan find verify update",
            "the step 'verify' needs a step 'update' before it, which comes",
        ),
        ("scan find update", "nothing verifies the step 'update'"),
        ("scan find update verify update=again", "nothing verifies the step 'again'"),
        ("scan find update label verify", "the step 'label' prints a label before"),
        ("scan find update preflight verify", "the package 'application' is checked after it was"),
        ("scan scan=again", "a recipe has one step 'scan', and this is another"),
        ("scan find find=again", "a recipe has one step 'find', and this is another"),
        ("scan find inspect inspect", "there are two steps with the name 'inspect'"),
        ("scan find", "no step sends the package 'application'"),
    ],
)
def test_steps_in_an_order_that_cannot_work_are_told(kinds: str, words: str) -> None:
    assert words in refused(in_order(kinds), Code.RECIPE_STEPS).message


@pytest.mark.parametrize(
    "kinds",
    [
        "scan find update verify",
        "scan find inspect preflight update verify inspect=after label",
        "scan find update verify update=more verify=again label",
        "scan label=empty find update verify label",
    ],
)
def test_other_orders_are_taken(kinds: str) -> None:
    text = in_order(kinds).replace('name = "empty"', 'name = "empty"\nwhen = "always"')
    assert len(recipe(text).steps) == len(kinds.split())


def in_order(kinds: str) -> str:
    """A recipe of steps; ``kind=name`` has a name of its own."""
    own = {"find": 'by = "slot"\n', "label": 'text = "x"\n'}
    rows = []
    for each in kinds.split():
        kind, _, name = each.partition("=")
        called = f'name = "{name}"\n' if name else ""
        rows.append(f'[[steps]]\nkind = "{kind}"\n{own.get(kind, "")}{called}')
    return HEAD + PACKAGES + "".join(rows)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            f"{HEAD.replace('[product]', 'steps = []' + chr(10) + '[product]')}",
            "has 1 to 100 steps",
        ),
        (WHOLE + '[[steps]]\nkind = "inspect"\non_fail = "go-on"', "cannot go on where its step"),
        (WHOLE.replace(PACKAGES, ""), "it needs a table [[packages]] with it first"),
        (WHOLE + PACKAGES.replace('"application"', '"other"'), "which package it sends or checks"),
        (with_step('kind = "preflight"\npackage = "x"'), "there is no package with the name 'x'"),
    ],
)
def test_other_steps_that_cannot_be_done(text: str, words: str) -> None:
    assert words in refused(text, Code.RECIPE_STEPS).message


def test_two_packages_with_one_name_are_refused() -> None:
    error = refused(WHOLE + PACKAGES, line=BEFORE + 3)
    assert "there are two packages with the name 'application'" in error.message


def test_a_recipe_has_few_packages() -> None:
    more = "".join(PACKAGES.replace("application", f"p{number}") for number in range(10))
    assert "a recipe has at most 10 packages" in refused(WHOLE + more).message


def test_judging_the_same_numbers_again_is_no_retry() -> None:
    text = with_step(
        'kind = "measure"\nretries = 1\n[[steps.limits]]\nmeasurement = "attempts"\nequals = 1'
    )
    error = refused(text, Code.RECIPE_STEPS, BEFORE + 3)
    assert "is not tried again: that would change nothing" in error.message


# The document.


def test_what_is_found_out_later_names_its_line_too() -> None:
    document = read_recipe(WHOLE, where="r.toml")
    error = document.error(("packages", 0, "sha256"), Code.RECIPE_PACKAGE, "it is another.")
    assert (error.code, error.message) == (Code.RECIPE_PACKAGE, "r.toml, line 16: it is another.")


def test_the_template_is_a_recipe_and_not_pinned() -> None:
    made = recipe(recipe_text(PackageFacts()))
    assert not made.is_pinned
    assert made.product.hw_versions is None
    assert [step.kind for step in made.steps if step.kind in ("battery", "custom")] == []


def test_what_the_template_has_in_comments_is_right_as_well() -> None:
    text = recipe_text(PackageFacts())
    text = re.sub(r"^# (?=\[\[|(?!sha256)\w+ = )", "", text, flags=re.MULTILINE)
    made = recipe(text)
    assert {step.kind for step in made.steps} == set(KINDS)
    assert made.product.softdevices == (Fwid(0x103),)
