"""Takes back what a cancelled job left published: where nobody was at work on it, nobody has done so yet."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable

from bridge.errors import PublishError, StorageError
from bridge.jobs.states import State
from bridge.jobs.store import JobStore
from bridge.separation.api.remote import Remote, withdrawn
from bridge.separation.api.seam import Publishes

log = logging.getLogger(__name__)


def withdraw_cancelled(store: JobStore, publisher: Callable[[], Publishes]) -> None:
    """Withdraw the published bounces of all cancelled jobs, on a thread that nobody waits for.

    Call it before any worker starts: what is about to go must not be given to the service by a job that is tried again.
    What was published with settings that are gone stays noted for a start that has them. Raises `StorageError`.
    """
    try:
        reachable = publisher()
    except PublishError:
        return  # the first job that needs it tells everybody
    handles = _forgotten(store)
    if handles:
        # Its lifetime ends each of them anyway, so an exit of the program need not wait for it.
        threading.Thread(target=_withdraw, args=(reachable, handles), name="withdrawals", daemon=True).start()


def _forgotten(store: JobStore) -> list[str]:
    """Return the handles of what cancelled jobs have published, from here on noted as withdrawn."""
    handles = []
    for job in store.in_states({State.CANCELLED}):
        checkpoint = store.notes.checkpoint(job.id)
        remote = Remote.from_json(json.loads(checkpoint)) if checkpoint else Remote()
        if remote.handle:
            store.notes.save(job.id, json.dumps(withdrawn(remote).to_json()))
            handles.append(remote.handle)
    return handles


def _withdraw(publisher: Publishes, handles: Iterable[str]) -> None:
    for handle in handles:
        try:
            publisher.withdraw(handle)
        except (PublishError, StorageError) as error:
            log.warning("a cancelled job's published mix stays reachable until its time is up: %s", error)
