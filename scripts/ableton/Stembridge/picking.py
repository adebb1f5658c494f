"""What the musician means: the selected clip, the last bounce, or a word written into a name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from .importing import RECEIPT
from .live import has

_AUDIO = (".wav", ".aif", ".aiff", ".flac", ".mp3", ".m4a", ".ogg")
_WORD = re.compile(r"(.*?)\s*!(stems|import)(?:\s+(\S+))?\s*", re.IGNORECASE | re.DOTALL)


class Nothing(Exception):
    """There is nothing to do it with. The message is a sentence."""


class Bounce(NamedTuple):
    """An audio file to separate."""

    path: Path
    begins: float | None
    """Where the file's first sample would stand in the Arrangement, in beats; None where no clip tells."""


class Wish(NamedTuple):
    """A word that was written behind a name."""

    named: Any
    """The clip or track."""
    is_clip: bool
    rest: str
    """The name without the word."""
    word: str
    """"stems" or "import"."""
    choice: str
    """A preset or model, or ""."""


def selected_clip(song: Any) -> Bounce:
    """Return the file of the clip in the Clip View; raises `Nothing`."""
    clip = song.view.detail_clip
    if clip is None:
        raise Nothing("Select an audio clip first.")
    if not clip.is_audio_clip:
        raise Nothing("The selected clip is MIDI: select an audio clip, or export it into the inbox.")
    path = Path(clip.file_path)
    if not path.is_file():
        raise Nothing(f"The selected clip's file {path} is not there.")
    return Bounce(path, begins(clip, song.tempo))


def begins(clip: Any, tempo: float) -> float | None:
    """Return the beat at which a clip's file begins, if the clip is one of the Arrangement.

    The clip may show only a part: its start marker is in beats where it is warped, in seconds where it is not.
    """
    if not (has(clip, "is_arrangement_clip") and clip.is_arrangement_clip):
        return None
    skipped = clip.start_marker if clip.warping else clip.start_marker * tempo / 60
    return float(clip.start_time - skipped)


def last_bounce(inbox: Path) -> Bounce:
    """Return the newest audio file in the inbox; raises `Nothing`."""
    try:
        files = [path for path in inbox.iterdir() if path.suffix.lower() in _AUDIO and path.name[0] != "."]
        return Bounce(max(files, key=lambda path: path.stat().st_mtime), None)
    except (OSError, ValueError):
        raise Nothing(f"There is no bounce in {inbox}.") from None


def last_delivery(stems: Path) -> Path:
    """Return the folder of the newest finished delivery; raises `Nothing`."""
    try:
        receipts = [path for depth in ("*", "*/*") for path in stems.glob(f"{depth}/{RECEIPT}")]
        seen = [path for path in receipts if not any(part[0] == "." for part in path.relative_to(stems).parts)]
        return max(seen, key=lambda path: path.stat().st_mtime).parent
    except (OSError, ValueError):
        raise Nothing(f"There are no finished stems in {stems}.") from None


def wish(song: Any) -> Wish | None:
    """Return what the musician has written into the name of the selected clip or track, if it is a word for us."""
    for named, is_clip in ((song.view.detail_clip, True), (song.view.selected_track, False)):
        if named is not None:
            found = _WORD.fullmatch(named.name)
            if found:
                return Wish(named, is_clip, found.group(1), found.group(2).lower(), found.group(3) or "")
    return None
