"""Downloads all stems of a finished task: each from its own link, or all from the ZIP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from bridge.errors import CloudError, ProtocolError
from bridge.protocol.messages import TaskData
from bridge.separation.api.fetch import LinkGone, fetch
from bridge.separation.api.interfaces import Watch
from bridge.separation.api.names import stem_names
from bridge.separation.api.remote import Step
from bridge.separation.api.unpack import AUDIO, unpack
from bridge.separation.api.waiting import Random, Trouble
from bridge.separation.api.wire import Wire

MOST_STEMS: Final = 32
LOOK_BYTES: Final = 1 << 18
"""How often a download looks up: whoever watches may ask a database."""

FRESH_LINKS: Final = 3
"""How often fresh links are asked for when the old ones lead nowhere."""

Links = Callable[[], TaskData]
"""Asks the service for the task again: links are signed and expire."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to expect, and where to put it. `limit` bounds the bytes of one stem."""

    stems: Sequence[str]
    folder: Path
    limit: int


class Results:
    """Brings the results of one task into a folder, however often the connection breaks."""

    def __init__(self, wire: Wire, wanted: Wanted, watch: Watch, random: Random) -> None:
        self._wire, self._wanted, self._watch = wire, wanted, watch
        self._trouble = Trouble(random)

    def bring(self, data: TaskData, links: Links) -> dict[str, Path]:
        """Return the file of each stem by its safe name; files that are there already are not fetched again.

        Raises `CloudError` where the results cannot be had, `StorageError`, and what the watch raises.
        """
        for _ in range(FRESH_LINKS):
            try:
                return self._by_link(data.output) if data.output else self._by_zip(data.zip_url)
            except LinkGone:
                data = links()
        return self._by_zip(data.zip_url) if data.zip_url else self._by_link(data.output)

    def _by_link(self, output: Mapping[str, str]) -> dict[str, Path]:
        if len(output) > MOST_STEMS:
            raise ProtocolError(f"The service gave {len(output)} stems; that is no separation.")
        files = {}
        for at, (key, name) in enumerate(stem_names(output).items()):
            files[name] = self._wanted.folder / f"{name}{_suffix(output[key])}"
            self._whole(output[key], files[name], self._wanted.limit, (at, len(output)))
        return files

    def _by_zip(self, url: str) -> dict[str, Path]:
        if not url:
            raise ProtocolError(
                "The service says that the task succeeded, but gives no link to its stems.",
                advice="`stembridge retry` asks for them again; that costs nothing.",
            )
        # No stem can be called so: names have no dot.
        archive = self._wanted.folder / "results.zip"
        limit = self._wanted.limit * max(len(self._wanted.stems) + 2, 4)
        self._whole(url, archive, limit, (0, 1))
        files = unpack(archive, self._wanted.folder, self._wanted.stems, limit, self._watch.check)
        archive.unlink(missing_ok=True)
        return files

    def _whole(self, url: str, target: Path, limit: int, place: tuple[int, int]) -> None:
        if target.exists():
            return
        received = _Received(self._watch, self._trouble, place)
        while True:
            try:
                fetch(self._wire, url, target, limit, received)
            except ProtocolError:
                raise
            except CloudError as error:
                delay = self._trouble.after(error)
                self._watch.notice(f"{error} The download goes on by itself.")
                self._watch.wait(delay)
            else:
                return


class _Received:
    """Looks up from one download, the `place[0]`th of `place[1]`."""

    def __init__(self, watch: Watch, trouble: Trouble, place: tuple[int, int]) -> None:
        self._watch, self._trouble = watch, trouble
        self._at, self._count = place
        self._most = self._looked = 0

    def __call__(self, size: int, whole: int | None) -> None:
        if size > self._most:
            self._most = size
            self._trouble.over()
        # After a fresh start it is smaller than before.
        if not 0 <= size - self._looked < LOOK_BYTES or size == whole:
            self._looked = size
            self._watch.check()
            self._watch.progress(Step.DOWNLOADING, (self._at + (size / whole if whole else 0.5)) / self._count)


def _suffix(url: str) -> str:
    """Return the ending of the file's name in a link, where it is one of audio: decoders look at it."""
    suffix = PurePosixPath(unquote(urlsplit(url).path)).suffix.lower()
    return suffix if suffix in AUDIO else ".wav"
