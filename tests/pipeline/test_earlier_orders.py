"""One order for each audio and model: what a job does where another one has ordered before. With real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from bridge.inbox.ingest import Named, ingest_now
from bridge.jobs.cloud_notes import OtherOrder
from bridge.jobs.job import Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import State
from bridge.pipeline.earlier_orders import earlier_order
from bridge.pipeline.kept import KeptStems
from bridge.separation.api.remote import Remote
from bridge.separation.catalogue import model
from bridge.separation.registry import SERVICE
from tests.pipeline.cloud_double import Bridge, StandIn, stand_in

TASK = "0" * 32


@pytest.fixture
def service() -> Iterator[StandIn]:
    with stand_in() as service:
        yield service


@pytest.fixture
def bridge(tmp_path: Path, service: StandIn) -> Iterator[Bridge]:
    bridge = Bridge(tmp_path, service.url)
    yield bridge
    bridge.close()


def _remote(bridge: Bridge, job: Job) -> Remote:
    return Remote.from_json(json.loads(bridge.store.notes.checkpoint(job.id)))


def _ordered(bridge: Bridge, service: StandIn, state: State) -> Job:
    """Return a job whose order the service took, or may have taken, and that ended in `state`."""
    first = bridge.bounce("first.wav", audio="song")
    if state is State.NEEDS_REVIEW:
        service.codes["create"] = 100500
        first = bridge.wait(first)
    else:
        first = bridge.wait(first, lambda job: job.state is State.WAITING)
        bridge.store.cancel(first.id)
        first = bridge.wait(first)
    assert first.state is state
    return first


def _same_samples(bridge: Bridge, kind: str) -> Job:
    """Take in the samples of "first.wav" in a file of another name or another container."""
    if kind == "copy":
        return bridge.bounce("copy.wav", audio="song")
    samples, rate = soundfile.read(bridge.root / "first.wav", dtype="int32")
    path = bridge.root / "copy.flac"
    soundfile.write(path, samples, rate, subtype="PCM_24")
    wanted = JobSpec(bridge.output, engine=SERVICE)
    job_id = ingest_now(Named(path), wanted, "osc", bridge.store, bridge.state.spool).job
    assert job_id is not None
    return bridge.store.get(job_id)


@pytest.mark.parametrize("kind", ["copy", "container"])
def test_the_task_of_a_cancelled_job_is_followed_instead_of_ordered_again(
    bridge: Bridge, service: StandIn, kind: str
) -> None:
    bridge.start()
    first = _ordered(bridge, service, State.CANCELLED)
    second = bridge.wait(_same_samples(bridge, kind), lambda job: job.state is State.WAITING)
    assert (_remote(bridge, second).remote_id, _remote(bridge, second).shared_with) == (TASK, first.id)
    assert (service.calls.count("create"), second.minutes, bridge.shelf.published) == (1, 0, 1)


@pytest.mark.parametrize("kind", ["copy", "container"])
def test_the_same_audio_waits_for_a_person_where_nobody_knows_whether_it_was_ordered(
    bridge: Bridge, service: StandIn, kind: str
) -> None:
    bridge.start()
    first = _ordered(bridge, service, State.NEEDS_REVIEW)
    service.codes.clear()
    second = bridge.wait(_same_samples(bridge, kind))
    assert second.state is State.NEEDS_REVIEW
    assert second.failure is not None
    assert second.failure.code == "service.ordered_before"
    assert first.id in second.failure.message
    for way_on in (f"stembridge show {first.id}", "stembridge retry", "stembridge cancel"):
        assert way_on in second.failure.advice
    assert (service.calls.count("create"), second.minutes) == (1, 0)


def test_a_persons_retry_orders_again_and_others_follow_that_order(bridge: Bridge, service: StandIn) -> None:
    bridge.start()
    first = _ordered(bridge, service, State.NEEDS_REVIEW)
    service.codes.clear()
    second = bridge.wait(bridge.bounce("second.wav", audio="song"))
    bridge.store.retry(first.id)
    bridge.wait(first, lambda job: job.state is State.WAITING)
    bridge.store.cancel(first.id)
    bridge.wait(first)
    bridge.store.retry(second.id)
    second = bridge.wait(second, lambda job: job.state is State.WAITING)
    assert _remote(bridge, second).shared_with == first.id
    assert service.calls.count("create") == 2, "the second by a person's word"


def test_a_followed_task_that_is_gone_is_ordered_again_only_by_a_persons_word(bridge: Bridge, service: StandIn) -> None:
    bridge.start()
    _ordered(bridge, service, State.CANCELLED)
    service.codes["get"] = 101008
    second = bridge.wait(bridge.bounce("second.wav", audio="song"))
    assert (second.state, second.failure and second.failure.code) == (State.NEEDS_REVIEW, "service.task_gone")
    assert service.calls.count("create") == 1
    bridge.store.retry(second.id)
    second = bridge.wait(second)
    assert (second.state, service.calls.count("create"), second.minutes) == (State.NEEDS_REVIEW, 2, 1)


def test_force_and_another_model_are_other_orders(bridge: Bridge, service: StandIn) -> None:
    bridge.start()
    _ordered(bridge, service, State.CANCELLED)
    for name, spec in (("forced.wav", {"force": True}), ("other.wav", {"model": 350})):
        job = bridge.wait(bridge.bounce(name, audio="song", **spec), lambda job: job.state is State.WAITING)
        bridge.store.cancel(job.id)
        bridge.wait(job)
    assert service.calls.count("create") == 3


@pytest.mark.parametrize("state", [State.PUBLISHING, State.SUBMITTING, State.WAITING, State.DOWNLOADING])
def test_an_interrupted_job_whose_stems_are_kept_by_now_is_delivered(
    bridge: Bridge, service: StandIn, state: State
) -> None:
    job = bridge.bounce()
    bridge.store.claim()
    for step in (State.PUBLISHING, State.SUBMITTING, State.WAITING, State.DOWNLOADING):
        bridge.store.advance(bridge.store.get(job.id), step)
        if step is state:
            break
    samples, rate = soundfile.read(job.spool, dtype="float32")
    made = bridge.root / "made"
    made.mkdir()
    stems = {name: made / f"{name}.wav" for name in model(job.spec.model).delivered}
    for path in stems.values():
        soundfile.write(path, samples, rate, subtype="FLOAT")
    KeptStems(bridge.state.stems, 10**9).keep(job.key, made, stems)
    bridge.start()
    assert bridge.wait(job).state is State.DELIVERED
    assert service.calls == []


def test_the_task_that_can_be_followed_comes_first_except_the_one_a_person_has_replaced() -> None:
    peer = "https://here.example"
    others = [
        OtherOrder("away", State.DELIVERED, _checkpoint(peer="https://elsewhere.example", remote_id="there")),
        OtherOrder("first", State.CANCELLED, _checkpoint(peer=peer, remote_id="gone")),
        OtherOrder("second", State.FAILED, _checkpoint(peer=peer, remote_id="here")),
        OtherOrder("unclear", State.SUBMITTING, _checkpoint(peer=peer, intent=True)),
    ]

    def followed(own: Remote, orders: list[OtherOrder]) -> str | None:
        order = earlier_order(own, orders, peer)
        return order.job if order else None

    assert followed(Remote(), others) == "first"
    assert followed(Remote(approved=True, passed="gone"), others) == "second"
    assert followed(Remote(approved=True, passed="here"), [others[0], *others[2:]]) is None
    assert followed(Remote(), [others[0], others[3]]) == "away"
    assert followed(Remote(), []) is None


def _checkpoint(**values: object) -> str:
    return json.dumps(values)
