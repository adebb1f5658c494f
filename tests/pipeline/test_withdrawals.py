"""What a job that was cancelled while it was parked has published."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.errors import PublisherUnavailable, PublishFailed
from bridge.jobs.job import Job
from bridge.jobs.states import State
from bridge.pipeline.withdrawals import withdraw_cancelled
from tests.pipeline.service import Bridge, Shelf, StandIn, stand_in


@pytest.fixture
def service() -> Iterator[StandIn]:
    with stand_in() as service:
        yield service


@pytest.fixture
def bridge(tmp_path: Path, service: StandIn) -> Iterator[Bridge]:
    bridge = Bridge(tmp_path, service.url)
    yield bridge
    bridge.close()


def _parked(bridge: Bridge, service: StandIn, name: str = "mix.wav") -> Job:
    """A job whose order was taken and whose key is refused since: its bounce is still published."""
    service.codes["get"] = 101002
    bridge.start()
    job = bridge.wait(bridge.bounce(name))
    bridge.stop()
    assert job.state is State.NEEDS_CREDIT
    return job


def _withdraw(bridge: Bridge, shelf: Shelf) -> None:
    withdraw_cancelled(bridge.store, lambda: shelf)
    for thread in threading.enumerate():
        if thread.name == "withdrawals":
            thread.join()


def test_it_is_withdrawn_at_the_next_start_and_the_task_is_still_known(bridge: Bridge, service: StandIn) -> None:
    job = _parked(bridge, service)
    _withdraw(bridge, bridge.shelf)
    assert len(bridge.shelf.out) == 1, "the job may still be retried"
    bridge.store.cancel(job.id)
    assert len(bridge.shelf.out) == 1
    _withdraw(bridge, bridge.shelf)
    assert bridge.shelf.out == []
    service.codes.clear()
    bridge.store.retry(job.id)
    bridge.start()
    bridge.wait(job, lambda job: job.state is State.WAITING)
    assert service.calls.count("create") == 1


def test_a_publisher_that_is_no_longer_set_up_forgets_nothing(bridge: Bridge, service: StandIn) -> None:
    bridge.store.cancel(_parked(bridge, service).id)

    def missing() -> Shelf:
        raise PublisherUnavailable("There is no [publish].")

    withdraw_cancelled(bridge.store, missing)
    _withdraw(bridge, bridge.shelf)
    assert bridge.shelf.out == []


def test_one_that_cannot_be_withdrawn_keeps_no_other_up(
    bridge: Bridge, service: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = (_parked(bridge, service, name) for name in ("one.wav", "two.wav"))
    asked = []

    class Locked(Shelf):
        def withdraw(self, handle: str) -> None:
            asked.append(handle)
            raise PublishFailed("The shelf is locked.")

    for job in (first, second):
        bridge.store.cancel(job.id)
    _withdraw(bridge, Locked())
    assert sorted(asked) == sorted(bridge.shelf.out)
    assert caplog.text.count("The shelf is locked.") == 2
