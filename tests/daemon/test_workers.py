"""The workers of a whole bridge, with a service that answers what a test tells it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from bridge.config.load import load
from bridge.config.settings import Settings
from bridge.daemon.capabilities import capabilities
from bridge.daemon.compose import make_output, open_store, state_folder
from bridge.daemon.specs import default_spec
from bridge.daemon.workers import Workers
from bridge.inbox.ingest import Named, ingest_now
from bridge.jobs.states import State
from bridge.jobs.store import JobStore
from tests.pipeline.cloud_double import KEY, StandIn, stand_in
from tests.ports import free_port


@pytest.fixture
def service() -> Iterator[StandIn]:
    with stand_in() as service:
        yield service


@pytest.fixture
def settings(tmp_path: Path, service: StandIn) -> Settings:
    port = free_port()
    file = tmp_path / "config.toml"
    file.write_text(
        "[inbox]\nfolder = 'Inbox'\n[output]\nfolder = 'Stems'\n[state]\nfolder = 'State'\n"
        f"[separation]\nengine = 'api'\n[api]\nbase_url = '{service.url}'\nkey = '{KEY}'\n"
        f"[publish]\nmethod = 'own_url'\nlisten = '127.0.0.1:{port}'\npublic_url = 'http://127.0.0.1:{port}'\n"
    )
    return load(file, {})


@pytest.fixture
def store(settings: Settings) -> Iterator[JobStore]:
    make_output(settings.output.folder)
    store = open_store(state_folder(settings))
    yield store
    store.close()


def test_a_parked_job_that_is_cancelled_is_withdrawn_while_the_workers_run(
    settings: Settings, service: StandIn, store: JobStore, tmp_path: Path
) -> None:
    state = state_folder(settings)
    parked, withdrawn = threading.Event(), threading.Event()
    job_id = _bounce(settings, store, tmp_path)
    store.subscribe(lambda job: parked.set() if job.state is State.NEEDS_CREDIT else None)
    service.codes["get"] = 101002
    workers = Workers(settings, capabilities(settings), state, store)
    try:
        workers.start()
        assert parked.wait(60)
        assert len(_published(state.root)) == 1
        store.cancel(job_id)
        while _published(state.root):
            withdrawn.wait(0.01)
    finally:
        workers.stop()


def _bounce(settings: Settings, store: JobStore, folder: Path) -> str:
    path = folder / "mix.wav"
    soundfile.write(path, [[0.1, 0.2]] * 4800, 48000, subtype="PCM_16")
    spec = default_spec(settings, capabilities(settings))
    job_id = ingest_now(Named(path), spec, "cli", store, state_folder(settings).spool).job
    assert job_id is not None
    return job_id


def _published(state: Path) -> list[Path]:
    return [file for file in (state / "published").iterdir() if file.name != "key"]
