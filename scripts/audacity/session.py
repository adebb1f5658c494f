"""What the command does, and what it says."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

from bridge.delivery.importing import RECEIPT, Delivery, NotReady, Unreadable, read
from scripts.audacity.finding import StemsFolder, deliveries
from scripts.audacity.pipe import Pipe
from scripts.audacity.placing import Choices, bring
from scripts.audacity.project import Project
from scripts.audacity.trouble import NoAnswer, NoAudacity, Trouble

_LOOK_S: Final = 1.0


def import_one(named: Path, choices: Choices) -> int:
    """Import the delivery in a folder, or beside a `stems.json`. Returns the exit status."""
    folder = named.parent if named.name == RECEIPT else named
    try:
        print(_import(folder.absolute(), choices), flush=True)
    except (NotReady, Unreadable, Trouble) as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


def import_newest(folder: Path, choices: Choices) -> int:
    """Import the newest delivery in a stems folder or a song's folder. Returns the exit status."""
    found = deliveries(folder)
    if not found:
        print(f"There is no finished delivery in {folder}.", file=sys.stderr, flush=True)
        return 1
    return import_one(max(found, key=lambda place: found[place]), choices)


def watch(stems: StemsFolder, choices: Choices) -> int:
    """Import every delivery that is finished from now on, until Ctrl-C."""
    known: dict[Path, int] = {}
    folder, told = None, ""
    while True:
        if folder != (now := stems.now()):
            # What lies in a folder that the bridge has changed to was not finished just now.
            folder, known = now, {**known, **deliveries(now)}
            print(f"Waiting for stems in {folder}; Ctrl-C ends it.", flush=True)
        for place, written in sorted(deliveries(folder).items(), key=lambda found: found[1]):
            if known.get(place) == written:
                continue
            said, is_over = _try(place.absolute(), choices)
            if is_over:
                known[place] = written
            if said != told:
                print(said, flush=True)
                told = said
        time.sleep(_LOOK_S)


def _try(place: Path, choices: Choices) -> tuple[str, bool]:
    """Return what is to be said of an import, and whether it is over; else it is tried again."""
    try:
        return _import(place, choices), True
    except (NotReady, NoAnswer, NoAudacity) as error:
        return str(error), False
    except (Unreadable, Trouble) as error:
        return str(error), True


def _import(folder: Path, choices: Choices) -> str:
    delivery = read(folder)
    with Pipe() as pipe:
        if bring(Project(pipe), delivery, choices):
            return f"{_title(delivery)} is in the project: Edit > Undo takes it out in one step."
    return f"{_title(delivery)} is in the project already."


def _title(delivery: Delivery) -> str:
    return delivery.song if delivery.take == 1 else f"{delivery.song}, take {delivery.take},"
