"""How stems are to be delivered, and what is said about them afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.errors import UsageError
from bridge.units import Depth, ListeningCopy, NormaliseMode, StemFormat


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """The `[normalise]` part of the configuration.

    `peak_dbtp` is the ceiling no stem may pass (modes `song` and `stem`); `lufs` the loudness to aim at, or None;
    `rate` 0 keeps the bounce's. Raises `UsageError` for FLAC with float samples, which does not exist.
    """

    mode: NormaliseMode = "song"
    peak_dbtp: float = -1.0
    lufs: float | None = None
    format: StemFormat = "wav"
    depth: Depth = "24"
    rate: int = 0
    listening_copy: ListeningCopy = ""

    def __post_init__(self) -> None:
        if self.format == "flac" and self.depth == "32f":
            raise UsageError("FLAC has no 32-bit float samples.", advice='Choose depth "24", or format "wav".')

    @property
    def bits(self) -> int:
        """How many bits a sample has."""
        return int(self.depth.removesuffix("f"))

    @property
    def described(self) -> str:
        """The format as receipts say it: "wav 24", "wav 32f", "flac 16"."""
        return f"{self.format} {self.depth}"


@dataclass(frozen=True, slots=True)
class StemReport:
    """One delivered stem.

    `peak_dbtp` and `lufs` are the file's, after rounding, dither and clipping; None where there is nothing to measure.
    `silent` is what the engine gave.
    """

    name: str
    file: str
    sample_rate: int
    frames: int
    channels: int
    format: str
    gain_db: float
    peak_dbtp: float | None
    lufs: float | None
    silent: bool
    listening_copy: str = ""


@dataclass(frozen=True, slots=True)
class RenderReport:
    """What normalising did.

    `gain_db` is the gain common to all stems (0 in the modes `stem` and `none`). `null_depth_db` is the energy of
    mix - sum of stems relative to the mix's: the stems as they are in the files, each with its own gain taken back, and
    the mix at their rate. None where the stems sum to the mix exactly, or are not all of it, or the mix is silent.
    `notes` are sentences for the musician.
    """

    gain_db: float
    null_depth_db: float | None
    stems: tuple[StemReport, ...]
    notes: tuple[str, ...] = ()
