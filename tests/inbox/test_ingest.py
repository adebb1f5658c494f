from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.audio.decode import decode
from bridge.errors import BounceError, StorageError, StoreError
from bridge.inbox.ingest import Named, ingest_now
from bridge.inbox.spool import SourceGone, SourceUnreadable, copy_to_spool
from bridge.jobs.arrival import Signature
from bridge.jobs.spec import JobSpec

if TYPE_CHECKING:
    from tests.inbox.conftest import OpenRoom, Room


@pytest.fixture
def idle(open_room: OpenRoom) -> Room:
    return open_room(start=False)


def ingest(room: Room, path: Path) -> str | None:
    return ingest_now(Named(path), JobSpec(output=room.output), "cli", room.ledger, room.spool).job


def test_a_named_file_becomes_a_job_at_once(idle: Room) -> None:
    path = idle.save("song.wav")
    assert ingest(idle, path) == "job1"
    arrival = idle.ledger.arrivals[0]
    assert (arrival.source, arrival.door, arrival.song) == (path, "cli", "song")
    assert arrival.signature == Signature.of(path.stat())
    assert arrival.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert idle.in_spool() == [arrival.spool.name]
    assert arrival.spool.suffix == ".wav"


def test_what_the_ledger_knows_leaves_no_copy(idle: Room) -> None:
    path = idle.save("song.wav")
    ingest(idle, path)
    assert ingest(idle, path) is None
    assert len(idle.in_spool()) == 1


def test_a_relative_path_is_made_absolute(idle: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    path = idle.save("song.wav")
    monkeypatch.chdir(path.parent)
    ingest(idle, Path("song.wav"))
    assert idle.ledger.arrivals[0].source == path


def refusal(room: Room, path: Path) -> str:
    with pytest.raises(BounceError) as caught:
        ingest(room, path)
    assert room.ledger.arrivals == []
    assert room.in_spool() == []
    assert caught.value.advice
    return caught.value.code


def test_what_is_no_file_is_refused(idle: Room) -> None:
    assert refusal(idle, idle.folder) == "bounce.not_a_file"
    assert refusal(idle, idle.folder / "missing.wav") == "bounce.missing"
    assert refusal(idle, idle.save("song.wav") / "below.wav") == "bounce.missing"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")
def test_a_pipe_is_refused_and_not_waited_for(idle: Room) -> None:
    os.mkfifo(idle.folder / "pipe.wav")
    assert refusal(idle, idle.folder / "pipe.wav") == "bounce.not_a_file"


def test_a_cut_file_is_refused(idle: Room) -> None:
    path = idle.save("song.wav")
    os.truncate(path, 3000)
    assert refusal(idle, path) == "bounce.incomplete"


def test_a_file_that_does_not_know_its_length_is_refused_while_it_is_fresh(idle: Room) -> None:
    path = idle.save("song.wav")
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert refusal(idle, path) == "bounce.incomplete"
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert ingest(idle, path) == "job1"


@pytest.mark.parametrize("stands_since", [1_700_000_000, 4_000_000_000], ids=["long ago", "another clock's future"])
def test_a_file_that_stands_still_is_taken_where_only_its_header_is_wrong(idle: Room, stands_since: int) -> None:
    path = idle.save("song.wav")
    content = path.read_bytes()
    path.write_bytes(content[:4] + (len(content) + 28).to_bytes(4, "little") + content[8:])
    with pytest.raises(BounceError, match="being written"):
        ingest(idle, path)
    os.utime(path, (stands_since, stands_since))
    assert ingest(idle, path) == "job1"


def test_a_file_that_stands_still_and_lacks_audio_is_cut_off(idle: Room) -> None:
    path = idle.save("song.wav")
    path.write_bytes(path.read_bytes()[:-400])
    os.utime(path, (1_700_000_000, 1_700_000_000))
    with pytest.raises(BounceError, match=r"song\.wav is cut off: it ends before its audio does\.$") as caught:
        ingest(idle, path)
    assert caught.value.code == "bounce.incomplete"


def test_a_file_of_no_bytes_is_empty_in_the_words_of_the_decoder(idle: Room, tmp_path: Path) -> None:
    path = idle.folder / "song.wav"
    path.write_bytes(b"")
    with pytest.raises(BounceError) as named:
        ingest(idle, path)
    with pytest.raises(BounceError) as decoded:
        decode(path, tmp_path / "canonical.wav")
    assert (named.value.code, str(named.value)) == (decoded.value.code, str(decoded.value))


def test_a_store_that_refuses_keeps_no_copy(idle: Room) -> None:
    idle.ledger.refuse = StoreError("The job store is locked.")
    with pytest.raises(StoreError):
        ingest(idle, idle.save("song.wav"))
    assert idle.in_spool() == []


def test_a_file_that_is_gone_is_no_error_of_any_disk(tmp_path: Path) -> None:
    with pytest.raises(SourceGone):
        copy_to_spool(tmp_path / "gone.wav", tmp_path / "spool", None, lambda: True)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")
def test_a_pipe_in_the_place_of_a_bounce_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "song.wav")
    with pytest.raises(SourceUnreadable, match="Not a regular file"):
        copy_to_spool(tmp_path / "song.wav", tmp_path / "spool", None, lambda: True)


