"""One file from the service to the disk: streamed, resumed after a cut, and known to be whole before it gets its name.

A part is resumed only under the validator it began with (RFC 9110, section 13.1.5, If-Range): what changed meanwhile
begins anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bridge.errors import AnswerLost, ProtocolError, StorageError
from bridge.protocol.refusals import RateLimited
from bridge.separation.api.waiting import retry_after
from bridge.separation.api.wire import Incoming, Wire

Received = Callable[[int, int | None], None]
"""Called with the bytes of the file so far, and of the whole where that is known. May raise, to end the download."""

_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_PARTIAL, _NOT_SATISFIABLE, _TOO_MANY = 206, 416, 429


class LinkGone(ProtocolError):
    """The link does not lead to a file (any more): they expire. The service may give a fresh one."""

    default_code = "service.link"
    default_advice = "`stembridge retry` asks the service for the results again; that costs nothing."


def fetch(wire: Wire, url: str, target: Path, limit: int, received: Received) -> None:
    """Download into `target`, going on with what an earlier call left beside it; at most `limit` bytes.

    Raises `NotSent` or `AnswerLost` where another call may go on, `RateLimited`, `LinkGone`, `ProtocolError` (too large
    or no URL), `CloudError`, `StorageError`, and what `received` raises. Until it is whole there is no `target`.
    """
    part = _Part(target)
    try:
        headers = part.headers()
        with wire.fetch(url, headers) as incoming:
            _check_status(incoming, part)
            start, whole = _extent(incoming, part)
            part.begin(start, _validator(incoming))
            size = _store(incoming, part, (start, whole, limit), received)
        if whole is not None and size != whole:
            raise AnswerLost(f"The file ended after {size} of {whole} bytes.")
        part.finish()
    except OSError as error:
        raise StorageError.from_os(error, f"saving {target.name}") from error


class _Part:
    """What is there of a file, and the validator under which it came."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self.path = target.with_name(target.name + ".part")
        self._tag = target.with_name(target.name + ".tag")

    @property
    def size(self) -> int:
        """How many bytes are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def headers(self) -> Mapping[str, str]:
        """Return the headers that ask for the rest."""
        tag = self._tag.read_text("latin-1") if self._tag.exists() else ""
        return {"Range": f"bytes={self.size}-", "If-Range": tag} if tag and self.size else {}

    def begin(self, start: int, tag: str) -> None:
        """Make ready for bytes from `start` on: 0 throws away what was there."""
        if start:
            return
        self.path.write_bytes(b"")
        if tag:
            self._tag.write_text(tag, "latin-1")
        else:
            self._tag.unlink(missing_ok=True)

    def forget(self) -> None:
        """Throw away what was there."""
        self.path.unlink(missing_ok=True)
        self._tag.unlink(missing_ok=True)

    def finish(self) -> None:
        """Give the file its name."""
        with self.path.open("rb+") as file:
            os.fsync(file.fileno())
        self.path.replace(self._target)
        self._tag.unlink(missing_ok=True)


def _check_status(incoming: Incoming, part: _Part) -> None:
    status = incoming.status
    if status in (200, _PARTIAL):
        return
    if status == _NOT_SATISFIABLE:
        part.forget()
        raise AnswerLost("The service's file is not the one that was begun; it is fetched anew.")
    if status == _TOO_MANY:
        # Only the seconds: a date would need a clock here, for a header that hardly anybody sends with a file.
        wait = retry_after(incoming.headers.get("retry-after", ""), 0.0)
        raise RateLimited("The service's files answered HTTP 429.", retry_after_s=wait)
    if 400 <= status < 500:
        raise LinkGone(f"The service's link to a stem answered HTTP {status}.")
    raise AnswerLost(f"The service's files answered HTTP {status}.")


def _extent(incoming: Incoming, part: _Part) -> tuple[int, int | None]:
    """Return at which byte the body begins, and how long the whole file is, None where nobody says."""
    if incoming.status == _PARTIAL:
        match = _RANGE.fullmatch(incoming.headers.get("content-range", "").strip())
        if match is None or int(match[1]) != part.size or incoming.encoded:
            part.forget()
            raise AnswerLost("The service sent another part of the file than was asked for; it is fetched anew.")
        return part.size, None if match[3] == "*" else int(match[3])
    length = incoming.headers.get("content-length", "")
    return 0, int(length) if length.isascii() and length.isdigit() and not incoming.encoded else None


def _validator(incoming: Incoming) -> str:
    """Return a strong validator, "" where there is none."""
    if incoming.encoded or incoming.headers.get("accept-ranges", "").lower() == "none":
        return ""
    tag = incoming.headers.get("etag", "")
    return tag if tag.startswith('"') else incoming.headers.get("last-modified", "")


def _store(incoming: Incoming, part: _Part, extent: tuple[int, int | None, int], received: Received) -> int:
    """Append the body, and return the size of the file."""
    size, whole, limit = extent
    with part.path.open("ab") as file:
        for chunk in incoming.chunks():
            size += len(chunk)
            if size > limit or (whole or 0) > limit:
                raise ProtocolError(
                    f"The service's file is larger than {limit >> 20} MiB, more than any stem of this bounce can be."
                )
            file.write(chunk)
            received(size, whole)
    return size
