"""Download one file: streamed, resumed after a cut or a restart, and complete before it gets its name.

A partial file is resumed only under the validator it began with (RFC 9110, section 13.1.5, If-Range): a file that
changed at the server meanwhile is fetched from its start.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from bridge.errors import LinkRefused, StorageError, TransferCut, TransferThrottled, WrongFile
from bridge.files.space import require_space
from bridge.transfer.partial import PartialFile
from bridge.transfer.retry_after import retry_after

Received = Callable[[int, int | None], None]
"""Called after each chunk with the bytes of the file so far and of the whole file, None where that is not known.

May raise, to end the download."""

_RANGE: Final = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)", re.ASCII)
_LENGTH: Final = re.compile(r"\d{1,15}", re.ASCII)
"""More digits are no file's size, and too many cannot be converted at all."""

_PARTIAL, _NOT_SATISFIABLE, _TOO_MANY = 206, 416, 429


class Response(Protocol):
    """An open HTTP response."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    encoded: bool
    """Whether `chunks` decodes a Content-Encoding, so that lengths and ranges say nothing about its bytes."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes."""
        ...


Open = Callable[[Mapping[str, str]], AbstractContextManager[Response]]
"""Sends the GET request with these headers."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the file must be. Sizes in bytes."""

    largest: int
    size: int | None = None
    sha256: str = ""
    """In lower-case hex; "" where it is not known."""
    least_bytes: int = 0
    """Fewer bytes than this within `least_s` seconds end the download as cut."""
    least_s: float = 60.0
    clock: Callable[[], float] = time.monotonic


def download(open_: Open, target: Path, expected: Expected, received: Received) -> None:
    """Download into `target`, resuming what an earlier call or process left beside it.

    Raises `TransferCut` and `TransferThrottled` where another call may go on, `LinkRefused`, `WrongFile` (nothing is
    kept), `StorageError` (also where the file does not fit on the disk: before anything is written), and what `open_`
    and `received` raise. There is no `target` before the file is complete.
    """
    partial = PartialFile(target)
    try:
        asked = partial.range_headers()
        with open_(asked) as response:
            _check_status(response, partial)
            start, whole = _extent(response, partial, ranged=bool(asked))
            _check_size(whole, expected)
            if whole is not None:
                require_space(target.parent, whole - start, target.name)
            partial.begin(start, _validator(response))
            size = _store(response, partial, (start, whole), _Watch(expected, received))
        _check_complete(partial, size, whole, expected)
        partial.finish()
    except WrongFile:
        partial.discard()
        raise
    except OSError as error:
        raise StorageError.from_os(error, f"saving {target.name}") from error


def _check_status(response: Response, partial: PartialFile) -> None:
    status = response.status
    if status in (200, _PARTIAL):
        return
    if status == _NOT_SATISFIABLE:
        partial.discard()
        raise TransferCut("The file at the server is not the one that was begun; it is fetched anew.")
    if status == _TOO_MANY:
        wait = retry_after(response.headers.get("retry-after", ""), time.time())
        raise TransferThrottled("The file server answered HTTP 429.", retry_after_s=wait)
    if 400 <= status < 500:
        raise LinkRefused(f"The file server answered HTTP {status}.")
    raise TransferCut(f"The file server answered HTTP {status}.")


def _extent(response: Response, partial: PartialFile, *, ranged: bool) -> tuple[int, int | None]:
    """Return at which byte the body begins, and the size of the whole file, None where it is not given."""
    if response.status != _PARTIAL:
        length = response.headers.get("content-length", "").strip()
        if response.encoded or not length:
            return 0, None
        if not _LENGTH.fullmatch(length):
            raise WrongFile("The file server gave a Content-Length that no file can have.")
        return 0, int(length)
    match = _RANGE.fullmatch(response.headers.get("content-range", "").strip())
    have = partial.size
    if not ranged or match is None or response.encoded or not _continues(match, have):
        if not ranged:
            raise WrongFile("The file server answered with a part of the file, though the whole was asked for.")
        partial.discard()
        raise TransferCut("The file server sent another part of the file than was asked for; it is fetched anew.")
    return have, None if match[3] == "*" else int(match[3])


def _continues(match: re.Match[str], have: int) -> bool:
    start, last = int(match[1]), int(match[2])
    return start == have and last >= start and (match[3] == "*" or last < int(match[3]))


def _validator(response: Response) -> str:
    """Return a strong validator, "" where there is none."""
    if response.encoded or response.headers.get("accept-ranges", "").lower() == "none":
        return ""
    tag = response.headers.get("etag", "")
    return tag if tag.startswith('"') else response.headers.get("last-modified", "")


def _check_size(whole: int | None, expected: Expected) -> None:
    if whole is None:
        return
    if whole > expected.largest:
        raise _too_large(expected)
    if expected.size is not None and whole != expected.size:
        raise WrongFile(f"The file at the server has {whole} bytes instead of {expected.size}.")


def _too_large(expected: Expected) -> WrongFile:
    return WrongFile(f"The file at the server is larger than {expected.largest >> 20} MiB.")


class _Watch:
    """Judges each chunk: the size so far and the rate."""

    def __init__(self, expected: Expected, received: Received) -> None:
        self.expected = expected
        self._received = received
        self._since = expected.clock()
        self._bytes = 0

    def chunk(self, count: int, size: int, whole: int | None) -> None:
        self._received(size, whole)
        self._bytes += count
        now = self.expected.clock()
        if now - self._since < self.expected.least_s:
            return
        if self._bytes < self.expected.least_bytes:
            raise TransferCut(f"The file server sent only {self._bytes} bytes in {now - self._since:.0f} s.")
        self._since, self._bytes = now, 0


def _store(response: Response, partial: PartialFile, extent: tuple[int, int | None], watch: _Watch) -> int:
    """Append the body, and return the size of the file."""
    size, whole = extent
    with partial.path.open("ab") as file:
        for chunk in response.chunks():
            size += len(chunk)
            if size > watch.expected.largest:
                raise _too_large(watch.expected)
            file.write(chunk)
            watch.chunk(len(chunk), size, whole)
    return size


def _check_complete(partial: PartialFile, size: int, whole: int | None, expected: Expected) -> None:
    due = whole if whole is not None else expected.size
    if due is not None and size != due:
        if size > due:
            partial.discard()  # the next try must not resume beyond the end
        raise TransferCut(f"The file ended after {size} of {due} bytes.")
    if expected.sha256 and partial.sha256() != expected.sha256.lower():
        raise WrongFile("The downloaded file has another SHA-256 than expected; it was deleted.")
