"""Whose key a call carries, and whether that key may call now."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from bridge.protocol.codes import Code
from bridge.protocol.paths import KEY_HEADER, KEY_HEADER_ALIAS
from bridge.rate_limit import RateLimit
from bridge.server.refused import Refused
from bridge.server.tables.keys import Key, Keys, KeyState

_REFUSALS = {
    KeyState.DISABLED: Code.NOT_ENABLED,
    KeyState.SUSPENDED: Code.SUSPENDED,
    KeyState.REVOKED: Code.INVALID_KEY,
}


class Authenticator:
    """Checks the key of every call that needs one."""

    def __init__(self, keys: Keys, calls_per_minute: int, monotonic: Callable[[], float]) -> None:
        """`calls_per_minute` of one key, all of which may come at once; 0: as many as it likes."""
        self._keys = keys
        self._limit = RateLimit(calls_per_minute, calls_per_minute / 60, monotonic) if calls_per_minute else None

    def authenticate(self, headers: Mapping[str, str]) -> Key:
        """Return whose call this is. Raises `Refused` with 101002, 101005, 101006 or 101003."""
        sent = headers.get(KEY_HEADER) or headers.get(KEY_HEADER_ALIAS) or ""
        key = self._keys.find(sent) if sent else None
        if key is None:
            raise Refused(Code.INVALID_KEY)
        if key.state in _REFUSALS:
            raise Refused(_REFUSALS[key.state])
        wait_s = self._limit.wait_s(key.number) if self._limit else 0.0
        if wait_s:
            raise Refused(Code.RATE_LIMITED, retry_after_s=math.ceil(wait_s))
        return key
