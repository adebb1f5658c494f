"""The worker and the pipeline on real audio, with the real engine in a real child process."""

from __future__ import annotations

import json
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args
from zipfile import ZipFile

import numpy as np
import pytest
import soundfile

from bridge.audio.wavheader import chunk
from bridge.compute.executor import LocalExecutor
from bridge.delivery.folder import staging_folder
from bridge.delivery.receipt import read
from bridge.inbox.ingest import Named, ingest_now
from bridge.jobs.arrival import Arrival
from bridge.jobs.folder import StateFolder
from bridge.jobs.job import Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import FINAL, State
from bridge.jobs.store import JobStore
from bridge.pipeline.backlog import Backlog
from bridge.pipeline.housekeeping import tidy
from bridge.pipeline.kept import KeptStems
from bridge.pipeline.steps import Pipeline
from bridge.pipeline.worker import Worker
from bridge.separation.registry import LOCAL
from bridge.units import ProjectKind


def _key(arrival: Arrival) -> str:
    return f"{arrival.sha256[:16]}-{arrival.spec.model}"


@dataclass
class Bench:
    """A job store with a worker, on folders of its own."""

    root: Path
    state: StateFolder
    store: JobStore
    kept: KeptStems
    executor: LocalExecutor
    worker: Worker | None = None

    def start(self, archive: Path | None = None) -> None:
        pipeline = Pipeline(self.store, self.state, self.kept, self.executor, source_archive=archive)
        backlog = Backlog(self.store, LOCAL)
        self.worker = Worker(self.store, pipeline, backlog, key_of=lambda job, spec: f"{job.sha256}-{spec.model}")
        self.store.subscribe(self._hear)
        self.worker.start()

    def _hear(self, job: Job) -> None:
        if self.worker and job.state is State.QUEUED:
            self.worker.wake()

    def stop(self) -> None:
        if self.worker is not None:
            self.worker.stop()
            self.worker = None

    def bounce(self, name: str = "mix.wav", seconds: float = 0.5, seed: int = 1) -> Path:
        path = self.root / name
        noise = np.random.default_rng(seed).standard_normal((int(seconds * 44_100), 2)) * 0.1
        soundfile.write(path, noise, 44_100, subtype="PCM_24")
        return path

    def spec(self, **changes: object) -> JobSpec:
        return JobSpec(**{"output": self.root / "out", **changes})  # type: ignore[arg-type]

    def accept(self, bounce: Path, door: str = "cli", watched: bool = False, **changes: object) -> Job:
        job_id = ingest_now(Named(bounce, watched), self.spec(**changes), door, self.store, self.state.spool).job
        assert job_id is not None
        return self.store.get(job_id)

    def wait(self, job: Job, until: Callable[[Job], bool] = lambda job: job.state in FINAL) -> Job:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            job = self.store.get(job.id)
            if until(job):
                return job
            time.sleep(0.01)
        raise AssertionError(f"still {job.state}: {job.step}")

    def leftovers(self) -> list[Path]:
        hidden = [path for path in (self.root / "out").rglob("*") if path.name.startswith(".")]
        return hidden + list((self.state.root / "work").iterdir())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    state = StateFolder(tmp_path / "state")
    state.make()
    (tmp_path / "out").mkdir()
    store = JobStore(state.database, key_of=_key)
    bench = Bench(tmp_path, state, store, KeptStems(state.stems, 10**9), LocalExecutor())
    yield bench
    bench.stop()
    bench.executor.shutdown(cancel_futures=True)
    store.close()


def _separations(bench: Bench, job: Job) -> int:
    """How many separations this job cost: the revision of its kept set shows in the folder's identity."""
    return (bench.state.stems / job.key).stat().st_ino


