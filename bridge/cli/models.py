"""`stembridge models`: what can be separated, by what, and the weights for it."""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
import textwrap

from bridge.cli.common import settings_of
from bridge.cli.output import complain, print_json, say
from bridge.daemon.capabilities import capabilities
from bridge.errors import StembridgeError, UsageError
from bridge.separation.capabilities import Capabilities
from bridge.separation.catalogue import Model
from bridge.separation.catalogue import models as catalogue
from bridge.separation.registry import ENGINES, label
from bridge.separation.weights.catalogue import WeightsFile, by_sha256, weights
from bridge.separation.weights.store import WeightsStore, lookup

_MEGABYTE = 10**6


def models(options: argparse.Namespace) -> int:
    """List the models of the catalogue, the engines that can make their stems, and why one cannot at the moment."""
    settings = settings_of(options)
    possible, store = capabilities(settings), WeightsStore(settings.models.folder)
    rows = catalogue().values()
    if options.json:
        print_json({"models": [_document(row, possible, store) for row in rows]})
        return 0
    width = max(40, shutil.get_terminal_size().columns)
    for row in rows:
        mark = " (default)" if row.id == settings.separation.model else ""
        say(f"{row.id}  {row.display_name}{mark}")
        for line in [f"makes {', '.join(row.delivered)}", *_ways(row, possible)]:
            say(*textwrap.wrap(line, width, initial_indent="     ", subsequent_indent="       "))
        for file in _weights(row):
            here = "here" if store.is_present(file) else f"{_size(file)} to fetch"
            line = f"weights {file.name}: {here}; licence: {file.licence}"
            say(*textwrap.wrap(line, width, initial_indent="     ", subsequent_indent="       "))
    return 0


def fetch(options: argparse.Namespace) -> int:
    """Fetch the weights of models, after saying what that is."""
    settings = settings_of(options)
    store = WeightsStore(settings.models.folder)
    wanted = [file for name in options.names for file in _named(name)]
    missing = [file for file in dict.fromkeys(wanted) if not store.is_present(file)]
    for file in missing:
        say(f"{file.name}: {file.about}", f"  {_size(file)}, licence: {file.licence} ({file.licence_source})")
    if missing and not options.yes and not _agreed(missing):
        return 1
    from bridge.separation.weights.fetching import over_http  # httpx: only where something is fetched

    for file in dict.fromkeys(wanted):
        with _Bar(file) as bar:
            path = store.fetch(file, over_http, bar.received, settings.models.mirror)
        say(f"{file.name} is here: {path}")
    return 0


def import_files(options: argparse.Namespace) -> int:
    """Take in files of weights that were brought by hand; each is known by its hash."""
    store = WeightsStore(settings_of(options).models.folder)
    for source in options.files:
        say(f"{source} is {store.import_file(source).name}; it is here now.")
    return 0


def verify(options: argparse.Namespace) -> int:
    """Hash every file of weights that is here."""
    store = WeightsStore(settings_of(options).models.folder)
    here = [file for file in weights().values() if store.path(file).exists()]
    failed = 0
    for file in here:
        try:
            store.verify(file)
            say(f"{file.name} is as published.")
        except StembridgeError as error:
            failed += 1
            complain(f"stembridge: {error}", f"  {error.advice}")
    if not here:
        say(f"There are no weights in {store.folder}.")
    return int(failed > 0)


def remove(options: argparse.Namespace) -> int:
    """Remove weights, and what was begun of a download."""
    store = WeightsStore(settings_of(options).models.folder)
    for name in options.names:
        for file in _named(name):
            say(f"{file.name}: {store.remove(file) // _MEGABYTE} MB freed.")
    return 0


def _ways(row: Model, possible: Capabilities) -> list[str]:
    found = []
    for name, state in possible.of(row).items():
        found.append(f"by {label(name)}{'' if state.ready else f' - not now: {state.why}'}")
    return found


def _document(row: Model, possible: Capabilities, store: WeightsStore) -> dict[str, object]:
    engines = possible.of(row)
    return {
        **dataclasses.asdict(row),
        "delivered": list(row.delivered),
        "engines": [{"name": name, "ready": state.ready, "why": state.why} for name, state in engines.items()],
        "available_engines": list(engines),
        "weights": [
            {
                "name": file.name,
                "file": file.file,
                "bytes": file.bytes,
                "sha256": file.sha256,
                "licence": file.licence,
                "present": store.is_present(file),
            }
            for file in _weights(row)
        ],
    }


def _weights(row: Model) -> list[WeightsFile]:
    """Return the files that local engines need for a model."""
    hashes = [sha for engine in ENGINES.values() if engine.makes(row) for sha in engine.weights(engine.pass_of(row))]
    return [file for sha in hashes if (file := by_sha256(sha))]


def _named(name: str) -> list[WeightsFile]:
    """Return the files that a model's id or the name of weights stands for."""
    if not name.isdecimal():
        return [lookup(name)]
    row = catalogue().get(int(name))
    if row is None:
        known = ", ".join(map(str, catalogue()))
        raise UsageError(f"There is no model {name}.", code="model.unknown", advice=f"The models are {known}.")
    return _weights(row)


def _agreed(files: list[WeightsFile]) -> bool:
    total = sum(file.bytes for file in files) // _MEGABYTE
    if not sys.stdin.isatty():
        raise UsageError(f"This fetches {total} MB.", advice="Add --yes to agree to it.")
    try:
        return input(f"Fetch {total} MB? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def _size(file: WeightsFile) -> str:
    return f"{file.bytes / _MEGABYTE:.0f} MB"


class _Bar:
    """A progress bar on stderr, where that is a terminal."""

    def __init__(self, file: WeightsFile) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task(f"fetching {file.name}", total=file.bytes)

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def received(self, count: int, _whole: int | None) -> None:
        """Show how many bytes are here."""
        self._progress.update(self._task, completed=count)
