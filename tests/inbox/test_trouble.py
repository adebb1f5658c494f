"""Disks that fill up, folders that go away and come back, and files that nobody may read."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.errors import StorageError, StoreError
from bridge.inbox.troubles import Troubles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.inbox.conftest import OpenRoom, Room


@contextlib.contextmanager
def without_privileges() -> Iterator[Path]:
    """Be somebody whom permissions bind, with a folder of their own."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        os.seteuid(user)
        shutil.rmtree(folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    point = tmp_path / "small"
    point.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(point)]
    if os.name != "posix" or os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a disk that is small enough to fill")
    yield point
    subprocess.run(["umount", "-l", str(point)], check=True)


def codes(room: Room) -> list[str]:
    return [error.code for _, error in room.problems]


def test_a_full_disk_is_told_once_and_the_bounce_is_taken_when_there_is_room(
    open_room: OpenRoom, small_disk: Path, tmp_path: Path
) -> None:
    room = open_room(start=False)
    (tmp_path / "spool").symlink_to(small_disk)
    (small_disk / "ballast").write_bytes(bytes(250 << 10))
    room.save("one.wav", seed=1)
    room.save("two.wav", seed=2)
    room.inbox.start()
    room.until(lambda: bool(room.problems))
    room.quiet()
    assert room.ledger.names() == []
    assert codes(room) == ["storage.full"]
    assert room.in_spool() == ["ballast"]
    (small_disk / "ballast").unlink()
    # Nobody wakes the inbox: it tries again by itself.
    room.until(lambda: len(room.ledger.arrivals) == 2)
    assert codes(room) == ["storage.full"]
    (small_disk / "ballast").write_bytes(bytes(230 << 10))
    room.save("three.wav", seed=3)
    room.until(lambda: len(room.problems) == 2)
    assert codes(room) == ["storage.full", "storage.full"]


def test_a_store_that_fails_is_told_once_and_the_bounce_is_taken_when_it_works(
    open_room: OpenRoom,
) -> None:
    room = open_room(start=False)
    room.ledger.refuse = StoreError("The job store is locked.")
    for number in range(5):
        room.save(f"{number}.wav", seed=number)
    room.inbox.start()
    room.until(lambda: bool(room.problems))
    room.quiet()
    assert codes(room) == ["store"]
    assert room.in_spool() == []
    room.ledger.refuse = None
    room.expect(*(f"{number}.wav" for number in range(5)))


@pytest.mark.skipif(os.name != "posix", reason="permissions are not modes elsewhere")
def test_a_bounce_that_nobody_may_read_is_told_once_and_taken_when_allowed(open_room: OpenRoom) -> None:
    with without_privileges() as folder:
        room = open_room(base=folder, start=False, scan_s=0.2)
        denied = room.save("denied.wav", seed=1)
        closed, listed = (room.folder / name for name in ("closed", "listed"))
        room.save("open.wav", seed=2)
        room.save("closed/one.wav", seed=3)
        room.save("listed/two.wav", seed=4)
        denied.chmod(0)
        closed.chmod(0)
        listed.chmod(0o400)
        room.inbox.start()
        room.expect("open.wav")
        assert codes(room) == ["bounce.denied"] * 3
        assert {path for path, _ in room.problems} == {denied, closed, listed / "two.wav"}
        for path in (denied, closed, listed):
            path.chmod(0o700)
        room.expect("denied.wav", "one.wav", "open.wav", "two.wav")
        assert len(room.problems) == 3
        room.inbox.stop()


def test_an_inbox_that_is_removed_and_made_again_goes_on(room: Room) -> None:
    room.save("one.wav")
    room.expect("one.wav")
    shutil.rmtree(room.folder)
    room.until(lambda: codes(room) == ["inbox.gone"])
    room.quiet()
    assert not room.folder.exists()
    room.save("two.wav")
    room.expect("one.wav", "two.wav")
    # Heard by the new watch, or found by a scan: it comes.
    room.save("three.wav")
    room.expect("one.wav", "three.wav", "two.wav")
    assert codes(room) == ["inbox.gone"]


def test_an_inbox_that_is_renamed_and_replaced_at_once_goes_on(open_room: OpenRoom, tmp_path: Path) -> None:
    room = open_room(scan_s=0.2)
    room.save("one.wav")
    room.expect("one.wav")
    room.folder.rename(tmp_path / "old inbox")
    room.save("two.wav")
    room.expect("one.wav", "two.wav")
    (tmp_path / "old inbox" / "not ours.wav").write_bytes(room.wav())
    room.save("three.wav")
    room.expect("one.wav", "three.wav", "two.wav")
    assert codes(room) == []