def test_a_bounce_becomes_a_complete_delivery_and_leaves_nothing_behind(bench: Bench) -> None:
    bench.start()
    bounce = bench.bounce()
    before = bounce.read_bytes(), bounce.stat().st_mtime_ns
    job = bench.wait(bench.accept(bounce))
    assert job.state is State.DELIVERED
    assert job.folder == bench.root / "out" / "mix"
    receipt = read(job.folder / "stems.json")
    assert [stem.name for stem in receipt.stems] == ["bass", "drums", "vocals", "other"]
    assert all((job.folder / stem.file).is_file() for stem in receipt.stems)
    assert (receipt.job, receipt.take, receipt.source.frames, receipt.engine) == (job.id, 1, 22_050, "preview")
    assert (bounce.read_bytes(), bounce.stat().st_mtime_ns) == before
    bench.wait(job, lambda _job: bench.leftovers() == [])
    bench.wait(job, lambda _job: list(bench.state.spool.iterdir()) == [])


def test_a_single_stem_comes_with_its_complement(bench: Bench) -> None:
    bench.start()
    job = bench.wait(bench.accept(bench.bounce(), model=350))
    assert job.folder is not None
    assert [stem.name for stem in read(job.folder / "stems.json").stems] == ["vocals", "no_vocals"]


def test_the_same_audio_under_another_name_is_delivered_from_kept_stems(bench: Bench) -> None:
    bench.start()
    first = bench.wait(bench.accept(bench.bounce("one.wav")))
    made = _separations(bench, first)
    second = bench.wait(bench.accept(bench.bounce("two.wav")))
    assert second.state is State.DELIVERED
    assert second.folder == bench.root / "out" / "two"
    assert _separations(bench, second) == made


def test_force_separates_again(bench: Bench) -> None:
    bench.start()
    first = bench.wait(bench.accept(bench.bounce()))
    made = _separations(bench, first)
    second = bench.wait(bench.accept(bench.root / "mix.wav", force=True))
    assert second.folder == bench.root / "out" / "mix" / "take 02"
    assert _separations(bench, second) != made


def test_a_file_that_is_no_audio_fails_once_and_for_all(bench: Bench) -> None:
    bench.start()
    text = bench.root / "text.wav"
    text.write_text("This is not audio.")
    left: list[list[Path]] = []
    bench.store.subscribe(lambda job: left.append(bench.leftovers()) if job.state is State.FAILED else None)
    job = bench.wait(bench.accept(text))
    assert job.state is State.FAILED
    bench.stop()
    assert left == [[]]
    assert job.failure is not None
    assert not job.failure.retryable
    assert job.failure.retry_at is None
    assert job.failure.advice
    assert text.read_text() == "This is not audio."
    assert list((bench.root / "out").iterdir()) == []


def test_a_model_the_engine_cannot_make_is_an_error_that_says_which_it_can(bench: Bench) -> None:
    bench.start()
    job = bench.wait(bench.accept(bench.bounce(), model=320))
    assert job.failure is not None
    assert job.failure.code == "engine.model"
    assert "501" in job.failure.advice


def test_one_failing_job_does_not_stop_the_next(bench: Bench) -> None:
    bench.start()
    text = bench.root / "text.wav"
    text.write_text("This is not audio.")
    bench.accept(text)
    assert bench.wait(bench.accept(bench.bounce())).state is State.DELIVERED


def test_cancelling_a_running_separation_ends_it_and_cleans_up(bench: Bench) -> None:
    bench.start()
    job = bench.accept(bench.bounce(seconds=300))
    bench.wait(job, lambda job: job.step.startswith("separating"))
    left: list[list[Path]] = []
    bench.store.subscribe(lambda job: left.append(bench.leftovers()) if job.state is State.CANCELLED else None)
    bench.store.cancel(job.id)
    assert bench.wait(job).state is State.CANCELLED
    bench.stop()
    assert left == [[]], "whoever retries it at once must not lose what the next worker makes"
    assert list((bench.root / "out").iterdir()) == []


def test_a_cancelled_job_can_be_taken_up_again(bench: Bench) -> None:
    job = bench.accept(bench.bounce())
    bench.store.cancel(job.id)
    bench.store.retry(job.id)
    bench.start()
    assert bench.wait(job).state is State.DELIVERED


