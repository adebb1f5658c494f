"""Runs one job at the service: publish, order, wait, download. Continues from its checkpoint.

Needs no samples: what is uploaded was made before (`upload_form`), and what comes back is fitted after (`fit`), both in
the process for heavy work. This part only waits for others.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import (
    CloudError,
    NotSent,
    OrderedBefore,
    OutcomeUnknown,
    OverBudget,
    PublishError,
    RefusedByCloud,
    StepCancelled,
    StorageError,
)
from bridge.protocol.messages import STATUSES, CreateRequest, Phase, TaskData
from bridge.protocol.minutes import started_minutes
from bridge.protocol.refusals import (
    ConcurrencyLimited,
    InsufficientCredit,
    RateLimited,
    TaskGone,
    UnknownCode,
    failure,
)
from bridge.separation.api import remote as rules
from bridge.separation.api.client import ApiClient
from bridge.separation.api.guard import afford
from bridge.separation.api.interfaces import Checkpoint, Publishes, Watch
from bridge.separation.api.remote import Action, Remote, Step
from bridge.separation.api.results import Results, Wanted
from bridge.separation.api.task import ApiResult, ApiTask, Clocks
from bridge.separation.api.throttle import Throttle
from bridge.separation.api.waiting import Patience, Trouble

log = logging.getLogger(__name__)

MINUTES_OVER = 1
"""How many started minutes more than the upload has the service may report; more is not believed."""


class ApiEngine:
    """Runs tasks at one service, several at once on threads of their callers; they share what the key may do."""

    def __init__(self, client: ApiClient, clocks: Clocks | None = None) -> None:
        clocks = clocks or Clocks()
        self._service = _Cloud(client, Throttle(clocks.random, clocks.monotonic), clocks)

    @property
    def peer(self) -> str:
        """The service's address."""
        return self._service.client.peer

    def run(self, task: ApiTask, checkpoint: Checkpoint, publisher: Publishes, watch: Watch) -> ApiResult:
        """Bring the stems of a task, going on from its checkpoint.

        Raises `OutcomeUnknown` (park the job), other `CloudError`s (see their `parked`, `retryable`, `fails_over`),
        `PublishError`, `StorageError`, and what the watch raises. Whatever ends it, running it again is right.
        """
        return _Run(self._service, task, checkpoint, publisher, watch).go()


@dataclass(frozen=True, slots=True)
class _Cloud:
    """What all runs share."""

    client: ApiClient
    throttle: Throttle
    clocks: Clocks


