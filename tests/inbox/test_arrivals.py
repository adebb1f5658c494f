"""How bounces arrive, on a real file system: each of these ways has been got wrong by some watcher."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.jobs.spec import JobSpec

if TYPE_CHECKING:
    from tests.inbox.conftest import OpenRoom, Room


def test_a_saved_bounce_becomes_a_job_with_its_name_and_order(room: Room) -> None:
    source = room.save("My Song.wav")
    room.expect("My Song.wav")
    arrival = room.ledger.arrivals[0]
    assert (arrival.source, arrival.song, arrival.door) == (source, "My Song", "inbox")
    assert arrival.spec == JobSpec(output=room.output)
    assert arrival.spool.read_bytes() == source.read_bytes() == room.wav()
    assert room.jobs == ["job1"]
    assert room.problems == []


def test_a_bounce_that_was_there_before_the_start_is_taken(open_room: OpenRoom) -> None:
    room = open_room(start=False)
    room.save("early.wav")
    room.inbox.start()
    room.expect("early.wav")


def test_a_bounce_that_came_while_nobody_watched_is_taken_and_known_ones_are_not(open_room: OpenRoom) -> None:
    room = open_room()
    room.save("one.wav")
    room.expect("one.wav")
    room.inbox.stop()
    room.save("two.wav", seed=2)
    open_room(ledger=room.ledger)
    room.expect("one.wav", "two.wav")


def test_a_bounce_that_is_moved_in_is_taken(room: Room, tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_bytes(room.wav())
    (tmp_path / "song.wav").rename(room.folder / "song.wav")
    room.expect("song.wav")


@pytest.mark.parametrize("temporary", ["song.wav.tmp", ".song.wav", "song.wav.part", "~syncthing~song.wav.tmp"])
def test_a_bounce_that_is_renamed_from_a_temporary_name_is_taken_once(room: Room, temporary: str) -> None:
    (room.folder / temporary).write_bytes(room.wav())
    room.quiet()
    assert room.ledger.names() == []
    (room.folder / temporary).rename(room.folder / "song.wav")
    room.expect("song.wav")


def _move(source: Path, target: Path) -> None:
    source.rename(target)


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target)


@pytest.mark.parametrize("bring", [_move, _copy])
def test_all_bounces_of_a_whole_folder_are_taken(
    room: Room, tmp_path: Path, bring: Callable[[Path, Path], None]
) -> None:
    album = tmp_path / "album"
    for name in ("a/one.wav", "a/two.wav", "a/b/c/three.wav"):
        (album / name).parent.mkdir(parents=True, exist_ok=True)
        (album / name).write_bytes(room.wav())
    bring(album, room.folder / "album")
    room.expect("one.wav", "two.wav", "three.wav")
    # Whether the new folders are watched too shows only in what comes later.
    room.save("album/a/b/c/four.wav")
    room.expect("one.wav", "two.wav", "three.wav", "four.wav")


def test_a_hard_link_is_a_bounce_of_its_own(room: Room, tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_bytes(room.wav())
    os.link(tmp_path / "song.wav", room.folder / "linked.wav")
    room.expect("linked.wav")


def test_a_link_to_a_file_of_the_inbox_is_taken_with_the_content_of_the_file(room: Room) -> None:
    (room.folder / "elsewhere.data").write_bytes(room.wav())
    (room.folder / "song.wav").symlink_to(room.folder / "elsewhere.data")
    room.expect("song.wav")
    assert room.ledger.arrivals[0].spool.read_bytes() == room.wav()
    assert not room.ledger.arrivals[0].spool.is_symlink()


def test_a_link_out_of_the_inbox_is_refused_and_told(room: Room, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.wav").write_bytes(room.wav())
    (room.folder / "song.wav").symlink_to(tmp_path / "elsewhere.wav")
    room.until(lambda: bool(room.problems))
    assert [(path.name, error.code) for path, error in room.problems] == [("song.wav", "path.outside")]
    assert room.ledger.names() == room.in_spool() == []


def test_a_link_to_a_folder_is_not_entered_and_a_link_to_nothing_is_nothing(room: Room, tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "song.wav").write_bytes(room.wav())
    (room.folder / "library").symlink_to(tmp_path / "library")
    (room.folder / "loop").symlink_to(room.folder)
    (room.folder / "nothing.wav").symlink_to(tmp_path / "missing.wav")
    room.save("real.wav")
    room.expect("real.wav")
    assert room.problems == []


def test_an_inbox_behind_a_link_works_and_keeps_its_spelling(open_room: OpenRoom, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "in").symlink_to(tmp_path / "disk")
    room = open_room(folder=tmp_path / "in")
    room.save("song.wav")
    room.expect("song.wav")
    assert room.ledger.arrivals[0].source == tmp_path / "in" / "song.wav"


def test_a_bounce_overwritten_in_place_is_taken_again(room: Room) -> None:
    path = room.save("song.wav", seed=1)
    room.expect("song.wav")
    with path.open("r+b") as file:
        file.write(room.wav(seed=2))
    room.expect("song.wav", "song.wav")
    assert room.ledger.arrivals[1].spool.read_bytes() == room.wav(seed=2)


def test_a_bounce_replaced_atomically_is_taken_again(room: Room, tmp_path: Path) -> None:
    path = room.save("song.wav", seed=1)
    room.expect("song.wav")
    (tmp_path / "new.wav").write_bytes(room.wav(seed=2))
    (tmp_path / "new.wav").replace(path)
    room.expect("song.wav", "song.wav")


def test_the_same_content_saved_again_is_no_second_job_and_leaves_no_copy(room: Room) -> None:
    path = room.save("song.wav")
    room.expect("song.wav")
    room.save("song.wav")
    room.expect("song.wav")
    os.utime(path, ns=(1, 1))
    room.expect("song.wav")
    room.until(lambda: room.ledger.signatures[str(path)].mtime_ns == 1)
    room.until(lambda: len(room.in_spool()) == 1)


def test_closing_several_times_while_writing_makes_one_job(room: Room) -> None:
    content = room.wav()
    path = room.folder / "song.wav"
    path.write_bytes(b"")
    for start in range(0, len(content), 1000):
        with path.open("ab") as file:
            file.write(content[start : start + 1000])
    for _ in range(3):
        with path.open("r+b") as file:
            file.write(content[:4])
    room.expect("song.wav")
    assert room.ledger.arrivals[0].spool.read_bytes() == content


def test_the_same_content_under_a_new_name_is_a_job_of_its_own(room: Room) -> None:
    room.save("song.wav")
    room.save("song copy.wav")
    room.expect("song copy.wav", "song.wav")


def test_a_renamed_bounce_is_taken_under_its_new_name(room: Room) -> None:
    path = room.save("draft.wav")
    room.expect("draft.wav")
    path.rename(room.folder / "final.wav")
    room.expect("draft.wav", "final.wav")


def test_a_change_of_letter_case_alone_is_taken_as_the_new_name(room: Room) -> None:
    path = room.save("song.wav")
    room.expect("song.wav")
    path.rename(room.folder / "Song.wav")
    room.expect("Song.wav", "song.wav")


def test_names_in_both_unicode_forms_are_taken_as_they_are_and_name_one_song(room: Room) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Für Élise.wav") for form in ("NFC", "NFD"))
    room.save(composed, seed=1)
    if (room.folder / decomposed).exists():
        pytest.skip("this file system takes both forms for one name")
    room.save(decomposed, seed=2)
    room.expect(composed, decomposed)
    assert {arrival.song for arrival in room.ledger.arrivals} == {unicodedata.normalize("NFC", "Für Élise")}


def test_nothing_but_bounces_is_taken(room: Room) -> None:
    for name in (
        "song.wav.reapeaks", "song.wav.asd", ".DS_Store", "._song.wav", "song.wav.part", "song.wav.crdownload",
        ".syncthing.song.wav.tmp", "~syncthing~song.wav", "song.tmp", "song.wav.partial", ".hidden.wav", "notes.txt",
        "noending", ".Trash/old.wav", "Source/2026-11-23/song.wav", "@eaDir/song.wav",
    ):  # fmt: skip
        room.save(name)
    (room.folder / "folder.wav").mkdir()
    room.save("song.WAV")
    room.expect("song.WAV")


def test_bounces_in_a_folder_named_like_a_bounce_are_taken(room: Room) -> None:
    room.save("mixes.wav/song.wav")
    room.expect("song.wav")


def test_our_own_folders_inside_the_inbox_are_never_scanned(open_room: OpenRoom, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    room = open_room(
        output=folder / "Stems",
        state=folder / "state",
        default=JobSpec(output=folder / "Stems"),
        specs={"vocals": JobSpec(output=folder / "deep" / "Vocals")},
    )
    for name in ("Stems/song/song - bass.wav", "state/spool/x.wav", "deep/Vocals/song.wav"):
        room.save(name)
    room.save("deep/song.wav")
    room.expect("song.wav")
    assert room.ledger.arrivals[0].source == folder / "deep" / "song.wav"


def test_a_folder_named_like_a_preset_selects_it_at_the_top_only(open_room: OpenRoom, tmp_path: Path) -> None:
    karaoke = JobSpec(output=tmp_path / "stems", model=340, preset="Karaoké")
    room = open_room(specs={"Karaoké": karaoke})
    room.save(unicodedata.normalize("NFD", "KARAOKÉ") + "/a.wav")
    room.save("Karaoké/deeper/b.wav")
    room.save("other/Karaoké/c.wav")
    room.save("Karaoké.wav")
    room.expect("Karaoké.wav", "a.wav", "b.wav", "c.wav")
    presets = {arrival.source.name: arrival.spec.preset for arrival in room.ledger.arrivals}
    assert presets == {"a.wav": "Karaoké", "b.wav": "Karaoké", "c.wav": "", "Karaoké.wav": ""}


def test_a_bounce_that_vanishes_before_it_settles_is_forgotten(open_room: OpenRoom) -> None:
    room = open_room(settle_s=0.2)
    room.save("brief.wav").unlink()
    path = room.save("longer.wav")
    room.until(lambda: True)
    path.unlink()
    room.save("stays.wav")
    room.expect("stays.wav")
    assert room.problems == []


def test_a_text_file_named_wav_is_passed_on_to_the_decoder(room: Room) -> None:
    (room.folder / "notes.wav").write_text("this is no audio at all\n" * 10)
    room.expect("notes.wav")


@pytest.mark.skipif(os.name != "posix", reason="names are always text elsewhere")
def test_a_name_that_is_no_text_is_one_problem_and_not_the_end(room: Room) -> None:
    raw = os.fsencode(room.folder) + b"/m\xfcll.wav"
    with open(raw, "wb") as file:  # noqa: PTH123
        file.write(room.wav())
    room.save("good.wav")
    room.expect("good.wav")
    assert [error.code for _, error in room.problems] == ["bounce.name"]
