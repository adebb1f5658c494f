"""The room and a real job store: what the worker does to a job is heard by who asked for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.job import Failure, Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import State
from bridge.jobs.store import JobStore
from bridge.osc.options import OscOptions
from bridge.osc.server import OscServer
from tests.osc.oscdesk import TcpClient, UdpClient


class Counter:
    """The bridge's part: jobs go into the store, and out of it."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def separate(self, path: str, choice: str = "", chosen: str = "") -> Job:
        source = Path(path)
        arrival = Arrival(
            source=source,
            spool=source.with_suffix(".spool"),
            sha256=path,
            signature=Signature(1, 2, 3),
            song=source.stem,
            door="osc",
            spec=JobSpec(output=Path("/out")),
        )
        job_id = self._store.accept(arrival)
        job = self._store.get(job_id) if job_id else self._store.latest_of(source, path)
        assert job is not None
        return job

    def cancel(self, job: str) -> Job:
        return self._store.cancel(job)

    def retry(self, job: str) -> Job:
        return self._store.retry(job)

    def job(self, job: str) -> Job:
        return self._store.get(job)

    def recent(self) -> Sequence[Job]:
        return self._store.jobs(20)[::-1]

    def summary(self) -> str:
        return f"{len(self._store.jobs())} jobs."

    def preset(self, name: str) -> None:
        raise AssertionError(name)

    def chosen(self) -> str:
        return ""

    def pause(self) -> None:
        raise AssertionError

    def resume(self) -> None:
        raise AssertionError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    store = JobStore(tmp_path / "jobs.db", key_of=lambda arrival: arrival.sha256)
    yield store
    store.close()


@pytest.fixture
def room(store: JobStore) -> Iterator[OscServer]:
    with OscServer(OscOptions(port=0), Counter(store), "1") as room:
        store.subscribe(room.on_job_changed)
        yield room


def states(heard: list[tuple[object, ...]]) -> list[object]:
    return [message[3] for message in heard if message[0] == "/stembridge/job/state"]


def test_a_job_is_followed_over_udp_and_tcp_from_accepted_to_its_error_and_its_retry(
    store: JobStore, room: OscServer, tmp_path: Path
) -> None:
    with contextlib.closing(UdpClient(room.port)) as udp, contextlib.closing(TcpClient(room.port)) as tcp:
        accepted = udp.ask("/stembridge/separate", "/Song.wav")
        job_id = accepted[1]
        assert accepted == ("/stembridge/job/accepted", job_id, "Song")
        tcp.say("/stembridge/separate", "/Song.wav")
        assert tcp.hear() == accepted
        tcp.hear_until("/stembridge/job/progress")
        job = store.claim()
        assert job is not None
        store.progress(job_id, 0.5, "separating")
        store.fail(store.get(job_id), Failure("engine.failed", "It broke.", "Retry.", retryable=True))
        for client in (udp, tcp):
            heard = client.hear_until("/stembridge/job/error")
            assert heard[-1] == ("/stembridge/job/error", job_id, "engine.failed", "It broke. Retry.")
            assert states(heard)[-2:] == ["separating", "failed"]
        assert tcp.ask("/stembridge/retry", job_id[:4]) == ("/stembridge/job/state", job_id, "Song", "queued")
        tcp.hear()
        assert udp.ask("/stembridge/cancel", job_id)[3] == "cancelled"
        assert tcp.hear()[3] == "cancelled"
        udp.say("/stembridge/status")
        assert udp.hear_until("/stembridge/ok") == [
            ("/stembridge/job/state", job_id, "Song", "cancelled"),
            ("/stembridge/ok", "/stembridge/status", "1 jobs."),
        ]


def test_jobs_of_other_doors_reach_subscribers_and_only_them(store: JobStore, room: OscServer) -> None:
    with contextlib.closing(UdpClient(room.port)) as subscriber, contextlib.closing(UdpClient(room.port)) as asker:
        subscriber.ask("/stembridge/subscribe", subscriber.port)
        asker.ask("/stembridge/separate", "/Mine.wav")
        asker.hear_until("/stembridge/job/progress")
        subscriber.hear_until("/stembridge/job/progress")
        Counter(store).separate("/Other.wav")
        assert subscriber.hear()[2] == "Other"
        assert asker.ask("/stembridge/ping")[0] == "/stembridge/pong"


def test_a_state_that_forbids_what_is_asked_is_answered(store: JobStore, room: OscServer) -> None:
    job = Counter(store).separate("/Song.wav")
    with contextlib.closing(UdpClient(room.port)) as udp:
        answer = udp.ask("/stembridge/retry", job.id)
        assert answer[:3] == ("/stembridge/error", "/stembridge/retry", "job.not_possible")
        assert udp.ask("/stembridge/cancel", "zzz")[2] == "job.not_found"
    assert store.get(job.id).state is State.QUEUED
