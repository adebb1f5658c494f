"""Who may talk to a door of this machine: the Host header, and a token."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from urllib.parse import urlsplit

from bridge.web.listening import is_loopback


def host_is_ours(header: str, names: Collection[str] = ()) -> bool:
    """Say whether a Host header names this machine: a loopback address, "localhost", or one of `names`.

    A page of a stranger can make its own name point to 127.0.0.1 (DNS rebinding) and then read our answers; but it
    cannot change what the browser sends as Host.

    >>> [host_is_ours(header) for header in ("127.0.0.1:9124", "[::1]", "localhost", "evil.example", "")]
    [True, True, True, False, False]
    """
    try:
        parts = urlsplit(f"//{header}")
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    plain = parts.netloc == header and "@" not in header
    return plain and (is_loopback(host) or host in {name.lower() for name in names})


def token_matches(sent: str, token: str) -> bool:
    """Compare a token that was sent with ours. Takes as long for a wrong one as for a right one; "" never matches."""
    return bool(token) and hmac.compare_digest(sent.encode("utf-8", "replace"), token.encode())
