"""Unit files: what each key does, what is there by default, and what a wrong file is told."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from firmline.device.application_dfu import ApplicationDfu
from firmline.device.description import SoftDeviceDescription, UnitDescription, gallery_unit
from firmline.device.fabrication import fabricate, physics_of
from firmline.device.faults.plan import (
    FAULTS,
    BrownOut,
    DelayedPackets,
    Direction,
    LinkLoss,
    LostPackets,
    PowerCutAt,
)
from firmline.device.physics.supply import Currents, Source
from firmline.device.physics.timing import Timing
from firmline.device.profile import PROFILES, SDK15_3_BLE
from firmline.device.unit_file import read_unit
from firmline.device.unit_file_keys import SUPPLY, SUPPLY_OF, TIMING
from firmline.errors import Code, InputError
from firmline.events import UnitMode
from firmline.formats.keys import SigningKey
from firmline.formats.toml_text import MAX_LINE, MAX_SIZE
from firmline.values import BleAddress, Fwid
from unit.device.makers import KEY

BLE = 'chip = "nrf52832-512k"\nprofile = "sdk15.3-ble"\n'
UART = 'chip = "nrf52832-512k"\nprofile = "sdk15.3-uart"\n'
REFERENCE = gallery_unit("ble-reference")
CHIP = REFERENCE.chip


def read(text: str) -> UnitDescription:
    return read_unit(text, name="mine")


# Defaults.


@pytest.mark.parametrize("profile", list(PROFILES))
def test_a_chip_and_a_profile_are_a_whole_unit(profile: str) -> None:
    unit = read(f'chip = "nrf52840"\nprofile = "{profile}"')
    assert unit.profile == PROFILES[profile]
    assert (unit.name, unit.title) == ("mine", f"nrf52840, {profile}")
    assert unit.public_key == REFERENCE.public_key
    assert (unit.bootloader_version, unit.lost_buffers, unit.faults.seed) == (1, 0, 0)
    assert (unit.supply, unit.timings, unit.faults.faults) == (None, None, ())
    assert unit.application_size == 0
    made = fabricate(unit, physics=physics_of(unit))
    made.power_on(now_s=0)
    made.wake(now_s=1)
    assert made.mode is UnitMode.BOOTLOADER


def test_a_ble_unit_has_a_softdevice_in_any_case_and_others_where_they_say_so() -> None:
    assert read(BLE).softdevice == SoftDeviceDescription(
        fwid=Fwid(0x0103), family=112, version=7_002_000, size_word=0x19000
    )
    assert read(UART).softdevice is None


def test_a_unit_without_a_radio_is_in_its_bootloader_by_default() -> None:
    assert (read(BLE).gpregret, read(UART).gpregret) == (0, 0xB1)
    assert read(UART + "gpregret = 0").gpregret == 0


def test_two_files_are_two_units() -> None:
    one, other = (read_unit(BLE, name=name) for name in ("one", "other"))
    assert one.address != other.address
    assert one.serial_number != other.serial_number
    assert read_unit(BLE, name="one") == one
    assert one.address.octets[0] >= 0xC0


@pytest.mark.parametrize(
    ("chip", "size"),
    [("nrf52832-512k", 120_000), ("nrf52832-256k", 0xE000), ("nrf52810", 0x6000)],
)
def test_the_application_leaves_room_for_another_of_its_size(chip: str, size: int) -> None:
    unit = read(f'chip = "{chip}"\nprofile = "sdk15.3-ble"\n[application]')
    assert (unit.application_version, unit.application_size) == (1, size)


# What each key does.


def test_every_key_of_a_unit_is_taken() -> None:
    unit = read(
        f"""\
