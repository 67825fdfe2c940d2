"""The sentences about a package, each beside what the virtual bootloader does with the same packet.

The bench units have SoftDevice 0x0103 (one has none), hardware version 52, application 3 and
bootloader 1; one is updated over Bluetooth LE, one over UART.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from firmline.cli.package_meaning import meanings, order_sentence
from firmline.device.board import Board
from firmline.device.bootloader.init_decoder import decode
from firmline.device.bootloader.prevalidation import RefusalError, prevalidate
from firmline.formats.init_command import (
    BootValidation,
    BootValidationType,
    FwType,
    HashType,
    InitCommand,
)
from firmline.formats.init_packet import (
    decode_init_packet,
    encode_init_command,
    encode_init_packet,
)
from firmline.formats.package import FW_TYPES, Package, PackageImage
from firmline.values import FwVersion
from unit.device.makers import KEY, UART, make_board, make_store, remove_softdevice

APPLICATION, SOFTDEVICE, BOOTLOADER, SYSTEM, EXTERNAL = FwType
BARE = make_board()
remove_softdevice(BARE)
BOARDS = {"BLE": make_board(), "UART": make_board(profile=UART), "bare": BARE}


def image(kind: FwType, *, is_signed: bool = True, **changes: Any) -> PackageImage:
    """An image with a packet that every bench unit with a SoftDevice takes, but for changes."""
    values = {"fw_version": FwVersion(4), "hw_version": 52, "sd_req": (0x103,), **changes}
    command = InitCommand(kind=kind, hash=bytes(32), **{"app_size": 4, **values})
    encoded = encode_init_command(command)
    packet = decode_init_packet(
        encode_init_packet(encoded, KEY.sign(encoded) if is_signed else None)
    )
    of_kind = next(each for each, types in FW_TYPES.items() if kind in types)
    return PackageImage(
        kind=of_kind, firmware=bytes(4), init_packet=packet, bin_name="a.bin", dat_name="a.dat"
    )


def said_of(made: PackageImage) -> list[str]:
    (sentences,) = meanings(Package(images=(made,)))
    return sentences


def takes(board: Board, made: PackageImage) -> bool:
    try:
        prevalidate(decode(made.init_packet.encoded), board, make_store(board).ram)
    except RefusalError:
        return False
    return True


@dataclass(frozen=True)
class Case:
    """A packet, the sentence about it, and the bench units that take it."""

    kind: FwType
    changes: dict[str, Any]
    sentence: str
    taken_by: str


WITH = "BLE UART"
ALL = "BLE UART bare"
CASES = [
    Case(APPLICATION, {}, "The unit must have the SoftDevice 0x0103 (S112 7.2.0).", WITH),
    Case(APPLICATION, {"sd_req": (0x999,)}, "The unit must have the SoftDevice 0x0999.", ""),
    Case(
        APPLICATION,
        {"sd_req": (0x999, 0x103)},
        "The unit must have one of these SoftDevices: 0x0999 or 0x0103 (S112 7.2.0).",
        WITH,
    ),
    Case(
        APPLICATION,
        {"sd_req": ()},
        "It names no SoftDevice: only a unit without a SoftDevice takes it.",
        "bare",
    ),
    Case(APPLICATION, {"sd_req": (0,)}, "0x00: it needs no SoftDevice, and a unit takes it", ALL),
    Case(
        APPLICATION,
        {"sd_req": (0, 0x103)},
        "A unit with one refuses it over Bluetooth LE; over UART or USB it must have 0x0103",
        "UART bare",
    ),
    Case(SOFTDEVICE, {"sd_req": (0,)}, "only a unit without a SoftDevice takes it.", "bare"),
    Case(BOOTLOADER, {"sd_req": (0,)}, "it is taken whichever SoftDevice the unit has", ALL),
    Case(SYSTEM, {"sd_req": (0, 0x999)}, "it is taken whichever SoftDevice the unit has", ALL),
    Case(APPLICATION, {}, "was built for hardware version 52 takes it.", WITH),
    Case(APPLICATION, {"hw_version": 53}, "was built for hardware version 53 takes it.", ""),
    Case(APPLICATION, {"hw_version": None}, "only a bootloader built for debugging", ""),
    Case(
        APPLICATION,
        {"fw_version": FwVersion(3)},
        "Only a unit whose application version is 3 or lower takes it",
        WITH,
    ),
    Case(
        APPLICATION,
        {"fw_version": FwVersion(2)},
        "Only a unit whose application version is 2 or lower takes it",
        "",
    ),
    Case(APPLICATION, {"fw_version": None}, "It names no version: only a bootloader built for", ""),
    Case(
        BOOTLOADER,
        {"fw_version": FwVersion(2)},
        "Only a unit whose bootloader version is below 2 takes it: the same version is refused.",
        WITH,
    ),
    Case(
        SYSTEM,
        {"fw_version": FwVersion(1)},
        "Only a unit whose bootloader version is below 1 takes it: the same version is refused.",
        "",
    ),
    Case(SOFTDEVICE, {"fw_version": None}, "Its version is never too low for a unit.", WITH),
    Case(
        SOFTDEVICE,
        {"fw_version": FwVersion(0xFFFF_FFFF)},
        "Its version is never too low for a unit.",
        WITH,
    ),
    Case(
        SOFTDEVICE,
        {"fw_version": FwVersion(2)},
        "Only a unit whose application version is 2 or lower takes it.",
        "",
    ),
    Case(
        APPLICATION,
        {"hash_type": HashType.SHA512},
        "Its hash is not a SHA-256: every unit refuses it.",
        "",
    ),
    Case(APPLICATION, {"is_signed": False}, "units built as the SDK's examples refuse it.", ""),
    Case(APPLICATION, {"is_debug": True, "hw_version": 53}, "any other bootloader compares", ""),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind.name} {case.changes}")
def test_the_sentence_is_what_the_bootloader_does(case: Case) -> None:
    made = image(case.kind, **case.changes)
    assert [sentence for sentence in said_of(made) if case.sentence in sentence] != []
    assert [name for name, board in BOARDS.items() if takes(board, made)] == case.taken_by.split()


CHECKS = {
    BootValidationType.NO_VALIDATION: "not checked",
    BootValidationType.VALIDATE_GENERATED_CRC: "compares the CRC-32",
    BootValidationType.VALIDATE_GENERATED_SHA256: "compares the SHA-256",
    BootValidationType.VALIDATE_ECDSA_P256_SHA256: "verifies the signature",
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("kind", [APPLICATION, SOFTDEVICE, SYSTEM])
def test_the_boot_check_is_explained(kind: FwType, check: BootValidationType) -> None:
    sentences = said_of(image(kind, boot_validations=(BootValidation(type=check),)))
    assert [sentence for sentence in sentences if CHECKS[check] in sentence] != []


def test_without_a_boot_check_the_unit_takes_its_own() -> None:
    assert any("compares the CRC-32" in each for each in said_of(image(APPLICATION)))
    assert any("compares the CRC-32" in each for each in said_of(image(SYSTEM)))


def test_a_bootloader_is_never_checked() -> None:
    check = BootValidation(type=BootValidationType.VALIDATE_GENERATED_CRC)
    sentences = said_of(image(BOOTLOADER, boot_validations=(check,)))
    assert "The bootloader itself is not checked at a start, whatever is named." in sentences
    assert not any("CRC-32" in each for each in sentences)


def test_an_application_for_another_chip_is_told() -> None:
    sentences = said_of(image(EXTERNAL, sd_req=(0xFFFE,)))
    assert "Any SoftDevice will do (0xFFFE)." in sentences
    assert any(each.startswith("It is for another chip") for each in sentences)
    assert not any("At every start" in each for each in sentences)
    assert any("up to the product" in each for each in said_of(image(EXTERNAL, sd_req=(0,))))


def test_a_new_softdevice_may_cost_the_application() -> None:
    assert any("loses its application" in each for each in said_of(image(SOFTDEVICE)))
    assert any("application and waits" in each for each in said_of(image(SYSTEM)))
    assert not any("loses its" in each for each in said_of(image(APPLICATION)))


def test_images_come_in_the_order_of_the_unit() -> None:
    alone = Package(images=(image(APPLICATION),))
    assert order_sentence(alone) is None
    both = Package(images=(image(SOFTDEVICE), image(APPLICATION)))
    assert order_sentence(both) == (
        "A unit takes the SoftDevice first, restarts with it, and then takes the application."
    )
    system, application = meanings(both)
    assert application[1].endswith(" By then the unit has the one from this package.")
    assert not any("By then" in sentence for sentence in system)
