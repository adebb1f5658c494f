"""The folder of weights: what is in it, whether that is what the catalogue says, and how it gets there and away.

A file is trusted by a mark beside it, written after its hash was found right: the size and the time of change that it
had then. Whatever changes the file makes the mark worthless, and the file is hashed again before it is used.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from bridge.errors import LinkRefused, StorageError, TransferCut, WeightsError, WrongFile
from bridge.files.atomic import partial_path, rename_into_place, write_atomically
from bridge.files.space import require_space
from bridge.files.sync import sync_file
from bridge.separation.weights.catalogue import WeightsFile, by_sha256, weights
from bridge.transfer.download import Expected, Open, Received, download

log = logging.getLogger(__name__)

_BLOCK = 2**20
_TRIES = 8
_REPORT_ADVICE = (
    "Try again; if it stays so, tell us, with both hashes. A file that you trust can be used as weights of your own."
)

Opener = Callable[[str], Open]
"""Returns how a URL is opened: with an HTTP client of the caller's."""


class WeightsStore:
    """One folder of weights. Several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, wanted: WeightsFile) -> Path:
        """Return where the file lies, or would lie."""
        return self.folder / wanted.file

    def is_present(self, wanted: WeightsFile) -> bool:
        """Say whether the file is there with the right size. Cheap: its hash is looked at when it is used."""
        try:
            return self.path(wanted).stat().st_size == wanted.bytes
        except OSError:
            return False

    def require(self, wanted: WeightsFile) -> Path:
        """Return the path of a file that is here and has the right hash; raise `WeightsError` otherwise."""
        path = self.path(wanted)
        if not self.is_present(wanted):
            raise WeightsError(
                f"The weights {wanted.file} are not here.",
                code="weights.missing",
                advice=f"`stembridge models fetch {wanted.name}` fetches them.",
            )
        if not self._is_marked(path, wanted):
            found = sha256_of(path)
            if found != wanted.sha256:
                raise WeightsError(
                    f"{path} is not the file it should be: its SHA-256 is {found}, not {wanted.sha256}.",
                    code="weights.hash",
                    advice=f"`stembridge models remove {wanted.name}`, then fetch it again.",
                )
            self._mark(path, wanted)
        return path

    def verify(self, wanted: WeightsFile) -> None:
        """Hash the file again, whatever its mark says; raise `WeightsError` where it is missing or another."""
        self._mark_path(self.path(wanted)).unlink(missing_ok=True)
        self.require(wanted)

    def import_file(self, source: Path) -> WeightsFile:
        """Copy a file that somebody brought, known by its hash, under its own name.

        Raises `WeightsError` for a file that the catalogue does not have, `StorageError`.
        """
        try:
            found = sha256_of(source)
            known = by_sha256(found)
            if known is None:
                raise WeightsError(
                    f"{source.name} is none of the files that Stembridge knows (SHA-256 {found}).",
                    code="weights.unknown",
                    advice="`stembridge models` lists them.",
                )
            target = self.path(known)
            self.folder.mkdir(parents=True, exist_ok=True)
            require_space(self.folder, known.bytes, known.file)
            partial = partial_path(target)
            shutil.copyfile(source, partial)
            if sha256_of(partial) != found:
                partial.unlink()
                raise WeightsError(f"{source.name} changed while it was copied.", code="weights.hash")
            sync_file(partial)
            rename_into_place(partial, target)
            self._mark(target, known)
        except OSError as error:
            raise StorageError.from_os(error, f"importing {source.name}") from error
        return known

    def remove(self, wanted: WeightsFile) -> int:
        """Remove the file and what was begun of it; return how many bytes that freed. Raises `StorageError`."""
        freed = 0
        try:
            path = self.path(wanted)
            for each in (path, self._mark_path(path), *self.folder.glob(f".{wanted.file}*")):
                if each.exists():
                    freed += each.stat().st_size
                    each.unlink()
        except OSError as error:
            raise StorageError.from_os(error, f"removing {wanted.file}") from error
        return freed

    def fetch(self, wanted: WeightsFile, opener: Opener, received: Received, mirror: str = "") -> Path:
        """Download the file where it is not here; one download, however many processes ask.

        `mirror` is a web address under which the files lie by their names, instead of their makers' sites. What an
        earlier try left is gone on with. Raises `WeightsError`, `TransferError` or `StorageError`; there is no file
        under its name then.
        """
        urls = (f"{mirror.rstrip('/')}/{wanted.file}",) if mirror else wanted.urls
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / f".{wanted.file}.lock"):
                if not self.is_present(wanted):
                    _download(urls, opener, self.path(wanted), wanted, received)
        except OSError as error:
            raise StorageError.from_os(error, f"fetching {wanted.file}") from error
        return self.require(wanted)

    def _is_marked(self, path: Path, wanted: WeightsFile) -> bool:
        try:
            return bool(json.loads(self._mark_path(path).read_text("utf-8")) == _state(path, wanted))
        except (OSError, ValueError):
            return False

    def _mark(self, path: Path, wanted: WeightsFile) -> None:
        content = json.dumps(_state(path, wanted))
        try:
            write_atomically(self._mark_path(path), content.encode(), durable=False)
        except OSError:
            log.debug("no mark beside %s: it is hashed again at its next use", path)

    def _mark_path(self, path: Path) -> Path:
        return path.with_name(f".{path.name}.verified")


def lookup(name: str) -> WeightsFile:
    """Return the file that the catalogue calls so, or raise `WeightsError` with the names there are."""
    found = weights().get(name)
    if found is None:
        raise WeightsError(
            f'There are no weights called "{name}".',
            code="weights.unknown",
            advice=f"There are {', '.join(weights())}.",
        )
    return found


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in lower-case hex. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(urls: tuple[str, ...], opener: Opener, target: Path, wanted: WeightsFile, received: Received) -> None:
    expected = Expected(wanted.bytes, wanted.bytes, wanted.sha256, least_bytes=4096)
    for number, url in enumerate(urls, 1):
        try:
            _persist(opener(url), target, expected, received)
        except WrongFile as error:
            raise WeightsError(
                f"What the server gave for {wanted.file} is another file than the published one "
                f"(SHA-256 {wanted.sha256}, {wanted.bytes} bytes): {error.message}",
                code="weights.hash",
                advice=_REPORT_ADVICE,
            ) from error
        except LinkRefused:
            if number == len(urls):
                raise
            log.info("%s does not have %s; trying the next address", url, wanted.file)
        else:
            return


def _persist(open_: Open, target: Path, expected: Expected, received: Received) -> None:
    """Go on after each cut, as long as each try brings something."""
    for attempt in range(_TRIES):
        before = _begun(target)
        try:
            download(open_, target, expected, received)
        except TransferCut:
            if attempt == _TRIES - 1 or _begun(target) <= before:
                raise
            log.info("the download of %s was cut off; going on", target.name)
        else:
            return


def _begun(target: Path) -> int:
    partial = partial_path(target)
    return partial.stat().st_size if partial.exists() else 0


def _state(path: Path, wanted: WeightsFile) -> dict[str, object]:
    status = path.stat()
    return {"sha256": wanted.sha256, "bytes": status.st_size, "mtime_ns": status.st_mtime_ns}
