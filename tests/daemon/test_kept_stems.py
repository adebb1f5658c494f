"""Kept stems through the daemon's own keys: one pass serves several models, and an update loses nothing."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.config.load import load
from bridge.config.settings import Settings
from bridge.daemon.capabilities import capabilities
from bridge.daemon.compose import make_output, open_store, state_folder
from bridge.daemon.specs import default_spec
from bridge.daemon.workers import Workers
from bridge.delivery.receipt import Receipt, read
from bridge.inbox.ingest import Named, ingest_now
from bridge.jobs.folder import StateFolder
from bridge.jobs.states import FINAL, State

RATE = 44_100


@dataclasses.dataclass
class Studio:
    """A bridge whose service is a closed port: whatever would be ordered fails."""

    root: Path
    settings: Settings

    @property
    def state(self) -> StateFolder:
        return state_folder(self.settings)

    def bounce(self, name: str = "one.wav") -> Path:
        path = self.root / name
        noise = np.random.default_rng(3).standard_normal((RATE // 2, 2)) * 0.1
        soundfile.write(path, noise, RATE, subtype="PCM_24")
        return path

    def accept(self, path: Path, model: int = 501, engine: str = "preview") -> str:
        usual = default_spec(self.settings, capabilities(self.settings))
        with closing(open_store(self.state)) as store:
            spec = dataclasses.replace(usual, model=model, engine=engine)
            job = ingest_now(Named(path), spec, "cli", store, self.state.spool).job
        assert job is not None
        return job

    def deliver(self, job_id: str) -> Receipt:
        ended = threading.Event()
        with closing(open_store(self.state)) as store:
            store.subscribe(lambda job: ended.set() if job.id == job_id and job.state in FINAL else None)
            workers = Workers(self.settings, capabilities(self.settings), self.state, store)
            try:
                workers.start()
                assert ended.wait(120)
            finally:
                workers.stop()
            job = store.get(job_id)
        assert job.state is State.DELIVERED, job.failure
        assert job.folder is not None
        return read(job.folder / "stems.json")

    def keep_as_before(self, path: Path, made_by: str, names: tuple[str, ...]) -> str:
        """Lay down what the version before passes kept: a folder for each model, engine and revision."""
        key = hashlib.sha256(f"{hashlib.sha256(path.read_bytes()).hexdigest()}|{made_by}".encode()).hexdigest()[:32]
        folder = self.state.stems / key
        folder.mkdir()
        mix, _ = soundfile.read(path, dtype="float32")
        for name in names:
            soundfile.write(folder / f"{name}.wav", mix / len(names), RATE, "FLOAT")
        (folder / "index.json").write_text(json.dumps({name: f"{name}.wav" for name in names}))
        return key

    def sets(self) -> set[tuple[str, int]]:
        """The kept sets; one that was made again is another folder."""
        return {(folder.name, folder.stat().st_ino) for folder in self.state.stems.iterdir()}


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    file = tmp_path / "config.toml"
    file.write_text(
        "[inbox]\nfolder = 'Inbox'\n[output]\nfolder = 'Stems'\n[state]\nfolder = 'State'\n"
        "[separation]\nengine = 'preview'\n[api]\nbase_url = 'http://127.0.0.1:9'\nkey = 'sk-not-a-key'\n"
    )
    settings = load(file, {})
    make_output(settings.output.folder)
    return Studio(tmp_path, settings)


def test_one_pass_serves_every_model_that_asks_for_a_part_of_it(studio: Studio) -> None:
    studio.deliver(studio.accept(studio.bounce()))
    made = studio.sets()
    for model, names in ((350, ["vocals", "no_vocals"]), (340, ["drums", "no_drums"]), (360, ["bass", "no_bass"])):
        receipt = studio.deliver(studio.accept(studio.bounce(f"{model}.wav"), model=model))
        assert [stem.name for stem in receipt.stems] == names
        assert receipt.null_depth_db is None or receipt.null_depth_db < -100
    assert studio.sets() == made


def test_a_pass_for_one_stem_serves_all_four(studio: Studio) -> None:
    studio.deliver(studio.accept(studio.bounce(), model=350))
    made = studio.sets()
    receipt = studio.deliver(studio.accept(studio.bounce("two.wav")))
    assert [stem.name for stem in receipt.stems] == ["bass", "drums", "vocals", "other"]
    assert studio.sets() == made


@pytest.mark.parametrize(
    ("engine", "made_by", "names"),
    [
        ("preview", "350|preview|rules-1", ("vocals", "no_vocals")),
        ("api", "350|api|1", ("vocals", "no_vocals")),
    ],
)
def test_stems_that_an_older_version_kept_are_found_after_the_update(
    studio: Studio, engine: str, made_by: str, names: tuple[str, ...]
) -> None:
    path = studio.bounce()
    studio.keep_as_before(path, made_by, names)
    before = studio.sets()
    receipt = studio.deliver(studio.accept(path, model=350, engine=engine))
    assert [stem.name for stem in receipt.stems] == list(names)
    assert studio.sets() == before


def test_a_job_that_an_older_version_left_half_done_goes_on_from_its_stems(studio: Studio) -> None:
    path = studio.bounce()
    key = studio.keep_as_before(path, "501|preview|rules-1", ("bass", "drums", "vocals", "other"))
    job_id = studio.accept(path)
    with closing(sqlite3.connect(studio.state.database)) as database, database:
        database.execute("UPDATE jobs SET stems_key = ?, state = 'normalising'", (key,))
    before = studio.sets()
    assert len(studio.deliver(job_id).stems) == 4
    assert studio.sets() == before
