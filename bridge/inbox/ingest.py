"""How a file becomes a job: judged finished, copied to the spool, accepted by the ledger.

The inbox does this with files that have settled (`copy_settled`, then `accept`), the other doors at once with a file
that somebody names (`ingest_now`).
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from bridge.delivery.naming import song_of
from bridge.errors import BounceError, StembridgeError
from bridge.inbox.busy import held_by_a_writer, open_for_writing
from bridge.inbox.hands import KeepGoing
from bridge.inbox.outcomes import Copied, Failed, Gone, NotYet, Outcome
from bridge.inbox.scan import in_delivery
from bridge.inbox.settling import Ready
from bridge.inbox.spool import SourceChanged, SourceGone, SourceUnreadable, SpoolCopy, copy_to_spool
from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.spec import JobSpec
from bridge.media.completeness import STANDING_S, judge_path
from bridge.media.judgement import Verdict
from bridge.separation.catalogue import models

_WAIT = "Wait until the render or the copy has ended, or render it again."
_NO_SUCH_NAME = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL})


COPIERS: Final = 2
"""Threads that copy: one long bounce from a slow share leaves a thread for the others."""


class Ledger(Protocol):
    """The memory of what has come in. `bridge.jobs.store.JobStore` is one."""

    def seen(self) -> dict[str, Signature]:
        """Return every path handled so far, verbatim, with the signature it had."""
        ...

    def accept(self, arrival: Arrival) -> str | None:
        """Make a job and remember the arrival, both in one transaction; return the job's id.

        Return None where this very path with this very content is known already (touched, or saved again as it
        was): then only the signature is remembered, and the caller deletes its spool copy.
        """
        ...

    def remember(self, source: Path, signature: Signature) -> None:
        """Remember a path without a job, so that it is not taken for a new bounce."""
        ...


@dataclass(frozen=True, slots=True)
class Named:
    """A bounce that somebody names."""

    path: Path
    watched: bool = False
    """The inbox sees it, too."""
    signature: Signature | None = None
    """Of the file that the path led to when it was judged whether it may be taken; None: it was not judged."""


class Ingested(NamedTuple):
    """What became of a bounce that somebody named."""

    job: str | None
    """The new job's id; None where the ledger knew this content at this path."""
    sha256: str
    """Of the content, in lower-case hex."""


def refuse_unspellable(source: Path) -> None:
    """Raise BounceError where a path is not valid text: no receipt, message or store could name it."""
    try:
        str(source).encode("utf-8")
    except UnicodeEncodeError as error:
        shown = str(source).encode("utf-8", "replace").decode("utf-8")
        raise BounceError(
            f"The name of {shown} is not valid text.", code="bounce.name", advice="Rename the file."
        ) from error


def copy_settled(ready: Ready, inbox: str, allowed: Iterable[Path], spool: Path, keep_going: KeepGoing) -> Outcome:
    """Copy a settled file to the spool, or say why not. Raises CopyStopped within a block of being told to stop."""
    source = Path(ready.path)
    try:
        refuse_unspellable(source)
        _refuse_outside(source, allowed)
        if in_delivery(ready.path, inbox):
            return Gone(ready)  # its receipt came after the scan that found the file
        if held_by_a_writer(ready.path):
            return NotYet(ready, unfinished=False)
        if not ready.insist and (_is_named_like_a_stem(source) or judge_path(source).verdict is not Verdict.COMPLETE):
            return NotYet(ready, unfinished=True)
        return Copied(ready, copy_to_spool(source, spool, ready.signature, keep_going))
    except SourceChanged:
        return NotYet(ready, unfinished=False)
    except (SourceGone, FileNotFoundError, NotADirectoryError):
        return Gone(ready)
    except StembridgeError as error:
        return Failed(ready, error)
    except OSError as error:
        return Failed(ready, SourceUnreadable.from_reading(source, error))


def _refuse_outside(source: Path, allowed: Iterable[Path]) -> None:
    """Raise `BounceError` for a link out of the allowed folders, as the other doors do."""
    real = os.path.realpath(source)
    if not any(Path(real).is_relative_to(os.path.realpath(folder)) for folder in allowed):
        raise BounceError(
            f"{source} is a link to {real}, outside the inbox and the allowed folders.",
            code="path.outside",
            advice="Copy the file into the inbox, or add its folder to [osc] folders.",
        )