def test_a_share_that_goes_and_comes_back_loses_and_repeats_nothing(room: Room, tmp_path: Path) -> None:
    room.save("one.wav")
    room.expect("one.wav")
    room.folder.rename(tmp_path / "unplugged")
    room.folder.mkdir()
    room.quiet()
    room.folder.rmdir()
    room.until(lambda: codes(room) == ["inbox.gone"])
    (tmp_path / "unplugged" / "two.wav").write_bytes(room.wav())
    (tmp_path / "unplugged").rename(room.folder)
    room.expect("one.wav", "two.wav")
    assert codes(room) == ["inbox.gone"]


@pytest.mark.parametrize("polling", [True, False, "auto"])
def test_bounces_come_however_the_inbox_is_watched(open_room: OpenRoom, polling: bool | str) -> None:
    room = open_room(polling=polling)
    room.save("one.wav")
    room.until(lambda: room.ledger.names() == ["one.wav"])
    room.save("deep/two.wav")
    room.until(lambda: room.ledger.names() == ["one.wav", "two.wav"])


def test_stopping_does_not_wait_for_a_long_copy_and_the_next_start_makes_it(
    open_room: OpenRoom, tmp_path: Path
) -> None:
    room = open_room(start=False)
    path = room.folder / "long.raw.wav"
    with path.open("wb") as file:
        file.write(b"no container, but long")
        file.truncate(4 << 30)
    room.inbox.start()
    room.until(lambda: bool(room.in_spool()))
    room.inbox.stop()
    assert not any(thread.name == "inbox" for thread in threading.enumerate())
    room.until(lambda: not any(thread.name.startswith("inbox-") for thread in threading.enumerate()))
    assert room.in_spool() == []
    assert room.ledger.names() == []
    path.write_bytes(room.wav())
    open_room(ledger=room.ledger)
    room.expect("long.raw.wav")


def test_what_a_killed_process_left_half_copied_is_swept_away(open_room: OpenRoom) -> None:
    room = open_room(start=False)
    room.spool.mkdir()
    (room.spool / "0123.partial").write_bytes(b"half")
    (room.spool / "4567.wav").write_bytes(b"whole, and perhaps some job's")
    room.inbox.start()
    room.until(lambda: room.in_spool() == ["4567.wav"])


def test_an_inbox_that_stands_still_asks_nothing_of_the_processor(room: Room) -> None:
    for number in range(20):
        room.save(f"{number}.wav", seed=number)
    room.expect(*(f"{number}.wav" for number in range(20)))
    time.sleep(0.3)
    before = time.process_time()
    time.sleep(1.0)
    # One scan of 20 files is a fraction of a millisecond; a thread that spins uses the whole second.
    assert time.process_time() - before < 0.3


def test_the_waits_between_attempts_grow_and_news_is_told_once() -> None:
    troubles = Troubles(5.0)
    full = StorageError.from_os(OSError(errno.ENOSPC, "full"), "writing")
    broken = StorageError.from_os(OSError(errno.EIO, "broken"), "writing")
    assert [troubles.note("a", full) for _ in range(8)] == [
        (True, 5.0), (False, 10.0), (False, 20.0), (False, 40.0), (False, 80.0), (False, 160.0), (False, 300.0),
        (False, 300.0),
    ]  # fmt: skip
    assert troubles.note("a", broken)[0]
    assert troubles.clear("a")
    assert not troubles.clear("a")
    assert troubles.note("a", full) == (True, 5.0)


def test_files_made_to_be_expensive_to_judge_do_not_hold_up_a_bounce(open_room: OpenRoom) -> None:
    """Headers of FLAC frames, one after the other: a judge that tries each to the end needs minutes for one file."""
    room = open_room(start=False)
    frame = bytes.fromhex("fff86918006391")
    info = (
        bytes.fromhex("ffffffff000000000000") + (48000 << 44 | 1 << 41 | 15 << 36 | 100).to_bytes(8, "big") + bytes(16)
    )
    for number in range(4):
        hostile = b"fLaC\x80\0\0\x22" + info + frame * 30_000
        (room.folder / f"a{number}.flac").write_bytes(hostile)
    room.save("song.wav")
    room.inbox.start()
    room.until(lambda: "song.wav" in room.ledger.names())
