"""The probe pack: probes that were signed once, for stations that do not hold the key.

A zip file of two entries:

* ``probes.json``: one object with exactly ``format`` (``firmline-probes``), ``version`` (1),
  ``public_key`` (hexadecimal, 64 bytes: x then y, each little-endian), ``hw_versions`` and
  ``softdevices`` (numbers), ``app_limits`` and ``bootloader_limits`` (runs ``[first, last]``).
* ``probes.bin``: for each probe of that catalogue, in its order, the size of its init packet (two
  bytes, little-endian) and the init packet.

Rules of this module: a pack comes from anywhere, so nothing in it is trusted. The manifest says
which probes there have to be; each packet must be that probe to the last byte, with an image of 0
bytes, without the debug flag, and signed by the pack's key. So whatever a pack holds, nothing that
a unit could accept comes out of this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from firmline.errors import Code, InputError, LocalProtocolError
from firmline.formats.init_packet import (
    MAX_INIT_PACKET_SIZE,
    InitPacket,
    SignatureType,
    decode_init_packet,
)
from firmline.formats.keys import PublicKey, Signer
from firmline.formats.manifest import MANIFEST_NAME, PROBES_NAME
from firmline.formats.package_zip import read_entries, write_entries
from firmline.formats.probes import (
    PROBE_TYPES,
    Probe,
    ProbeCatalogue,
    encode_probe_command,
    sign_probe,
)
from firmline.formats.probes_versions import VersionLimits
from firmline.values import Fwid

PACKETS_NAME = "probes.bin"
FORMAT = "firmline-probes"
FORMAT_VERSION = 1
MAX_MANIFEST_SIZE = 256 * 1024
"""Ours: 8192 limits without a neighbour have about 200 kB."""
_LENGTH_SIZE = 2
_FIELDS = {
    *("format", "version", "public_key", "hw_versions", "softdevices"),
    *("app_limits", "bootloader_limits"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePack:
    """Signed probes (:class:`~firmline.formats.probes.ProbeSource`).

    Attributes:
        catalogue: What they can ask.
        public_key: Of the key that signed them all.
        packets: The init packet of every probe of the catalogue.
    """

    catalogue: ProbeCatalogue
    public_key: PublicKey
    packets: Mapping[Probe, bytes] = field(repr=False)

    def packet(self, probe: Probe) -> bytes:
        """The init packet of a probe.

        Raises:
            LocalProtocolError: It is not one of the catalogue's.
        """
        if probe not in self.packets:
            raise LocalProtocolError("A probe was asked for that its pack does not hold.")
        return self.packets[probe]


def sign_probe_pack(catalogue: ProbeCatalogue, signer: Signer) -> ProbePack:
    """Make and sign every probe of a catalogue; the same key gives the same pack.

    Raises:
        InputError: ``PROBE_TOO_MANY``.
    """
    catalogue.check_count("The new probe pack")
    packets = {probe: sign_probe(probe, signer) for probe in catalogue.probes()}
    return ProbePack(catalogue=catalogue, public_key=signer.public_key, packets=packets)


def write_probe_pack(pack: ProbePack) -> bytes:
    """The zip file of a pack; the same pack always gives the same bytes."""
    catalogue = pack.catalogue
    manifest = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "public_key": pack.public_key.le_bytes.hex(),
        "hw_versions": list(catalogue.hw_versions),
        "softdevices": list(catalogue.softdevices),
        "app_limits": catalogue.app_limits.runs,
        "bootloader_limits": catalogue.bootloader_limits.runs,
    }
    packets = (pack.packets[probe] for probe in catalogue.probes())
    parts = (len(packet).to_bytes(_LENGTH_SIZE, "little") + packet for packet in packets)
    return write_entries(
        {PROBES_NAME: json.dumps(manifest).encode(), PACKETS_NAME: b"".join(parts)}
    )


def read_probe_pack(content: bytes, *, name: str, public_key: PublicKey | None = None) -> ProbePack:
    """Read a pack and check every probe in it.

    Args:
        content: The bytes of the zip file.
        name: What to call it in a message.
        public_key: The key that must have signed it; None: whichever the pack names.

    Raises:
        InputError: ``PROBE_PACK_MALFORMED``, ``PROBE_PACK_UNSAFE``, ``PROBE_TOO_MANY``,
            ``PROBE_PACK_KEY``, or what :func:`~firmline.formats.package_zip.read_entries` raises.
    """
    try:
        files = read_entries(content, name=name)
    except InputError as error:
        if error.code is Code.PACKAGE_NOT_A_ZIP:
            error.hint = "Give the probe pack that firmline pkg probes wrote."
        raise
    if files.keys() != {PROBES_NAME, PACKETS_NAME}:
        raise _not_a_pack(files, name)
    manifest = _parse_manifest(files[PROBES_NAME], name)
    try:
        catalogue, signed_by = _catalogue(manifest), _public_key(manifest)
    except InputError as error:
        # Their sentences speak of numbers; say whose.
        raise InputError(error.code, f"{name} is damaged. {error.message}") from None
    if public_key is not None and signed_by != public_key:
        raise InputError(
            Code.PROBE_PACK_KEY, f"{name} was signed with another key than the one given."
        )
    catalogue.check_count(name)
    blobs = _split(files[PACKETS_NAME], catalogue.count, name)
    packets = {}
    for number, (probe, blob) in enumerate(zip(catalogue.probes(), blobs, strict=True), 1):
        _check_packet(blob, probe, signed_by, name=f"Probe {number} of {name}")
        packets[probe] = blob
    return ProbePack(catalogue=catalogue, public_key=signed_by, packets=packets)


def _check_packet(blob: bytes, probe: Probe, public_key: PublicKey, *, name: str) -> None:
    """Refuse what a unit could accept, then what is not the probe that the manifest promises."""
    packet = decode_init_packet(blob, name=name)
    if (problem := _danger(packet)) is not None:
        raise _unsafe(f"{name} {problem}.")
    if packet.signed_bytes != encode_probe_command(probe):
        raise _unsafe(f"{name} asks for something else than its manifest says.")
    signature = packet.signature or b""
    if packet.signature_type is not SignatureType.ECDSA_P256_SHA256:
        raise _unsafe(f"{name} is not signed.")
    if not public_key.verify(packet.signed_bytes, signature):
        raise _unsafe(f"{name} is not signed with the pack's key.")


def _danger(packet: InitPacket) -> str | None:
    """What makes a packet more than a probe, as the end of a sentence that begins with its name."""
    command = packet.command
    if command.app_size or command.sd_size or command.bl_size:
        return "announces an image that is not of 0 bytes, so a unit could accept it"
    if command.is_debug:
        return "has the debug flag, with which a debug bootloader skips its checks"
    if command.kind not in PROBE_TYPES:
        return f"is of the type {command.kind.name}, which no probe has"
    return None


def _split(content: bytes, count: int, name: str) -> Iterator[bytes]:
    position = 0
    for _ in range(count):
        start = position + _LENGTH_SIZE
        size = int.from_bytes(content[position:start], "little")
        position = start + size
        if position > len(content) or not 0 < size <= MAX_INIT_PACKET_SIZE:
            raise _malformed(f"{name} holds fewer probes than its manifest says.")
        yield content[start:position]
    if position != len(content):
        raise _malformed(f"{name} holds more than the probes that its manifest names.")


def _not_a_pack(files: Mapping[str, bytes], name: str) -> InputError:
    if MANIFEST_NAME in files:
        return InputError(
            Code.PROBE_PACK_MALFORMED,
            f"{name} is a DFU package, not a probe pack.",
            hint="Make a pack with firmline pkg probes; firmline pkg display shows what this is.",
        )
    return _malformed(f"{name} is a zip file, but not with the two entries of a probe pack.")


def _parse_manifest(content: bytes, name: str) -> dict[str, object]:
    if len(content) > MAX_MANIFEST_SIZE:
        raise _malformed(f"The {PROBES_NAME} of {name} has {len(content)} bytes.")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise _malformed(f"The {PROBES_NAME} of {name} is not JSON.") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _malformed(f"The {PROBES_NAME} of {name} does not say that it is a probe pack's.")
    version = document.get("version")
    if type(version) is not int or version != FORMAT_VERSION:
        raise InputError(
            Code.PROBE_PACK_MALFORMED,
            f"{name} is a probe pack of a version that is not known here.",
            hint="Read it with the firmline that made it, or sign a new one.",
        )
    if document.keys() != _FIELDS:
        raise _malformed(f"The {PROBES_NAME} of {name} lacks a field or has an unknown one.")
    return document


def _catalogue(manifest: Mapping[str, object]) -> ProbeCatalogue:
    softdevices = _numbers(manifest["softdevices"])
    return ProbeCatalogue(
        hw_versions=_numbers(manifest["hw_versions"]),
        softdevices=tuple(Fwid(number) for number in softdevices),
        app_limits=VersionLimits(runs=_runs(manifest["app_limits"])),
        bootloader_limits=VersionLimits(runs=_runs(manifest["bootloader_limits"])),
    )


def _public_key(manifest: Mapping[str, object]) -> PublicKey:
    text = manifest["public_key"]
    try:
        content = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        content = b""
    return PublicKey.from_le_bytes(content)


def _numbers(value: object) -> tuple[int, ...]:
    if not _is_list_of_numbers(value):
        raise _malformed("A list of numbers is missing.")
    return tuple(value)


def _runs(value: object) -> tuple[tuple[int, int], ...]:
    runs = [_numbers(run) for run in value] if isinstance(value, list) else []
    if not all(len(run) == 2 for run in runs):
        raise _malformed("A run of limits is not two numbers.")
    return tuple((run[0], run[1]) for run in runs)


def _is_list_of_numbers(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(number) is int for number in value)


def _malformed(message: str) -> InputError:
    return InputError(Code.PROBE_PACK_MALFORMED, message)


def _unsafe(message: str) -> InputError:
    return InputError(Code.PROBE_PACK_UNSAFE, message)
