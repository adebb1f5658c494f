"""The whole way in the real Ardour: an export starts the job by OSC, and its stems come into the running session."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import soundfile

from tests.acceptance.osc_clients import free_port
from tests.acceptance.program import Studio
from tests.scripts.ardour.ardour_desk import BROADCAST_WAV, SCRIPTS, Added, Ardour, Desk, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.system("ardour"),
    pytest.mark.system("Xvfb"),
    pytest.mark.system("dbus-run-session"),
    pytest.mark.system("oscsend"),
    pytest.mark.system("import"),
]

RATE = 48_000
FRAMES = 4 * RATE
ORIGIN = 96_000
"""Where the mix lies in the session, and every export of it begins."""

STEMS = {"vocals": 0xE4572E, "drums": 0xF3A712, "bass": 0x3D5A80, "other": 0x9AA0A6}

WAV = "75969a1c-3133-4694-864b-a1fa50e43348"
"""Ardour's own "WAV @ session-rate": 16 bits, and no broadcast chunk."""

PREPARE_BODY = """
    local paths = C.StringVector () paths:push_back (params.mix)
    Editor:do_import (paths, Editing.ImportDistinctFiles, Editing.ImportAsTrack, ARDOUR.SrcQuality.SrcBest,
        ARDOUR.MidiTrackNameSource.SMFTrackName, ARDOUR.MidiTempoMapDisposition.SMFTempoIgnore,
        Temporal.timepos_t (math.tointeger (params.origin)), ARDOUR.PluginInfo (), ARDOUR.Track (), false)
"""
EXPORT_BODY = """
    local export = Session:simple_export ()
    export:set_preset (params.preset)
    export:set_name (params.name)
    export:set_range (math.tointeger (params.origin), math.tointeger (params.origin) + math.tointeger (params.frames))
    export:run_export ()
"""
REPORT_BODY = """
    local out = io.open (params.report .. ".part", "w")
    for track in Session:get_tracks ():iter () do
        for region in track:to_track ():playlist ():region_list ():iter () do
            out:write (string.format ("%s|%s|%06x|%d|%d\\n", track:name (), track:comment (),
                track:presentation_info_ptr ():color () >> 8, region:position ():samples (), region:length ():samples ()))
        end
    end
    out:close ()
    os.rename (params.report .. ".part", params.report)
"""
HEADLESS_BODY = """
    local s = load_session ("{folder}", "{name}")
    for track in s:get_tracks ():iter () do
        for region in track:to_track ():playlist ():region_list ():iter () do
            print (string.format ("%s|%s|%06x|%d|%d", track:name (), track:comment (),
                track:presentation_info_ptr ():color () >> 8, region:position ():samples (), region:length ():samples ()))
        end
        {each}
    end
    {last}
    close_session ()
    quit ()
"""
PREPARE, SEPARATE, IMPORT, REPORT, UNDO, REDO, EXPORT_BROADCAST, EXPORT_PLAIN = range(1, 9)
"""The numbers of the scripts in Ardour."""


class Region(NamedTuple):
    """A region on a track."""

    track: str
    comment: str
    colour: int
    position: int
    frames: int

    @classmethod
    def read(cls, line: str) -> Region:
        track, comment, colour, position, frames = line.split("|")
        return cls(track, comment, int(colour, 16), int(position), int(frames))


def action(title: str, body: str, **parameters: object) -> Added:
    source = f"ardour {{ ['type'] = 'EditorAction', name = '{title}' }}\nfunction factory (params) return function ()\n{body}\nend end\n"
    return Added(title, source, {key: str(value) for key, value in parameters.items()})


def ours(file: str, **parameters: str) -> Added:
    return Added(file, (SCRIPTS / file).read_text("utf-8"), parameters)


@dataclasses.dataclass
class Stage:
    """A session with a mix in it, the bridge, and the scripts installed as their README says."""

    root: Path

    def __post_init__(self) -> None:
        self.studio = Studio(self.root / "studio")
        self.desk = Desk(self.root)
        self.folder = self.root / "Evening"
        self.session = self.desk.new_session(self.folder)
        self.port = free_port()
        self.report = self.root / "report.txt"
        self._configure()
        self._install()

    def _configure(self) -> None:
        path = self.studio.root / "config.toml"
        osc = f"port = {self.port}\nfolders = ['{self.folder}']"
        path.write_text(path.read_text("utf-8").replace("port = 0", osc), "utf-8")

    def _install(self) -> None:
        mix = self.root / "Mix.wav"
        soundfile.write(mix, a_mix(), RATE, subtype="PCM_24")
        shutil.copytree(SCRIPTS, self.desk.config / "scripts", ignore=shutil.ignore_patterns("*.md"))
        stems = {"stems": str(self.studio.output)}
        bridge = {"bridge": f"osc.udp://127.0.0.1:{self.port}"}
        span = {"origin": ORIGIN, "frames": FRAMES}
        self.desk.add(
            [
                action("prepare", PREPARE_BODY, mix=mix, origin=ORIGIN),
                ours("stembridge_separate.lua", ask="no", **bridge),
                ours("stembridge_import.lua", ask="no", **stems),
                action("report", REPORT_BODY, report=self.report),
                action("undo", "Editor:undo (1)"),
                action("redo", "Editor:redo (1)"),
                action("broadcast", EXPORT_BODY, preset=BROADCAST_WAV, name="One", **span),
                action("plain", EXPORT_BODY, preset=WAV, name="Two", **span),
            ],
            [ours("stembridge_auto.lua", **stems, **bridge)],
        )

    def regions(self, ardour: Ardour) -> list[Region]:
        """What is on the tracks of the running session."""
        self.report.unlink(missing_ok=True)
        ardour.script(REPORT)
        wait_for("a report", self.report.exists)
        return [Region.read(line) for line in self.report.read_text("utf-8").splitlines()]

    def headless(self, each: str, last: str) -> list[Region]:
        """What Ardour's own program without windows reads of the saved session; Lua for each track, and at the end."""
        script = HEADLESS_BODY.format(folder=self.folder, name=self.folder.name, each=each, last=last)
        said = self.desk.tool("ardour7-lua", stdin=script)
        return [Region.read(line) for line in said.splitlines() if line.count("|") == 4]

    def stems(self, ardour: Ardour, song: str) -> list[Region]:
        return [region for region in self.regions(ardour) if region.track.startswith(f"{song} - ")]

    def wait_for_stems(self, ardour: Ardour, song: str) -> list[Region]:
        return wait_for(f"the stems of {song}", lambda: self.stems(ardour, song), pause_s=0.5)


