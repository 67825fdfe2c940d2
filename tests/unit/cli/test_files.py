"""The user's files: read with bounds, written whole or not at all."""

from __future__ import annotations

import errno
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from firmline.cli.files import MAX_SIZE, check_writable, keep_apart, read_file, write_file
from firmline.cli.trace_file import TraceFile
from firmline.errors import Code, InputError
from unit.cli.makers import KEY
from unit.cli.program import as_ordinary_user, files_in
from unit.formats.makers import refuses

ONCE = b"what was there before"
NEW = b"what is new"


@pytest.fixture
def out(folder: Path) -> Path:
    return folder / "out"


@pytest.fixture
def locked() -> Iterator[Path]:
    """A folder that an ordinary user may enter and read, but not write to."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# Reading.


def test_a_file_is_read_whole(out: Path) -> None:
    out.write_bytes(bytes(range(256)) * 1000)
    assert read_file(out, what="thing") == bytes(range(256)) * 1000


def test_a_file_of_the_largest_size_is_read(out: Path) -> None:
    out.touch()
    os.truncate(out, MAX_SIZE)
    assert len(read_file(out, what="thing")) == MAX_SIZE


def test_a_file_above_the_largest_size_is_refused(out: Path) -> None:
    out.touch()
    os.truncate(out, MAX_SIZE + 1)
    with refuses(Code.FILE_TOO_LARGE, f"The thing {out} is larger than 64 MiB."):
        read_file(out, what="thing")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero")
def test_a_device_is_refused() -> None:
    sentence = "The thing /dev/zero is a pipe or a device, not a plain file."
    with refuses(Code.FILE_UNREADABLE, sentence):
        read_file(Path("/dev/zero"), what="thing")


def test_a_named_pipe_that_nobody_fills_is_not_waited_for(out: Path) -> None:
    os.mkfifo(out)
    with refuses(Code.FILE_UNREADABLE, f"The thing {out} is a pipe or a device"):
        read_file(out, what="thing")


def test_a_socket_is_refused(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with refuses(Code.FILE_UNREADABLE, "The thing socket is a pipe or a device"):
            read_file(Path("socket"), what="thing")
    assert files_in(folder) == {"socket"}


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="there is no /dev/fd")
def test_a_pipe_that_the_shell_has_filled_is_read() -> None:
    ours, theirs = os.pipe()
    os.write(theirs, NEW)
    os.close(theirs)
    try:
        assert read_file(Path(f"/dev/fd/{ours}"), what="thing") == NEW
    finally:
        os.close(ours)


def test_a_very_long_path_is_not_repeated_whole(folder: Path) -> None:
    path = folder / ("d" * 5000) / "mine.key"
    with pytest.raises(InputError) as caught:
        read_file(path, what="thing")
    assert len(caught.value.message) < 250
    assert "ddd/mine.key cannot be read: file name too long." in caught.value.message
    with pytest.raises(InputError) as caught:
        write_file(path, NEW)
    assert len(caught.value.message) < 250


def test_a_missing_file_is_refused(out: Path) -> None:
    with refuses(Code.FILE_MISSING, f"The thing {out} does not exist."):
        read_file(out, what="thing")


def test_a_file_in_a_missing_folder_is_missing(folder: Path) -> None:
    with refuses(Code.FILE_MISSING, "does not exist"):
        read_file(folder / "none" / "out", what="thing")


def test_an_empty_file_is_refused(out: Path) -> None:
    out.touch()
    with refuses(Code.FILE_EMPTY, f"The thing {out} is empty."):
        read_file(out, what="thing")


def test_a_folder_is_no_file(folder: Path) -> None:
    with refuses(Code.FILE_UNREADABLE, "is a folder, not a file"):
        read_file(folder, what="thing")


@pytest.mark.parametrize("name", ["a\0b", "n" * 300, "file/below"])
def test_a_name_that_cannot_be_is_refused(name: str, folder: Path) -> None:
    (folder / "file").touch()
    with refuses(Code.FILE_UNREADABLE, "cannot be read: "):
        read_file(folder / name, what="thing")


def test_a_file_without_permission_is_refused(locked: Path) -> None:
    locked.chmod(0o755)
    (locked / "secret").write_bytes(ONCE)
    (locked / "secret").chmod(0)
    with as_ordinary_user(), refuses(Code.FILE_UNREADABLE, "permission denied"):
        read_file(locked / "secret", what="thing")


# Writing.


def test_a_new_file_is_written_and_nothing_else(out: Path, folder: Path) -> None:
    write_file(out, NEW)
    assert out.read_bytes() == NEW
    assert files_in(folder) == {"out"}


def test_a_file_that_is_there_is_replaced(out: Path, folder: Path) -> None:
    out.write_bytes(ONCE)
    write_file(out, NEW)
    assert out.read_bytes() == NEW
    assert files_in(folder) == {"out"}


def test_a_file_has_the_mode_that_the_user_wants_for_new_files(out: Path) -> None:
    before = os.umask(0o027)
    try:
        write_file(out, NEW)
    finally:
        os.umask(before)
    assert mode(out) == 0o640


@pytest.mark.parametrize("was", [None, 0o644, 0o777])
def test_a_private_file_is_readable_for_its_owner_alone(was: int | None, out: Path) -> None:
    if was is not None:
        out.write_bytes(ONCE)
        out.chmod(was)
    before = os.umask(0)
    try:
        write_file(out, NEW, private=True)
    finally:
        os.umask(before)
    assert mode(out) == 0o600


def test_a_private_file_is_private_before_its_first_byte_is_written(
    out: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def fsync(descriptor: int) -> None:
        assert descriptor >= 0
        seen.extend(mode(path) for path in folder.iterdir())

    monkeypatch.setattr(os, "fsync", fsync)
    write_file(out, NEW, private=True)
    assert seen == [0o600]


def test_a_file_that_may_not_be_replaced_is_left_as_it_is(out: Path, folder: Path) -> None:
    out.write_bytes(ONCE)
    with refuses(Code.FILE_EXISTS, f"{out} is already there and was left as it is."):
        write_file(out, NEW, replace=False)
    assert out.read_bytes() == ONCE
    assert files_in(folder) == {"out"}


def test_a_link_to_nowhere_may_not_be_replaced_either(out: Path, folder: Path) -> None:
    out.symlink_to("elsewhere")
    with refuses(Code.FILE_EXISTS, "already there"):
        write_file(out, NEW, replace=False)
    assert files_in(folder) == {"out"}
    assert out.readlink() == Path("elsewhere")


def test_a_new_file_is_written_where_nothing_may_be_replaced(out: Path, folder: Path) -> None:
    write_file(out, NEW, private=True, replace=False)
    assert out.read_bytes() == NEW
    assert mode(out) == 0o600
    assert files_in(folder) == {"out"}


def no_links(*_: object) -> None:
    raise OSError(errno.EOPNOTSUPP, "Operation not supported")


def test_a_file_system_without_hard_links_is_no_obstacle(
    out: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    write_file(out, NEW, replace=False)
    assert out.read_bytes() == NEW
    assert files_in(folder) == {"out"}


@pytest.mark.parametrize("is_link", [False, True])
def test_a_file_system_without_hard_links_replaces_nothing_either(
    is_link: bool, out: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_link:
        out.symlink_to("elsewhere")
    else:
        out.write_bytes(ONCE)
    monkeypatch.setattr(os, "link", no_links)
    with refuses(Code.FILE_EXISTS, "already there"):
        write_file(out, NEW, replace=False)
    assert files_in(folder) == {"out"}
    assert out.is_symlink() is is_link


def test_a_symbolic_link_is_followed(folder: Path) -> None:
    (folder / "build").mkdir()
    (folder / "build" / "real").write_bytes(ONCE)
    (folder / "out").symlink_to(Path("build") / "real")
    write_file(folder / "out", NEW)
    assert (folder / "build" / "real").read_bytes() == NEW
    assert (folder / "out").is_symlink()
    assert files_in(folder) == {"build", "build/real", "out"}


def test_a_link_to_itself_leads_nowhere_and_is_replaced(out: Path, folder: Path) -> None:
    out.symlink_to("out")
    write_file(out, NEW)
    assert out.read_bytes() == NEW
    assert files_in(folder) == {"out"}


def test_a_folder_is_never_replaced(out: Path, folder: Path) -> None:
    out.mkdir()
    with refuses(Code.FILE_NOT_WRITABLE, "it is a folder"):
        write_file(out, NEW)
    assert files_in(folder) == {"out"}


@pytest.mark.parametrize("name", ["/", ".", "..", ""])
def test_what_is_always_a_folder_is_never_replaced(name: str, folder: Path) -> None:
    with refuses(Code.FILE_NOT_WRITABLE, "it is a folder"):
        write_file(Path(name), NEW)
    assert files_in(folder) == set()


def test_a_device_is_never_replaced(folder: Path) -> None:
    device = folder / "null"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        os.mkfifo(device)
    kind = stat.S_IFMT(device.stat().st_mode)
    with refuses(Code.FILE_NOT_WRITABLE, "it is a device or a pipe"):
        write_file(device, NEW)
    assert stat.S_IFMT(device.stat().st_mode) == kind
    assert files_in(folder) == {"null"}


def test_a_missing_folder_is_named(folder: Path) -> None:
    with refuses(Code.FILE_NOT_WRITABLE, f"there is no folder {folder / 'none'}."):
        write_file(folder / "none" / "out", NEW)
    assert files_in(folder) == set()


@pytest.mark.parametrize("name", ["a\0b", "n" * 300, "file/below"])
@pytest.mark.parametrize("replace", [True, False])
def test_a_name_that_cannot_be_written_is_refused(name: str, replace: bool, folder: Path) -> None:
    (folder / "file").touch()
    with refuses(Code.FILE_NOT_WRITABLE, "cannot be written: "):
        write_file(folder / name, NEW, replace=replace)
    assert files_in(folder) == {"file"}


def test_a_name_as_long_as_the_file_system_allows_is_written(folder: Path) -> None:
    name = "n" * os.pathconf(folder, "PC_NAME_MAX")
    write_file(folder / name, NEW)
    assert files_in(folder) == {name}


def test_a_folder_without_permission_is_refused(locked: Path) -> None:
    with as_ordinary_user(), refuses(Code.FILE_NOT_WRITABLE, "permission denied"):
        write_file(locked / "out", NEW)
    assert files_in(locked) == set()


def test_what_can_be_written_is_left_as_it_is(out: Path, folder: Path) -> None:
    check_writable(out)
    assert files_in(folder) == set()
    out.write_bytes(NEW)
    check_writable(out)
    assert out.read_bytes() == NEW
    assert files_in(folder) == {"out"}


def test_what_can_never_be_written_is_told_before(out: Path, folder: Path) -> None:
    with refuses(Code.FILE_NOT_WRITABLE, "it is a folder"):
        check_writable(folder)
    with refuses(Code.FILE_NOT_WRITABLE, f"there is no folder {folder / 'none'}."):
        check_writable(folder / "none" / "out")
    os.mkfifo(out)
    with refuses(Code.FILE_NOT_WRITABLE, "it is a device or a pipe"):
        check_writable(out)
    with refuses(Code.FILE_NOT_WRITABLE, "not a directory"):
        check_writable(out / "below")


def test_a_folder_in_which_nothing_can_be_written_is_told_before(locked: Path) -> None:
    with as_ordinary_user(), refuses(Code.FILE_NOT_WRITABLE, "permission denied"):
        check_writable(locked / "out")


def test_a_disk_without_room_is_told_before(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", no_space)
    with refuses(Code.FILE_NOT_WRITABLE, "no space left"):
        check_writable(out)


def no_space(*_: object, **__: object) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def stop(*_: object) -> Any:
    raise KeyboardInterrupt


def break_fsync(patch: pytest.MonkeyPatch, how: Callable[..., Any]) -> None:
    patch.setattr(os, "fsync", how)


def break_rename(patch: pytest.MonkeyPatch, how: Callable[..., Any]) -> None:
    patch.setattr(Path, "replace", how)


@pytest.mark.parametrize("step", [break_fsync, break_rename])
@pytest.mark.parametrize("there", [True, False])
def test_a_disk_that_fails_leaves_the_old_file_and_no_part_of_the_new(
    step: Callable[..., None],
    there: bool,
    out: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if there:
        out.write_bytes(ONCE)
    step(monkeypatch, no_space)
    with refuses(Code.FILE_NOT_WRITABLE, "no space left on device"):
        write_file(out, NEW)
    assert files_in(folder) == ({"out"} if there else set())
    assert not there or out.read_bytes() == ONCE


@pytest.mark.parametrize("step", [break_fsync, break_rename])
def test_an_interruption_leaves_no_part(
    step: Callable[..., None], out: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step(monkeypatch, stop)
    with pytest.raises(KeyboardInterrupt):
        write_file(out, NEW)
    assert files_in(folder) == set()


def test_a_failure_without_the_systems_words_is_told_all_the_same(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the cable is out")

    break_fsync(monkeypatch, fail)
    with refuses(Code.FILE_NOT_WRITABLE, "the cable is out"):
        write_file(out, NEW)


# Output and input are not the same file.


def test_other_files_are_kept_apart(out: Path, folder: Path) -> None:
    out.write_bytes(ONCE)
    (folder / "other").write_bytes(ONCE)
    keep_apart(out, None, folder / "other", folder / "none")
    keep_apart(folder / "none", out)


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_a_file_that_is_read_is_not_written_over(
    link: Callable[[Path, Path], None], out: Path, folder: Path
) -> None:
    out.write_bytes(ONCE)
    link(folder / "other", out)
    for name in (out, folder / "other", folder / "." / "out"):
        with refuses(Code.OPTION_CONFLICT, f"{name} is read by this command"):
            keep_apart(name, None, folder / "none", out)


def test_a_name_that_cannot_be_is_no_file_that_is_read(out: Path) -> None:
    keep_apart(Path("a\0b"), out)


def test_a_private_key_is_not_replaced_by_something_else(folder: Path) -> None:
    key = folder / "private.key"
    key.write_bytes(KEY.format_pem())
    with pytest.raises(InputError, match="holds a private key") as caught:
        write_file(key, b"a settings page")
    assert caught.value.code is Code.FILE_EXISTS
    assert key.read_bytes() == KEY.format_pem()
    write_file(key, b"another key", private=True)
    assert key.read_bytes() == b"another key"


def test_a_private_key_in_der_is_not_replaced_either(folder: Path) -> None:
    private = load_pem_private_key(KEY.format_pem(), None)
    for form in (PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8):
        content = private.private_bytes(Encoding.DER, form, NoEncryption())
        (folder / "key.der").write_bytes(content)
        with pytest.raises(InputError, match="holds a private key"):
            write_file(folder / "key.der", b"a settings page")
        assert (folder / "key.der").read_bytes() == content


def test_a_trace_replaces_no_private_key(folder: Path) -> None:
    (folder / "private.key").write_bytes(KEY.format_pem())
    with pytest.raises(InputError, match="holds a private key"):
        TraceFile(folder / "private.key")
    assert (folder / "private.key").read_bytes() == KEY.format_pem()


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc here")
def test_a_folder_that_takes_no_files_is_not_said_to_be_missing() -> None:
    with refuses(Code.FILE_NOT_WRITABLE, "no file can be made in /proc"):
        write_file(Path("/proc/firmline-test.html"), b"x", replace=False)
