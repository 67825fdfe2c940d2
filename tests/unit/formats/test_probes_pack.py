"""The probe pack: what was signed comes back, and nothing that a unit could accept ever does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from firmline.errors import Code, LocalProtocolError
from firmline.formats.init_packet import (
    FwType,
    InitCommand,
    decode_init_packet,
    encode_init_command,
    encode_init_packet,
)
from firmline.formats.keys import SigningKey
from firmline.formats.package import read_package
from firmline.formats.package_zip import read_entries, write_entries
from firmline.formats.probes import MAX_PROBES, ProbeCatalogue, version_probe
from firmline.formats.probes_pack import (
    ProbePack,
    read_probe_pack,
    sign_probe_pack,
    write_probe_pack,
)
from firmline.formats.probes_versions import MAX_LIMIT, VersionLimits
from firmline.values import Fwid
from unit.formats.makers import refuses, zip_file

KEY, OTHER_KEY = SigningKey.generate(), SigningKey.generate()
LIMITS = VersionLimits(runs=((0, 2),))
CATALOGUE = ProbeCatalogue(
    hw_versions=(52, 51),
    softdevices=(Fwid(0xB7), Fwid(0x101), Fwid(0x103)),
    app_limits=VersionLimits(runs=((0, 3), (7, 7))),
    bootloader_limits=LIMITS,
)
PACK = sign_probe_pack(CATALOGUE, KEY)
CONTENT = write_probe_pack(PACK)
FILES = read_entries(CONTENT, name="p")
MANIFEST = json.loads(FILES["probes.json"])


def packed(packets: list[bytes], **manifest: Any) -> bytes:
    """A pack of any packets, with fields of the manifest as given."""
    blob = b"".join(len(packet).to_bytes(2, "little") + packet for packet in packets)
    text = json.dumps(MANIFEST | manifest).encode()
    return write_entries({"probes.json": text, "probes.bin": blob})


def signed(command: InitCommand, key: SigningKey = KEY) -> bytes:
    encoded = encode_init_command(command)
    return encode_init_packet(encoded, key.sign(encoded))


def packets() -> list[bytes]:
    return [PACK.packets[probe] for probe in CATALOGUE.probes()]


def with_third(change: Callable[[InitCommand], bytes]) -> bytes:
    """The pack with its third probe changed and signed again with the pack's own key."""
    changed = packets()
    changed[2] = change(decode_init_packet(changed[2]).command)
    return packed(changed)


def read(content: bytes) -> ProbePack:
    return read_probe_pack(content, name="p.zip")


def test_a_pack_comes_back_as_it_was_signed() -> None:
    assert read(CONTENT) == PACK
    assert set(FILES) == {"probes.json", "probes.bin"}
    assert PACK.public_key == KEY.public_key
    assert set(PACK.packets) == set(CATALOGUE.probes())


def test_the_same_key_gives_the_same_bytes() -> None:
    assert write_probe_pack(sign_probe_pack(CATALOGUE, KEY)) == CONTENT
    assert write_probe_pack(sign_probe_pack(CATALOGUE, OTHER_KEY)) != CONTENT


def test_a_pack_gives_the_packet_of_a_probe_and_knows_no_other() -> None:
    probe = version_probe(FwType.BOOTLOADER, 51, 2)
    command = decode_init_packet(PACK.packet(probe)).command
    assert (command.kind, command.hw_version, command.fw_version) == (FwType.BOOTLOADER, 51, 3)
    with pytest.raises(LocalProtocolError):
        PACK.packet(version_probe(FwType.BOOTLOADER, 51, 3))


def test_the_key_may_be_demanded() -> None:
    assert read_probe_pack(CONTENT, name="p", public_key=KEY.public_key) == PACK
    with refuses(Code.PROBE_PACK_KEY, "signed with another key"):
        read_probe_pack(CONTENT, name="p", public_key=OTHER_KEY.public_key)


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        (lambda c: signed(replace(c, app_size=4)), "Probe 3 of p.zip announces an image"),
        (lambda c: signed(replace(c, sd_size=1)), "announces an image"),
        (lambda c: signed(replace(c, bl_size=24_576)), "announces an image"),
        (lambda c: signed(replace(c, is_debug=True)), "debug flag"),
        (lambda c: signed(replace(c, kind=FwType.SOFTDEVICE)), "type SOFTDEVICE"),
        (lambda c: signed(replace(c, kind=FwType.SOFTDEVICE_BOOTLOADER)), "type SOFTDEVICE_B"),
        (lambda c: signed(replace(c, kind=FwType.EXTERNAL_APPLICATION)), "type EXTERNAL"),
        (lambda c: signed(replace(c, kind=FwType.BOOTLOADER)), "something else than its manifest"),
        (lambda c: signed(replace(c, hw_version=53)), "something else"),
        (lambda c: signed(replace(c, sd_req=(0xB7,))), "something else"),
        (lambda c: signed(replace(c, fw_version=9)), "something else"),
        (lambda c: signed(replace(c, fw_version=None)), "something else"),
        (lambda c: signed(replace(c, hash=bytes(32))), "something else"),
        (lambda c: encode_init_packet(encode_init_command(c), None), "is not signed."),
        (lambda c: signed(c, OTHER_KEY), "is not signed with the pack's key"),
    ],
)
def test_what_is_no_probe_of_the_manifest_is_refused(
    change: Callable[[InitCommand], bytes], fragment: str
) -> None:
    """Also where the pack's own key has signed it."""
    with refuses(Code.PROBE_PACK_UNSAFE, fragment):
        read(with_third(change))


