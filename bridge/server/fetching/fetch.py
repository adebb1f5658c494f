"""Fetch a stranger's URL into a file.

Every host is resolved once for each step of the way, every address of it is judged, and the connection goes to the
judged address itself: the name is never asked for again, so an answer that changes in between (DNS rebinding) changes
nothing. The host's name still goes into the Host header and into TLS, where the certificate is checked against it.
Redirects are followed by hand, each through the same judgement.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import httpx

from bridge.errors import BounceError, StembridgeError, StorageError
from bridge.media.completeness import recognise_path
from bridge.server.fetching.addresses import Allowed
from bridge.server.fetching.resolving import Resolve, resolved, system_resolve
from bridge.units import Progress, no_progress
from bridge.web.environment import require_usable

MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PIECE_BYTES = 256 * 1024
_SILENCE_S = 30.0
_PORTS = {"http": 80, "https": 443}


class FetchError(StembridgeError):
    """What `inputurl` names could not be fetched. Says nothing of our own network."""

    default_code = "input.failed"


class FetchForbidden(FetchError):
    """It leads to where nobody may be sent."""

    default_code = "input.forbidden"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how long."""

    size: int
    """Bytes."""
    time_s: float


class Fetcher:
    """Fetches within limits. One for all threads."""

    def __init__(self, allowed: Allowed, limits: Limits, *, resolve: Resolve = system_resolve) -> None:
        self._allowed = allowed
        self._limits = limits
        self._resolve = resolve
        require_usable(proxies=False)
        self._tls = httpx.create_ssl_context()

    async def fetch(self, url: str, target: Path, progress: Progress = no_progress) -> None:
        """Write what `url` gives to `target`.

        Raises `FetchForbidden`, `FetchError`, `BounceError` where it is too large or no medium, and `StorageError`.
        """
        timeout = httpx.Timeout(_SILENCE_S)
        try:
            # Time is limited as a whole: a peer that drips bytes is never silent.
            async with (
                asyncio.timeout(self._limits.time_s),
                httpx.AsyncClient(verify=self._tls, timeout=timeout, trust_env=False) as client,
            ):
                await self._follow(client, url, target, progress)
        except TimeoutError as error:
            raise FetchError(f"inputurl took longer than {self._limits.time_s:.0f} seconds.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchError(f"inputurl could not be fetched: {type(error).__name__}.") from error
        except OSError as error:
            raise StorageError.from_os(error, "keeping the fetched file") from error

    async def _follow(self, client: httpx.AsyncClient, url: str, target: Path, progress: Progress) -> None:
        here = httpx.URL(url)
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._get(client, here)
            try:
                if response.status_code not in _REDIRECTS:
                    await self._receive(response, target, progress)
                    return
                here = here.join(response.headers.get("Location", ""))
            finally:
                await response.aclose()
        raise FetchError(f"inputurl is redirected more than {MOST_REDIRECTS} times.")

    async def _get(self, client: httpx.AsyncClient, url: httpx.URL) -> httpx.Response:
        """Connect to a judged address of the URL's host and return the answer, its body not yet read."""
        if url.scheme not in _PORTS or not url.host:
            raise FetchForbidden("inputurl must be an http or https URL.")
        host = url.raw_host.decode("ascii")
        failure: httpx.TransportError | None = None
        for address in await self._judged(host, url.port or _PORTS[url.scheme]):
            request = client.build_request(
                "GET",
                url.copy_with(host=address),
                headers={"Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity", "Accept": "*/*"},
                extensions={"sni_hostname": host},
            )
            try:
                return await client.send(request, stream=True, follow_redirects=False)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or FetchForbidden("The host of inputurl has no address.")

    async def _judged(self, host: str, port: int) -> list[str]:
        try:
            addresses = await resolved(self._resolve, host, port)
        except OSError as error:
            raise FetchError("The host of inputurl cannot be found.") from error
        # One bad address condemns the host: an honest one has no reason to mix them.
        if not all(self._allowed.permits(host, address) for address in addresses):
            raise FetchForbidden("inputurl leads into a network that is not public.")
        return addresses

    async def _receive(self, response: httpx.Response, target: Path, progress: Progress) -> None:
        if response.status_code != httpx.codes.OK:
            raise FetchError(f"inputurl answers {response.status_code}.")
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isascii() and length.isdigit() else 0
        self._bound(total)
        done = 0
        with target.open("wb") as file:
            async for piece in response.aiter_raw(_PIECE_BYTES):
                done += len(piece)
                self._bound(done)
                file.write(piece)
                progress(min(1.0, done / total) if total else 0.0)
        require_media(target)

    def _bound(self, size: int) -> None:
        if size > self._limits.size:
            raise BounceError(f"inputurl gives more than {self._limits.size} bytes.", code="bounce.too_large")


def require_media(path: Path) -> None:
    """Raise `BounceError` where a file does not begin like audio or video.

    Above all a list of other files (HLS, DASH, concat, SDP) must not reach a decoder, which would follow it.
    """
    if recognise_path(path) is None:
        raise BounceError(
            "inputurl gives neither audio nor video.", code="bounce.no_audio", advice="Send a URL of the file itself."
        )
