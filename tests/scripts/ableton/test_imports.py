from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from scripts.ableton.Stembridge.claim import LOCK, claim
from scripts.ableton.Stembridge.imports import READY_S, Due, Imports
from scripts.ableton.Stembridge.live import which_set
from scripts.ableton.Stembridge.status import Status
from tests.scripts.ableton.conftest import RATE, Clock, Deliver
from tests.scripts.ableton.live_double import Song, Studio


class OscServer:
    """The queue in a simulated Live, one tick at a time."""

    def __init__(self, studio: Studio, clock: Clock, *, silent_stems: bool = True) -> None:
        self.studio = studio
        self.clock = clock
        self.imports = Imports(studio.song, Status(studio.show_message, studio.log_message, clock), silent_stems, clock)

    def want(self, folder: Path, begins: float | None = None, *, asked: bool = False) -> None:
        self.imports.add(Due(folder, begins, which_set(self.studio.song_now), asked))

    def tick(self, seconds: float = 1.0) -> None:
        self.clock.now += seconds
        for clip in self.studio.unsettled:
            clip.settle()
        self.imports.tick()

    @property
    def tracks(self) -> list[str]:
        return [track.name for track in self.studio.song_now.stems]


@pytest.fixture
def room(studio: Studio, clock: Clock) -> OscServer:
    return OscServer(studio, clock)


STEMS = ["Mix - vocals", "Mix - drums", "Mix - no_bass"]


def test_a_finished_delivery_comes_in_and_leaves_nothing_of_the_claim(room: OscServer, deliver: Deliver) -> None:
    folder = deliver(time_reference=2 * RATE)
    before = sorted(folder.iterdir())
    room.want(folder)
    room.tick()
    assert room.tracks == STEMS
    assert [clip.start_time for track in room.studio.song_now.stems for clip in track.arrangement_clips] == [4.0] * 3
    assert room.studio.shown == ["Stembridge: The stems of Mix are in: vocals, drums, no_bass."]
    assert sorted(folder.iterdir()) == before
    room.tick()
    room.tick()
    assert len(room.studio.shown) == 1, "all is where it belongs"
    ends = [clip.loop_end for track in room.studio.song_now.stems for clip in track.arrangement_clips]
    assert ends == [0.1] * 3, "as long as the files"


def test_it_comes_in_once_however_often_it_is_said_to_be_done(room: OscServer, deliver: Deliver) -> None:
    folder = deliver()
    for _ in range(3):
        room.want(folder)
        room.want(folder)
        room.tick()
    assert room.tracks == STEMS
    assert len(room.studio.shown) == 1
    room.want(folder, asked=True)
    room.tick()
    assert room.tracks == STEMS
    assert "in this set already" in room.studio.shown[-1]


def test_another_set_may_have_it_too(room: OscServer, deliver: Deliver) -> None:
    folder = deliver()
    room.want(folder)
    room.tick()
    room.studio.song_now = Song(room.studio)
    room.want(folder)
    room.tick()
    assert room.tracks == STEMS


def test_what_another_set_asked_for_does_not_come_into_this_one(room: OscServer, deliver: Deliver) -> None:
    room.want(deliver())
    room.studio.song_now = Song(room.studio)
    room.tick()
    assert room.tracks == []
    assert "not for this set" in room.studio.shown[-1]
    assert "!import" in room.studio.shown[-1]


class Overtaken(Song):
    """A set into which somebody else has the stems come between our look at the stamp and the lock."""

    @property
    def file_path(self) -> str:
        self.tracks[0].set_data("stembridge.job", "j1")
        return ""

    @file_path.setter
    def file_path(self, path: str) -> None: ...


def test_the_stamp_is_looked_at_once_more_under_the_lock(room: OscServer, deliver: Deliver) -> None:
    room.studio.song_now = Overtaken(room.studio)
    folder = deliver()
    room.want(folder)
    room.tick()
    assert room.tracks == []
    assert not (folder / LOCK).exists()


def test_what_is_undone_may_be_imported_again(room: OscServer, deliver: Deliver) -> None:
    folder = deliver()
    room.want(folder)
    room.tick()
    room.studio.song_now.undo()
    room.want(folder, asked=True)
    room.tick()
    assert room.tracks == STEMS


