"""What a door asks for: everything about a job that its bounce does not say itself."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.units import Depth, ListeningCopy, NormaliseMode, ProjectKind, Rebounce, StemFormat


@dataclass(frozen=True, slots=True)
class JobSpec:
    """The choices of one job, frozen when it is accepted: a later change of the configuration does not alter them."""

    output: Path
    """The folder that holds the songs' folders."""
    model: int = 501
    engine: str = "preview"
    """The name of one engine; "auto" has been resolved before."""
    preset: str = ""
    """The preset these choices came from, for messages."""
    mode: NormaliseMode = "song"
    peak_dbtp: float = -1.0
    """No stem passes this true peak, in dBTP (not for mode "none")."""
    lufs: float | None = None
    """The loudness to aim at; None leaves the level and only keeps the ceiling."""
    format: StemFormat = "wav"
    depth: Depth = "24"
    rate: int = 0
    """The sample rate of the stems in Hz; 0 keeps the bounce's own."""
    listening_copy: ListeningCopy = ""
    """Also deliver each stem as a compressed file of this kind."""
    template: str = "{song} - {stem}"
    rebounce: Rebounce = "take"
    projects: tuple[ProjectKind, ...] = ()
    """The project files that the delivery carries for DAWs to open."""
    failover: bool = False
    """Let a local engine take over where the service will not do it and nothing is paid."""
    trim_silence: bool = False
    """Do not send the silence at the end to a service that bills by the minute; it is put back into the stems."""
    force: bool = False
    """Separate again even where stems of the same audio and model are kept."""

    def to_json(self) -> str:
        """Return the spec as one line of JSON."""
        return json.dumps({**dataclasses.asdict(self), "output": str(self.output)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> JobSpec:
        """Read what `to_json` wrote; keys of a newer version are passed over."""
        row: dict[str, Any] = json.loads(text)
        known = {field.name for field in dataclasses.fields(cls)}
        kept = {key: value for key, value in row.items() if key in known}
        return cls(**{**kept, "output": Path(row["output"]), "projects": tuple(row.get("projects", ()))})
