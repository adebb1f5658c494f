"""The script with the real bridge: only Live is simulated."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scripts.ableton.Stembridge.surface import Surface
from tests.acceptance.program import Studio as BridgeStudio
from tests.ports import free_port
from tests.scripts.ableton.conftest import Clock, Say, until
from tests.scripts.ableton.live_clips import Clip
from tests.scripts.ableton.live_double import Studio


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="how the bridge is started and stopped here is POSIX")
def test_a_clip_is_separated_by_the_bridge_and_comes_back_also_after_the_bridge_was_started_anew(
    studio: Studio, state: Path, say: Say, tmp_path: Path, clock: Clock
) -> None:
    bridge = BridgeStudio(tmp_path / "studio")
    bridge.state = state
    bridge.configure()
    config = bridge.root / "config.toml"
    samples = tmp_path / "Samples"
    samples.mkdir()
    config.write_text(config.read_text().replace("port = 0", f'port = 0\nfolders = ["{samples}"]'))
    (tmp_path / "settings.json").write_text(json.dumps({"port": free_port()}))
    say(running=False, osc={"host": "127.0.0.1", "port": free_port()})
    first, second = (bridge.bounce(f"{name}.wav", seed=seed, to=samples) for name, seed in (("One", 1), ("Two", 2)))
    outside = bridge.bounce("Outside.wav", to=tmp_path)
    song = studio.song_now
    surface = Surface(studio, tmp_path, clock)

    def ask(path: Path, start: float) -> None:
        clip = Clip(studio, str(path), start, song.tempo)
        clip.warping = False
        clip.settle()
        clip.name = "take !stems"
        song.view.detail_clip = clip

    def tick() -> None:
        studio.tick(surface)

    def said(text: str) -> bool:
        return any(text in shown for shown in studio.shown)

    try:
        ask(first.path, 8.0)
        until(lambda: said("The bridge is not running."), tick)
        with bridge.up():
            ask(outside.path, 0.0)
            until(lambda: said("Outside"), tick)
            ask(first.path, 8.0)
            until(lambda: said("stems of One are in:"), tick)
            ask(second.path, 4.0)
            until(lambda: said("Two is on its way."), tick)
        with bridge.up():
            clock.now += 60
            until(lambda: said("stems of Two are in:"), tick)
    finally:
        surface.disconnect()
    starts = {track.name.split(" - ")[0]: track.arrangement_clips[0].start_time for track in song.stems}
    assert starts == {"One": 8.0, "Two": 4.0}
    assert not said("not for this set")
    assert len({track.name for track in song.stems}) == len(song.stems)
    assert not list(bridge.output.rglob(".importing*"))
