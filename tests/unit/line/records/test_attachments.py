"""Attachments: whole or not at all, each under its hash, and compared with it when it is read."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from firmline.errors import Code, StoreError
from firmline.line.records.attachments import AttachmentStore, attachments_beside

TRACE = b'{"type": "update_started"}\n' * 1000


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_was_kept_is_read_by_its_hash(tmp_path: Path) -> None:
    store = attachments_beside(tmp_path / "shift.db")
    kept = store.keep("trace.jsonl", TRACE, media_type="application/jsonl")
    assert (kept.name, kept.size, kept.media_type) == (
        "trace.jsonl",
        len(TRACE),
        "application/jsonl",
    )
    assert kept.sha256 == hashlib.sha256(TRACE).hexdigest()
    assert store.read(kept.sha256) == TRACE
    (file,) = files(tmp_path)
    assert file.relative_to(tmp_path).parts[0] == "shift.db.attachments"


def test_the_same_bytes_are_kept_once_under_any_name(tmp_path: Path) -> None:
    store = AttachmentStore(tmp_path)
    assert store.keep("a", TRACE).sha256 == store.keep("b", TRACE).sha256
    assert len(files(tmp_path)) == 1
    assert store.keep("empty", b"").size == 0


def test_damaged_bytes_are_no_evidence_and_are_mended_by_the_original(tmp_path: Path) -> None:
    store = AttachmentStore(tmp_path)
    kept = store.keep("trace", TRACE)
    (file,) = files(tmp_path)
    file.write_bytes(TRACE[:-1])
    with pytest.raises(StoreError) as caught:
        store.read(kept.sha256)
    assert caught.value.code is Code.ATTACHMENT_DAMAGED
    store.keep("trace", TRACE)
    assert store.read(kept.sha256) == TRACE


def test_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        AttachmentStore(tmp_path / "none").read("0" * 64)
    assert caught.value.code is Code.ATTACHMENT_MISSING
    with pytest.raises(StoreError) as caught:
        AttachmentStore(tmp_path).read("../../etc/passwd")
    assert caught.value.code is Code.RECORD_MALFORMED


def test_a_write_that_fails_leaves_nothing_under_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="no space left") as caught:
        AttachmentStore(tmp_path).keep("trace", TRACE)
    assert caught.value.code is Code.ATTACHMENT_NOT_KEPT
    assert files(tmp_path) == []


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").write_bytes(b"")
    with pytest.raises(StoreError) as caught:
        AttachmentStore(tmp_path / "folder").keep("trace", TRACE)
    assert caught.value.code is Code.ATTACHMENT_NOT_KEPT