title = "on the bench"
{BLE}hw_version = 0x34_00
address = "D1-22-33-44-55-66"
serial_number = "A B-1"
public_key = "{KEY.public_key.le_bytes.hex().upper()}"
bootloader_version = 4_294_967_295
gpregret = 0xFF
lost_buffers = 17
seed = 7
softdevice = {{ fwid = 0x1234, family = 132, version = 1, size_word = 0x27004 }}
application.version = 3
application.size = 4096
"""
    )
    assert unit == replace(
        REFERENCE,
        name="mine",
        title="on the bench",
        profile=replace(SDK15_3_BLE, hw_version=0x3400),
        address=BleAddress.parse("D1:22:33:44:55:66"),
        serial_number="A B-1",
        public_key=KEY.public_key,
        bootloader_version=unit.bootloader_version,
        gpregret=0xFF,
        lost_buffers=17,
        faults=replace(REFERENCE.faults, seed=7),
        softdevice=SoftDeviceDescription(
            fwid=Fwid(0x1234), family=132, version=1, size_word=0x27004
        ),
        application_version=unit.application_version,
        application_size=4096,
    )
    assert (unit.bootloader_version, unit.application_version) == (0xFFFF_FFFF, 3)


def test_a_key_may_be_given_as_pem() -> None:
    pem = KEY.public_key.format_pem().decode()
    assert read(f'{BLE}public_key_pem = """\n{pem}"""').public_key == KEY.public_key


@pytest.mark.parametrize(
    ("fwid", "family", "version", "size_word"),
    [
        ("0x0100", 140, 7_002_000, 0x27000),
        ("0x0101", 132, 7_002_000, 0x26000),
        ("0xB7", 132, 6_001_001, 0x26000),
        ("0xB8", 112, 6_001_001, 0x19000),
    ],
)
def test_a_known_softdevice_needs_its_fwid_alone(
    fwid: str, family: int, version: int, size_word: int
) -> None:
    softdevice = read(f"{BLE}[softdevice]\nfwid = {fwid}").softdevice
    assert softdevice == SoftDeviceDescription(
        fwid=Fwid(int(fwid, 16)), family=family, version=version, size_word=size_word
    )


def test_what_a_file_says_of_a_known_softdevice_counts() -> None:
    softdevice = read(f"{BLE}[softdevice]\nfwid = 0x0103\nsize_word = 0x26000").softdevice
    assert softdevice == REFERENCE.softdevice


def test_a_bench_supply_has_its_own_numbers() -> None:
    text = "[supply]\nsource = 'bench'\nopen_circuit_v = 3\nresistance_ohm = 2.5\ndcdc = false"
    assert read(BLE + text).supply == Source(
        currents=Currents.of(CHIP, dcdc=False), open_circuit_v=3.0, resistance_ohm=2.5
    )


def test_a_coin_cell_has_its_own() -> None:
    text = """[supply]
source = "cr2032"
used_mah = 150
temperature_c = -20
contact_ohm = 3
passivation_ohm = 40
capacitance_uf = 100
power_fail_v = 2.1
"""
    assert read(BLE + text).supply == Source.coin_cell(
        currents=Currents.of(CHIP),
        used_mah=150,
        temperature_c=-20,
        contact_ohm=3,
        passivation_ohm=40,
        capacitance_uf=100,
        power_fail_v=2.1,
    )


@pytest.mark.parametrize(("share", "used_mah"), [("1", 0), ("0.25", 172.5), ("0", 230)])
def test_the_state_of_charge_is_another_word_for_what_was_used(share: str, used_mah: float) -> None:
    text = f"[supply]\nsource = 'cr2032'\nstate_of_charge = {share}"
    assert read(BLE + text).supply == Source.coin_cell(
        currents=Currents.of(CHIP), used_mah=used_mah
    )


def test_times_that_are_not_given_are_those_of_the_chip() -> None:
    assert read(BLE + "[timing]\nchunk_s = 0.005\nboot_s = 1").timings == replace(
        Timing.of(CHIP), chunk_s=0.005, boot_s=1.0
    )


def test_every_time_can_be_given() -> None:
    assert set(TIMING) == {field.name for field in fields(Timing)}


def test_every_number_of_a_source_can_be_given() -> None:
    assert set(SUPPLY) - {"source", "dcdc"} - SUPPLY_OF["cr2032"] == {
        field.name for field in fields(Source) if field.name != "currents"
    }


def test_faults_are_values_of_their_types() -> None:
    text = """
