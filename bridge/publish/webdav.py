"""Publishing by HTTP PUT: WebDAV (Nextcloud, ownCloud, nginx, Apache), or anything else that takes a PUT."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bridge.errors import PublishDenied, PublishError, PublisherUnavailable
from bridge.publish.http import HttpOptions, open_client
from bridge.publish.names import expiry, found_in, unguessable
from bridge.publish.publisher import Published
from bridge.publish.sending import PAUSES_S, Sender
from bridge.units import Progress, no_progress

NAME = "webdav"

_MULTI_STATUS = 207
_LISTING_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class WebDav:
    """A folder on a web server. It must let anyone who knows a file's name fetch it, and nobody list it.

    With a `user` the secret is a password (RFC 7617), without one it is a bearer token (RFC 6750).
    """

    url: str
    """The folder to upload into, which must be there; "{name}" stands for the file, or it is put at the end."""
    public_url: str = ""
    """Where the same file is fetched from, written in the same way. "": as `url`."""
    user: str = ""
    secret: str = field(default="", repr=False)
    http: HttpOptions = field(default_factory=HttpOptions)
    pauses_s: tuple[float, ...] = PAUSES_S
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    name: str = NAME

    def publish(self, path: Path, name: str, lifetime_s: int, progress: Progress = no_progress) -> Published:
        """Upload under a random name. A web server forgets nothing by itself: `withdraw` does, or a later `publish`."""
        published = unguessable(name, int(self.now()) + lifetime_s)
        address = _below(self.url, published)
        with open_client(self.http, self._auth()) as client:
            self._sweep(client)
            try:
                Sender(client, self.pauses_s, self.sleep).put(address, path, progress)
            except PublishDenied:
                raise  # The server took nothing: there is nothing of ours to delete.
            except BaseException:
                # Cut off or cancelled half-way: some servers keep what had arrived.
                with contextlib.suppress(PublishError):
                    Sender(client, ()).delete(address)
                raise
        return Published(_below(self.public_url or self.url, published), published)

    def withdraw(self, handle: str) -> None:
        """Delete the file. Raises `PublishDenied` where the handle is not the name of a file that we published."""
        if expiry(handle) is None:
            raise PublishDenied(f"Not deleting {handle!r}: it is not the name of a file that Stembridge published.")
        with open_client(self.http, self._auth()) as client:
            Sender(client, self.pauses_s, self.sleep).delete(_below(self.url, handle))

    def _sweep(self, client: httpx.Client) -> None:
        """Delete what a bridge that was killed could not, where the server can list its folder (RFC 4918, 9.1)."""
        if "{name}" in self.url:
            return
        folder, depth = f"{self.url.rstrip('/')}/", {"Depth": "1"}
        try:
            with client.stream("PROPFIND", folder, headers=depth, timeout=self.http.connect_s) as response:
                found = response.status_code == _MULTI_STATUS
                listed = next(response.iter_bytes(_LISTING_BYTES), b"") if found else b""
        except (httpx.RequestError, httpx.InvalidURL):
            return  # The upload will meet the same and say so.
        for name in found_in(listed.decode("utf-8", "replace")):
            if (expiry(name) or 0) < self.now():
                with contextlib.suppress(PublishError):
                    Sender(client, ()).delete(_below(self.url, name))

    def _auth(self) -> httpx.Auth | None:
        if self.user:
            return httpx.BasicAuth(self.user, self.secret)
        return _Bearer(self.secret) if self.secret else None


class _Bearer(httpx.Auth):
    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def _below(folder: str, name: str) -> str:
    """Return the address of a file. Raises `PublisherUnavailable` where its path would not end in the file's name.

    A "?" or "#" in `url` would hide the name from the server, and a DELETE would mean the folder.
    """
    address = folder.replace("{name}", name) if "{name}" in folder else f"{folder.rstrip('/')}/{name}"
    if "?" in address or "#" in address or not address.endswith(f"/{name}"):
        raise PublisherUnavailable(
            f"{folder!r} in [publish] cannot be used: the address of each file must end in the file's name.",
            advice='Write it without "?" and "#" ("%23" is a # in a name), with "{name}" only at its end.',
        )
    return address
