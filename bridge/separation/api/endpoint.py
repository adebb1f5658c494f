"""The address of the service, its key, and the timeouts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bridge.errors import ConfigError
from bridge.protocol.paths import PUBLIC_BASE_URL


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Of each phase of one request, in seconds; `whole_s` bounds a whole answer, but not a download."""

    connect_s: float = 10.0
    write_s: float = 30.0
    read_s: float = 60.0
    pool_s: float = 30.0
    whole_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One service and the key to it. Never shows the key.

    `proxy` is a URL, "" for none, None for the environment's (HTTPS_PROXY and so on). `ca` is a PEM file of
    certificates to trust besides the usual ones. Raises `ConfigError` for a base URL or key that cannot be sent.
    """

    base_url: str = PUBLIC_BASE_URL
    key: str = field(default="", repr=False)
    proxy: str | None = field(default=None, repr=False)
    ca: Path | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))
        _check_url(self.base_url)
        # The library would show the key in its own error.
        if not self.key or not self.key.isascii() or not self.key.isprintable() or " " in self.key:
            raise ConfigError(
                "The API key is missing, or has characters that a key cannot have.",
                advice="Set STEMBRIDGE_API_KEY, put it into the keyring, or write [api] key.",
            )

    @property
    def public(self) -> bool:
        """Whether this is the public service, which is known not to be our own server."""
        return urlsplit(self.base_url).hostname == urlsplit(PUBLIC_BASE_URL).hostname


def _check_url(base_url: str) -> None:
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigError(
            "[api] base_url is not the address of a service.", advice='Write it like "https://separate.example.org".'
        )
