"""Handles one job file: reads it, makes the job that it asks for, then removes it or writes an answer beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from bridge.errors import StembridgeError, StorageError, StoreError
from bridge.files.atomic import write_atomically
from bridge.files.held import retry_while_held
from bridge.files.regular import open_regular
from bridge.inbox.busy import held_by_a_writer
from bridge.inbox.hands import KeepGoing
from bridge.inbox.ingest import refuse_unspellable
from bridge.inbox.job_file import MOST_BYTES, JobFileCut, Request, answer, parse
from bridge.inbox.outcomes import Asked, Failed, Gone, NotYet, Outcome, Refused
from bridge.inbox.settling import Ready
from bridge.inbox.spool import CopyStopped, SourceChanged, SourceUnreadable
from bridge.jobs.arrival import Signature

OnRequest = Callable[[str, str], str]
"""Makes a job of the file at a path, with a preset or "", and returns the job's id. May take as long as a copy."""


class JobFileHandler:
    """Handles one job file after the other, so that two for the same bounce never run at the same time."""

    def __init__(self, on_request: OnRequest) -> None:
        """`on_request` raises StembridgeError where it refuses, or cannot do it just now."""
        self._on_request = on_request

    def handle(self, ready: Ready, keep_going: KeepGoing) -> Outcome:
        """Make the job that a job file asks for.

        A file that is no JSON yet is read again until it has settled. Raises CopyStopped where a request
        failed while everything was being stopped: the next start finds the job file again.
        """
        path = Path(ready.path)
        try:
            refuse_unspellable(path)
            if held_by_a_writer(ready.path):
                return NotYet(ready, unfinished=False)
            request = _read(path, ready.signature)
        except JobFileCut as error:
            return _refused(ready, error) if ready.settled else NotYet(ready, unfinished=False)
        except StembridgeError as error:
            return _refused(ready, error)
        except SourceChanged:
            return NotYet(ready, unfinished=False)
        except (FileNotFoundError, NotADirectoryError):
            return Gone(ready)
        except OSError as error:
            return Failed(ready, SourceUnreadable.from_reading(path, error))
        return self._ask(ready, request, keep_going)

    def _ask(self, ready: Ready, request: Request, keep_going: KeepGoing) -> Outcome:
        try:
            job = self._on_request(request.path, request.preset)
        except StembridgeError as error:
            if not keep_going():
                raise CopyStopped(ready.path) from error
            return _failed(ready, error)
        return Asked(ready, job, removed=_remove(ready))


def _read(path: Path, expected: Signature) -> Request:
    with open_regular(path) as file:
        if Signature.of(os.fstat(file.fileno())) != expected:
            raise SourceChanged(str(path))
        return parse(file.read(MOST_BYTES + 1) or b"", str(path.parent))


def _failed(ready: Ready, error: StembridgeError) -> Outcome:
    if isinstance(error, StorageError | StoreError):
        return Failed(ready, error)
    return _refused(ready, error)


def _refused(ready: Ready, error: StembridgeError) -> Refused:
    try:
        path = Path(ready.path)
        write_atomically(path.with_name(f"{path.name}.error"), answer(error), durable=False)
    except OSError:
        return Refused(ready, error, removed=False)
    return Refused(ready, error, removed=_remove(ready))


def _remove(ready: Ready) -> bool:
    """Remove a job file, unless another was put in its place meanwhile; return whether it is out of the way."""
    path = Path(ready.path)
    try:
        if Signature.of(path.stat()) == ready.signature:
            retry_while_held(path.unlink)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
