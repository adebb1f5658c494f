"""A studio with a simulated REAPER, real folders, and real deliveries made by the bridge's own parts."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.audio.bwf import Metadata
from bridge.delivery.folder import place, plan_delivery, staging_folder
from bridge.delivery.naming import stem_files
from bridge.delivery.receipt import Model, Normalise, Receipt, Source, Stem
from tests.scripts.reaper.simulated_functions import bext, write_wav
from tests.scripts.reaper.simulated_reaper import SimulatedReaper

SCRIPTS = Path(__file__).parents[3] / "scripts" / "reaper" / "Stembridge"
RATE = 48_000
FRAMES = 4_800


@dataclass
class Studio:
    home: Path
    reaper: SimulatedReaper

    @property
    def inbox(self) -> Path:
        return self.home / "Music" / "Stembridge" / "Inbox"

    @property
    def output(self) -> Path:
        return self.home / "Music" / "Stembridge" / "Stems"

    @property
    def state(self) -> Path:
        return self.home / ".local" / "state" / "stembridge"

    def say(self, **more: object) -> None:
        """Have the bridge write into its status file."""
        self.state.mkdir(parents=True, exist_ok=True)
        (self.state / "status.json").write_text(json.dumps({"schema": 1, "running": True, **more}), "utf-8")

    def part(self, name: str) -> Any:
        """One file of the scripts' lib, loaded as the scripts load it."""
        loader = self.home / "loader.lua"
        lib = str(SCRIPTS / "lib") + "/"
        loader.write_text(f'return dofile("{lib}load.lua")("{lib}")')
        return self.reaper.run(loader)(name)

    def action(self, name: str) -> None:
        """Run one of the actions."""
        self.reaper.run(SCRIPTS / f"Stembridge_{name}.lua")

    def wait_for(self, song: str = "Night Drive", **more: object) -> None:
        """Let the project in front wait for a bounce, as "Bounce and separate" leaves it."""
        request = {
            "id": "r1", "path": f"/inbox/{song}.wav", "file": f"{song}.wav", "song": song, "preset": "", "job": "",
            "asked": 0, "start": 12.5, "offset": 0, "mute": False, "originals": [], **more,
        }  # fmt: skip
        self.reaper.front.ext["Stembridge/requests"] = json.dumps([request])

    def deliver(
        self,
        song: str = "Night Drive",
        job: str = "job1",
        stems: Sequence[str] = ("vocals", "drums", "bass", "other"),
        bounce: str | None = None,
        time_reference: int = 0,
        silent: Sequence[str] = (),
        created: datetime.datetime | None = None,
    ) -> Path:
        """Put a take in place as the bridge does, of stems a tenth of a second long; return its folder."""
        created = created or datetime.datetime.now(datetime.UTC)
        staging = staging_folder(self.output, job)
        staging.mkdir(parents=True)
        files = stem_files(
            "{song} - {stem}", "wav", stems, song=song, take=1, model=501, engine="preview", preset="",
            date=created.date(),
        )  # fmt: skip
        for file in files.values():
            write_wav(staging / file, FRAMES, RATE, Metadata(bext(time_reference)))
        plan = plan_delivery(self.output, song, job, "take")
        receipt = Receipt(
            job=job,
            song=song,
            take=plan.take,
            created=created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            source=Source(bounce or f"{song}.wav", "ab" * 32, RATE, FRAMES, 2, time_reference),
            engine="preview",
            model=Model(501, "Spliter 4 Stems"),
            normalise=Normalise("song", 0.0),
            null_depth_db=None,
            billed_minutes=0.0,
            stems=tuple(
                Stem(name, file, RATE, FRAMES, 2, "wav 24", 0.0, -3.0, -18.0, silent=name in silent)
                for name, file in files.items()
            ),
        )
        return place(plan, staging, receipt)


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    made = Studio(tmp_path, SimulatedReaper(tmp_path / "REAPER"))
    made.output.mkdir(parents=True)
    made.inbox.mkdir(parents=True)
    return made