def test_stopping_in_the_middle_leaves_the_job_to_the_next_start(bench: Bench) -> None:
    bench.start()
    job = bench.accept(bench.bounce(seconds=40))
    bench.wait(job, lambda job: job.step.startswith("separating"))
    bench.stop()
    assert bench.store.get(job.id).state is State.SEPARATING
    bench.start()
    assert bench.wait(job).state is State.DELIVERED
    kinds = [event.kind for event in bench.store.events(job.id)]
    assert kinds == ["accepted", "separating", "normalising", "delivering", "delivered"]


def test_a_job_interrupted_while_normalising_goes_on_from_its_kept_stems(bench: Bench) -> None:
    bench.start()
    made = _separations(bench, bench.wait(bench.accept(bench.bounce("one.wav"))))
    bench.stop()
    job = bench.accept(bench.bounce("two.wav"))
    claimed = bench.store.claim()
    assert claimed is not None
    bench.store.advance(claimed, State.NORMALISING)
    bench.start()
    done = bench.wait(job)
    assert done.state is State.DELIVERED
    assert _separations(bench, done) == made


def test_kept_stems_that_vanished_are_made_again(bench: Bench) -> None:
    job = bench.accept(bench.bounce())
    claimed = bench.store.claim()
    assert claimed is not None
    bench.store.advance(claimed, State.NORMALISING)  # but nothing is kept
    bench.start()
    assert bench.wait(job).state is State.DELIVERED


def test_a_staging_folder_that_vanished_is_rendered_again(bench: Bench) -> None:
    job = bench.accept(bench.bounce())
    claimed = bench.store.claim()
    assert claimed is not None
    normalising = bench.store.advance(claimed, State.NORMALISING)
    bench.store.advance(normalising, State.DELIVERING, plan=json.dumps({}))
    bench.start()
    assert bench.wait(job).state is State.DELIVERED


@pytest.mark.parametrize("door", ["inbox", "osc", "job file"])
def test_a_delivered_bounce_of_the_inbox_is_archived_if_so_configured(bench: Bench, door: str) -> None:
    bench.start(archive=bench.root / "Source")
    bounce = bench.bounce()
    content = bounce.read_bytes()
    bench.wait(bench.accept(bounce, door=door, watched=True))
    assert not bounce.exists()
    assert [path.read_bytes() for path in (bench.root / "Source").rglob("*.wav")] == [content]
    bounce.write_bytes(content)
    again = bench.accept(bounce, door="inbox", watched=True)
    assert bench.wait(again).folder == bench.root / "out" / "mix" / "take 02"
    assert not bounce.exists()


@pytest.mark.parametrize(("door", "watched"), [("osc", False), ("cli", True)])
def test_a_bounce_that_the_inbox_passes_over_or_a_command_named_stays(bench: Bench, door: str, watched: bool) -> None:
    bench.start(archive=bench.root / "Source")
    bounce = bench.bounce()
    bench.wait(bench.accept(bounce, door=door, watched=watched))
    assert bounce.exists()


def test_progress_rises_from_nothing_to_the_end(bench: Bench) -> None:
    seen: list[tuple[float, str]] = []

    def watch(job: Job) -> None:
        # The door's thread tells of the acceptance, perhaps after the worker has begun.
        if threading.current_thread() is not threading.main_thread():
            seen.append((job.progress, job.step))

    bench.store.subscribe(watch)
    bench.start()
    bench.wait(bench.accept(bench.bounce(seconds=30)))
    bench.stop()  # the store knows of the end a moment before its listeners do
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert len(set(fractions)) > 3
    steps = " ".join(step for _, step in seen)
    assert "decoding" in steps
    assert "rough preview" in steps
    assert "normalising" in steps


def test_tidying_removes_what_a_crash_left_and_keeps_what_is_needed(bench: Bench) -> None:
    waiting = bench.accept(bench.bounce())
    orphan = bench.state.spool / "orphan.wav"
    orphan.write_bytes(b"left behind")
    (bench.state.work("gone")).mkdir()
    staging = bench.root / "out" / ".stembridge" / "gone"
    staging.mkdir(parents=True)
    tidy(bench.store, bench.state, bench.kept, [bench.root / "out"], time.time())
    assert list(bench.state.spool.iterdir()) == [waiting.spool]
    assert bench.leftovers() == []


