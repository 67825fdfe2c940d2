"""The key of the recorded sessions, found from the init packets that others signed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from firmline.errors import InputError
from firmline.formats.init_packet import InitPacket, decode_init_packet
from firmline.formats.key_recovery import common_keys, recover_keys
from firmline.formats.keys import PublicKey

HERE = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "transcripts"
pytestmark = pytest.mark.skipif(not HERE.is_dir(), reason="../shared/data/transcripts is not here")


def recorded(name: str) -> tuple[PublicKey, set[InitPacket]]:
    """The key that the units of a file trust, and the signed init packets that they were sent."""
    keys, packets = set(), set()
    for line in gzip.decompress((HERE / name).read_bytes()).splitlines():
        session = json.loads(line)
        keys.add(session["public_key_le_hex"])
        for blob in session["blobs"].values():
            if "hex" in blob:
                try:
                    packet = decode_init_packet(bytes.fromhex(blob["hex"]))
                except InputError:
                    continue  # a case of a malformed packet, or other bytes
                if packet.signature is not None:
                    packets.add(packet)
    (key,) = keys
    return PublicKey.from_le_bytes(bytes.fromhex(key)), packets


@pytest.mark.parametrize(
    ("name", "count", "by_others"),
    [("happy.jsonl.gz", 115, 0), ("init.jsonl.gz", 172, 12)],  # 12: cases of a wrong signature
)
def test_the_key_of_the_recordings_is_found(name: str, count: int, by_others: int) -> None:
    key, packets = recorded(name)
    candidates = []
    for packet in packets:
        assert packet.signature is not None
        found = recover_keys(packet.signed_bytes, packet.signature)
        assert (key in found) == key.verify(packet.signed_bytes, packet.signature)
        if key in found:
            candidates.append(found)
    assert common_keys(candidates) == (key,)
    assert (len(packets), len(packets) - len(candidates)) == (count, by_others)