class _Run:
    """One run of one task."""

    def __init__(
        self, service: _Cloud, task: ApiTask, checkpoint: Checkpoint, publisher: Publishes, watch: Watch
    ) -> None:
        self._client, self._throttle, self._clocks = service.client, service.throttle, service.clocks
        self._task, self._checkpoint, self._publisher, self._watch = task, checkpoint, publisher, watch
        self._trouble = Trouble(self._clocks.random)
        self._remote = Remote.from_json(checkpoint.load())

    def go(self) -> ApiResult:
        steps = {Action.PUBLISH: self._publish, Action.ORDER: self._order, Action.REPEAT: self._repeat}
        try:
            while True:
                self._watch.check()
                action = rules.next_action(self._remote, self._client.peer, self._clocks.wall())
                log.debug("job %s: next: %s", self._task.id, action.name.lower())
                if action is Action.FOLLOW:
                    return self._brought() or self._follow()
                steps[action]()
        except (StepCancelled, TaskGone):
            self._withdraw()
            raise
        finally:
            self._throttle.leave(self._task.id)

    def _save(self, remote: Remote) -> None:
        self._checkpoint.save(remote.to_json())
        self._remote = remote

    # The steps: each leaves the checkpoint where the next one begins.

    def _publish(self) -> None:
        self._withdraw()
        task = self._task
        self._watch.progress(Step.PUBLISHING, 0.0)
        # Only our own server can be asked, and its answer may be old in a moment: the order itself decides.
        afford(task.minutes, self._client.balance())
        expires = self._clocks.wall() + task.lifetime_s
        made = self._publisher.publish(task.upload, task.name, task.lifetime_s, self._publishing)
        self._save(rules.published(self._remote, made.url, made.handle, expires))

    def _publishing(self, fraction: float) -> None:
        self._watch.check()
        self._watch.progress(Step.PUBLISHING, fraction)

    def _order(self) -> None:
        self._watch.progress(Step.SUBMITTING, 0.0)
        try:
            health = self._client.health()
        except CloudError as error:
            self._later(error)
            return
        self._throttle.enter(self._task.id, self._watch)
        if rules.next_action(self._remote, self._client.peer, self._clocks.wall()) is not Action.ORDER:
            return  # it stood at the throttle until its URL ran out
        key = uuid.uuid4().hex if health is not None and health.idempotency else ""
        try:
            task = self._task
            self._save(rules.intended(self._remote, self._client.peer, key, task.minutes, task.frames))
        except (OverBudget, OrderedBefore):
            self._withdraw()
            raise
        self._send()

    def _repeat(self) -> None:
        """Send an order once more, under its key. To be killed in the act is as good as to lose the answer."""
        self._watch.progress(Step.SUBMITTING, 0.0)
        self._save(rules.answer_lost(self._remote))
        self._send()

    def _send(self) -> None:
        """Send the order that was noted."""
        noted = self._remote
        try:
            remote_id = self._client.create(CreateRequest(self._task.model, noted.url), noted.idempotency_key)
        except OutcomeUnknown as error:
            self._save(rules.answer_lost(noted))
            if not noted.idempotency_key:
                raise rules.unknown(noted, error.message) from error
            self._later(error)
        except CloudError as error:
            if isinstance(error, (UnknownCode, TaskGone)):
                self._unclear(error)
                return
            self._save(rules.refused(noted))
            self._not_taken(error)
        else:
            self._save(rules.accepted(noted, remote_id))
            self._throttle.learn(self._task.id, None)
            self._trouble.over()

    def _unclear(self, error: RefusedByCloud) -> None:
        """The code is none that an order can have: a fault, before or after the order was taken."""
        noted = self._remote
        self._save(rules.answer_lost(noted))
        if not noted.idempotency_key:
            raise rules.unknown(noted, error.message) from error
        self._later(error)  # under its key the order may be sent again, and the next answer tells

    def _not_taken(self, error: CloudError) -> None:
        if isinstance(error, RefusedByCloud):
            self._throttle.learn(self._task.id, error)
        self._throttle.leave(self._task.id)
        if not isinstance(error, (NotSent, RateLimited, ConcurrencyLimited)):
            if not self._remote.intent:
                self._withdraw()
            raise error
        self._later(error)

    def _later(self, error: CloudError) -> None:
        """Wait, or raise the error where waiting is no answer."""
        lost = isinstance(error, OutcomeUnknown)
        delay = self._trouble.after_cut() if lost else self._trouble.after(error)
        log.debug("job %s: %s (%s); again in %.1f s", self._task.id, error, error.code, delay)
        self._watch.notice(f"{error} Trying again by itself.")
        self._watch.wait(delay)

    def _follow(self) -> ApiResult:
        self._throttle.running(self._task.id)
        if self._remote.step is Step.WAITING:
            self._watch.progress(Step.WAITING, 0.0)
        data = self._finished()
        self._withdraw()
        self._save(rules.succeeded(self._remote, self._billed(data)))
        self._throttle.leave(self._task.id)
        self._watch.progress(Step.DOWNLOADING, 0.0)
        wanted = Wanted(self._task.stems, self._folder(), self._task.limit)
        results = Results(self._client.wire, wanted, self._watch, self._clocks.random)
        files = results.bring(data, self._finished)
        self._save(rules.fetched(self._remote, {name: file.name for name, file in files.items()}))
        return ApiResult(files, self._remote.minutes)

    def _billed(self, data: TaskData) -> int:
        """Return the minutes that the service measured; the estimate where it says none, or more than can be."""
        if data.duration is None or data.duration > 60.0 * (self._task.minutes + MINUTES_OVER):
            return self._remote.minutes
        return started_minutes(data.duration) or self._remote.minutes

    def _brought(self) -> ApiResult | None:
        """Return the results where they were all downloaded before a restart; the service may have dropped them."""
        files = {name: self._folder() / file for name, file in self._remote.stems.items()}
        if not files or not all(file.exists() for file in files.values()):
            return None
        self._watch.progress(Step.DOWNLOADING, 1.0)
        return ApiResult(files, self._remote.minutes)

    def _folder(self) -> Path:
        """Make a folder for this very task: another order's stems never mingle with its own."""
        folder = self._task.folder / hashlib.sha256(self._remote.remote_id.encode()).hexdigest()[:16]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError.from_os(error, "making the folder for the stems") from error
        return folder

    def _finished(self) -> TaskData:
        """Ask until the task has ended, and return its results."""
        patience = Patience(self._clocks.random, self._clocks.monotonic())
        told: set[str] = set()
        while True:
            self._throttle.pause(self._watch)
            try:
                data = self._client.get(self._remote.remote_id)
            except CloudError as error:
                if isinstance(error, RefusedByCloud):
                    self._throttle.learn(self._task.id, error)
                self._later(error)
                continue
            self._throttle.learn(self._task.id, None)
            self._trouble.over()
            if data.phase is Phase.SUCCESS:
                return data
            if data.phase is Phase.FAILED:
                raise self._failed(data)
            self._tell(data, patience, told)
            self._watch.wait(patience.after(data, self._clocks.monotonic()))

    def _tell(self, data: TaskData, patience: Patience, told: set[str]) -> None:
        self._watch.progress(Step.WAITING, data.progress or 0.0)
        log.debug("job %s: the service says %.40r", self._task.id, data.status)
        if data.status not in STATUSES and data.status not in told:
            told.add(data.status)
            log.info("the service says %.40r of a task: taken for still in progress", data.status)
        now = self._clocks.monotonic()
        if patience.quiet(now):
            self._watch.notice(f"The service has said nothing new for {patience.minutes(now)} minutes; still asking.")

    def _failed(self, data: TaskData) -> CloudError:
        self._withdraw()
        reason = next((str(data.extra[key]) for key in ("error", "message", "reason") if data.extra.get(key)), "")
        error = failure(reason)
        free = isinstance(error, InsufficientCredit)
        if free:
            self._save(rules.uncharged(self._remote))
        self._save(rules.ended(self._remote, free=free))
        return error

    def _withdraw(self) -> None:
        """Take the mix back. Its lifetime ends it anyway, so that trouble here ends no job."""
        if not self._remote.handle:
            return
        try:
            self._publisher.withdraw(self._remote.handle)
        except PublishError as error:
            log.warning("the published mix stays reachable until its time is up: %s", error)
        self._save(rules.withdrawn(self._remote))
