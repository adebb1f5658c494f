"""Who is asking, and whether they may."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from bridge.protocol.codes import Code
from bridge.protocol.paths import KEY_HEADER, KEY_HEADER_ALIAS
from bridge.server.rate import Rates
from bridge.server.refused import Refused
from bridge.server.tables.keys import Key, Keys, KeyState

_REFUSALS = {
    KeyState.DISABLED: Code.NOT_ENABLED,
    KeyState.SUSPENDED: Code.SUSPENDED,
    KeyState.REVOKED: Code.INVALID_KEY,
}


class Authenticator:
    """Stands before every call that needs a key."""

    def __init__(self, keys: Keys, rates: Rates, monotonic: Callable[[], float]) -> None:
        self._keys = keys
        self._rates = rates
        self._monotonic = monotonic

    def admit(self, headers: Mapping[str, str]) -> Key:
        """Return whose call this is. Raises `Refused` with 101002, 101005, 101006 or 101003."""
        sent = headers.get(KEY_HEADER) or headers.get(KEY_HEADER_ALIAS) or ""
        key = self._keys.find(sent) if sent else None
        if key is None:
            raise Refused(Code.INVALID_KEY)
        if key.state in _REFUSALS:
            raise Refused(_REFUSALS[key.state])
        wait_s = self._rates.wait_s(key.number, self._monotonic())
        if wait_s:
            raise Refused(Code.RATE_LIMITED, retry_after_s=math.ceil(wait_s))
        return key
