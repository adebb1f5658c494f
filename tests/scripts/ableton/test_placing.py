from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.ableton.Stembridge.importing import Delivery, read
from scripts.ableton.Stembridge.live import Version
from scripts.ableton.Stembridge.placing import (
    Placed,
    PlacingFailed,
    Spot,
    can_place,
    is_stamped,
    place,
    spot,
)
from tests.scripts.ableton.conftest import RATE, Deliver
from tests.scripts.ableton.live_double import Studio

LIVE_12_2 = Version(12, 2, 0)


def put(studio: Studio, delivery: Delivery, beats: float = 8.0) -> list[Placed]:
    return place(studio.song_now, delivery, list(delivery.stems), beats, Version(*studio.version))


def test_each_stem_becomes_a_named_coloured_unwarped_clip_on_a_new_track(studio: Studio, deliver: Deliver) -> None:
    delivery = read(deliver())
    put(studio, delivery)
    tracks = studio.song_now.stems
    assert [(track.name, track.color) for track in tracks] == [
        ("Mix - vocals", 0xE4572E),
        ("Mix - drums", 0xF3A712),
        ("Mix - no_bass", 0x9EACBF),
    ]
    for track, stem in zip(tracks, delivery.stems, strict=True):
        (clip,) = track.arrangement_clips
        assert (clip.name, clip.color, clip.file_path) == (stem.name, track.color, str(stem.path))
        assert (clip.warping, clip.start_time) == (False, 8.0)


def test_the_devices_fader_and_pan_of_the_default_audio_track_do_not_colour_the_stems(
    studio: Studio, deliver: Deliver
) -> None:
    put(studio, read(deliver()))
    for track in studio.song_now.stems:
        mixer = track.mixer_device
        assert (track.devices, mixer.volume.value, mixer.panning.value) == ([], 0.85, 0.0)
        assert [send.value for send in mixer.sends] == [0.3], "it is the musician's"
    before = studio.song_now.tracks[:2]
    assert all(track.devices for track in before), "what was there is not touched"


def test_the_stamp_is_on_each_track_and_goes_with_an_undo(studio: Studio, deliver: Deliver) -> None:
    song, delivery = studio.song_now, read(deliver())
    before = song.tracks
    assert not is_stamped(song, "j1")
    put(studio, delivery)
    assert is_stamped(song, "j1")
    assert not is_stamped(song, "j2")
    song.delete_track(2)
    assert is_stamped(song, "j1"), "while one of its tracks is there"
    assert (len(song.undo_steps), song.open_steps) == (1, 0)
    song.undo()
    assert song.tracks == before
    assert not is_stamped(song, "j1")


def _limit(studio: Studio) -> None:
    studio.track_limit = 4


def _keep_warp(studio: Studio) -> None:
    studio.keeps_warp = True


def _lose_data(studio: Studio) -> None:
    studio.loses_data = True


@pytest.mark.parametrize(
    ("trouble", "sentence"), [(_limit, "limited"), (_keep_warp, "warped"), (_lose_data, "mark that prevents")]
)
def test_half_an_import_is_taken_back(
    studio: Studio, deliver: Deliver, trouble: Callable[[Studio], None], sentence: str
) -> None:
    song = studio.song_now
    before = song.tracks
    trouble(studio)
    with pytest.raises(PlacingFailed, match=sentence):
        put(studio, read(deliver()))
    assert song.tracks == before
    assert song.open_steps == 0
    assert not is_stamped(song, "j1")


def test_a_file_that_live_cannot_read_takes_the_others_back(studio: Studio, deliver: Deliver) -> None:
    folder = deliver()
    (folder / "Mix - no_bass.wav").write_bytes(b"RIFF")
    before = studio.song_now.tracks
    with pytest.raises(PlacingFailed, match="valid audio file"):
        put(studio, read(folder))
    assert studio.song_now.tracks == before


def test_a_clip_that_live_makes_but_does_not_return_is_found(studio: Studio, deliver: Deliver) -> None:
    studio.returns_none = True
    put(studio, read(deliver()))
    assert [clip.warping for track in studio.song_now.stems for clip in track.arrangement_clips] == [False] * 3


@pytest.mark.parametrize("version", [(12, 0, 5), (12, 1, 11)])
def test_before_12_2_the_clips_stand_in_the_selected_scene(
    monkeypatch: pytest.MonkeyPatch, deliver: Deliver, version: tuple[int, int, int]
) -> None:
    studio = Studio(version)
    placed = put(studio, read(deliver()))
    assert [each.beats for each in placed] == [None] * 3
    for track in studio.song_now.stems:
        assert track.arrangement_clips == [], "undocumented then"
        clip = track.clip_slots[1].clip
        assert clip is not None
        assert not clip.warping
    assert is_stamped(studio.song_now, "j1")


def test_where_live_makes_no_clip_in_the_arrangement_the_session_takes_it(studio: Studio, deliver: Deliver) -> None:
    studio.makes_nothing = True
    assert [each.beats for each in put(studio, read(deliver()))] == [None] * 3
    assert all(track.clip_slots[1].clip for track in studio.song_now.stems)


@pytest.mark.parametrize(
    ("version", "can"), [((11, 3, 25), False), ((12, 0, 4), False), ((12, 0, 5), True), ((12, 4, 0), True)]
)
def test_older_lives_cannot(version: tuple[int, int, int], can: bool) -> None:
    assert can_place(Version(*version)) is can


def test_the_bwf_origin_comes_before_the_clip_and_the_clip_before_the_start(studio: Studio, deliver: Deliver) -> None:
    song = studio.song_now
    song.tempo = 90.0
    with_origin = read(deliver(time_reference=4 * RATE))
    assert spot(song, with_origin, 3.0) == Spot(6.0, ""), "4 s at 90 bpm"
    assert spot(song, read(deliver()), 3.0) == Spot(3.0, "")
    assert spot(song, read(deliver()), None) == Spot(0.0, "")


def test_a_tempo_that_changes_is_said_where_seconds_had_to_become_beats(studio: Studio, deliver: Deliver) -> None:
    song = studio.song_now
    song.master_track.mixer_device.song_tempo.automation_state = 1
    assert "tempo changes" in spot(song, read(deliver(time_reference=RATE)), None).warning
    assert spot(song, read(deliver()), 3.0).warning == ""


def test_a_place_outside_the_time_line_is_said(studio: Studio, deliver: Deliver) -> None:
    early = spot(studio.song_now, read(deliver()), -2.5)
    assert early.beats == 0.0
    assert "2.50 beats" in early.warning
    with pytest.raises(PlacingFailed, match="after the end"):
        spot(studio.song_now, read(deliver(time_reference=2**40)), None)


def test_nothing_can_be_placed_from_a_notification(studio: Studio, deliver: Deliver) -> None:
    with studio.notification(), pytest.raises(RuntimeError, match="cannot be triggered by notifications"):
        put(studio, read(deliver()))
    assert studio.song_now.stems == []


def test_the_stems_chosen_are_the_stems_placed(studio: Studio, deliver: Deliver, tmp_path: Path) -> None:
    delivery = read(deliver(silent="drums"))
    place(studio.song_now, delivery, [stem for stem in delivery.stems if not stem.silent], 0.0, LIVE_12_2)
    assert [track.name for track in studio.song_now.stems] == ["Mix - vocals", "Mix - no_bass"]
