"""Which jobs a local engine takes over from the service, and how that shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.delivery.receipt import read
from bridge.errors import AnswerLost, EngineFailed, NotSent, OutcomeUnknown, OverBudget, StembridgeError, TaskFailed
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import State
from bridge.pipeline.failover import local_spec
from bridge.protocol.refusals import (
    ConcurrencyLimited,
    InsufficientCredit,
    InvalidKey,
    NotEnabled,
    RateLimited,
    Suspended,
    TaskGone,
    UnknownCode,
)
from tests.pipeline.cloud_double import Bridge, StandIn, stand_in

ORDER = JobSpec(Path("out"), engine="api", failover=True)

OVER = [InsufficientCredit("x"), Suspended("x"), NotEnabled("x"), OverBudget("x")]
NOT_OVER = [
    error("x")
    for error in (
        InvalidKey,
        RateLimited,
        ConcurrencyLimited,
        TaskGone,
        UnknownCode,
        OutcomeUnknown,
        NotSent,
        AnswerLost,
        TaskFailed,
        EngineFailed,
    )
]


@pytest.mark.parametrize("error", OVER, ids=lambda error: error.code)
def test_what_the_service_will_not_do_a_local_engine_does_where_that_is_allowed(error: StembridgeError) -> None:
    assert local_spec(ORDER, error) == dataclasses.replace(ORDER, engine="preview")
    assert local_spec(dataclasses.replace(ORDER, failover=False), error) is None


@pytest.mark.parametrize("error", NOT_OVER, ids=lambda error: error.code)
def test_what_may_be_paid_or_passes_stays_with_the_service(error: StembridgeError) -> None:
    assert local_spec(ORDER, error) is None


def test_a_job_that_only_the_service_can_do_stays_there() -> None:
    assert local_spec(dataclasses.replace(ORDER, model=491), OVER[0]) is None


def test_a_local_engine_s_job_is_its_own() -> None:
    assert local_spec(dataclasses.replace(ORDER, engine="preview"), OVER[0]) is None


@pytest.fixture
def service() -> Iterator[StandIn]:
    with stand_in() as service:
        yield service


@pytest.fixture
def bridge(tmp_path: Path, service: StandIn) -> Iterator[Bridge]:
    bridge = Bridge(tmp_path, service.url)
    yield bridge
    bridge.close()


@pytest.mark.parametrize("code", [100100, 101005, 101006])
def test_a_refused_bounce_is_delivered_by_a_local_engine_and_says_so(
    bridge: Bridge, service: StandIn, code: int
) -> None:
    service.codes["create"] = code
    bridge.start()
    job = bridge.wait(bridge.bounce(failover=True))
    assert (job.state, job.spec.engine, job.minutes) == (State.DELIVERED, "preview", 0)
    assert job.folder is not None
    receipt = read(job.folder / "stems.json")
    assert (receipt.engine, receipt.billed_minutes) == ("preview", 0)
    assert "rough preview" in receipt.engine_label
    assert ("reassigned", "from api to preview") in [
        (event.kind, event.detail) for event in bridge.store.events(job.id)
    ]
    assert bridge.shelf.out == []


def test_without_failover_a_refused_bounce_waits(bridge: Bridge, service: StandIn) -> None:
    service.codes["create"] = 100100
    bridge.start()
    assert bridge.wait(bridge.bounce()).state is State.NEEDS_CREDIT


def test_a_task_that_may_be_paid_is_not_done_a_second_time(bridge: Bridge, service: StandIn) -> None:
    service.codes["get"] = 101005  # suspended after it had taken the order
    bridge.start()
    job = bridge.wait(bridge.bounce(failover=True))
    assert (job.state, job.spec.engine, job.minutes) == (State.NEEDS_CREDIT, "api", 1)
    bridge.stop()
    service.codes.clear()
    bridge.store.requeue_parked()
    bridge.start()
    bridge.wait(job, lambda job: job.state is State.WAITING)
    assert service.calls.count("create") == 1
