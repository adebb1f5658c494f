"""What the copying threads do: judge a settled file and copy it to the spool."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bridge.errors import StembridgeError
from bridge.inbox.busy import held_by_a_writer
from bridge.inbox.hands import KeepGoing
from bridge.inbox.ingest import refuse_unspellable
from bridge.inbox.outcomes import Copied, Failed, Gone, NotYet, Outcome
from bridge.inbox.settling import Ready
from bridge.inbox.spool import SourceChanged, SourceGone, SourceUnreadable, copy_to_spool
from bridge.media.completeness import judge_path
from bridge.media.judgement import Verdict

COPIERS: Final = 2
"""One long bounce from a slow share leaves a thread for the others."""


def copy_settled(ready: Ready, spool: Path, keep_going: KeepGoing) -> Outcome:
    """Copy a settled file to the spool, or say why not. Raises CopyStopped within a block of being told to stop."""
    source = Path(ready.path)
    try:
        refuse_unspellable(source)
        if held_by_a_writer(ready.path):
            return NotYet(ready, unfinished=False)
        if not ready.insist and judge_path(source).verdict is not Verdict.COMPLETE:
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
