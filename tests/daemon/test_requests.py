from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import soundfile

from bridge.config.load import load
from bridge.daemon.capabilities import capabilities
from bridge.daemon.choices import Choices
from bridge.daemon.compose import inbox_options, open_store, places, state_folder
from bridge.daemon.requests import Requests
from bridge.daemon.specs import default_spec, preset_specs
from bridge.daemon.workers import Workers
from bridge.errors import BounceError, JobNotFound, NotPossible, UsageError
from bridge.inbox.ingest import Named, ingest_now
from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.states import State
from bridge.jobs.store import JobStore


@dataclass
class Desk:
    """A bridge whose workers have not begun."""

    requests: Requests
    store: JobStore
    workers: Workers
    inbox: Path
    spool: Path

    def save(self, name: str = "mix.wav", seed: int = 0) -> Path:
        path = self.inbox / name
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, [[0.1, seed / 100]] * 4800, 48000, subtype="PCM_16")
        return path


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    file = tmp_path / "config.toml"
    file.write_text(
        "[inbox]\nfolder = 'Inbox'\n[output]\nfolder = 'Stems'\n[state]\nfolder = 'State'\n"
        "[presets.Vocals]\nmodel = 350\n[presets.flac]\nformat = 'flac'\n"
    )
    settings = load(file, {})
    settings.inbox.folder.mkdir()
    state = state_folder(settings)
    store = open_store(state)
    possible = capabilities(settings)
    workers = Workers(settings, possible, state, store)
    default, presets = default_spec(settings, possible), preset_specs(settings, possible)
    choices = Choices(settings, possible, default, presets)
    options = inbox_options(settings, default, presets, choices)
    requests = Requests(store, state.spool, workers, places(settings), choices, options.selected)
    yield Desk(requests, store, workers, settings.inbox.folder, state.spool)
    workers.stop()
    store.close()


def test_a_file_that_is_asked_for_becomes_a_job(desk: Desk) -> None:
    job = desk.requests.separate(str(desk.save()))
    assert (job.song, job.state, job.door, job.spec.model) == ("mix", State.QUEUED, "osc", 501)
    assert job.spool.exists()


def test_asking_again_while_it_is_under_way_makes_no_second_job(desk: Desk) -> None:
    path = str(desk.save())
    assert desk.requests.separate(path).id == desk.requests.separate(path).id
    assert len(desk.store.jobs()) == 1
    assert len(list(desk.spool.iterdir())) == 1


def test_asking_again_for_earlier_content_is_answered_with_its_own_job(desk: Desk) -> None:
    path = str(desk.save(seed=1))
    first = desk.requests.separate(path)
    desk.save(seed=2)
    second = desk.requests.separate(path)
    desk.save(seed=1)
    assert desk.requests.separate(path).id == first.id
    assert second.id != first.id


def test_the_inbox_leaves_alone_what_was_asked_for(desk: Desk) -> None:
    path = desk.save()
    job = desk.requests.separate(str(path), "Vocals")
    status = path.stat()
    copy = desk.spool / "copy"
    shutil.copy(path, copy)
    seen = Arrival(
        path, copy, job.sha256, Signature.of(status), "mix", "inbox", desk.requests.separate(str(path), "Vocals").spec
    )
    assert desk.store.accept(seen) is None
    assert desk.store.seen() == {str(path): Signature.of(status)}


def test_what_the_inbox_took_in_already_is_that_job(desk: Desk) -> None:
    path = desk.save()
    spec = desk.requests.separate(str(desk.save("other.wav"))).spec
    taken = ingest_now(Named(path, watched=True), spec, "inbox", desk.store, desk.spool).job
    assert desk.requests.separate(str(path)).id == taken


@pytest.mark.parametrize(
    ("choice", "model", "preset"),
    [("Vocals", 350, "Vocals"), ("vocals", 350, "Vocals"), (" flac ", 501, "flac"), ("340", 340, ""), ("", 501, "")],
)
def test_a_preset_or_a_model_may_be_named(choice: str, model: int, preset: str, desk: Desk) -> None:
    spec = desk.requests.separate(str(desk.save()), choice).spec
    assert (spec.model, spec.preset) == (model, preset)


def test_a_name_that_is_neither_is_told_what_there_is(desk: Desk) -> None:
    with pytest.raises(UsageError) as raised:
        desk.requests.separate(str(desk.save()), "vocal")
    assert raised.value.code == "preset.unknown"
    assert raised.value.advice.startswith("There are: Vocals, flac, 350")
    assert desk.store.jobs() == []


