"""The rough preview on a song of real instruments, a real kit and a singing voice that it was not tuned on."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.bench.preview_quality import gains, preview
from scripts.bench.songs import HELD_OUT, STEMS, TIM, centred


@pytest.mark.slow
@pytest.mark.system("fluidsynth")
@pytest.mark.system("espeak-ng")
@pytest.mark.parametrize("mono", [False, True], ids=["as mixed", "centred and mono"])
def test_every_stem_of_a_held_out_song_is_nearer_to_the_truth_than_the_mix_is(mono: bool, tmp_path: Path) -> None:
    songs = [song for song in HELD_OUT if song.soundfont == TIM][:1]
    (song,) = centred(tuple(songs)) if mono else songs
    improvement = dict(zip(STEMS, gains(song, preview, tmp_path), strict=True))
    assert min(improvement.values()) > 0.0
    assert sum(improvement.values()) / len(improvement) >= 4.5
