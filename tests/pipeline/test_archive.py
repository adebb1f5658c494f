from __future__ import annotations

import time
from pathlib import Path

from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.job import Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.store import JobStore
from bridge.pipeline.archive import archive_source

NOW = time.mktime((2026, 11, 23, 2, 0, 0, 0, 0, -1))


def _job(source: Path, tmp_path: Path) -> Job:
    store = JobStore(tmp_path / "jobs.db", key_of=lambda arrival: arrival.sha256)
    signature = Signature.of(source.stat())
    job_id = store.accept(Arrival(source, source, "aa", signature, "mix", "cli", JobSpec(output=tmp_path)))
    assert job_id is not None
    job = store.get(job_id)
    store.close()
    return job


def _bounce(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    bounce = tmp_path / "inbox" / "mix.wav"
    bounce.write_bytes(b"one")
    return bounce


def test_a_delivered_bounce_moves_to_the_folder_of_its_day(tmp_path: Path) -> None:
    bounce = _bounce(tmp_path)
    moved = archive_source(_job(bounce, tmp_path), tmp_path / "Source", NOW)
    assert moved == tmp_path / "Source/2026-11-23/mix.wav"
    assert moved.read_bytes() == b"one"
    assert not bounce.exists()


def test_a_newer_bounce_of_the_same_name_stays_where_it_is(tmp_path: Path) -> None:
    bounce = _bounce(tmp_path)
    job = _job(bounce, tmp_path)
    bounce.write_bytes(b"newer")
    assert archive_source(job, tmp_path / "Source", NOW) is None
    assert bounce.read_bytes() == b"newer"


def test_a_bounce_that_is_gone_is_no_error(tmp_path: Path) -> None:
    bounce = _bounce(tmp_path)
    job = _job(bounce, tmp_path)
    bounce.unlink()
    assert archive_source(job, tmp_path / "Source", NOW) is None


def test_nothing_in_the_archive_is_overwritten(tmp_path: Path) -> None:
    day = tmp_path / "Source/2026-11-23"
    day.mkdir(parents=True)
    (day / "mix.wav").write_bytes(b"first")
    (day / "mix 2.wav").write_bytes(b"second")
    bounce = _bounce(tmp_path)
    assert archive_source(_job(bounce, tmp_path), tmp_path / "Source", NOW) == day / "mix 3.wav"
    assert {path.read_bytes() for path in day.iterdir()} == {b"first", b"second", b"one"}
