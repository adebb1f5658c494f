"""What the engine is given, and what it gives back."""

from __future__ import annotations

import random as chance
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridge.separation.api.waiting import Random

LIFETIME_S: Final = 6 * 3600
"""For how long a mix is published; it is withdrawn as soon as the service is done with it."""

SHORTEST_LIFETIME_S: Final = 3600
LOWEST_LIMIT: Final = 64 << 20


def stem_limit(seconds: float) -> int:
    """Return how many bytes a stem of such a length may have: far more than the widest format of stereo needs."""
    return LOWEST_LIMIT + int(seconds * 192_000 * 2 * 4)


@dataclass(frozen=True, slots=True)
class ApiTask:
    """One mix to send.

    `id` names it among those of this process. `upload` is the file to publish, `name` what its URL may end in (nothing
    of the song: others log URLs), `minutes` the estimate. `folder` takes the results, and must keep them over a
    restart; `limit` bounds the bytes of one stem. Raises `ValueError` for a lifetime of less than an hour: the service
    may queue a task before it fetches the mix.
    """

    id: str
    model: int
    stems: tuple[str, ...]
    upload: Path
    name: str
    minutes: int
    folder: Path
    limit: int
    lifetime_s: int = LIFETIME_S
    frames: int = 0
    """How many frames of the mix the upload holds; 0 if that does not matter."""

    def __post_init__(self) -> None:
        if self.lifetime_s < SHORTEST_LIFETIME_S:
            raise ValueError(f"A mix must stay published for {SHORTEST_LIFETIME_S} seconds at least.")


@dataclass(frozen=True, slots=True)
class ApiResult:
    """The files as they came, by the safe names of the stems, and what the service bills in started minutes."""

    stems: dict[str, Path]
    minutes: int


@dataclass(frozen=True, slots=True)
class Clocks:
    """Time and chance: seconds since the epoch, a clock that never goes back, and numbers from 0 to 1."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    random: Random = chance.random