def test_a_sparse_file_larger_than_the_disk_is_refused_before_a_byte_is_copied(tmp_path: Path) -> None:
    source = tmp_path / "song.wav"
    with source.open("wb") as file:
        file.truncate(shutil.disk_usage(tmp_path).free + (1 << 30))
    with pytest.raises(StorageError, match=r"Too little space for the copy of song\.wav") as caught:
        copy_to_spool(source, tmp_path / "spool", None, lambda: True)
    assert caught.value.code == "storage.full"
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_disk_that_fills_up_during_a_copy_ends_it_before_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "song.wav"
    with source.open("wb") as file:
        file.truncate(256 << 20)
    disk = iter([1 << 40, 1 << 20])
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: (1 << 40, 0, next(disk)))
    with pytest.raises(StorageError, match="Too little space"):
        copy_to_spool(source, tmp_path / "spool", None, lambda: True)
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="there are no modes")
def test_a_copy_is_private_and_the_bounce_keeps_its_mode(tmp_path: Path) -> None:
    source = tmp_path / "song.wav"
    source.write_bytes(b"sound")
    source.chmod(0o664)
    before = os.umask(0)
    try:
        copy = copy_to_spool(source, tmp_path / "spool", None, lambda: True)
    finally:
        os.umask(before)
    modes = [path.stat().st_mode & 0o777 for path in (source, copy.path, copy.path.parent)]
    assert modes == [0o664, 0o600, 0o700]


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_write_that_fails_leaves_nothing_and_names_the_spool(tmp_path: Path) -> None:
    import resource
    import signal

    source = tmp_path / "song.wav"
    source.write_bytes(bytes(3 << 20))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(StorageError, match="to the spool") as caught:
            copy_to_spool(source, tmp_path / "spool", None, lambda: True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not isinstance(caught.value, SourceUnreadable)
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a folder opens differently there")
def test_a_source_that_cannot_be_read_is_not_the_spools_fault(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(SourceUnreadable, match=os.strerror(errno.EISDIR)):
        copy_to_spool(tmp_path / "folder.wav", tmp_path / "spool", None, lambda: True)


@pytest.mark.skipif(sys.platform not in ("linux", "win32"), reason="no other system tells")
def test_a_render_that_is_still_open_is_not_taken_even_if_its_header_says_it_is_whole(idle: Room) -> None:
    path = idle.save("song.wav")
    with path.open("r+b"), pytest.raises(BounceError) as caught:
        ingest(idle, path)
    assert caught.value.code == "bounce.incomplete"
    with path.open("rb"):
        assert ingest(idle, path) == "job1"


@pytest.mark.parametrize("name", ["x" * 300 + ".wav", "loop.wav"])
def test_a_name_that_no_file_can_have_is_a_file_that_is_not_there(name: str, idle: Room) -> None:
    path = idle.folder / name
    if name == "loop.wav":
        path.symlink_to(path)
    with pytest.raises(BounceError) as caught:
        ingest(idle, path)
    assert caught.value.code == "bounce.missing"


def test_a_named_file_that_cannot_be_read_is_not_said_to_be_tried_again(
    idle: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = idle.save("song.wav")

    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("bridge.inbox.ingest.judge_path", denied)  # as root, nothing can be denied for real
    with pytest.raises(BounceError) as caught:
        ingest(idle, path)
    assert caught.value.code == "bounce.denied"
    assert "by itself" not in caught.value.advice
