"""What a job leaves published that ends while no worker holds it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from bridge.errors import PublisherUnavailable, PublishFailed, StorageError
from bridge.jobs.job import Job
from bridge.jobs.states import State
from bridge.jobs.store import JobStore
from bridge.pipeline.store_poller import StorePoller
from bridge.pipeline.withdrawals import Withdrawals, withdraw_left
from bridge.publish.own_url import OwnUrl
from bridge.web.listening import Address
from tests.pipeline.cloud_double import Bridge, StandIn, stand_in
from tests.ports import free_port


@pytest.fixture
def service() -> Iterator[StandIn]:
    with stand_in() as service:
        yield service


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnUrl]:
    port = free_port()
    own = OwnUrl(tmp_path / "published", f"http://127.0.0.1:{port}", Address("127.0.0.1", port))
    yield own
    own.stop()


@pytest.fixture
def bridge(tmp_path: Path, service: StandIn, own: OwnUrl) -> Iterator[Bridge]:
    bridge = Bridge(tmp_path, service.url, publisher=own)
    yield bridge
    bridge.close()


@pytest.fixture
def withdrawals(bridge: Bridge) -> Iterator[Withdrawals]:
    withdrawals = Withdrawals(bridge.store, bridge.service.publisher)
    bridge.store.subscribe(withdrawals.on_job_changed)
    withdrawals.start()
    yield withdrawals
    withdrawals.stop()


REFUSED, STRANGE = 101002, 123456


def _parked(bridge: Bridge, service: StandIn, name: str = "mix.wav", code: int = REFUSED) -> Job:
    """A job whose order was taken, and whose task can no longer be asked for: its bounce is still published."""
    service.codes["get"] = code
    bridge.start()
    job = bridge.wait(bridge.bounce(name))
    bridge.stop()
    assert job.state is (State.NEEDS_CREDIT if code == REFUSED else State.FAILED)
    return job


def _published(own: OwnUrl, tmp_path: Path) -> list[str]:
    return sorted(file.name for file in (tmp_path / "published").iterdir() if file.name != "key")


def _until(fulfilled: Callable[[], bool]) -> None:
    """Wait; what never comes to pass is ended by the limit on each test."""
    waiting = threading.Event()
    while not fulfilled():
        waiting.wait(0.01)


def _url(bridge: Bridge, job: Job) -> str:
    return str(json.loads(bridge.store.notes.checkpoint(job.id))["url"])


@pytest.mark.parametrize("code", [REFUSED, STRANGE], ids=["needs_credit", "failed"])
def test_a_parked_job_that_is_cancelled_is_out_of_reach_at_once_and_its_task_is_still_known(
    bridge: Bridge, service: StandIn, withdrawals: Withdrawals, code: int
) -> None:
    job = _parked(bridge, service, code=code)
    withdrawals.wake()
    url = _url(bridge, job)
    assert httpx.get(url).status_code == 200, "the job may still be retried"
    bridge.store.cancel(job.id)
    _until(lambda: httpx.get(url).status_code == 404)
    service.codes.clear()
    bridge.store.retry(job.id)
    bridge.start()
    bridge.wait(job, lambda job: job.state is State.WAITING)
    assert service.calls.count("create") == 1


def test_it_is_also_where_another_process_cancels_it(
    bridge: Bridge, service: StandIn, own: OwnUrl, withdrawals: Withdrawals, tmp_path: Path
) -> None:
    job = _parked(bridge, service)
    poller = StorePoller(bridge.store, withdrawals.wake)
    poller.start()
    command_line = JobStore(bridge.state.database, key_of=lambda arrival: arrival.sha256)
    try:
        command_line.cancel(job.id)
        _until(lambda: _published(own, tmp_path) == [])
    finally:
        command_line.close()
        poller.stop()


def test_what_was_cancelled_while_no_bridge_ran_is_withdrawn_by_the_start(
    bridge: Bridge, service: StandIn, own: OwnUrl, tmp_path: Path
) -> None:
    bridge.store.cancel(_parked(bridge, service).id)
    withdrawals = Withdrawals(bridge.store, bridge.service.publisher)
    assert len(_published(own, tmp_path)) == 1
    withdrawals.start()
    _until(lambda: _published(own, tmp_path) == [])
    withdrawals.stop()


def test_a_job_that_was_cancelled_at_another_step_than_the_service_s_leaves_nothing_published(
    bridge: Bridge, service: StandIn, own: OwnUrl, withdrawals: Withdrawals, tmp_path: Path
) -> None:
    job = _parked(bridge, service)
    bridge.store.retry(job.id)
    claimed = bridge.store.claim()
    assert claimed is not None
    bridge.store.cancel(job.id)
    assert bridge.store.get(job.id).cancelling
    bridge.start()  # finds it interrupted, and cancels it before it comes to the service
    bridge.wait(job, lambda job: job.state is State.CANCELLED)
    _until(lambda: _published(own, tmp_path) == [])


def test_a_job_that_was_delivered_from_kept_stems_leaves_nothing_published(
    bridge: Bridge, service: StandIn, own: OwnUrl, withdrawals: Withdrawals, tmp_path: Path
) -> None:
    job = _parked(bridge, service)
    bridge.store.retry(job.id)
    for state in (State.SEPARATING, State.NORMALISING, State.DELIVERING, State.DELIVERED):
        assert len(_published(own, tmp_path)) == 1
        job = bridge.store.advance(bridge.store.get(job.id), state)
    _until(lambda: _published(own, tmp_path) == [])


def test_a_publisher_that_is_no_longer_set_up_forgets_nothing(
    bridge: Bridge, service: StandIn, own: OwnUrl, tmp_path: Path
) -> None:
    def missing() -> OwnUrl:
        raise PublisherUnavailable("There is no [publish].")

    bridge.store.cancel(_parked(bridge, service).id)
    withdraw_left(bridge.store, missing, lambda: False)
    assert len(_published(own, tmp_path)) == 1
    withdraw_left(bridge.store, lambda: own, lambda: False)
    assert _published(own, tmp_path) == []


def test_nothing_is_asked_of_a_publisher_while_nothing_is_left(bridge: Bridge, service: StandIn) -> None:
    def untouched() -> OwnUrl:
        raise AssertionError("nobody needs it")

    _parked(bridge, service)
    withdraw_left(bridge.store, untouched, lambda: False)


class _Locked(OwnUrl):
    """A publisher whose `withdraw` meets trouble."""

    asked: list[str]
    trouble: Exception

    def withdraw(self, handle: str) -> None:
        self.asked.append(handle)
        raise self.trouble


@pytest.mark.parametrize("trouble", [PublishFailed("It is locked."), StorageError("It is locked.")], ids=repr)
def test_one_that_cannot_be_withdrawn_keeps_no_other_up(
    bridge: Bridge,
    service: StandIn,
    own: OwnUrl,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    trouble: Exception,
) -> None:
    locked = _Locked(tmp_path / "published", "http://127.0.0.1", Address("127.0.0.1", 0))
    locked.asked, locked.trouble = [], trouble
    for job in [_parked(bridge, service, name) for name in ("one.wav", "two.wav")]:
        bridge.store.cancel(job.id)
    withdraw_left(bridge.store, lambda: locked, lambda: False)
    assert sorted(locked.asked) == _published(own, tmp_path)
    assert caplog.text.count("It is locked.") == 2


class _Hanging(OwnUrl):
    """A publisher whose peer does not answer."""

    asked, answered = threading.Event(), threading.Event()

    def withdraw(self, handle: str) -> None:
        self.asked.set()
        self.answered.wait()
        super().withdraw(handle)


def test_a_stop_waits_for_no_peer_that_does_not_answer_and_leaves_the_rest_to_the_next_start(
    bridge: Bridge, service: StandIn, own: OwnUrl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.pipeline.withdrawals.GRACE_S", 0.1)
    hanging = _Hanging(tmp_path / "published", "http://127.0.0.1", Address("127.0.0.1", 0))
    for job in [_parked(bridge, service, name) for name in ("one.wav", "two.wav")]:
        bridge.store.cancel(job.id)
    withdrawals = Withdrawals(bridge.store, lambda: hanging)
    withdrawals.start()
    hanging.asked.wait()
    withdrawals.stop()
    hanging.answered.set()
    withdrawals._thread.stop()
    assert len(_published(own, tmp_path)) == 1
    withdraw_left(bridge.store, lambda: own, lambda: False)
    assert _published(own, tmp_path) == []


def test_a_store_that_fails_for_a_while_is_asked_again(
    bridge: Bridge,
    service: StandIn,
    own: OwnUrl,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> list[tuple[str, str]]:
        del bridge.store.notes.left_published
        raise StorageError("The disk is gone.", advice="Connect it.")

    monkeypatch.setattr("bridge.pipeline.withdrawals.STORE_TROUBLE_S", 0.0)
    bridge.store.cancel(_parked(bridge, service).id)
    monkeypatch.setattr(bridge.store.notes, "left_published", broken)
    withdrawals = Withdrawals(bridge.store, lambda: own)
    withdrawals.start()
    _until(lambda: _published(own, tmp_path) == [])
    withdrawals.stop()
    assert "The disk is gone. Connect it." in caplog.text


def test_one_that_never_started_can_be_stopped(bridge: Bridge, own: OwnUrl) -> None:
    Withdrawals(bridge.store, lambda: own).stop()
