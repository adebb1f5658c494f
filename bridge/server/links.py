"""Links that anyone who has them may use for a while: for a PUT of an upload, for a GET of an upload, stem or zip."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

from bridge.protocol.paths import OURS
from bridge.publish.signing import sign, verify

UPLOADS, RESULTS = "uploads", "results"

UPLOAD_NAME = re.compile(r"[0-9a-f]{32}(\.[a-z0-9]{1,5})?", re.ASCII)
RESULT_NAME = re.compile(r"[0-9a-f]{32}/[a-z_]{1,40}\.wav", re.ASCII)
ZIP_NAME = re.compile(r"[0-9a-f]{32}\.zip", re.ASCII)
_ENDING = re.compile(r"\.[a-z0-9]{1,5}\Z", re.ASCII)
_EXPIRY = re.compile(r"\d{1,12}", re.ASCII)


class Links:
    """Makes links and tells its own from others. A name is that of a stored file, or "results/<task>.zip"."""

    def __init__(self, secret: bytes, lifetime_s: int, clock: Callable[[], float]) -> None:
        self._secret = secret
        self._clock = clock
        self.lifetime_s = lifetime_s

    def get(self, base: str, name: str) -> str:
        """Return the URL that gives a file; `base` is how this server is reached."""
        return self._link(base, "GET", name, {})

    def put(self, base: str, name: str, size: int) -> str:
        """Return the URL that takes a file of exactly `size` bytes."""
        return self._link(base, f"PUT {size}", name, {"size": str(size)})

    def may_get(self, name: str, query: Mapping[str, str]) -> bool:
        """Say whether a query string proves the right to read a file now."""
        return self._proves("GET", name, query, self._clock())

    def may_put(self, name: str, query: Mapping[str, str]) -> int | None:
        """Return how many bytes a query string proves the right to write now, None for no right."""
        size = query.get("size", "")
        if not _EXPIRY.fullmatch(size) or not self._proves(f"PUT {size}", name, query, self._clock()):
            return None
        return int(size)

    def own_upload(self, url: str) -> str | None:
        """Return the stored name of the upload that a URL of ours names, None for anybody else's URL.

        The signature alone makes it ours: the host may be a proxy's, and the time does not matter any more once the
        task was accepted.
        """
        path, query = urlsplit(url).path, urlsplit(url).query
        file = path.rpartition("/")[2]
        if not path.endswith(f"{OURS}{UPLOADS}/{file}") or not UPLOAD_NAME.fullmatch(file):
            return None
        fields = {key: values[0] for key, values in parse_qs(query).items()}
        name = f"{UPLOADS}/{file}"
        return name if self._proves("GET", name, fields, 0.0) else None

    def _link(self, base: str, act: str, name: str, fields: Mapping[str, str]) -> str:
        expires = int(self._clock()) + self.lifetime_s
        signature = sign(self._secret, act, name, expires)
        query = urlencode({**fields, "expires": str(expires), "signature": signature})
        return f"{base.rstrip('/')}{OURS}{name}?{query}"

    def _proves(self, act: str, name: str, query: Mapping[str, str], now: float) -> bool:
        expires = query.get("expires", "")
        if not _EXPIRY.fullmatch(expires):
            return False
        return verify(self._secret, act, name, int(expires), query.get("signature", ""), now)


def upload_name(digits: str, filename: str) -> str:
    """Return what an upload is called in storage: random digits, and of its own name the ending if that is plain."""
    ending = _ENDING.search(filename.lower())
    return f"{UPLOADS}/{digits}{ending[0] if ending else ''}"


def result_name(task: str, stem: str) -> str:
    """Return what a stem is called in storage."""
    return f"{RESULTS}/{task}/{stem}.wav"


def zip_name(task: str) -> str:
    """Return what the zip of a task's stems is called. It is never stored."""
    return f"{RESULTS}/{task}.zip"