[[faults]]
name = "lost-packets"
share = 1
direction = "from-unit"
[[faults]]
name = "delayed-packets"
first = 3
every = 2
delay_s = 2
[[faults]]
name = "link-loss"
reason = 0x3E
[[faults]]
name = "power-cut"
operation = 12
[[faults]]
name = "brown-out"
load = "radio"
"""
    plan = read(BLE + text).faults
    assert plan.faults == (
        LostPackets(share=1.0, direction=Direction.FROM_UNIT),
        DelayedPackets(first=3, every=2, delay_s=2.0),
        LinkLoss(reason=0x3E),
        PowerCutAt(operation=12),
        BrownOut(load="radio"),
    )
    assert isinstance(plan.faults[0], LostPackets)
    assert (type(plan.faults[0].direction), type(plan.faults[0].share)) == (Direction, float)


REQUIRED = {
    "power-cut": "operation = 1\n",
    "dropped-operation": "operation = 1\n",
    "worn-page": "address = 0x30000\n",
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_every_fault_can_stand_in_a_file(name: str) -> None:
    text = f'{BLE}[[faults]]\nname = "{name}"\n{REQUIRED.get(name, "")}'
    assert [type(fault) for fault in read(text).faults.faults] == [FAULTS[name]]


# What is wrong.


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read_unit(text, name="mine", where="my/unit.toml")
    assert caught.value.code is Code.UNIT_FILE_MALFORMED
    assert caught.value.message.startswith("my/unit.toml, line ")
    assert caught.value.message.endswith((".", "?"))
    return caught.value


FULL = """chip = 'nrf52810'
profile = 'sdk15.3-ble'
softdevice.fwid = 0x0103
softdevice.size_word = 0x26000
"""
CR2032 = "[supply]\nsource = 'cr2032'\n"
BENCH = "[supply]\nsource = 'bench'\n"
FAULT = "[[faults]]\nname = "
OFF_CURVE = "01" * 64


@pytest.mark.parametrize(
    ("added", "line", "words"),
    [
        # Syntax.
        ("what", 3, "this is not TOML: expected '='"),
        ("a = \n", 3, "this is not TOML, at column 5: invalid value"),
        ("seed = 1\nseed = 2\n", 4, "cannot overwrite a value"),
        ("[softdevice]\n[softdevice]\n", 4, "the table 'softdevice' is declared twice"),
        ("title = '\x00'", 3, "found invalid character"),
        ("seed = 1\rtitle = 'x'", 3, "expected newline"),
        ("x = " + "[" * 500 + "\n" + "[" * 900, 3, "brackets stand too deep"),
        ("# " + "x" * MAX_LINE, 3, f"{MAX_LINE + 2} characters, and {MAX_LINE} are allowed"),
        ("#\n" * (MAX_SIZE // 2), 32_748, "a unit file has at most 64 kB"),
        # Keys.
        ("sofdevice = 1", 3, "there is no key 'sofdevice'; did you mean 'softdevice'?"),
        ("[aplication]\nsize = 4", 3, "did you mean 'application'?"),
        ("\n# a comment\n[supply]\nsorce = 'bench'", 6, "'supply.sorce'; did you mean 'source'?"),
        ("'quoted key' = 1", 3, "there is no key 'quoted key'."),
        ('"xx\\u0041" = 1', 3, "there is no key 'xxA'."),
        ("seed = 1\n\ntiming.boot = 1", 5, "'timing.boot'; did you mean 'boot_s'?"),
        (FAULT + "'link-loss'\nafter = 3", 5, "'faults.after'; did you mean 'after_packets'?"),
        ("[[faults]]\nreason = 8", 3, "faults.name is missing"),
        ("[softdevice.size_word]\nx = 1", 3, "softdevice.size_word is a table"),
        # Types.
        ("seed = true", 3, "seed is true, and has to be a whole number from 0 to 4294967295"),
        ("seed = 1.0", 3, "seed is 1.0, and has to be a whole number"),
        ("seed = '1'", 3, "seed is '1', and has to be a whole number"),
        ("seed = 1979-05-27", 3, "seed is a date or a time"),
        ("title = 5", 3, "title is 5, and has to be a text of 1 to 120 printable"),
        ("softdevice = 5", 3, "softdevice is 5, and has to be a table"),
        ("[[softdevice]]", 3, "softdevice is a list, and has to be a table"),
        ("[faults]", 3, "faults is a table, and has to be a list of tables"),
        ("faults = [1]", 3, "a list of tables, and its entry 1 is 1."),
        (BENCH + "dcdc = 1", 5, "supply.dcdc is 1, and has to be true or false"),
        (BENCH + "resistance_ohm = true", 5, "supply.resistance_ohm is true"),
        ("public_key_pem = 5", 3, "public_key_pem is 5, and has to be a PEM text"),
        # Ranges.
        ("gpregret = 256", 3, "gpregret is 256, and has to be a whole number from 0 to 255"),
        ("gpregret = -1", 3, "gpregret is -1"),
        ("gpregret = " + "9" * 900, 3, "gpregret is " + "9" * 40 + "..."),
        ("bootloader_version = 0x1_0000_0000", 3, "bootloader_version is 4294967296"),
        ("lost_buffers = 18", 3, "lost_buffers is 18, and has to be at most 17"),
        (BENCH + "open_circuit_v = nan", 5, "supply.open_circuit_v is nan"),
        (BENCH + "open_circuit_v = inf", 5, "supply.open_circuit_v is inf"),
        (BENCH + "open_circuit_v = 1e400", 5, "is inf, and has to be a number from 1.7 to 3.6"),
        (BENCH + "capacitance_uf = -0.1", 5, "is -0.1, and has to be a number from 0 to 10000"),
        (BENCH + "power_fail_v = 1.6", 5, "is 1.6, and has to be 0, which is off, or from 1.7"),
        (CR2032 + "temperature_c = -300", 5, "is -300, and has to be a number from -40 to 85"),
        ("[timing]\nerase_page_s = 0", 4, "timing.erase_page_s is 0"),
        # Texts.
        ("title = 'Gerät'", 3, "title is 'Gerät', and has to be a text of"),
        ("title = ''", 3, "title is ''"),
        ("title = '" + "x" * 121 + "'", 3, "..., and has to be a text of 1 to 120"),
        ('serial_number = "a\\u001b[31m"', 3, "printable ASCII"),
        ("serial_number = '" + "1" * 33 + "'", 3, "a text of 1 to 32"),
        # Values that mean something.
        ("address = 'no'", 3, "address is 'no', and has to be a random static Bluetooth address"),
        ("address = '86:05:04:03:02:01'", 3, "has to be a random static"),
        ("address = 'FF:FF:FF:FF:FF:FF'", 3, "has to be a random static"),
        ("address = 'C0:00:00:00:00:00'", 3, "has to be a random static"),
        ("public_key = '00'", 3, "public_key is '00', and has to be a text of 128 to 128"),
        ("public_key = '" + "x" * 128 + "'", 3, "64 bytes as 128 hexadecimal digits"),
        (f"public_key = '{OFF_CURVE}'", 3, "has to be a point of the curve P-256"),
        ("public_key_pem = 'x'", 3, "public_key_pem does not hold a public key in PEM form"),
        ("public_key_pem = ''", 3, "public_key_pem is empty"),
        (f"public_key_pem = 'x'\npublic_key = '{OFF_CURVE}'", 3, "beside public_key"),
        ("[softdevice]", 3, "softdevice.fwid is missing"),
        ("[softdevice]\nfwid = 0x1234", 3, "no SoftDevice with the FWID 0x1234 is known"),
        ("[softdevice]\nfwid = 0xEA", 3, "does not have it for 0x00EA (S122 8.0.0)"),
        ("[softdevice]\nfwid = 0x79", 3, "softdevice.version is missing"),
        ("[softdevice]\nfwid = 0x0103\nsize_word = 0x1000", 5, "the SoftDevice ends at 0x1000"),
        ("[softdevice]\nfwid = 0x0103\nsize_word = 0x3014", 5, "multiple of 4 from 0x3018"),
        ("[softdevice]\nfwid = 0x0103\nsize_word = 0x26001", 5, "multiple of 4"),
        ("[softdevice]\nfwid = 0x0103\nsize_word = 0xFFFFFFFC", 5, "to 0x75000"),
        ("[softdevice]\nfwid = 0x0103\nsize_word = -4", 5, "from 0 to"),
        ("[application]\nsize = 5", 4, "the application has 5 bytes"),
        ("[application]\nsize = 0", 4, "application.size is 0"),
        ("[application]\nsize = -4", 4, "application.size is -4"),
        ("[application]\nsize = 376_836", 4, "a multiple of 4 up to 376832"),
        ("[supply]", 3, "supply.source is missing; it has to be one of bench, cr2032"),
        ("[supply]\nsource = 'cr2023'", 4, "supply.source is 'cr2023', and has to be one of"),
        (BENCH + "used_mah = 3", 5, "means nothing with the source 'bench'"),
        (CR2032 + "resistance_ohm = 3", 5, "it belongs to 'bench'"),
        (CR2032 + "used_mah = 0\nstate_of_charge = 1", 6, "beside supply.used_mah"),
        # Faults.
        ("[[faults]]", 3, "faults.name is missing; it has to be one of lost-packets"),
        (FAULT + "'power-cut'", 3, "faults.operation is missing"),
        (FAULT + "'power-cuts'\noperation = 1", 4, "faults.name is 'power-cuts'"),
        (FAULT + "'power-cut'\noperation = 0", 5, "is 0, and has to be a whole number from 1 to"),
        (FAULT + "'power-cut'\noperation = true", 5, "faults.operation is true"),
        (FAULT + "'lost-packets'\nshare = 1.5", 5, "a number from 0 to 1"),
        (FAULT + "'lost-packets'\nshare = nan", 5, "a number from 0 to 1"),
        (FAULT + "'lost-packets'\ndirection = 'up'", 5, "one of to-unit, from-unit"),
        (FAULT + "'brown-out'\nload = 'sleep'", 5, "one of cpu, radio, flash"),
        (FAULT + "'worn-page'\naddress = 0x80000", 5, "in the flash, below 0x80000"),
        (f"{FAULT}'host-gone'\n{FAULT}'host-gone'\n\nx = 1", 8, "there is no key 'faults.x'"),
        ("faults = [[1]]", 3, "faults has to be a list of tables, and its entry 1 is a list."),
        ("faults = [\n  {name = 'host-gone'},\n  7]", 3, "a list of tables, and its entry 2 is 7."),
        ("faults = 'none'", 3, "faults is 'none', and has to be a list of tables."),
        # Declared twice.
        ("[supply]\n[supply]", 4, "column 8: the table 'supply' is declared twice."),
        ("a.b = 1\n[a.b]\n[a.'b']", 4, "column 5: cannot overwrite a value."),
        ("[a.b]\n['a'.\"b\"]", 4, "the table 'a.b' is declared twice."),
        ('["it\'s"]\n["it\'s"]', 4, 'the table "it\'s" is declared twice.'),
        ("a = {b = {c = 1}, b.d = 2}", 3, "cannot mutate immutable namespace 'b.d'."),
        ("[" + "x" * 400 + "]\n[" + "x" * 400 + "]", 4, "'" + "x" * 100 + "' is declared twice"),
        # Lists of faults.
        ("faults = [\n  {name = 'host-gone'},\n  {name = 'x'},\n]", 3, "faults.name is 'x'"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(added: str, line: int, words: str) -> None:
    error = refused(BLE + added)
    assert f"my/unit.toml, line {line}: " in error.message
    assert words in error.message
    assert error.context["line"] == line
    assert len(error.message) < 400


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "chip is missing; it has to be one of nrf52832-512k"),
        ("chip = 'nrf52840'", 1, "profile is missing; it has to be one of sdk15.3-ble"),
        ("\nchip = 'nrf52382-512k'", 2, "chip is 'nrf52382-512k', and has to be one of"),
        ("chip.x = 'nrf52840'", 1, "chip is a table"),
        (
            "chip = 'nrf52832-512k'\r\n\r\nprofile = 'sdk17.1-usb'\r\n",
            3,
            "reached over USB, which the chip nrf52832-512k does not have",
        ),
        (UART + "lost_buffers = 4", 3, "at most 3, which sdk15.3-uart has"),
        (UART.replace("512k", "256k") + "[application]\nsize = 212_996", 4, "up to 212992"),
        (FULL + "[application]", 5, "the application has 0 bytes"),
    ],
)
def test_a_file_that_is_not_even_a_chip_and_a_profile(text: str, line: int, words: str) -> None:
    message = refused(text).message
    assert f"line {line}: " in message
    assert words in message


def test_a_near_miss_is_told_what_was_meant() -> None:
    assert refused(BLE.replace("ble", "bel")).hint == "Did you mean sdk15.3-ble?"
    assert refused(BLE + "[[faults]]\nname = 'watchdogs'").hint == "Did you mean watchdog?"


def test_all_keys_of_the_table_are_told_where_one_is_unknown() -> None:
    assert (
        refused(BLE + "[application]\nsizes = 4").hint == "The keys here are: version, size, dfu."
    )


def test_a_private_key_is_not_repeated() -> None:
    pem = SigningKey.generate().format_pem().decode()
    error = refused(f"{BLE}public_key_pem = '''\n{pem}'''")
    assert "does not hold a public key" in error.message
    assert not any(line in error.message + error.hint for line in pem.splitlines()[1:-1])


def test_lines_are_counted_over_texts_and_lists_of_several_lines() -> None:
    text = f"""{BLE}title = "say # [x] \\" = "
