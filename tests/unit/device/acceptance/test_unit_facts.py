"""From facts to terms: what counts, what completes it, what contradicts."""

from __future__ import annotations

import pytest

from firmline.device.acceptance.unit_facts import (
    FACTS,
    inferred,
    key_of_facts,
    likely_build,
    require,
    terms_of_facts,
)
from firmline.device.acceptance.unit_terms import TERMS, read_terms
from firmline.device.profile import PROFILES
from firmline.errors import Code, InputError
from firmline.events import FactFound, How
from firmline.formats.keys import PublicKey, SigningKey
from firmline.formats.package import Package, read_package
from unit.cli.makers import KEY, package
from unit.formats.makers import refuses

CHIP = {"chip": "nrf52832-512k"}
OTHER = SigningKey.generate().public_key


def fact(name: str, value: str, how: How = How.PROBE) -> FactFound:
    return FactFound(fact=name, value=value, how=how)


FWID = fact("softdevice_fwid", "0x00B7", How.REMOTE_VERSION)


def test_every_term_of_a_fact_is_a_term() -> None:
    assert set(FACTS) <= set(TERMS)


def test_facts_become_terms_that_describe_a_unit() -> None:
    facts = [
        fact("chip", "nrf52832-512k", How.QUERY),
        FWID,
        fact("hw_version", "52"),
        fact("app_version", "3"),
        fact("app_size", "4000", How.QUERY),
        fact("bootloader_version", "1"),
        fact("bootloader_start", "0x78000", How.QUERY),
        fact("softdevice_end", "0x26000", How.QUERY),
        fact("firmware_revision", "3.0.0", How.DIS),
    ]
    terms = terms_of_facts(facts, {})
    assert terms == {
        "chip": "nrf52832-512k",
        "softdevice": "0x00B7",
        "softdevice-end": "0x26000",
        "bootloader-start": "0x78000",
        "bootloader-version": "1",
        "hw-version": "52",
        "app-version": "3",
        "app-size": "4000",
    }
    read = read_terms(terms)
    assert (read.hw_version, read.application_version, read.application_size) == (52, 3, 4000)
    assert read.softdevice is not None
    assert read.softdevice.fwid == 0xB7


IN_BOOTLOADER = fact("mode", "bootloader", How.QUERY)
NRF52840 = fact("chip", "nrf52840", How.QUERY)


@pytest.mark.parametrize(
    ("facts", "build"),
    [
        ([], "sdk15.3-ble"),
        ([fact("mode", "bootloader", How.SERVICES), NRF52840], "sdk15.3-ble"),
        ([fact("mode", "application", How.USB)], "sdk15.3-usb"),
        ([fact("mode", "application", How.USB), IN_BOOTLOADER, NRF52840], "sdk15.3-usb"),
        ([IN_BOOTLOADER], "sdk15.3-uart"),
        ([IN_BOOTLOADER, NRF52840], "sdk15.3-uart"),
        ([IN_BOOTLOADER, NRF52840, fact("bootloader_start", "0xF4000", How.QUERY)], "sdk15.3-usb"),
        ([IN_BOOTLOADER, NRF52840, fact("bootloader_start", "0xF8000", How.QUERY)], "sdk15.3-uart"),
        (
            [
                IN_BOOTLOADER,
                fact("chip", "nrf52832-512k", How.QUERY),
                fact("bootloader_start", "0x74000", How.QUERY),
            ],
            "sdk15.3-uart",
        ),
    ],
)
def test_what_a_unit_was_reached_by_tells_what_its_bootloader_was_built_for(
    facts: list[FactFound], build: str
) -> None:
    assert likely_build(facts) == build
    assert build in PROFILES


def test_a_term_of_the_build_is_not_overruled_by_a_guess() -> None:
    terms = {"chip": "nrf52840", "softdevice": "0x0100"}
    guessed = read_terms(terms, build="sdk15.3-usb")
    assert (guessed.profile.name, guessed.profile_given) == ("sdk15.3-usb", False)
    given = read_terms({**terms, "bootloader": "sdk17.1-usb"}, build="sdk15.3-usb")
    assert (given.profile.name, given.profile_given) == ("sdk17.1-usb", True)


def test_a_chip_without_usb_has_no_bootloader_for_it() -> None:
    with pytest.raises(InputError, match="has no USB"):
        read_terms({"chip": "nrf52832-512k", "softdevice": "none"}, build="sdk15.3-usb")


def test_what_an_application_says_of_itself_is_no_term() -> None:
    words = [fact("app_version", "9", How.DIS), fact("chip", "nrf52840", How.DIS), FWID]
    assert terms_of_facts(words, CHIP) == {**CHIP, "softdevice": "0x00B7"}


def test_the_nearest_to_the_bootloader_counts() -> None:
    facts = [
        FWID,
        fact("softdevice_fwid", "0x0103", How.PROBE),
        fact("app_version", "3", How.QUERY),
    ]
    assert terms_of_facts(facts, CHIP)["softdevice"] == "0x0103"
    assert terms_of_facts([*facts, fact("app_version", "4")], CHIP)["app-version"] == "4"


def test_a_version_within_a_range_is_not_known() -> None:
    terms = terms_of_facts([FWID, fact("app_version", "64 to 127")], CHIP)
    assert "app-version" not in terms


def test_a_term_completes_the_facts() -> None:
    terms = terms_of_facts([FWID], {**CHIP, "hw-version": "52"})
    assert terms == {**CHIP, "softdevice": "0x00B7", "hw-version": "52"}


