"""What Live made of the stems. To be asked a tick later: until then Live tells of the warped clip that was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from .live import has
from .neutral import is_neutral
from .placing import Placed

_NEAR = 0.01
"""In beats and seconds: what counts as the same place."""
_CUT_S = 0.002
"""What may be missing of a stem's end."""
_GONE = (RuntimeError, TypeError)
"""Of what the musician has deleted meanwhile, and of what cannot be set; Boost has its own TypeError for the former."""
_ENDS = ("end_marker", "loop_end")
"""An unwarped clip has them in seconds. Live clamps them to the file, and the clip's right edge follows."""


def mend_ends(placed: list[Placed]) -> None:
    """Have each clip go on to the end of its file, where unwarping left it the end of the warped clip.

    Live tells only a tick later whether it did.
    """
    for clip in (each.clip for each in placed):
        with contextlib.suppress(*_GONE):
            for name in _wrong_ends(clip):
                setattr(clip, name, clip.sample_length / clip.sample_rate)


def complaints(placed: list[Placed]) -> str:
    """Return what the musician has to look at, in sentences; "" if all is as it should be."""
    said = [
        (_is_misplaced, "Live did not put {} where it belongs: look at its place and its Warp."),
        (_is_cut, "Live does not play {} to the end: drag the right edge of its clip as far as it goes."),
        (_is_coloured, "Live kept devices, volume or pan of your default audio track on {}: reset them by hand."),
    ]
    return " ".join(text.format(", ".join(names)) for wrong, text in said for names in [_those(placed, wrong)] if names)


def _those(placed: list[Placed], wrong: Callable[[Placed], bool]) -> list[str]:
    names = []
    for each in placed:
        with contextlib.suppress(*_GONE):
            if wrong(each):
                names.append(each.stem)
    return names


def _is_misplaced(placed: Placed) -> bool:
    clip = placed.clip
    elsewhere = placed.beats is not None and abs(clip.start_time - placed.beats) >= _NEAR
    return bool(clip.warping or abs(clip.start_marker) >= _NEAR or elsewhere)


def _is_cut(placed: Placed) -> bool:
    return bool(_wrong_ends(placed.clip))


def _is_coloured(placed: Placed) -> bool:
    return not is_neutral(placed.track)


def _wrong_ends(clip: Any) -> list[str]:
    if not all(has(clip, name) for name in ("sample_length", "sample_rate", *_ENDS)):
        return []
    end_s = clip.sample_length / clip.sample_rate
    return [name for name in _ENDS if abs(getattr(clip, name) - end_s) > _CUT_S]
