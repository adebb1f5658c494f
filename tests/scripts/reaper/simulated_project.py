"""What a REAPER project holds, as far as our scripts touch it; for simulated_reaper.py."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path

import soundfile


def guid() -> str:
    return "{" + str(uuid.uuid4()).upper() + "}"


@dataclass(eq=False)
class AudioFile:
    """A PCM_source."""

    path: Path
    length_s: float
    destroyed: bool = False
    attached: bool = False


def open_audio(path: str) -> AudioFile | None:
    """None where REAPER gives no source: the file is missing, or no audio."""
    try:
        info = soundfile.info(path)
    except (OSError, soundfile.LibsndfileError):
        return None
    return AudioFile(Path(path), info.frames / info.samplerate)


@dataclass(eq=False)
class Take:
    name: str = ""
    source: AudioFile | None = None


@dataclass(eq=False)
class Item:
    values: dict[str, float] = field(
        default_factory=lambda: {
            "D_POSITION": 0.0, "D_LENGTH": 0.0, "B_MUTE": 0.0, "B_LOOPSRC": 1.0, "B_UISEL": 0.0,
            "D_FADEINLEN": 0.01, "D_FADEOUTLEN": 0.01, "D_FADEINLEN_AUTO": -1.0, "D_FADEOUTLEN_AUTO": -1.0,
        }
    )  # fmt: skip
    takes: list[Take] = field(default_factory=list)
    guid: str = field(default_factory=guid)


@dataclass(eq=False)
class Track:
    name: str = ""
    values: dict[str, float] = field(default_factory=lambda: {"B_MUTE": 0.0, "I_FOLDERDEPTH": 0.0, "I_SELECTED": 0.0})
    colour: int = 0
    items: list[Item] = field(default_factory=list)
    guid: str = field(default_factory=guid)
    with_defaults: bool = False


@dataclass(eq=False, repr=False)
class Project:
    """One project tab. `path` is "" until it is saved."""

    path: str = ""
    rate: int = 48_000
    offset_s: float = 0.0
    length_s: float = 0.0
    selection: tuple[float, float] = (0.0, 0.0)
    markers: list[tuple[str, float]] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    ext: dict[str, str] = field(default_factory=dict)
    dirty: bool = False
    changes: int = 0
    undo_depth: int = 0
    history: list[tuple[str, dict[str, str], list[Track]]] = field(default_factory=lambda: [("", {}, [])])
    at: int = 0
    numbers: dict[str, float] = field(
        default_factory=lambda: {
            "RENDER_SETTINGS": 3.0, "RENDER_BOUNDSFLAG": 1.0, "RENDER_STARTPOS": 7.0, "RENDER_ENDPOS": 9.0,
            "RENDER_CHANNELS": 1.0, "RENDER_SRATE": 44_100.0, "RENDER_TAILFLAG": 2.0, "RENDER_ADDTOPROJ": 1.0,
            "RENDER_NORMALIZE": 1.0,
        }
    )  # fmt: skip
    texts: dict[str, str] = field(
        default_factory=lambda: {
            "RENDER_FILE": "Mixes", "RENDER_PATTERN": "$project", "RENDER_FORMAT": "l3pm", "RENDER_FORMAT2": "evaw",
        }
    )  # fmt: skip

    def add_item(self, position: float, length: float, name: str) -> Item:
        item = Item(takes=[Take(name)])
        item.values.update({"D_POSITION": position, "D_LENGTH": length})
        track = Track("Guitar", items=[item])
        self.tracks.append(track)
        self.length_s = max(self.length_s, position + length)
        return item

    @property
    def undo_points(self) -> list[str]:
        return [text for text, _, _ in self.history[1 : self.at + 1]]

    def step(self, text: str) -> None:
        """Make what is there now an undo point: the musician's, or the one of a script."""
        self.history[self.at + 1 :] = [(text, dict(self.ext), list(self.tracks))]
        self.at += 1
        self.changes += 1

    def undo(self) -> None:
        """Put back what was there at the last undo point. As REAPER may, this includes what scripts keep."""
        self.at -= 1
        _, ext, tracks = self.history[self.at]
        self.ext, self.tracks = dict(ext), list(tracks)
        self.changes += 1

    def open_again(self, path: str, ext: dict[str, str], changes: int) -> None:
        """Be a project that was opened in the same tab and got the same pointer."""
        self.path, self.ext, self.tracks, self.changes = path, dict(ext), [], changes
        self.history, self.at = [("", dict(ext), [])], 0

    def outline(self) -> list[tuple[int, str]]:
        """Every track with the number of folders that it lies in."""
        rows, depth = [], 0
        for track in self.tracks:
            rows.append((depth, track.name))
            depth = max(0, depth + int(track.values["I_FOLDERDEPTH"]))
        return rows
