"""The job store: where the doors and the worker meet, and where nothing is lost."""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from bridge.database.database import Database
from bridge.errors import JobNotFound, NotPossible
from bridge.jobs.again import Again, again, seen_again
from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.cloud_notes import CloudNotes
from bridge.jobs.inbox_memory import InboxMemory
from bridge.jobs.job import Event, Failure, Job
from bridge.jobs.retry import LONGEST_DELAY_S
from bridge.jobs.rows import arrival_columns, event_of, failure_columns, job_of, readable
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import FINAL, MAKING, WORKING, State, allowed

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without 0, o, 1, l and i, so that an id can be read out and typed."""

log = logging.getLogger(__name__)

KeyOf = Callable[[Arrival], str]
Listener = Callable[[Job], None]


class JobStore:
    """Every job, its history, and what the inbox has dealt with.

    Threads may share one. Every method raises `StorageError` where the disk fails it, and has then done nothing.
    """

    def __init__(self, path: Path, *, key_of: KeyOf, clock: Callable[[], float] = time.time) -> None:
        """Open or make the database at `path`; `key_of` names what an arrival's stems depend on."""
        self._database = Database(path, package="bridge.jobs.sql", title="job store")
        self._key_of = key_of
        self._clock = clock
        self._listeners: list[Listener] = []
        self._inbox = InboxMemory(self._database)
        self.notes = CloudNotes(self._database, clock)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called with each job that this store changes; return what ends that.

        It is called after the commit, on the thread that made the change. An error of the listener is logged: what is
        committed must not look as if it had failed.
        """
        self._listeners = [*self._listeners, listener]

        def unsubscribe() -> None:
            self._listeners = [known for known in self._listeners if known is not listener]

        return unsubscribe

    # The doors.

    def accept(self, arrival: Arrival) -> str | None:
        """Make a job of an arrival and return its id: from here on the bounce is not lost.

        Returns None where the bounce has a job that does. The inbox sees a file again when it is merely touched, closed
        once more or saved with the same content; a command is repeated, and a button bounces: see `again`.
        """
        with self._database.transaction():
            known = self.latest_of(arrival.source, arrival.sha256)
            verdict = self._judge(known, arrival)
            if arrival.watched:
                self._inbox.remember(arrival.source, arrival.signature, arrival.sha256)
            changed = self.get(self._insert(arrival)) if verdict is Again.NEW else None
            if known is not None and verdict is Again.RETRY:
                changed = self._move(known, State.QUEUED)
        if changed is not None:
            self._notify(changed)
        return changed.id if changed is not None and verdict is Again.NEW else None

    def seen(self) -> dict[str, Signature]:
        """Return the signature of every inbox file that has been dealt with, by its path."""
        return self._inbox.seen()

    def remember(self, source: Path, signature: Signature) -> None:
        """Remember a file of the inbox as dealt with, without a job."""
        self._inbox.remember(source, signature)

    def forget(self, source: Path) -> None:
        """Forget a file that has left the inbox: what comes in its place is new, whatever is in it."""
        self._inbox.forget(source)

    # Looking.

    def get(self, job_id: str) -> Job:
        """Return the job whose id is, or alone begins with, `job_id`; raise `JobNotFound` otherwise."""
        rows = self._database.rows("find", {"prefix": job_id.strip().lower()}) if job_id.strip() else []
        if not rows:
            raise JobNotFound(f"There is no job {job_id!r}.")
        if len(rows) > 1 and rows[0]["id"] != job_id.strip().lower():
            raise JobNotFound(f"Several jobs begin with {job_id!r}; type more of the id.")
        return job_of(rows[0])

    def latest_of(self, source: Path, sha256: str) -> Job | None:
        """Return the newest job made of the file at this path while it had this content."""
        values = {"source": str(source), "sha256": sha256}
        return next((job_of(row) for row in self._database.rows("latest_of_source", values)), None)

    def jobs(self, limit: int = -1) -> list[Job]:
        """Return the newest jobs first; a negative limit means all."""
        return [job_of(row) for row in self._database.rows("list", {"limit": limit})]

    def in_states(self, states: Iterable[State]) -> list[Job]:
        """Return the jobs in any of these states, oldest first."""
        return [job_of(row) for row in self._database.rows("list_in_states", {"states": json.dumps(sorted(states))})]

    def counts(self) -> dict[State, int]:
        """Return how many jobs stand in each state that has any."""
        with readable():
            return {State(row["state"]): row["count"] for row in self._database.rows("counts")}

    def events(self, job_id: str) -> list[Event]:
        """Return a job's history, oldest first."""
        return [event_of(row) for row in self._database.rows("events", {"id": job_id})]

    def changed_elsewhere(self) -> bool:
        """Say whether another process has changed anything since this was last asked."""
        return self._database.changed_elsewhere()

    def notify_changed_since(self, since: float) -> None:
        """Notify the listeners of every job that has changed since then, also by other processes."""
        for row in self._database.rows("changed_since", {"since": since}):
            self._notify(self.get(row["id"]))

    # The worker.

    def interrupted(self) -> list[Job]:
        """Return the jobs that some worker was on when it died, oldest first."""
        return self.in_states(WORKING)

    def claim(self, only: Iterable[str] | None = None, engines: Iterable[str] | None = None) -> Job | None:
        """Take the oldest queued job and set it to separating; None if there is none.

        `only` names the jobs, `engines` the engines that the caller is there for; None means all. A job whose stems are
        being made for another one is left for later: it then finds them kept, and nobody pays for them twice.
        """
        wanted = {"only": _json_or_none(only), "engines": _json_or_none(engines), "making": _json_or_none(MAKING)}
        with self._database.transaction():
            rows = self._database.rows("next_queued", wanted)
            if not rows:
                return None
            claimed = self._move(job_of(rows[0]), State.SEPARATING, attempts=1)
        return self._notify(claimed)

    def advance(self, job: Job, after: State, *, plan: str | None = None, folder: Path | None = None) -> Job:
        """Move a job to its next state; raise `NotPossible` where the table forbids it or it has moved meanwhile."""
        with self._database.transaction():
            moved = self._move(job, after, plan=plan, folder=folder)
        return self._notify(moved)

    def fail(self, job: Job, failure: Failure, after: State = State.FAILED) -> Job:
        """Move a job to failed, or to another state that has a reason, with the reason; or see `_move`."""
        with self._database.transaction():
            moved = self._move(job, after, failure=failure)
        return self._notify(moved)

    def reassign(self, job: Job, spec: JobSpec, key: str) -> Job:
        """Queue a job again for another engine, which `spec` and `key` name; or see `_move`."""
        with self._database.transaction():
            self._database.run("reassign", {"id": job.id, "order_json": spec.to_json(), "stems_key": key})
            self._event(job.id, "reassigned", f"from {job.spec.engine} to {spec.engine}")
            moved = self._move(job, State.QUEUED)
        return self._notify(moved)

    def progress(self, job_id: str, fraction: float, step: str) -> None:
        """Note how far a job is (0 to 1) and what is being done."""
        self._database.run("progress", {"id": job_id, "progress": fraction, "step": step, "now": self._clock()})
        self._notify(self.get(job_id))

    def note(self, job_id: str, kind: str, detail: str) -> None:
        """Add a line to a job's history that is no change of its state."""
        with self._database.transaction():
            self._event(job_id, kind, detail)

    def cancelling(self, job_id: str) -> bool:
        """Say whether somebody asked for this job to be cancelled."""
        return any(row["cancelling"] for row in self._database.rows("cancelling", {"id": job_id}))

    def requeue_parked(self) -> int:
        """Queue the jobs that wait for credit or a key, for a new start may have brought either; return how many."""
        return self._requeue("parked_for_credit")

    def requeue_due(self) -> int:
        """Queue the failed jobs whose time to be tried again has come; return how many."""
        return self._requeue("due_retries")

    # What people ask for.

    def cancel(self, job_id: str) -> Job:
        """Cancel a job: at once where nobody works on it, else as a wish that the worker fulfils."""
        with self._database.transaction():
            job = self.get(job_id)
            if job.state in WORKING:
                self._database.run("ask_to_cancel", {"id": job.id, "now": self._clock()})
                self._event(job.id, "cancel requested", "")
                changed = self.get(job.id)
            else:
                changed = self._move(job, State.CANCELLED)
        return self._notify(changed)

    def retry(self, job_id: str) -> Job:
        """Queue a failed or cancelled job again, at once."""
        with self._database.transaction():
            job = self.get(job_id)
            if job.state not in FINAL - {State.DELIVERED}:
                raise NotPossible(
                    f"Job {job.id} is {job.state}; only a failed, parked or cancelled job can be tried again.",
                    advice="To separate a delivered bounce anew, use `stembridge separate FILE --force`.",
                )
            # Only a person gets here, so this may allow a second order for the same audio.
            self._database.run("order_again", {"id": job.id})
            moved = self._move(job, State.QUEUED)
        return self._notify(moved)

    def _requeue(self, statement: str) -> int:
        with self._database.transaction():
            rows = self._database.rows(statement, {"now": self._clock(), "longest": LONGEST_DELAY_S})
            moved = [self._move(job_of(row), State.QUEUED) for row in rows]
        for job in moved:
            self._notify(job)
        return len(moved)

    # Inside a transaction.

    def _judge(self, known: Job | None, arrival: Arrival) -> Again:
        if arrival.door != "inbox":
            return again(known, arrival, self._clock())
        return seen_again(known) if self._inbox.content_of(arrival.source) == arrival.sha256 else Again.NEW

    def _insert(self, arrival: Arrival) -> str:
        job_id = "".join(secrets.choice(_ALPHABET) for _ in range(8))
        values = {"id": job_id, "stems_key": self._key_of(arrival), "now": self._clock()}
        self._database.run("insert_job", {**arrival_columns(arrival), **values})
        self._event(job_id, "accepted", f"from {arrival.door}: {arrival.source}")
        return job_id

    def _event(self, job_id: str, kind: str, detail: str) -> None:
        self._database.run("insert_event", {"id": job_id, "now": self._clock(), "kind": kind, "detail": detail})

    def _move(
        self,
        job: Job,
        after: State,
        *,
        attempts: int = 0,
        plan: str | None = None,
        folder: Path | None = None,
        failure: Failure | None = None,
    ) -> Job:
        if after not in WORKING | {State.DELIVERED} and self.cancelling(job.id):
            # The wish came while the worker let go of the job: it must be neither parked nor tried again by itself.
            after, failure = State.CANCELLED, None
        if not allowed(job.state, after):
            raise NotPossible(f"Job {job.id} is {job.state} and cannot become {after}.")
        values = {
            "id": job.id,
            "before": job.state,
            "after": after,
            "working": after in WORKING,
            "now": self._clock(),
            "attempts": attempts,
            "plan": plan,
            "folder": str(folder) if folder else None,
            **failure_columns(failure),
        }
        if self._database.run("move", values) != 1:
            raise NotPossible(f"Job {job.id} is no longer {job.state}.")
        detail = f"{failure.code}: {failure.message}" if failure else str(folder or "")
        self._event(job.id, after, detail)
        return self.get(job.id)

    # After the commit, in memory only.

    def _notify(self, job: Job) -> Job:
        for listener in self._listeners:
            try:
                listener(job)
            except Exception:  # whatever a listener does wrong, the change is made
                log.exception("a listener failed on job %s", job.id)
        return job


def _json_or_none(names: Iterable[str] | None) -> str | None:
    return None if names is None else json.dumps(sorted(names))