@pytest.mark.parametrize(
    ("term", "value", "facts"),
    [
        ("softdevice", "s132-6.1.1", [FWID]),
        ("softdevice", "183", [FWID]),
        ("softdevice", "NONE", [fact("softdevice_fwid", "none")]),
        ("chip", "NRF52832-512K", [FWID, fact("chip", "nrf52832-512k", How.QUERY)]),
        ("app-version", "100", [FWID, fact("app_version", "64 to 127")]),
        ("app-version", "0x3", [FWID, fact("app_version", "3")]),
        ("bootloader-start", "491520", [FWID, fact("bootloader_start", "0x78000", How.QUERY)]),
    ],
)
def test_a_term_may_say_what_is_known(term: str, value: str, facts: list[FactFound]) -> None:
    assert terms_of_facts(facts, {**CHIP, term: value})


@pytest.mark.parametrize(
    ("term", "value", "facts", "fragment"),
    [
        ("softdevice", "s112-7.2.0", [FWID], "0x00B7 (S132 6.1.1) (remote version)"),
        ("softdevice", "none", [FWID], "the unit has 0x00B7"),
        ("softdevice", "0xB7", [fact("softdevice_fwid", "none")], "the unit has none (probe)"),
        ("chip", "nrf52840", [FWID, fact("chip", "nrf52832-512k", How.QUERY)], "(query)"),
        ("hw-version", "51", [FWID, fact("hw_version", "52")], "the unit has 52 (probe)"),
        ("app-version", "63", [FWID, fact("app_version", "64 to 127")], "64 to 127"),
        ("app-version", "128", [FWID, fact("app_version", "64 to 127")], "64 to 127"),
    ],
)
def test_a_term_may_not_contradict(
    term: str, value: str, facts: list[FactFound], fragment: str
) -> None:
    with refuses(Code.OPTION_CONFLICT, fragment):
        terms_of_facts(facts, {**CHIP, term: value})


@pytest.mark.parametrize(
    ("facts", "given", "missing"),
    [([FWID], {}, "--for chip="), ([], CHIP, "--for softdevice=")],
)
def test_chip_and_softdevice_have_to_come_from_somewhere(
    facts: list[FactFound], given: dict[str, str], missing: str
) -> None:
    with pytest.raises(InputError) as caught:
        require(terms_of_facts(facts, given), facts)
    assert caught.value.code is Code.OPTION_MISSING
    assert missing in caught.value.hint
    require({**CHIP, "softdevice": "0x00B7"}, facts)


def told(version: str, end: str) -> list[FactFound]:
    return [fact("softdevice_version", version, How.QUERY), fact("softdevice_end", end, How.QUERY)]


@pytest.mark.parametrize(
    ("version", "end", "fwid"),
    [("7.2.0", "0x27000", "0x0100"), ("7.2.0", "0x28000", None), ("9.9.9", "0x27000", None)],
)
def test_version_and_end_of_a_softdevice_tell_its_fwid(
    version: str, end: str, fwid: str | None
) -> None:
    facts = told(version, end)
    assert terms_of_facts(facts, {}).get("softdevice") == fwid
    assert bool(inferred(facts, {})) == (fwid is not None)


def test_nothing_is_inferred_where_it_is_said() -> None:
    facts = told("7.2.0", "0x27000")
    given = {"softdevice": "0x0101"}
    assert terms_of_facts(facts, given)["softdevice"] == "0x0101"
    assert inferred(facts, given) == ()
    assert terms_of_facts([*facts, FWID], {})["softdevice"] == "0x00B7"
    assert inferred([*facts, FWID], {}) == ()


def test_a_number_that_is_none_is_refused_as_such() -> None:
    with refuses(Code.NUMBER_MALFORMED, "hw-version in --for"):
        terms_of_facts([FWID, fact("hw_version", "52")], {**CHIP, "hw-version": "five"})


# The key.


@pytest.fixture(scope="module")
def signed() -> Package:
    """Signed by ``unit.cli.makers.KEY``."""
    return read_package(package(), name="dfu.zip")


def key(
    signed: Package,
    trusted: str | None,
    *,
    probes: PublicKey | None,
    given: PublicKey | None = None,
) -> PublicKey | None:
    facts = [] if trusted is None else [fact("key_ok", trusted)]
    return key_of_facts(facts, probes_key=probes, given=given, package=signed)


def test_without_probes_the_key_is_the_given_one_or_unknown(signed: Package) -> None:
    assert key(signed, None, probes=None) is None
    assert key(signed, None, probes=None, given=OTHER) == OTHER
    assert key(signed, None, probes=KEY.public_key, given=OTHER) == OTHER


def test_a_trusted_key_is_the_probes_key(signed: Package) -> None:
    assert key(signed, "yes", probes=OTHER) == OTHER
    assert key(signed, "yes", probes=OTHER, given=OTHER) == OTHER


def test_a_package_signed_with_a_key_that_is_not_trusted_meets_another_one(
    signed: Package,
) -> None:
    stand_in = key(signed, "no", probes=KEY.public_key)
    assert stand_in is not None
    command = signed.images[0].init_packet
    assert not stand_in.verify(command.signed_bytes, command.signature or b"")


def test_of_a_package_signed_with_yet_another_key_nothing_is_known(signed: Package) -> None:
    assert key(signed, "no", probes=OTHER) is None
    assert key(signed, "no", probes=OTHER, given=KEY.public_key) == KEY.public_key


@pytest.mark.parametrize(
    ("trusted", "given"), [("yes", OTHER), ("no", KEY.public_key)], ids=["yes", "no"]
)
def test_a_given_key_may_not_contradict(signed: Package, trusted: str, given: PublicKey) -> None:
    with refuses(Code.OPTION_CONFLICT, "trusts" if trusted == "yes" else "does not trust"):
        key(signed, trusted, probes=KEY.public_key, given=given)