public_key_pem = '''
[supply]
seed = 1
{KEY.public_key.format_pem().decode()}'''
[timing] # [application]
boot_s = 1
chunk_s = \"\"\"
\"\"\"
"""
    error = refused(text)
    assert error.message.startswith("my/unit.toml, line 14: timing.chunk_s is ''")


def test_the_name_stands_for_the_file_where_no_other_is_given() -> None:
    with pytest.raises(InputError, match=r"^DFU-SIM-002: mine\.toml, line 1: "):
        read("x")


def test_a_mark_at_the_beginning_of_the_file_does_not_matter() -> None:
    assert read("\ufeff" + BLE) == read(BLE)


def test_a_value_is_shown_without_its_length() -> None:
    facts: dict[str, Any] = refused(f"{BLE}address = '{'x' * 41}'").context
    assert facts == {"line": 3}


USB = 'chip = "nrf52840"\nprofile = "sdk17.1-usb"\n'


def test_an_application_over_usb_has_the_trigger_and_runs() -> None:
    unit = read(USB + "[application]\n")
    assert (unit.application_dfu, unit.gpregret) == (ApplicationDfu.TRIGGER, 0)


def test_one_without_the_trigger_has_left_the_request_for_its_bootloader() -> None:
    unit = read(USB + '[application]\ndfu = "none"\n')
    assert (unit.application_dfu, unit.gpregret) == (ApplicationDfu.NONE, 0xB1)
    assert read(USB + "gpregret = 0xB1\n[application]\n").gpregret == 0xB1


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        (BLE + '[application]\ndfu = "trigger"\n', "which needs USB"),
        (USB + '[application]\ndfu = "buttonless"\n', "which needs a radio"),
        (USB + '[application]\ndfu = "bonded"\n', "one of none, trigger"),
        (UART + '[application]\ndfu = "trigger"\n', "without a radio and USB"),
    ],
)
def test_a_service_that_the_road_does_not_have_is_refused(text: str, fragment: str) -> None:
    assert fragment in refused(text).message
