"""A small studio: an output folder into which takes of songs are delivered."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from bridge.delivery.folder import Plan, place, plan_delivery, staging_folder
from bridge.delivery.naming import stem_files
from bridge.delivery.receipt import Model, Normalise, Receipt, Source, Stem

Rebounce = Literal["take", "replace"]

FRAMES, CHANNELS = 100, 2


@dataclass(frozen=True)
class Studio:
    output: Path

    def stage(self, job: str, stems: tuple[str, ...] = ("vocals", "drums"), song: str = "Mix") -> Path:
        """Render stems whose bytes tell the job, the way the pipeline does before a delivery."""
        staging = staging_folder(self.output, job)
        staging.mkdir(parents=True)
        for name, file in self.files(stems, song).items():
            (staging / file).write_bytes(self.content(job, name))
        return staging

    def files(self, stems: tuple[str, ...], song: str = "Mix") -> dict[str, str]:
        return stem_files(
            "{song} - {stem}", "wav", stems, song=song, take=1, model=501, engine="preview", preset="",
            date=datetime.date(2026, 11, 3),
        )  # fmt: skip

    @staticmethod
    def content(job: str, stem: str) -> bytes:
        """The bytes of a stem: as long as its samples, different for every job and stem."""
        return f"{job} {stem} ".encode().ljust(FRAMES * CHANNELS * 3, b".")

    def receipt(
        self, job: str, take: int = 1, stems: tuple[str, ...] = ("vocals", "drums"), song: str = "Mix"
    ) -> Receipt:
        return Receipt(
            job=job,
            song=song,
            take=take,
            created="2026-11-03T02:11:05Z",
            source=Source(f"/bounces/{song}.wav", "ab" * 32, 48_000, FRAMES, CHANNELS, 96_000),
            engine="preview",
            model=Model(501, "Spliter 4 Stems"),
            normalise=Normalise("song", -1.5),
            null_depth_db=-130.25,
            billed_minutes=0.0,
            stems=tuple(
                Stem(name, file, 48_000, FRAMES, CHANNELS, "wav 24", -1.5, -3.0, -18.0, silent=False)
                for name, file in self.files(stems, song).items()
            ),
        )

    def plan(self, job: str, rebounce: Rebounce = "take", song: str = "Mix") -> Plan:
        return plan_delivery(self.output, song, job, rebounce)

    def deliver(
        self,
        job: str,
        rebounce: Rebounce = "take",
        stems: tuple[str, ...] = ("vocals", "drums"),
        song: str = "Mix",
    ) -> Path:
        staging = self.stage(job, stems, song)
        plan = self.plan(job, rebounce, song)
        return place(plan, staging, self.receipt(job, plan.take, stems, song))

    def tree(self) -> dict[str, bytes]:
        """Every file in the output folder, hidden ones too, by its path."""
        return {
            path.relative_to(self.output).as_posix(): path.read_bytes()
            for path in sorted(self.output.rglob("*"))
            if path.is_file()
        }

    def take(
        self, folder: str, job: str, stems: tuple[str, ...] = ("vocals", "drums"), take: int = 1
    ) -> dict[str, bytes]:
        """What the tree holds of a whole take."""
        files = {f"{folder}/{file}": self.content(job, name) for name, file in self.files(stems).items()}
        return {**files, f"{folder}/stems.json": self.receipt(job, take, stems).to_bytes()}


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    output = tmp_path / "Stems"
    output.mkdir()
    return Studio(output)
