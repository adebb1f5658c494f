"""Putting a whole file to an HTTP address, again where the connection was cut, and taking it away again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import httpx

from bridge.errors import PublishFailed
from bridge.publish.http import refusal, translated
from bridge.publish.names import content_type
from bridge.publish.reading import blocks, never_falling, size_of
from bridge.units import Progress

PAUSES_S = (0.5, 2.0, 8.0)
"""Before the second, third and fourth try. What lasts longer than that is left to the job's own retries."""

UPLOADING = "Uploading the bounce"
WITHDRAWING = "Taking the published bounce back"

_GONE = frozenset({404, 410})
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends with one client; a try that failed begins again from the file's first byte.

    The same bytes under the same random name may be put any number of times (RFC 9110, 9.2.2), so every cut may be
    followed by another try.
    """

    client: httpx.Client
    pauses_s: tuple[float, ...] = PAUSES_S
    sleep: Callable[[float], None] = time.sleep
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    advice: str = ""
    """What helps where the peer refuses; "": what to look for in [publish]."""

    def put(self, url: str, path: Path, progress: Progress) -> None:
        """Upload the file. Raises `PublishDenied`, `PublishFailed`, `StorageError`, and what `progress` raises."""
        size, tell = size_of(path), never_falling(progress)

        def attempt() -> None:
            headers = {"Content-Length": str(size), "Content-Type": content_type(path.name), **self.headers}
            with translated(UPLOADING, url):
                response = self.client.put(url, content=blocks(path, size, tell), headers=headers)
            if not response.is_success:
                raise refusal(response, UPLOADING, self.advice)

        tell(0.0)
        persist(attempt, self.pauses_s, self.sleep)

    def delete(self, url: str) -> None:
        """Delete what is there; nothing there is fine. Raises `PublishDenied` or `PublishFailed`."""

        def attempt() -> None:
            with translated(WITHDRAWING, url):
                response = self.client.delete(url, headers=dict(self.headers))
            if not response.is_success and response.status_code not in _GONE:
                raise refusal(response, WITHDRAWING, self.advice)

        persist(attempt, self.pauses_s, self.sleep)


def persist(attempt: Callable[[], _T], pauses_s: tuple[float, ...], sleep: Callable[[float], None]) -> _T:
    """Return what `attempt` returns, beginning again after each pause while it raises `PublishFailed`."""
    for pause in pauses_s:
        try:
            return attempt()
        except PublishFailed:
            sleep(pause)
    return attempt()
