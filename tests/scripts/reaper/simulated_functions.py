"""The part of the ReaScript interface that works on projects, for simulated_reaper.py: real WAV files, no sound."""
# ruff: noqa: N802 - the functions are called as in REAPER

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np

from bridge.audio.bwf import Metadata
from bridge.audio.quantise import to_24_bit
from bridge.audio.stemfile import wav_stem
from bridge.audio.wavheader import WavFormat
from bridge.units import Frames, Hz
from tests.scripts.reaper.simulated_project import AudioFile, Item, Project, Take, Track, open_audio


class Misuse(AssertionError):
    """A script did what the real REAPER would not take, or would answer with a dialog."""


def bext(time_reference: int) -> bytes:
    """A bext chunk that says no more than where its file begins (EBU Tech 3285)."""
    content = bytearray(602)
    content[338:346] = time_reference.to_bytes(8, "little")
    return bytes(content)


def write_wav(path: Path, frames: int, rate: int, metadata: Metadata) -> None:
    form = WavFormat(Hz(rate), 2, 24, float_samples=False)
    with wav_stem(path, form, Frames(frames), metadata, to_24_bit) as write:
        write(np.full((frames, 2), 0.25, np.float32))


class ProjectFunctions:
    """What SimulatedReaper inherits."""

    tabs: list[Project]
    front: Project
    selected: list[Item]
    playing: int
    refresh: int
    render_part: float
    sources: list[AudioFile]

    def _project(self, project: Any) -> Project:
        if project in (0, None):
            return self.front
        if project not in self.tabs:
            raise Misuse("this project is closed")
        return project  # type: ignore[no-any-return]

    # ---- the project

    def EnumProjects(self, index: int) -> tuple[Project, str] | None:
        if index == -1:
            return self.front, self.front.path
        return (self.tabs[index], self.tabs[index].path) if index < len(self.tabs) else None

    def GetPlayState(self) -> int:
        return self.playing

    def GetProjectLength(self, project: Any) -> float:
        return self._project(project).length_s

    def GetProjectTimeOffset(self, project: Any, frame: bool) -> float:
        return self._project(project).offset_s

    def GetSet_LoopTimeRange2(
        self, project: Any, is_set: bool, loop: bool, start: float, stop: float, seek: bool
    ) -> tuple[float, float]:
        if is_set:
            raise Misuse("the time selection is the musician's")
        return self._project(project).selection

    def EnumProjectMarkers3(self, project: Any, index: int) -> tuple[int, bool, float, float, str, int, int]:
        markers = self._project(project).markers
        if index >= len(markers):
            return 0, False, 0.0, 0.0, "", 0, 0
        name, position = markers[index]
        return index + 1, False, position, 0.0, name, index, 0

    def Undo_BeginBlock2(self, project: Any) -> None:
        self._project(project).undo_depth += 1

    def Undo_EndBlock2(self, project: Any, text: str, flags: int) -> None:
        found = self._project(project)
        found.undo_depth -= 1
        if found.undo_depth < 0:
            raise Misuse("an undo block ends that never began")
        if flags != 0:
            found.step(text)

    def Undo_CanUndo2(self, project: Any) -> str | None:
        found = self._project(project)
        return found.history[found.at][0] if found.at > 0 else None

    def Undo_CanRedo2(self, project: Any) -> str | None:
        found = self._project(project)
        return found.history[found.at + 1][0] if found.at + 1 < len(found.history) else None

    def GetProjectStateChangeCount(self, project: Any) -> int:
        return self._project(project).changes

    def PreventUIRefresh(self, by: int) -> None:
        self.refresh += by

    def UpdateArrange(self) -> None:
        pass

    def TrackList_AdjustWindows(self, minor: bool) -> None:
        pass

    # ---- tracks and items

    def _track(self, track: Any) -> Track:
        if not any(track in project.tracks for project in self.tabs):
            raise Misuse("this is no track, or it was deleted")
        return track  # type: ignore[no-any-return]

    def CountTracks(self, project: Any) -> int:
        return len(self._project(project).tracks)

    def GetTrack(self, project: Any, index: int) -> Track | None:
        tracks = self._project(project).tracks
        return tracks[index] if 0 <= index < len(tracks) else None

    def InsertTrackAtIndex(self, index: int, defaults: bool) -> None:
        # It knows no project: it is always the one in front. Beyond the end means at the end.
        self.front.tracks.insert(index, Track(with_defaults=defaults))

    def DeleteTrack(self, track: Any) -> None:
        self._track(track)
        for project in self.tabs:
            if track in project.tracks:
                project.tracks.remove(track)

    def GetTrackGUID(self, track: Any) -> str:
        return self._track(track).guid

    def GetMediaTrackInfo_Value(self, track: Any, name: str) -> float:
        return self._track(track).values[name]

    def SetMediaTrackInfo_Value(self, track: Any, name: str, value: float) -> bool:
        if name not in self._track(track).values:
            raise Misuse(f"a track has no {name}")
        track.values[name] = float(value)
        return True

    def GetSetMediaTrackInfo_String(self, track: Any, name: str, text: str, is_set: bool) -> tuple[bool, str]:
        if name != "P_NAME":
            raise Misuse(f"a track has no {name}")
        if is_set:
            self._track(track).name = text
        return True, self._track(track).name

    def ColorToNative(self, red: int, green: int, blue: int) -> int:
        return red | green << 8 | blue << 16

    def SetTrackColor(self, track: Any, colour: int) -> None:
        self._track(track).colour = colour

    def CountMediaItems(self, project: Any) -> int:
        return sum(len(track.items) for track in self._project(project).tracks)

    def GetMediaItem(self, project: Any, index: int) -> Item:
        return [item for track in self._project(project).tracks for item in track.items][index]

    def CountSelectedMediaItems(self, project: Any) -> int:
        return len(self.selected)

    def GetSelectedMediaItem(self, project: Any, index: int) -> Item:
        return self.selected[index]

    def AddMediaItemToTrack(self, track: Any) -> Item:
        item = Item()
        self._track(track).items.append(item)
        return item

    def GetMediaItemInfo_Value(self, item: Item, name: str) -> float:
        return item.values[name]

    def SetMediaItemInfo_Value(self, item: Item, name: str, value: float) -> bool:
        if name not in item.values:
            raise Misuse(f"an item has no {name}")
        item.values[name] = float(value)
        return True

    def GetSetMediaItemInfo_String(self, item: Item, name: str, text: str, is_set: bool) -> tuple[bool, str]:
        if name != "GUID" or is_set:
            raise Misuse("only the GUID is read")
        return True, item.guid

    def GetActiveTake(self, item: Item) -> Take | None:
        return item.takes[-1] if item.takes else None

    def GetTakeName(self, take: Take) -> str:
        return take.name

    def AddTakeToMediaItem(self, item: Item) -> Take:
        item.takes.append(Take())
        return item.takes[-1]

    def GetSetMediaItemTakeInfo_String(self, take: Take, name: str, text: str, is_set: bool) -> tuple[bool, str]:
        if name != "P_NAME":
            raise Misuse(f"a take has no {name}")
        take.name = text if is_set else take.name
        return True, take.name

    # ---- media

    def PCM_Source_CreateFromFile(self, path: str) -> AudioFile | None:
        source = open_audio(path)
        if source is not None:
            self.sources.append(source)
        return source

    def PCM_Source_Destroy(self, source: AudioFile) -> None:
        if not isinstance(source, AudioFile) or source.destroyed or source.attached:
            raise Misuse("this source is not ours to free: REAPER would crash")
        source.destroyed = True

    def GetMediaSourceLength(self, source: AudioFile) -> tuple[float, bool]:
        if not isinstance(source, AudioFile) or source.destroyed:
            raise Misuse("this is no source: REAPER would crash")
        return source.length_s, False

    def SetMediaItemTake_Source(self, take: Take, source: AudioFile) -> bool:
        if source.attached or source.destroyed:
            raise Misuse("this source belongs to another take: REAPER would crash")
        take.source, source.attached = source, True
        return True

    # ---- rendering

    def GetSetProjectInfo(self, project: Any, name: str, value: float, is_set: bool) -> float:
        found = self._project(project)
        if name in {"RENDER_STARTPOS", "RENDER_ENDPOS"} and found.numbers["RENDER_BOUNDSFLAG"] != 0:
            return 0.0
        if is_set:
            if name not in found.numbers:
                raise Misuse(f"a project has no {name}")
            found.numbers[name] = float(value)
        return found.numbers[name]

    def GetSetProjectInfo_String(self, project: Any, name: str, text: str, is_set: bool) -> tuple[bool, str]:
        found = self._project(project)
        if name == "RENDER_TARGETS":
            return True, ";".join(str(path) for path in self._targets(found))
        if is_set:
            found.texts[name] = text
        return True, found.texts[name]

    def _targets(self, project: Project) -> list[Path]:
        # No file of a render is hidden, whatever its pattern begins with; a folder may be.
        path = Path(project.texts["RENDER_FILE"]) / (project.texts["RENDER_PATTERN"].lstrip(".") + ".wav")
        return [path] if project.texts["RENDER_FORMAT2"] == "" else [path, path.with_suffix(".mp3")]

    def _render(self) -> None:
        project, numbers = self.front, self.front.numbers
        [target] = self._targets(project)
        if target.exists():
            raise Misuse("REAPER asks whether to overwrite the file")
        if not target.parent.is_dir():
            return
        config = base64.b64decode(project.texts["RENDER_FORMAT"])
        assert config[:5] == b"evaw\x18", "not 24-bit WAV"
        if int(numbers["RENDER_SETTINGS"]) & 32:
            assert numbers["RENDER_BOUNDSFLAG"] == 4
            [item] = self.selected
            start, length = item.values["D_POSITION"], item.values["D_LENGTH"]
        else:
            assert numbers["RENDER_BOUNDSFLAG"] == 0
            start, length = numbers["RENDER_STARTPOS"], numbers["RENDER_ENDPOS"] - numbers["RENDER_STARTPOS"]
        rate = int(numbers["RENDER_SRATE"]) or project.rate
        wants_bext = int(numbers["RENDER_SETTINGS"]) & 512 and not config[5] & 1
        metadata = Metadata(bext(round((start + project.offset_s) * rate))) if wants_bext else Metadata()
        write_wav(target, round(length * rate * self.render_part), rate, metadata)
