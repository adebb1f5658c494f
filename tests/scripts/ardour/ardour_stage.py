"""A stage for a story in Ardour: a session with a mix in it, a bridge, and our scripts beside those of a test."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import soundfile

from tests.acceptance.program import Studio
from tests.ports import free_port
from tests.scripts.ardour.ardour_desk import BROADCAST_WAV, SCRIPTS, Added, Ardour, Desk, wait_for

RATE = 48_000
FRAMES = 4 * RATE
ORIGIN = 96_000
"""Where the mix lies in the session, and every export of it begins."""

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
                track:presentation_info_ptr ():color () >> 8,
                region:position ():samples (), region:length ():samples ()))
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
                track:presentation_info_ptr ():color () >> 8,
                region:position ():samples (), region:length ():samples ()))
        end
    end
    close_session ()
    quit ()
"""
FAILING_IMPORTS_BODY = """
    -- Our parts with an Ardour that has no room for all tracks, then with a fault after some stems are in their place.
    local folder = ARDOUR.LuaAPI.build_filename (ARDOUR.user_config_directory (-1), "scripts", "stembridge")
    local parts, real = {}, Session
    local function use (name)
        parts[name] = parts[name] or assert (loadfile (folder .. "/" .. name .. ".lua")) (use)
        return parts[name]
    end
    local found = use ("delivery").read (params.folder)
    local out = io.open (params.report .. ".part", "w")
    local function try ()
        local done, problem = use ("tracks").import (found, 0)
        local no_step_open = real:abort_empty_reversible_command ()
        out:write (string.format ("%s|%s|%s|%s\\n", done, use ("tracks").has (found.job), no_step_open, problem))
    end
    Session = setmetatable ({}, { __index = function (_, name)
        return function (_, ...)
            local words = { ... }
            words[4] = name == "new_audio_track" and 2 or words[4]
            return real[name] (real, table.unpack (words, 1, select ("#", ...)))
        end
    end })
    try ()
    Session = real
    use ("delivery").colour = function (name) return name == "other" and error ("There is no such colour", 0) or 0 end
    try ()
    out:close ()
    os.rename (params.report .. ".part", params.report)
"""
(
    PREPARE,
    REPORT,
    UNDO,
    REDO,
    EXPORT_BROADCAST,
    EXPORT_PLAIN,
    IMPORT,
    IMPORT_ASKING,
    SEPARATE_ASKING,
    FAILING_IMPORTS,
) = range(1, 11)
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
    head = f"ardour {{ ['type'] = 'EditorAction', name = '{title}' }}"
    source = f"{head}\nfunction factory (params) return function ()\n{body}\nend end\n"
    return Added(title, source, {key: str(value) for key, value in parameters.items()})


def ours(file: str, **parameters: str) -> Added:
    return Added(file, (SCRIPTS / file).read_text("utf-8"), parameters)


@dataclass
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
                action("report", REPORT_BODY, report=self.report),
                action("undo", "Editor:undo (1)"),
                action("redo", "Editor:redo (1)"),
                action("broadcast", EXPORT_BODY, preset=BROADCAST_WAV, name="One", **span),
                action("plain", EXPORT_BODY, preset=WAV, name="Two", **span),
                ours("stembridge_import.lua", ask="no", **stems),
                ours("stembridge_import.lua", **stems),
                ours("stembridge_separate.lua", **bridge),
                action("failing", FAILING_IMPORTS_BODY, folder=self.studio.output / "By Hand", report=self.report),
            ],
            [ours("stembridge_auto.lua", **stems, **bridge)],
        )

    def report_of(self, ardour: Ardour, script: int) -> list[str]:
        """Run one of the scripts above that write a report; return its lines."""
        self.report.unlink(missing_ok=True)
        ardour.script(script)
        wait_for("a report", self.report.exists)
        return self.report.read_text("utf-8").splitlines()

    def regions(self, ardour: Ardour) -> list[Region]:
        """What is on the tracks of the running session."""
        return [Region.read(line) for line in self.report_of(ardour, REPORT)]

    def export(self, ardour: Ardour, script: int, song: str) -> None:
        """Export the session and wait until the hook has asked for its stems.

        Ardour 7.3 itself crashes or hangs in about one of ten exports on this kind of engine, with no script of ours
        in it: then it is started again, which is one more restart that nothing may be lost in.
        """
        for _ in range(6):
            ardour.script(script)
            with contextlib.suppress(TimeoutError):
                wait_for("the hook to ask", lambda: self.wants(song) or ardour.crashed(), patience_s=15.0)
                if self.wants(song) and not ardour.crashed():
                    return
            ardour.kill()
            ardour.start()
            if self.wants(song):
                return
        raise AssertionError("Ardour crashes at every export")

    def wants(self, song: str) -> bool:
        file = self.folder / "stembridge-wanted.txt"
        return file.exists() and f"/{song}.wav\n" in file.read_text("utf-8")

    def headless(self) -> list[Region]:
        """What Ardour's own program without windows reads of the saved session."""
        said = self.desk.tool("ardour7-lua", stdin=HEADLESS_BODY.format(folder=self.folder, name=self.folder.name))
        return [Region.read(line) for line in said.splitlines() if line.count("|") == 4]

    def render(self, song: str) -> Path:
        """Render the saved session with only the stems of a song audible, by Ardour's own program without windows."""
        tree = ElementTree.parse(self.session)
        for route in tree.iter("Route"):
            name = route.get("name", "")
            if name not in ("Master", "Monitor", "Auditioner") and not name.startswith(f"{song} - "):
                [mute] = [one for one in route.iter("Controllable") if one.get("name") == "mute"]
                mute.set("value", "1")
        tree.write(self.session)
        rendered = self.root / "rendered.wav"
        command = ["ardour7-export", "-b", "float", "-o", str(rendered), str(self.folder), self.folder.name]
        self.desk.tool(*command, tries=4)
        return rendered

    def stems(self, ardour: Ardour, song: str) -> list[Region]:
        return [region for region in self.regions(ardour) if region.track.startswith(f"{song} - ")]

    def wait_for_stems(self, ardour: Ardour, song: str) -> list[Region]:
        return wait_for(f"the stems of {song}", lambda: self.stems(ardour, song), pause_s=0.5)


def a_mix() -> npt.NDArray[np.float64]:
    """Two voices of different spectra and a beat, in stereo."""
    time_s = np.arange(FRAMES) / RATE
    beat = np.random.default_rng(4).standard_normal(FRAMES) * np.exp(-((time_s * 2) % 1) * 30)
    left = 0.3 * np.sin(2 * np.pi * 55 * time_s) + 0.2 * beat
    right = 0.2 * np.sin(2 * np.pi * 440 * time_s) * (1 + np.sin(2 * np.pi * 5 * time_s)) / 2 + 0.2 * beat
    return np.stack([left, right], axis=1)
