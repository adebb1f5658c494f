"""The whole way with the real bridge as a process of its own: click, render, OSC over TCP, stems, tracks."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance import program
from tests.scripts.reaper.conftest import SCRIPTS, Studio
from tests.scripts.reaper.eel_subset import Eel
from tests.scripts.reaper.reaper_musician import Musician

PATIENCE_S = 90.0


def until(condition: Callable[[], bool], tick: Callable[[], None]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        tick()
        time.sleep(0.005)


def tell(studio: Studio, message: bytes) -> None:
    """Say something to the bridge behind REAPER's back."""
    at = json.loads((studio.state / "status.json").read_text("utf-8"))["osc"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(message, (at["host"], at["port"]))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the program is started and stopped by POSIX signals")
def test_stems_come_back_with_the_line_and_without_it(studio: Studio, tmp_path: Path) -> None:
    bridge = program.Studio(tmp_path / "bridge")
    bridge.state = studio.state
    (bridge.inbox / "rough").mkdir()
    bridge.configure("[presets.rough]", 'engine = "preview"')
    with bridge.up() as running:
        lines: list[str] = []
        reaper = studio.reaper
        reaper.front.path, reaper.front.selection, reaper.front.offset_s = "/songs/Night Drive.rpp", (2.0, 3.0), 3600.0
        musician = Musician(studio)
        eel = Eel(SCRIPTS / "Stembridge_Line.eel", reaper.GetExtState, reaper.SetExtState)

        def tick() -> None:
            if eel.is_running:
                eel.tick()
            reaper.tick()
            lines.extend(text for text in reaper.gfx.texts() if text not in lines)

        until(lambda: musician.sees("Connected to Stembridge"), tick)
        musician.click("Preset", "rough")
        musician.click("Bounce and separate")
        until(lambda: len(reaper.front.tracks) == 5, tick)
        assert any(line.startswith("Night Drive: separating into") for line in lines)
        assert [name for _, name in reaper.front.outline()[1:]] == ["bass", "drums", "vocals", "other"]
        eel.quit()
        tell(studio, b"/stembridge/pause\0\0\0,\0\0\0")
        until(lambda: musician.sees("Stembridge is paused"), tick)
        reaper.front.path = "/songs/Quiet Road.rpp"
        reaper.tick(60)
        musician.click("Preset", "No preset")
        musician.click("Bounce and separate")
        until(lambda: musician.sees("Quiet Road: queued"), tick)
        tell(studio, b"/stembridge/resume\0\0,\0\0\0")
        until(lambda: len(reaper.front.tracks) == 10, tick)
        assert reaper.front.tracks[5].name == "Quiet Road"
        assert not list(bridge.output.rglob(".importing*"))
        positions = {item.values["D_POSITION"] for track in reaper.front.tracks for item in track.items}
        assert positions == {2.0}
        assert musician.requests() == []
        assert running.process.poll() is None