def test_a_pack_unchanged_by_hand_is_read() -> None:
    assert read(with_third(signed)) == PACK


def test_a_probe_that_cannot_be_decoded_is_named() -> None:
    with refuses(Code.INIT_PACKET_MALFORMED, "Probe 3 of p.zip is damaged"):
        read(with_third(lambda _: b"\xff" * 20))


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (packed(packets()[:-1]), "fewer probes"),
        (packed([*packets(), packets()[0]]), "holds more"),
        (packed([b"", *packets()[1:]]), "fewer probes"),
        (packed([*packets()[:-1], bytes(513)]), "fewer probes"),
        (packed([]), "fewer probes"),
        (write_entries({**FILES, "probes.bin": FILES["probes.bin"][:-1]}), "fewer probes"),
        (write_entries({**FILES, "probes.bin": FILES["probes.bin"] + b"\0"}), "holds more"),
    ],
)
def test_the_probes_are_as_many_as_the_manifest_says(content: bytes, fragment: str) -> None:
    with refuses(Code.PROBE_PACK_MALFORMED, fragment):
        read(content)


@pytest.mark.parametrize(
    ("manifest", "fragment"),
    [
        ({"format": "firmline"}, "does not say that it is a probe pack's"),
        ({"version": 2}, "of a version that is not known here"),
        ({"version": True}, "of a version that is not known here"),
        ({"more": 1}, "unknown one"),
        ({"hw_versions": []}, "need a hardware version"),
        ({"hw_versions": 52}, "list of numbers"),
        ({"hw_versions": [52, "51"]}, "list of numbers"),
        ({"hw_versions": [True, 51]}, "list of numbers"),
        ({"hw_versions": [52, 2**32]}, "from 0 to"),
        ({"softdevices": [0]}, "FWID 0"),
        ({"softdevices": [1, 1, 1]}, "come twice"),
        ({"app_limits": []}, "rising order"),
        ({"app_limits": 7}, "rising order"),
        ({"app_limits": [7]}, "list of numbers"),
        ({"app_limits": [[0, 3], [7, 7, 7]]}, "not two numbers"),
        ({"app_limits": [[7, 7], [0, 3]]}, "rising order"),
        ({"bootloader_limits": [[0, 2.5]]}, "list of numbers"),
        ({"bootloader_limits": [[-1, 2]]}, "rising order"),
        ({"bootloader_limits": None}, "rising order"),
    ],
)
def test_a_manifest_that_cannot_be(manifest: dict[str, Any], fragment: str) -> None:
    with refuses(Code.PROBE_PACK_MALFORMED, fragment):
        read(packed(packets(), **manifest))


@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        ({"softdevices": [1, 2, 65536]}, Code.NUMBER_OUT_OF_RANGE),
        ({"public_key": "00"}, Code.KEY_MALFORMED),
        ({"public_key": "zz"}, Code.KEY_MALFORMED),
        ({"public_key": 5}, Code.KEY_MALFORMED),
        ({"public_key": "11" * 64}, Code.KEY_MALFORMED),
        ({"app_limits": [[0, MAX_LIMIT]]}, Code.PROBE_TOO_MANY),
        ({"hw_versions": list(range(17))}, Code.PROBE_TOO_MANY),
    ],
)
def test_a_manifest_with_numbers_out_of_bounds(manifest: dict[str, Any], code: Code) -> None:
    with refuses(code, "p.zip"):
        read(packed(packets(), **manifest))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b" " * 300_000,
        b'{"format": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_manifest_that_is_no_json_object(text: bytes) -> None:
    with refuses(Code.PROBE_PACK_MALFORMED, "probes.json of p.zip"):
        read(write_entries({**FILES, "probes.json": text}))


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (zip_file(("manifest.json", b"{}")), "is a DFU package"),
        (zip_file(("a", b"1")), "not with the two entries"),
        (zip_file(*FILES.items(), ("a", b"1")), "not with the two entries"),
    ],
)
def test_another_zip_file_is_no_pack(content: bytes, fragment: str) -> None:
    with refuses(Code.PROBE_PACK_MALFORMED, fragment):
        read(content)


def test_a_container_that_no_package_may_have_is_no_pack_either() -> None:
    with refuses(Code.PACKAGE_NOT_A_ZIP, "not a zip file"):
        read(b"hello")
    with refuses(Code.PACKAGE_UNSAFE_NAME, "plain file name"):
        read(zip_file(("../probes.json", b"1")))


def test_a_pack_is_no_package_and_its_command_is_named() -> None:
    with refuses(Code.PACKAGE_NO_MANIFEST, "is a probe pack, not a DFU package"):
        read_package(CONTENT, name="p.zip")


def test_more_probes_than_a_pack_holds_are_not_signed() -> None:
    wide = replace(CATALOGUE, app_limits=VersionLimits(runs=((0, MAX_PROBES),)))
    with refuses(Code.PROBE_TOO_MANY, "16,400 probes; at most 8,192"):
        sign_probe_pack(wide, KEY)
