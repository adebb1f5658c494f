"""Wait for files that another program holds open on Windows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

HELD: Final = frozenset({5, 32, 33})
"""Windows: access denied, sharing violation, lock violation. Each can mean that another program has the file open."""

_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8)

_T = TypeVar("_T")


def retry_while_held(action: Callable[[], _T], sleep: Callable[[float], None] = time.sleep) -> _T:
    """Run `action`, again for up to 1.5 s while Windows says that a program (virus scanner, DAW) holds the file."""
    for pause in _PAUSES_S:
        try:
            return action()
        except PermissionError as error:
            if getattr(error, "winerror", None) not in HELD:
                raise
        sleep(pause)
    return action()