def test_a_retry_after_the_copy_was_cleared_away_says_what_to_do(bench: Bench) -> None:
    job = bench.accept(bench.bounce())
    job.spool.unlink()
    bench.start()
    failed = bench.wait(job)
    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.retry_at) == ("bounce.gone", None)
    assert "again" in failed.failure.advice


def test_the_copy_of_a_failed_bounce_is_kept_for_two_weeks(bench: Bench) -> None:
    text = bench.root / "text.wav"
    text.write_text("This is not audio.")
    bench.start()
    job = bench.wait(bench.accept(text))
    bench.stop()
    tidy(bench.store, bench.state, bench.kept, [], time.time() + 13 * 86_400)
    assert job.spool.exists()
    tidy(bench.store, bench.state, bench.kept, [], time.time() + 15 * 86_400)
    assert not job.spool.exists()


def test_an_unplugged_output_disk_is_waited_for_and_not_written_beside(bench: Bench) -> None:
    output = bench.root / "out"
    output.rmdir()
    bench.start()
    job = bench.wait(bench.accept(bench.bounce()))
    assert job.failure is not None
    assert (job.failure.code, job.failure.retryable) == ("storage.gone", True)
    assert job.failure.retry_at is not None
    assert not output.exists()
    output.mkdir()
    bench.store.retry(job.id)
    assert bench.wait(job, lambda job: job.state is State.DELIVERED).folder == output / "mix"


def test_project_files_are_delivered_with_the_stems_and_kept_with_them(bench: Bench) -> None:
    bench.start()
    kinds = get_args(ProjectKind)
    first = bench.wait(bench.accept(bench.bounce(seed=1), rebounce="replace", projects=kinds))
    assert first.folder is not None
    old = read(first.folder / "stems.json")
    assert old.projects == ("mix.RPP", "mix.RTrackTemplate", "mix.dawproject", "mix with stems.dawproject")
    (first.folder / "mix.RPP").write_text("mixed by the musician meanwhile")
    second = bench.wait(bench.accept(bench.bounce(seed=2), rebounce="replace", projects=kinds))
    assert second.folder == first.folder
    assert all((first.folder / name).is_file() and (first.folder / "take 01" / name).is_file() for name in old.files)
    assert (first.folder / "take 01" / "mix.RPP").read_text() == "mixed by the musician meanwhile"
    assert (first.folder / "mix.RPP").read_text().startswith("<REAPER_PROJECT")
    bench.wait(second, lambda _job: bench.leftovers() == [])


def test_a_project_file_that_a_crash_left_half_written_is_made_anew(bench: Bench) -> None:
    job = bench.accept(bench.bounce(), projects=("dawproject-embedded",))
    claimed = bench.store.claim()
    assert claimed is not None
    bench.store.advance(claimed, State.NORMALISING)
    staging = staging_folder(job.spec.output, job.id)
    staging.mkdir(parents=True)
    (staging / "mix with stems.dawproject").write_bytes(b"PK\3\4 and no more")
    bench.start()
    folder = bench.wait(job, lambda job: job.state is State.DELIVERED).folder
    assert folder is not None
    with ZipFile(folder / "mix with stems.dawproject") as file:
        assert file.testzip() is None


def test_the_tempo_that_a_bounce_names_is_in_its_receipt(bench: Bench) -> None:
    bench.start()
    bounce = bench.bounce()
    loop = struct.pack("<IHHfIHHf", 0, 60, 0, 0, 8, 4, 4, 93.5)
    content = bounce.read_bytes() + chunk(b"acid", loop)
    bounce.write_bytes(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])
    job = bench.wait(bench.accept(bounce, projects=("rpp",)))
    assert job.folder is not None
    assert read(job.folder / "stems.json").source.tempo == 93.5
    assert "TEMPO 93.5 4 4" in (job.folder / "mix.RPP").read_text()