def test_a_delivery_that_is_not_whole_is_waited_for(room: OscServer, deliver: Deliver) -> None:
    folder = deliver()
    receipt = (folder / "stems.json").read_bytes()
    (folder / "stems.json").unlink()
    room.want(folder)
    room.tick()
    assert room.tracks == []
    (folder / "stems.json").write_bytes(receipt)
    room.tick(0.1)
    assert room.tracks == [], "the disk is not looked at ten times a second"
    room.tick()
    assert room.tracks == STEMS


def test_a_delivery_that_never_comes_is_said_and_forgotten(room: OscServer, tmp_path: Path) -> None:
    room.want(tmp_path / "gone")
    room.tick()
    room.tick(READY_S + 1)
    assert "no finished delivery" in room.studio.shown[-1]
    room.tick()
    assert len(room.studio.shown) == 1


def test_a_receipt_that_cannot_be_followed_is_said(room: OscServer, deliver: Deliver) -> None:
    folder = deliver()
    row = json.loads((folder / "stems.json").read_text())
    (folder / "stems.json").write_text(json.dumps({**row, "schema": 2}))
    room.want(folder)
    room.tick()
    assert room.tracks == []
    assert "update the importer" in room.studio.shown[-1]


def test_another_importer_is_waited_for_and_its_crash_does_not_block_for_ever(
    room: OscServer, deliver: Deliver
) -> None:
    folder = deliver()
    crashed = claim(folder, "REAPER", "/one.rpp", lambda: time.time() - 119)
    assert crashed is not None
    room.want(folder)
    room.tick()
    room.tick()
    assert room.tracks == []
    assert room.studio.shown == ["Stembridge: Another importer has the stems of Mix; waiting for it."]
    (folder / LOCK / "by").write_text("REAPER\n/one.rpp\n1\n")
    room.tick()
    assert room.tracks == STEMS
    assert not (folder / LOCK).exists()


def test_a_failed_import_leaves_the_set_and_the_folder_as_they_were(room: OscServer, deliver: Deliver) -> None:
    folder = deliver()
    before = sorted(folder.iterdir())
    room.studio.track_limit = 3
    room.want(folder)
    room.tick()
    assert room.tracks == []
    assert sorted(folder.iterdir()) == before
    assert "not imported" in room.studio.shown[-1]
    assert str(folder) in room.studio.shown[-1]
    room.studio.track_limit = 9
    room.want(folder, asked=True)
    room.tick()
    assert room.tracks == STEMS


def test_nothing_bursts_into_a_take(room: OscServer, deliver: Deliver) -> None:
    song = room.studio.song_now
    song.is_playing = song.record_mode = True
    room.want(deliver())
    room.tick()
    room.tick()
    assert room.tracks == []
    assert room.studio.shown == ["Stembridge: The stems of Mix are ready; they come in when you stop recording."]
    song.is_playing = False
    room.tick()
    assert room.tracks == STEMS


def test_silent_stems_stay_out_if_the_musician_wants_so(studio: Studio, clock: Clock, deliver: Deliver) -> None:
    room = OscServer(studio, clock, silent_stems=False)
    room.want(deliver(silent="drums"))
    room.tick()
    assert room.tracks == ["Mix - vocals", "Mix - no_bass"]


def test_a_live_that_is_too_old_says_where_the_stems_lie(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, deliver: Deliver
) -> None:
    studio = Studio((11, 3, 25))
    monkeypatch.setitem(sys.modules, "Live", studio.module())
    room, folder = OscServer(studio, clock), deliver()
    room.want(folder)
    room.tick()
    assert room.tracks == []
    assert studio.shown == [f"Stembridge: Live 12.2 or later imports stems by itself. Mix is in {folder}"]


def test_a_live_between_says_where_the_stems_would_stand(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, deliver: Deliver
) -> None:
    studio = Studio((12, 1, 0))
    monkeypatch.setitem(sys.modules, "Live", studio.module())
    room = OscServer(studio, clock)
    room.want(deliver(), begins=8.0)
    room.tick()
    assert room.tracks == STEMS
    assert "in the Session; their place in the Arrangement is beat 9.00" in studio.shown[-1]


def test_what_live_put_elsewhere_is_said_when_live_can_tell(room: OscServer, deliver: Deliver) -> None:
    room.studio.misplaces = True
    room.want(deliver())
    room.tick()
    room.tick()
    assert len(room.studio.shown) == 1
    room.tick()
    assert "did not put vocals, drums, no_bass where it belongs" in room.studio.shown[-1]
