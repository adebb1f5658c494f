"""An HTTP client that logs each exchange without its secrets."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

import httpx

from bridge.web.quiet import quiet_http_logs

log = logging.getLogger(__name__)

quiet_http_logs()  # they log whole URLs, which are secrets here, and at debug level the key as well

_NAME_THAT_GIVES_ACCESS = re.compile(r"[^/]{20,}")


class LoggingClient(httpx.Client):
    """`httpx.Client` that logs method, host, path, status and duration of each exchange at the level debug."""

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request. Raises what `httpx.Client.send` does."""
        started = time.monotonic()
        try:
            response = super().send(request, **options)
        except Exception as error:
            log.debug("%s: %s after %s", described(request), type(error).__name__, _elapsed(started))
            raise
        log.debug("%s: %d after %s", described(request), response.status_code, _elapsed(started))
        return response


def described(request: httpx.Request) -> str:
    """Return method, host and path of a request, without user, query and fragment.

    Long parts of the path are cut: a published bounce or a result is readable by whoever knows its random name.
    """
    path = _NAME_THAT_GIVES_ACCESS.sub(lambda part: f"{part[0][:4]}...", request.url.path)
    return f"{request.method} {request.url.netloc.decode('ascii', 'replace')}{path}"


def _elapsed(started: float) -> str:
    return f"{(time.monotonic() - started) * 1000:.0f} ms"