def test_what_was_chosen_when_it_was_asked_counts_for_what_names_nothing(desk: Desk) -> None:
    desk.requests.preset("vocals")
    chosen = desk.requests.chosen()
    assert chosen == "vocals"
    desk.requests.preset("")
    assert desk.requests.separate(str(desk.save("a.wav")), "", chosen).spec.preset == "Vocals"
    assert desk.requests.separate(str(desk.save("b.wav")), "flac", chosen).spec.preset == "flac"
    assert desk.requests.separate(str(desk.save("flac/c.wav")), "", chosen).spec.preset == "flac"
    assert desk.requests.separate(str(desk.save("d.wav")), "", desk.requests.chosen()).spec.preset == ""
    with pytest.raises(UsageError):
        desk.requests.preset("nonsense")


def test_a_job_file_takes_what_is_chosen_where_it_names_nothing(desk: Desk) -> None:
    desk.requests.preset("350")
    job = desk.store.get(desk.requests.from_job_file(str(desk.save("a.wav")), ""))
    assert (job.spec.model, job.door, job.watched) == (350, "job file", True)


def test_what_is_under_way_is_told_however_many_came_later(desk: Desk) -> None:
    first = desk.requests.separate(str(desk.save("first.wav")))
    desk.store.claim()
    for number in range(40):
        later = desk.requests.separate(str(desk.save(f"{number}.wav", number)))
        desk.requests.cancel(later.id)
    told = desk.requests.recent()
    assert first.id in {job.id for job in told}
    assert len(told) <= 60


def test_another_file_that_was_slipped_in_after_the_look_is_not_taken(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, secret = desk.save(), desk.save("secret.wav", 7)
    monkeypatch.setattr("bridge.daemon.requests.recognise_path", lambda path: bool(secret.replace(path)))
    with pytest.raises(BounceError) as raised:
        desk.requests.separate(str(path))
    assert raised.value.code in {"bounce.incomplete", "bounce.not_audio"}
    assert desk.store.jobs() == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"I am a text that was called mix.wav", "bounce.not_audio"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "bounce.incomplete"),
        (None, "bounce.missing"),
    ],
)
def test_what_is_no_audio_or_not_there_never_becomes_a_job(content: bytes | None, code: str, desk: Desk) -> None:
    path = desk.inbox / "mix.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BounceError) as raised:
        desk.requests.separate(str(path))
    assert raised.value.code == code
    assert desk.store.jobs() == []
    assert not desk.spool.exists() or list(desk.spool.iterdir()) == []


def test_a_folder_is_no_bounce(desk: Desk) -> None:
    (desk.inbox / "mix.wav").mkdir()
    with pytest.raises(BounceError) as raised:
        desk.requests.separate(str(desk.inbox / "mix.wav"))
    assert raised.value.code == "bounce.not_a_file"


def test_a_job_can_be_cancelled_and_asked_for_again(desk: Desk) -> None:
    job = desk.requests.separate(str(desk.save()))
    assert desk.requests.cancel(job.id[:4]).state is State.CANCELLED
    assert desk.requests.retry(job.id).state is State.QUEUED
    with pytest.raises(NotPossible):
        desk.requests.retry(job.id)
    with pytest.raises(JobNotFound):
        desk.requests.cancel("nothing")


def test_what_is_under_way_can_be_asked_for(desk: Desk) -> None:
    assert desk.requests.summary() == "0 waiting, 0 under way"
    first, second = (desk.requests.separate(str(desk.save(name))) for name in ("a.wav", "b.wav"))
    desk.requests.cancel(first.id)
    desk.requests.pause()
    assert [job.id for job in desk.requests.recent()] == [first.id, second.id]
    assert desk.requests.summary() == "1 waiting, 0 under way, 1 cancelled; paused"
    assert desk.requests.job(second.id) == second


@pytest.mark.slow
def test_a_paused_bridge_begins_nothing_until_it_goes_on(desk: Desk) -> None:
    desk.requests.pause()
    desk.workers.start()
    (desk.inbox.parent / "Stems").mkdir()
    job = desk.requests.separate(str(desk.save()))
    done = threading.Event()
    desk.store.subscribe(lambda now: done.set() if now.state is State.DELIVERED else None)
    assert not done.wait(0.5)
    assert desk.store.get(job.id).state is State.QUEUED
    desk.requests.resume()
    assert done.wait(60)
