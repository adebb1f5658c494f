"""Started minutes, in which the service bills: the length divided by 60 s, rounded up, for each task.

1–60 s are one minute, 61–120 s two. The page speaks of whole seconds only; a fraction counts as the division says,
so that 60.4 s is two: whoever guards money assumes the dearer reading.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bridge.units import Frames, Hz


def started_minutes(seconds: float) -> int:
    """Return the billed minutes of a length in seconds; raise `ValueError` for a negative or endless one.

    >>> [started_minutes(seconds) for seconds in (1, 60, 60.4, 61, 120, 121)]
    [1, 1, 2, 2, 2, 3]
    """
    if not 0 <= seconds < math.inf:
        raise ValueError(f"A length of {seconds} seconds cannot be billed.")
    return math.ceil(seconds / 60)


def minutes_of(frames: Frames, rate: Hz) -> int:
    """Return the billed minutes of so many frames: exact, without a fraction that rounding could lift over a minute."""
    if frames < 0 or rate <= 0:
        raise ValueError(f"{frames} frames at {rate} Hz cannot be billed.")
    return -(-frames // (60 * rate))


@dataclass(frozen=True, slots=True)
class TrimHint:
    """What leaving out the silence at the end would save."""

    frames: Frames
    """How many frames to send: up to the end of the sound."""
    minutes: int
    saved: int


def trim_hint(frames: Frames, sounding: Frames, rate: Hz) -> TrimHint | None:
    """Return what sending only the first `sounding` frames of `frames` saves, None where it saves no started minute.

    At least one frame is sent, so a silent bounce costs one minute rather than none.
    """
    kept = Frames(min(max(sounding, 1), frames))
    trimmed = minutes_of(kept, rate)
    saved = minutes_of(frames, rate) - trimmed
    return TrimHint(kept, trimmed, saved) if saved > 0 else None
