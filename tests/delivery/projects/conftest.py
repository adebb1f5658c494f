"""Takes as the pipeline describes them, of every model of the catalogue."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.delivery.naming import safe_name
from bridge.delivery.receipt import Model, Normalise, Receipt, Source, Stem
from bridge.separation import catalogue

RATE, FRAMES = 48_000, 100_001


@dataclasses.dataclass(frozen=True)
class Takes:
    """Makes a receipt, and a folder with the stems that it names."""

    folder: Path

    def receipt(
        self, song: str = "Mix", model: int = 320, form: str = "wav 24", origin: int = 0, tempo: float | None = None
    ) -> Receipt:
        row = catalogue.model(model)
        stems = tuple(self._stem(f"{safe_name(song)} - {name}", name, form) for name in row.delivered)
        return Receipt(
            job="0f3c9a7e", song=song, take=1, created="2026-11-03T02:11:05Z",
            source=Source(f"/bounces/{song}.wav", "ab" * 32, 44_100, 91_876, 2, origin, tempo),
            engine="api", model=Model(row.id, row.name), normalise=Normalise("song", -1.5),
            null_depth_db=-130.25, billed_minutes=1.0, stems=stems,
        )  # fmt: skip

    def delivered(self, receipt: Receipt) -> Path:
        for stem in receipt.stems:
            (self.folder / stem.file).write_bytes(f"the sound of {stem.name} ".encode() * 1000)
        return self.folder

    @staticmethod
    def _stem(base: str, name: str, form: str) -> Stem:
        file = f"{base}.{form.split()[0]}"
        return Stem(name, file, RATE, FRAMES, 2, form, -1.5, -3.0, -18.0, silent=False)


@pytest.fixture
def takes(tmp_path: Path) -> Takes:
    folder = tmp_path / "take"
    folder.mkdir()
    return Takes(folder)


@pytest.fixture
def rendered(takes: Takes) -> Callable[[Receipt, str], Path]:
    """Writes one kind of project file for a receipt and returns its path."""
    from bridge.delivery.projects.registry import write_projects

    def write(receipt: Receipt, kind: str) -> Path:
        (name,) = write_projects(receipt, [kind], takes.delivered(receipt))
        return takes.folder / name

    return write