def a_mix() -> np.ndarray:
    """Two voices of different spectra and a beat, in stereo."""
    time_s = np.arange(FRAMES) / RATE
    beat = np.random.default_rng(4).standard_normal(FRAMES) * np.exp(-((time_s * 2) % 1) * 30)
    left = 0.3 * np.sin(2 * np.pi * 55 * time_s) + 0.2 * beat
    right = 0.2 * np.sin(2 * np.pi * 440 * time_s) * (1 + np.sin(2 * np.pi * 5 * time_s)) / 2 + 0.2 * beat
    return np.stack([left, right], axis=1)


@dataclasses.dataclass
class Story:
    """What was seen while one session, two exports, two crashes and a restart went by."""

    stage: Stage
    first: list[Region]
    """The stems of "One", whose job outlived its bridge."""
    asked_again: list[Region]
    wanted_before_saving: str
    wanted_after_saving: bool
    killed_while_locked: bool
    opened_after_the_kill: list[Region]
    second: list[Region]
    """The stems of "Two", whose import was killed and happened when the session was opened again."""
    undone_once: list[Region]
    redone: list[Region]
    at_the_end: list[Region]

    def delivery(self, song: str) -> dict[str, Any]:
        return json.loads((self.stage.studio.output / song / "stems.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    stage = Stage(tmp_path_factory.mktemp("ardour"))
    seen: dict[str, Any] = {}
    with stage.desk.ardour(stage.session) as ardour:
        seen |= an_export_while_the_bridge_crashes(stage, ardour)
        with stage.studio.up():
            seen |= a_crash_in_the_middle_of_an_import(stage, ardour)
    with stage.studio.up(), stage.desk.ardour(stage.session) as ardour:
        seen |= the_session_opened_again(stage, ardour)
    return Story(stage, **seen)


def an_export_while_the_bridge_crashes(stage: Stage, ardour: Ardour) -> dict[str, Any]:
    studio = stage.studio
    with studio.up() as bridge:
        ardour.script(PREPARE)
        wait_for("the mix", lambda: stage.regions(ardour))
        ardour.script(EXPORT_BROADCAST)
        wait_for("a job to be under way", lambda: studio.states() not in ([], ["queued"]))
        bridge.kill()
        assert studio.states() != ["delivered"]
    with studio.up():
        first = stage.wait_for_stems(ardour, "One")
        ardour.photograph(stage.root / "ardour.png")
        ardour.script(IMPORT)
        asked_again = stage.stems(ardour, "One")
        wanted = (stage.folder / "stembridge-wanted.txt").read_text("utf-8")
        ardour.action("Common/Save")
        saved = wait_for("what was wanted to be forgotten", lambda: not (stage.folder / "stembridge-wanted.txt").exists())
    return {"first": first, "asked_again": asked_again, "wanted_before_saving": wanted, "wanted_after_saving": not saved}


def a_crash_in_the_middle_of_an_import(stage: Stage, ardour: Ardour) -> dict[str, Any]:
    lock = stage.studio.output / "Two" / ".importing"
    ardour.script(EXPORT_PLAIN)
    wait_for("the import to begin", lock.exists, pause_s=0.001)
    ardour.kill()
    return {"killed_while_locked": lock.exists()}


def the_session_opened_again(stage: Stage, ardour: Ardour) -> dict[str, Any]:
    opened = stage.regions(ardour)
    by = stage.studio.output / "Two" / ".importing" / "by"
    lines = by.read_text("utf-8").split("\n")
    lines[2] = str(int(lines[2]) - 121)
    by.write_text("\n".join(lines), "utf-8")
    second = stage.wait_for_stems(ardour, "Two")
    ardour.script(UNDO)
    undone = stage.regions(ardour)
    ardour.script(REDO)
    redone = stage.regions(ardour)
    ardour.script(IMPORT)
    ardour.action("Common/Save")
    wait_for("the session to be saved", lambda: "Two - other" in stage.session.read_text("utf-8"))
    wait_for("what was wanted to be forgotten", lambda: not (stage.folder / "stembridge-wanted.txt").exists())
    return {
        "opened_after_the_kill": opened,
        "second": second,
        "undone_once": undone,
        "redone": redone,
        "at_the_end": stage.regions(ardour),
    }


def test_x(story):
    for f in dataclasses.fields(story):
        if f.name != "stage": print(f.name, getattr(story, f.name))
    print(story.stage.headless("", ""))
    shutil.copy(story.stage.root/"ardour.png", "/tmp/ardour.png")
