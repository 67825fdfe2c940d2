"""Words of the command line become values, or are refused with the option's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from firmline.cli import keys, pkg_diff, pkg_display, pkg_generate, pkg_signer, update
from firmline.cli.demo.command import demo
from firmline.cli.numbers import Amount, DottedVersion, Number, Version
from firmline.cli.parameters import (
    FilePath,
    FwidList,
    OnceCommand,
    YesNo,
    option_name,
    required,
)
from firmline.errors import Code, InputError
from firmline.values import Fwid, FwVersion
from unit.formats.makers import refuses

OPTION = click.Option(["-s", "--some-option"])


def converted(kind: click.ParamType[Any], text: object) -> object:
    return kind.convert(text, OPTION, None)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Number(), "0", 0),
        (Number(), "52", 52),
        (Number(), "0x34", 52),
        (Number(), "0X00ff", 255),
        (Number(), " 7 ", 7),
        (Number(), "4294967295", 0xFFFF_FFFF),
        (Number(maximum=9), "9", 9),
        (Version(), "0xFFFFFFFF", FwVersion(0xFFFF_FFFF)),
        (DottedVersion(), "1.2.3", FwVersion(10203)),
        (DottedVersion(), "429496.72.95", FwVersion(0xFFFF_FFFF)),
        (FwidList(), "0x103", (Fwid(0x103),)),
        (FwidList(), "0xFFFE, 0,0x103", (Fwid(0xFFFE), Fwid(0), Fwid(0x103))),
        (FilePath(), "a b", Path("a b")),
        (FilePath(stream=True), "-", Path("-")),
        (Number(517, minimum=23), "0x17", 23),
        (Amount(0.1, 1000), "0.1", 0.1),
        (Amount(0.1, 1000), "1e3", 1000.0),
        (Amount(0, 9), " 7 ", 7.0),
        (YesNo(), "1", True),
        (YesNo(), " Yes", True),
        (YesNo(), "false", False),
        (YesNo(), "0", False),
    ],
)
def test_a_word_becomes_a_value(kind: click.ParamType[Any], text: str, value: object) -> None:
    found = converted(kind, text)
    assert found == value
    assert type(found) is type(value)
    assert converted(kind, found) == value


def test_a_file_that_is_really_called_as_a_stream_can_be_named() -> None:
    assert converted(FilePath(), "./-") == Path.cwd() / "-"
    assert converted(FilePath(stream=True), "./-") == Path.cwd() / "-"


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        (Number(), "", Code.NUMBER_MALFORMED),
        (Number(), "-1", Code.NUMBER_MALFORMED),
        (Number(), "+1", Code.NUMBER_MALFORMED),
        (Number(), "1.5", Code.NUMBER_MALFORMED),
        (Number(), "1e3", Code.NUMBER_MALFORMED),
        (Number(), "1_000", Code.NUMBER_MALFORMED),
        (Number(), "0x", Code.NUMBER_MALFORMED),
        (Number(), "0xZZ", Code.NUMBER_MALFORMED),
        (Number(), "٣", Code.NUMBER_MALFORMED),
        (Number(), "none", Code.NUMBER_MALFORMED),
        (Number(), "052", Code.NUMBER_OCTAL_LOOKING),
        (Number(), "00", Code.NUMBER_OCTAL_LOOKING),
        (Number(), "4294967296", Code.NUMBER_OUT_OF_RANGE),
        (Number(maximum=9), "10", Code.NUMBER_OUT_OF_RANGE),
        (Version(), "99999999999", Code.NUMBER_OUT_OF_RANGE),
        (DottedVersion(), "1.2", Code.NUMBER_MALFORMED),
        (DottedVersion(), "1.2.3.4", Code.NUMBER_MALFORMED),
        (DottedVersion(), "1.2.-3", Code.NUMBER_MALFORMED),
        (DottedVersion(), "v1.2.3", Code.NUMBER_MALFORMED),
        (DottedVersion(), "1.2.300", Code.NUMBER_OUT_OF_RANGE),
        (DottedVersion(), "1.100.0", Code.NUMBER_OUT_OF_RANGE),
        (FwidList(), "", Code.NUMBER_MALFORMED),
        (FwidList(), "0x103,", Code.NUMBER_MALFORMED),
        (FwidList(), "0x103;0x104", Code.NUMBER_MALFORMED),
        (FwidList(), "zz", Code.NUMBER_MALFORMED),
        (FwidList(), "0x10000", Code.NUMBER_OUT_OF_RANGE),
        (FilePath(), "", Code.USAGE),
        (FilePath(), "-", Code.USAGE),
        (Number(517, minimum=23), "22", Code.NUMBER_OUT_OF_RANGE),
        (Amount(0.1, 1000), "0.09", Code.NUMBER_OUT_OF_RANGE),
        (Amount(0.1, 1000), "1e9", Code.NUMBER_OUT_OF_RANGE),
        (Amount(0.1, 1000), "-inf", Code.NUMBER_OUT_OF_RANGE),
        (Amount(0.1, 1000), "nan", Code.NUMBER_MALFORMED),
        (Amount(0.1, 1000), "", Code.NUMBER_MALFORMED),
        (Amount(0.1, 1000), "soon", Code.NUMBER_MALFORMED),
        (YesNo(), "2", Code.USAGE),
        (YesNo(), "", Code.USAGE),
        (YesNo(), "maybe", Code.USAGE),
    ],
)
def test_a_word_that_is_no_value_is_refused_by_the_options_name(
    kind: click.ParamType[Any], text: str, code: Code
) -> None:
    with refuses(code, "--some-option"):
        converted(kind, text)


def test_a_version_that_does_not_fit_is_refused() -> None:
    with refuses(Code.NUMBER_OUT_OF_RANGE, "does not fit into the 32 bits"):
        converted(DottedVersion(), "429496.72.96")


def test_a_switch_that_is_refused_says_all_that_it_takes() -> None:
    with pytest.raises(InputError) as caught:
        converted(YesNo(), "2")
    assert caught.value.message == "--some-option is 1 or 0, and was given '2'."
    assert caught.value.hint == (
        "1 is also written on, t, true, y, yes; 0 is also written f, false, n, no, off."
    )


def test_what_is_named_in_a_message() -> None:
    assert option_name(OPTION) == "--some-option"
    assert option_name(click.Argument(["zipfile"], metavar="ZIP")) == "ZIP"
    assert option_name(click.Argument(["file"])) == "FILE"
    assert option_name(None) == "the value"


def test_an_option_that_is_missing_is_named_with_the_reason() -> None:
    error = required("--sd-req", "the bootloader compares it")
    assert error.code is Code.OPTION_MISSING
    assert error.message == "--sd-req is missing: the bootloader compares it."


# Options given twice.


@pytest.fixture
def command() -> OnceCommand:
    return OnceCommand(
        "make",
        params=[
            click.Option(["-n", "--number"], type=int),
            click.Option(["--name"]),
            click.Option(["--loud"], is_flag=True),
            click.Argument(["file"]),
        ],
        callback=lambda **values: values,
    )


def called(command: click.Command, *words: str) -> Any:
    with command.make_context("make", list(words)) as context:
        return command.invoke(context)


def test_a_command_takes_each_option_once(command: OnceCommand) -> None:
    values = called(command, "--number", "1", "file", "--name", "-x")
    assert values == {"number": 1, "name": "-x", "loud": False, "file": "file"}


@pytest.mark.parametrize(
    "words",
    [
        ["--number", "1", "--number", "2", "file"],
        ["--number", "1", "file", "-n", "1"],
        ["-n1", "--number=2", "file"],
    ],
)
def test_an_option_given_twice_is_refused(words: list[str], command: OnceCommand) -> None:
    with refuses(Code.OPTION_CONFLICT, "--number is given twice."):
        called(command, *words)


def test_a_flag_given_twice_means_the_same(command: OnceCommand) -> None:
    assert called(command, "--loud", "--loud", "file")["loud"] is True


def test_a_word_that_looks_like_an_option_given_twice_is_none(command: OnceCommand) -> None:
    assert called(command, "--name", "--name", "file")["name"] == "--name"
    assert called(command, "--name", "a", "--", "--name")["file"] == "--name"


def test_an_error_of_the_parser_names_the_command(command: OnceCommand) -> None:
    with pytest.raises(click.UsageError) as caught:
        called(command, "file", "--number")
    assert caught.value.ctx is not None
    assert caught.value.ctx.info_name == "make"


def test_every_command_of_the_program_takes_an_option_once() -> None:
    found: list[click.Command] = [
        demo,
        keys.generate,
        keys.display,
        pkg_diff.diff,
        pkg_display.display,
        pkg_generate.generate,
        pkg_signer.signer,
        update.update,
    ]
    assert [type(each) for each in found] == [OnceCommand] * len(found)


@pytest.mark.parametrize(
    ("text", "fwids"),
    [
        ("s132-6.1.1", (0xB7,)),
        ("0x101,S132_nrf52_6.1.1, 183", (0x101, 0xB7, 0xB7)),
        ("s140-7.2.0,0x00,s112_nrf52_7.2.0", (0x100, 0, 0x103)),
    ],
)
def test_a_softdevice_goes_by_its_name_too_and_the_order_is_kept(
    text: str, fwids: tuple[int, ...]
) -> None:
    assert FwidList().convert(text, None, None) == fwids


@pytest.mark.parametrize(
    ("text", "near"), [("s132-6.1.2", "s132-6.1.1"), ("s999-77", "pkg softdev")]
)
def test_an_unknown_softdevice_is_told_with_those_that_are_like_it(text: str, near: str) -> None:
    with pytest.raises(InputError, match="which is not in the table") as caught:
        FwidList().convert(f"0x101,{text}", None, None)
    assert caught.value.code is Code.SOFTDEVICE_UNKNOWN
    assert near in caught.value.hint
