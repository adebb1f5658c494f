"""From a whole copy to a job; and the way in for a file that somebody names."""

from __future__ import annotations

import errno
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bridge.delivery.naming import song_of
from bridge.errors import BounceError, StembridgeError
from bridge.inbox.busy import open_for_writing
from bridge.inbox.ledger import Ledger
from bridge.inbox.spool import SourceChanged, SourceGone, SourceUnreadable, SpoolCopy, copy_to_spool
from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.spec import JobSpec
from bridge.media.completeness import STANDING_S, judge_path
from bridge.media.judgement import Verdict

_NO_SUCH_NAME = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL})


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


def admit(arrival: Arrival, ledger: Ledger) -> str | None:
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

    Raises BounceError where the file
    is missing, unreadable, no regular file, held by a writer, cut off or changing; StorageError where it cannot be
    copied; and what the ledger raises.
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
        raise _unreadable(f"{source.name} cannot be read: {error.strerror or error} ({source}).") from error
    song = song_of(source)
    arrival = Arrival(source, copy.path, copy.sha256, copy.signature, song, door, spec, bounce.watched)
    return Ingested(admit(arrival, ledger), copy.sha256)


def _copy_of_finished(source: Path, spool: Path, judged: Signature | None) -> SpoolCopy:
    """Copy a file that is finished by all we can tell at one look, and is the one that was judged before."""
    status = source.stat()
    if judged is not None and Signature.of(status) != judged:
        raise SourceChanged(str(source))
    if not stat.S_ISREG(status.st_mode):
        raise BounceError(f"{source} is not a file.", code="bounce.not_a_file", advice="Name an audio file.")
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
        advice="Wait until the render or the copy has ended, or render it again.",
    )
