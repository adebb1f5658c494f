"""The one list of publishers, and the choice among them. Cheap to import: a publisher is loaded when it is chosen."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bridge.errors import PublisherUnavailable
from bridge.protocol.paths import PUBLIC_BASE_URL
from bridge.web.listening import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.publish.http import HttpOptions
    from bridge.publish.publisher import Publisher

log = logging.getLogger(__name__)

AUTO: Final = "auto"
"""The name that leaves the choice to `choose`."""

OBJECT_STORE: Final = "object_store"
WEBDAV: Final = "webdav"
OWN_URL: Final = "own_url"
OWN_SERVER: Final = "own_server"

_BUCKETS = ("s3://", "gs://", "az://")


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """What the composition root knows about publishing."""

    folder: Path
    """For what is served by the bridge itself: a folder in the state folder that nothing else uses."""
    method: str = AUTO
    url: str = ""
    public_url: str = ""
    user: str = ""
    secret: str = field(default="", repr=False)
    endpoint: str = ""
    region: str = ""
    listen: str = "127.0.0.1:9126"
    """Where the bridge itself serves: "host:port", an IPv6 address in brackets."""
    check: bool = True
    """Fetch one byte of each published URL before it is used."""
    base_url: str = PUBLIC_BASE_URL
    api_key: str = field(default="", repr=False)
    proxy: str = ""
    ca_file: Path | None = None


def publisher(options: PublishOptions) -> Publisher:
    """Return the configured publisher. Raises `PublisherUnavailable` with what to install or to configure."""
    chosen = choose(options)
    log.debug("publishing by %s (method = %s)", chosen, options.method)
    if chosen not in _BUILDERS:
        raise PublisherUnavailable(f'"{chosen}" is no way to publish that Stembridge knows.', advice=_WAYS)
    from bridge.publish.http import HttpOptions
    from bridge.publish.reach import Checked

    http = HttpOptions(proxy=options.proxy, ca_file=options.ca_file)
    built = _BUILDERS[chosen](options, http)
    # Our own server gives out what it was given: there is no address of the user's that could be wrong.
    return Checked(built, http) if options.check and chosen != OWN_SERVER else built


def choose(options: PublishOptions) -> str:
    """Return the method's name; "auto" tells it from what is configured. Raises `PublisherUnavailable`."""
    if options.method != AUTO:
        return options.method
    if options.url.startswith(_BUCKETS):
        return OBJECT_STORE
    if options.url:
        return WEBDAV
    if options.public_url:
        return OWN_URL
    if options.base_url.rstrip("/") != PUBLIC_BASE_URL:
        return OWN_SERVER
    raise PublisherUnavailable(
        "The separation service cannot reach your bounce: nothing in [publish] says how.", advice=_WAYS
    )


def _object_store(options: PublishOptions, http: HttpOptions) -> Publisher:
    from bridge.publish.object_store import ObjectStore

    _require(options.url, 'url, such as "s3://bucket/folder"')
    return ObjectStore(options.url, options.endpoint, options.region, options.user, options.secret, http=http)


def _webdav(options: PublishOptions, http: HttpOptions) -> Publisher:
    from bridge.publish.webdav import WebDav

    _require(options.url, "url, the folder to upload into")
    return WebDav(options.url, options.public_url, options.user, options.secret, http)


def _own_url(options: PublishOptions, _http: HttpOptions) -> Publisher:
    from bridge.publish.own_url import OwnUrl

    _require(options.public_url, "public_url, where your tunnel or reverse proxy shows the bridge")
    host, _, port = options.listen.rpartition(":")
    return OwnUrl(options.folder, options.public_url, Address(host.strip("[]"), int(port)))


def _own_server(options: PublishOptions, http: HttpOptions) -> Publisher:
    from bridge.publish.own_server import OwnServer

    if options.base_url.rstrip("/") == PUBLIC_BASE_URL:
        raise PublisherUnavailable("The public service takes no uploads.", advice=_WAYS)
    return OwnServer(options.base_url.rstrip("/"), options.api_key, http)


_BUILDERS: Mapping[str, Callable[[PublishOptions, HttpOptions], Publisher]] = {
    OBJECT_STORE: _object_store,
    WEBDAV: _webdav,
    OWN_URL: _own_url,
    OWN_SERVER: _own_server,
}

METHODS: Final = (AUTO, *_BUILDERS)
"""What `method` in [publish] may be."""

_WAYS = (
    "Set `url` in [publish] to a bucket (s3://, gs://, az://) or to a WebDAV folder, or `public_url` to where your "
    "tunnel or reverse proxy shows the bridge; or name a Stembridge server in [api] base_url."
)


def _require(value: str, what: str) -> None:
    if not value:
        raise PublisherUnavailable(f"[publish] lacks {what}.", advice=_WAYS)
