"""A stage for a story in Ardour: a session with a mix in it, a bridge, and our scripts beside those of a test."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import soundfile

from tests.acceptance.program import Studio
from tests.ports import free_port
from tests.scripts.ardour.ardour_added import Added
from tests.scripts.ardour.ardour_bodies import (
    EXPORT_BODY,
    FAILING_IMPORTS_BODY,
    HEADLESS_BODY,
    PREPARE_BODY,
    REPORT_BODY,
)
from tests.scripts.ardour.ardour_desk import BROADCAST_WAV, SCRIPTS, Ardour, Desk, wait_for
from tests.scripts.ardour.ardour_witness import Witness

RATE = 48_000
FRAMES = 4 * RATE
ORIGIN = 96_000
"""Where the mix lies in the session, and every export of it begins."""

WAV = "75969a1c-3133-4694-864b-a1fa50e43348"
"""Ardour's own "WAV @ session-rate": 16 bits, and no broadcast chunk."""

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
    SEPARATE,
) = range(1, 12)
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
        self.witness = Witness(self.root / "witness")
        self.folder = self.root / "Evening"
        self.session = self.desk.new_session(self.folder)
        self.port = free_port()
        self.report = self.root / "report.txt"
        self._configure()
        self._install()

    def _configure(self) -> None:
        # The state folder that a bridge of this home has by itself: there the scripts find it.
        self.studio.state = self.desk.home / ".local" / "state" / "stembridge"
        self.studio.configure()
        path = self.studio.root / "config.toml"
        osc = f"port = {self.port}\nfolders = ['{self.folder}']"
        path.write_text(path.read_text("utf-8").replace("port = 0", osc), "utf-8")

    def _install(self) -> None:
        mix = self.root / "Mix.wav"
        soundfile.write(mix, a_mix(), RATE, subtype="PCM_24")
        shutil.copytree(SCRIPTS, self.desk.config / "scripts", ignore=shutil.ignore_patterns("*.md"))
        self.witness.install(self.desk.config / "scripts" / "stembridge")
        span = {"origin": ORIGIN, "frames": FRAMES}
        self.desk.add(
            [
                action("prepare", PREPARE_BODY, mix=mix, origin=ORIGIN),
                action("report", REPORT_BODY, report=self.report),
                action("undo", "Editor:undo (1)"),
                action("redo", "Editor:redo (1)"),
                action("broadcast", EXPORT_BODY, preset=BROADCAST_WAV, name="One", **span),
                action("plain", EXPORT_BODY, preset=WAV, name="Two", **span),
                ours("stembridge_import.lua", ask="no"),
                ours("stembridge_import.lua", stems=str(self.studio.output)),
                ours("stembridge_separate.lua"),
                action("failing", FAILING_IMPORTS_BODY, folder=self.studio.output / "By Hand", report=self.report),
                ours("stembridge_separate.lua", ask="no"),
            ],
            [ours("stembridge_auto.lua")],
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
        in it: then it is started again, which is one more restart that nothing may be lost in. Where it dies or hangs
        in our hook, the story ends.
        """
        for _ in range(6):
            ardour.script(script)
            with contextlib.suppress(TimeoutError):
                wait_for("the hook to ask", lambda: self.wants(song) or ardour.crashed(), patience_s=30.0)
                if self.wants(song) and not ardour.crashed():
                    return
            assert not ardour.crashed() or not self.witness.inside(), "Ardour has died in our hook"
            wait_for("Ardour to be out of our hook", lambda: not self.witness.inside())
            ardour.kill()
            ardour.start()
            if self.wants(song):
                return
        raise AssertionError("Ardour crashes at every export")

    def hears(self, beginning: str) -> None:
        """Wait until our scripts have said a sentence that begins so in Ardour's log."""
        wait_for(f'"{beginning}"', lambda: any(line.startswith(beginning) for line in self.witness.said()))

    def osc(self, address: str) -> None:
        """Tell the bridge something by OSC."""
        subprocess.run(["oscsend", "127.0.0.1", str(self.port), address], check=True, timeout=60)

    def step(self, song: str) -> str:
        """Return what the status file says is being done for a song; "" where nothing is."""
        status = json.loads((self.studio.state / "status.json").read_text("utf-8"))
        return next((job["step"] for job in status["jobs"] if job["song"] == song), "")

    def wants(self, song: str) -> bool:
        file = self.folder / "stembridge-wanted.txt"
        return file.exists() and f"/{song}.wav\t" in file.read_text("utf-8")

    def headless(self) -> list[Region]:
        """What Ardour's own program without windows reads of the saved session."""
        said = self.desk.tool(
            "ardour7-lua", stdin=HEADLESS_BODY.format(folder=self.folder, name=self.folder.name), tries=3
        )
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