def _is_named_like_a_stem(source: Path) -> bool:
    """Say whether a file may belong to a delivery that is being copied or synchronised into the inbox.

    Its receipt comes last, so such a file is given the time that an unfinished one has.
    """
    song, _, stem = source.stem.rpartition(" - ")
    folders = (source.parent.name, source.parent.parent.name)
    return song in folders and any(stem in model.delivered for model in models().values())


def accept(arrival: Arrival, ledger: Ledger) -> str | None:
    """Hand a copy to the ledger; return the new job's id, or None where the ledger knew this content at this path.

    The copy is deleted unless a job was made of it. Raises what the ledger raises.
    """
    try:
        job = ledger.accept(arrival)
    except StembridgeError:
        arrival.spool.unlink(missing_ok=True)
        raise
    if job is None:
        arrival.spool.unlink(missing_ok=True)
    return job


def ingest_now(bounce: Named, spec: JobSpec, door: str, ledger: Ledger, spool: Path) -> Ingested:
    """Make a job of a file that somebody named, without waiting for it to settle.

    Raises BounceError where the file is missing, unreadable, empty, no regular file, held by a writer, cut off or
    changing; StorageError where it cannot be copied; and what the ledger raises.
    """
    source = bounce.path.absolute()
    refuse_unspellable(source)
    try:
        copy = _copy_of_finished(source, spool, bounce.signature)
    except (SourceGone, FileNotFoundError, NotADirectoryError) as error:
        raise _missing(source) from error
    except SourceChanged as error:
        raise _unfinished(source, "is being written to") from error
    except SourceUnreadable as error:
        raise _unreadable(error.message) from error
    except OSError as error:
        if error.errno in _NO_SUCH_NAME:
            raise _missing(source) from error
        raise _unreadable(f"{source} cannot be read: {error.strerror or error}.") from error
    song = song_of(source)
    arrival = Arrival(source, copy.path, copy.sha256, copy.signature, song, door, spec, bounce.watched)
    return Ingested(accept(arrival, ledger), copy.sha256)


def _copy_of_finished(source: Path, spool: Path, judged: Signature | None) -> SpoolCopy:
    """Copy a file that is finished as far as can be told now, and is the one whose path was judged before."""
    status = source.stat()
    if judged is not None and Signature.of(status) != judged:
        raise SourceChanged(str(source))
    if not stat.S_ISREG(status.st_mode):
        raise BounceError(f"{source} is not a file.", code="bounce.not_a_file", advice="Name an audio file.")
    if not status.st_size:
        raise BounceError(f"{source.name} is empty: it has no samples.", code="bounce.empty", advice=_WAIT)
    if open_for_writing(str(source)):
        raise _unfinished(source, "is held open by the program that writes it")
    # A time in the future comes from another machine's clock; far in the future it says nothing of the present.
    changing = abs(time.time() - status.st_mtime) < STANDING_S
    verdict = judge_path(source).verdict
    if verdict is Verdict.CUT:
        raise _unfinished(
            source, "is cut off: it ends before its audio does" + (", or is still being written" if changing else "")
        )
    if verdict is Verdict.UNSETTLED and changing:
        raise _unfinished(source, "seems to be still being written: its header does not give its final length")
    return copy_to_spool(source, spool, Signature.of(status), lambda: True)


def _missing(source: Path) -> BounceError:
    return BounceError(f"There is no file {source}.", code="bounce.missing", advice="Check the path and its spelling.")


def _unreadable(sentence: str) -> BounceError:
    """Say what is only true of a file that somebody named: one in the inbox is tried again by itself."""
    return BounceError(sentence, code="bounce.denied", advice="Check the file's permissions and its disk; ask again.")


def _unfinished(source: Path, why: str) -> BounceError:
    return BounceError(
        f"{source.name} {why}.",
        code="bounce.incomplete",
        advice=_WAIT,
    )
