"""What lies in an inbox and is no bounce: deliveries, what network storage keeps, and what has another name."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.inbox.filters import Filters, is_bounce_name
from bridge.inbox.ingest import copy_settled
from bridge.inbox.outcomes import Copied, Gone, NotYet
from bridge.inbox.settling import Ready
from bridge.jobs.arrival import Signature

if TYPE_CHECKING:
    from tests.inbox.conftest import OpenRoom, Room

KEPT = [
    *("@Recycle", "@Recently-Snapshot", "#snapshot", "#recycle", "~snapshot", "RECYCLER", "Recycled", "$RECYCLE.BIN"),
    *(".Trash", ".Trash-1000", ".Trashes", "@eaDir", "@tmp", "@GMT-2026.01.02-03.04.05", "lost+found", "FOUND.000"),
    *(".stversions", ".snapshot", ".zfs", "System Volume Information", "Network Trash Folder", "Temporary Items"),
]


@pytest.mark.parametrize("name", KEPT)
def test_what_a_disk_keeps_of_deleted_files_is_never_entered(name: str, tmp_path: Path) -> None:
    filters = Filters(tmp_path, [], [])
    assert not filters.enters(name)
    assert not filters.enters(f"Album/{name}")
    assert not filters.enters(name.upper())


@pytest.mark.parametrize("name", ["Recycle Mix", "Snapshot", "@home", "#1 hits", "Lost and Found", "Trash", "Recycle"])
def test_songs_with_similar_names_are(name: str, tmp_path: Path) -> None:
    assert Filters(tmp_path, [], []).enters(name)


@pytest.mark.parametrize(
    "name",
    [
        "song.sync-conflict-20260102-030405-ABCDEFG.wav",
        "song (Anna's conflicted copy 2026-01-02).wav",
        "song (conflicted copy 2026-01-02 030405).flac",
        "song (Case Conflict 1).wav",
        "song (SFConflict anna@example.org 2026-01-02-03-04-05).wav",
        "song (In Konflikt stehende Kopie von Anna 2026-01-02).wav",
    ],
)
def test_a_copy_that_a_synchronisation_made_is_no_bounce(name: str) -> None:
    assert not is_bounce_name(name)


@pytest.mark.parametrize("name", ["Conflict.wav", "conflicted copy.wav", "sync-conflict.wav", "In Conflict (live).wav"])
def test_a_song_about_conflicts_is(name: str) -> None:
    assert is_bounce_name(name)


def deliver(room: Room, folder: Path, receipt: str = "stems.json") -> Path:
    for number, stem in enumerate(("bass", "drums", "other", "vocals")):
        room.save(os.path.relpath(folder / f"{folder.name} - {stem}.wav", room.folder), number)
    (folder / receipt).write_text("{}", encoding="utf-8")
    return folder


@pytest.mark.parametrize("receipt", ["stems.json", ".stems.json.part"])
def test_a_delivery_in_the_inbox_is_never_taken_from(open_room: OpenRoom, receipt: str) -> None:
    room = open_room(start=False)
    folder = deliver(room, room.folder / "Album" / "Song", receipt)
    room.save("Album/Song/take 02/Song - bass.wav", 9)
    room.save("Album/Song.wav", 10)
    room.inbox.start()
    room.expect("Song.wav")
    assert folder.is_dir()


def test_a_delivery_that_is_moved_into_the_inbox_is_never_taken_from(room: Room, tmp_path: Path) -> None:
    elsewhere = deliver(room, tmp_path / "Song")
    shutil.move(elsewhere, room.folder / "Any name")
    room.save("real.wav", 9)
    room.expect("real.wav")


def test_a_receipt_in_the_inbox_itself_does_not_close_it(room: Room) -> None:
    (room.folder / "stems.json").write_text("{}", encoding="utf-8")
    room.save("song.wav")
    room.expect("song.wav")


def test_a_bounce_whose_folder_becomes_a_delivery_before_it_is_copied_is_let_go(room: Room, tmp_path: Path) -> None:
    stem = room.save("Song/Song - bass.wav")
    waiting = Ready(str(stem), Signature.of(stem.stat()), insist=False)
    insisting = Ready(str(stem), Signature.of(stem.stat()), insist=True)

    def outcome(ready: Ready) -> object:
        return copy_settled(ready, str(room.folder), (room.folder,), tmp_path / "other spool", lambda: True)

    assert outcome(waiting) == NotYet(waiting, unfinished=True)
    assert isinstance(outcome(insisting), Copied)
    (stem.parent / "stems.json").write_text("{}", encoding="utf-8")
    assert outcome(insisting) == Gone(insisting)


def test_what_is_passed_over_is_said_once(open_room: OpenRoom, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="bridge.inbox")
    room = open_room(start=False)
    for name in ("notes.txt", "no suffix", "song.reapeaks", "song.wav.part", ".hidden"):
        (room.folder / name).write_bytes(b"text")
    (room.folder / "folder.wav").mkdir()
    (room.folder / "nowhere.wav").symlink_to(room.folder / "missing")
    os.mkfifo(room.folder / "pipe.wav")
    room.save("song (conflicted copy 2026-01-02).wav")
    room.save("real.wav")
    room.inbox.start()
    room.expect("real.wav")
    said = [record.getMessage() for record in caplog.records if "not taken as a bounce" in record.getMessage()]
    named = sorted(Path(line.split(" is not taken")[0]).name for line in said)
    passed_over = ["folder.wav", "no suffix", "notes.txt", "nowhere.wav", "pipe.wav"]
    assert named == sorted([*passed_over, "song (conflicted copy 2026-01-02).wav"])
    assert room.problems == []
