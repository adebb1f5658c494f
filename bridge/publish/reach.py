"""Looking whether a published URL really gives the file, so that a wrong `public_url` is told before it costs money."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bridge.errors import PublishFailed, PublishUnreachable, StembridgeError, StorageError
from bridge.publish.http import HttpOptions, host_of, open_client, translated
from bridge.publish.publisher import Published, Publisher, ServesFiles
from bridge.publish.reading import size_of
from bridge.units import Progress, no_progress

_CHECKING = "Checking the published address"
_OK = 200
_PARTIAL = 206


@dataclass(frozen=True, slots=True)
class Checked:
    """A publisher whose every URL is fetched once, one byte of it, before it is given away."""

    publisher: Publisher
    http: HttpOptions = field(default_factory=HttpOptions)

    @property
    def name(self) -> str:
        """The publisher's own."""
        return self.publisher.name

    def publish(self, path: Path, name: str, lifetime_s: int, progress: Progress = no_progress) -> Published:
        """Publish and look. Raises `PublishUnreachable` and leaves nothing behind where the URL does not give it."""
        published = self.publisher.publish(path, name, lifetime_s, progress)
        try:
            check_reachable(published.url, path, self.http)
        except StembridgeError:
            with contextlib.suppress(StembridgeError):  # the first error says more
                self.publisher.withdraw(published.handle)
            raise
        return published

    def withdraw(self, handle: str) -> None:
        """Withdraw."""
        self.publisher.withdraw(handle)

    def start(self) -> None:
        """Start the publisher, if it is one that runs."""
        if isinstance(self.publisher, ServesFiles):
            self.publisher.start()

    def stop(self) -> None:
        """Stop the publisher, if it is one that runs."""
        if isinstance(self.publisher, ServesFiles):
            self.publisher.stop()


def check_reachable(url: str, path: Path, http: HttpOptions) -> None:
    """Raise `PublishUnreachable` unless the URL, without credentials, gives a file of this size and first byte.

    A login page, a directory listing or another file are told from it. Asks for one byte and reads no more.
    """
    size, first = size_of(path), _first_byte(path)
    try:
        with (
            open_client(http) as client,
            translated(_CHECKING, url),
            client.stream("GET", url, headers={"Range": "bytes=0-0", "Accept-Encoding": "identity"}) as response,
        ):
            problem = _problem(response, size, first)
    except PublishFailed as error:
        raise PublishUnreachable(error.message) from error
    if problem:
        raise PublishUnreachable(f"{_CHECKING}: {host_of(url)} {problem}.")


def _problem(response: httpx.Response, size: int, first: bytes) -> str:
    if response.status_code == _PARTIAL:
        total = response.headers.get("Content-Range", "").rpartition("/")[2]
    elif response.status_code == _OK:
        total = response.headers.get("Content-Length", str(size))
    else:
        return f"answered {response.status_code} {response.reason_phrase}".rstrip()
    if total != str(size) or next(response.iter_raw(1), b"") != first:
        return "gives something else than the bounce"
    return ""


def _first_byte(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1)
    except OSError as error:
        raise StorageError.from_os(error, "reading the bounce to publish it") from error
