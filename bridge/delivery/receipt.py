"""The receipt `stems.json`: what a delivery is made of. A folder without it is not ready.

Schema 1. Readers must pass over fields they do not know; a field is never taken away or given another meaning
without a new schema number.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from bridge.errors import ReceiptUnreadable

RECEIPT_NAME: Final = "stems.json"
SCHEMA: Final = 1

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Source:
    """The bounce."""

    file: str
    sha256: str
    """Of the file's bytes, in lower-case hex."""
    sample_rate: int
    frames: int
    channels: int
    time_reference: int
    """Where the bounce begins on its project's time line, in samples at `sample_rate` (EBU Tech 3285); 0 if unknown."""
    tempo: float | None = None
    """In beats per minute, where the bounce says it; else the field is left out."""


@dataclass(frozen=True, slots=True)
class Model:
    """The model of the catalogue that was used."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Weights:
    """A file of weights that the engine used."""

    name: str
    sha256: str
    licence: str
    """As its author states it."""


@dataclass(frozen=True, slots=True)
class Normalise:
    """What was done to the levels."""

    mode: str
    gain_db: float | None
    """The common gain of mode "song": the stems sum to the bounce times it."""


@dataclass(frozen=True, slots=True)
class Stem:
    """One delivered stem."""

    name: str
    file: str
    """A name in the receipt's own folder."""
    sample_rate: int
    frames: int
    channels: int
    format: str
    """Container and sample format: "wav 24", "wav 32f", "flac 16"."""
    gain_db: float | None
    peak_dbtp: float | None
    """Of the file, as is `lufs`: after rounding, dither and clipping. Both are None for digital silence."""
    lufs: float | None
    silent: bool
    listening_copy: str = ""
    """The name of a compressed copy beside it; empty where none was asked for."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything an importer has to know about a take."""

    job: str
    song: str
    take: int
    created: str
    """ISO 8601, UTC, to the second."""
    source: Source
    engine: str
    model: Model
    normalise: Normalise
    null_depth_db: float | None
    """Level of (bounce - sum of stems) relative to the bounce, in dB, as measured on the delivered samples.

    Each stem counts with its `gain_db` taken back; in mode "song" that is (gain times bounce - sum of stems) relative
    to gain times bounce. Where the rate was changed, the bounce is resampled alike. None where the stems are not all of
    the bounce or lack nothing at all, or where the bounce is silent.
    """
    billed_minutes: float
    stems: tuple[Stem, ...]
    weights: tuple[Weights, ...] = ()
    """The weights of a model that ran here; empty for the cloud and for an engine without any."""
    preset: str = ""
    engine_label: str = ""
    """The engine as a musician should read it: "rough preview"."""
    notes: tuple[str, ...] = ()
    """Sentences for the musician about this take."""
    projects: tuple[str, ...] = ()
    """The names of project files beside it, which a DAW opens; empty where none were asked for."""
    schema: int = SCHEMA

    @property
    def files(self) -> tuple[str, ...]:
        """The names of all delivered files but the receipt's own."""
        copies = (stem.listening_copy for stem in self.stems if stem.listening_copy)
        return (*(stem.file for stem in self.stems), *copies, *self.projects)

    def to_json(self) -> str:
        """Return the receipt as indented JSON (RFC 8259: a number that is not finite becomes null)."""
        row: dict[str, Any] = {"schema": self.schema, **dataclasses.asdict(self)}
        if self.source.tempo is None:
            del row["source"]["tempo"]
        return json.dumps(_finite(row), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def to_bytes(self) -> bytes:
        """Return `to_json` as UTF-8; a byte of a file name that is no UTF-8 becomes a question mark."""
        return self.to_json().encode("utf-8", errors="replace")

    @classmethod
    def from_json(cls, text: str) -> Receipt:
        """Read a receipt, passing over fields it does not know.

        Raises `ReceiptUnreadable`, which names the field that is wrong.
        """
        try:
            row = json.loads(text)
        except ValueError as error:
            raise ReceiptUnreadable(f"It is not JSON ({error}).") from error
        if isinstance(row, dict) and row.get("schema") != SCHEMA:
            raise ReceiptUnreadable(
                f"It has schema {row.get('schema')}, this version reads schema {SCHEMA}.", advice="Update Stembridge."
            )
        receipt = _load(cls, row, "")
        for name in receipt.files:
            # Files of an old take are replaced by name: a name that leads out of the folder must not get that far.
            if name in {".", "..", "", RECEIPT_NAME} or any(char in name for char in "/\\\0:"):
                raise ReceiptUnreadable(f'"{name}" is not the name of a file beside the receipt.')
        return receipt


def read(path: Path) -> Receipt:
    """Read the receipt at `path`; raises `ReceiptUnreadable`, or `OSError` where there is no such file."""
    try:
        return Receipt.from_json(path.read_bytes().decode("utf-8"))
    except (ReceiptUnreadable, UnicodeDecodeError) as error:
        advice = error.advice if isinstance(error, ReceiptUnreadable) else ""
        raise ReceiptUnreadable(f"The receipt {path} cannot be read. {error}", advice=advice) from error


def read_if_whole(path: Path) -> Receipt | None:
    """Read the receipt at `path`; None where there is none or it cannot be read. Raises `OSError`."""
    try:
        return read(path)
    except (FileNotFoundError, ReceiptUnreadable):
        return None


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _load(cls: type[_T], row: Any, where: str) -> _T:
    """Build one of the classes above from a JSON object, checking every field against its annotation."""
    if not isinstance(row, dict):
        raise ReceiptUnreadable(f"{where or 'It'} is not an object.")
    hints = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        path = f"{where}.{field.name}" if where else field.name
        if field.name in row:
            values[field.name] = _value(hints[field.name], row[field.name], path)
        elif field.default is dataclasses.MISSING:
            raise ReceiptUnreadable(f"{path} is missing.")
    return cls(**values)


def _value(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _load(typing.cast("type[Any]", hint), value, where)
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise ReceiptUnreadable(f"{where} is not a list.")
        return tuple(_value(typing.get_args(hint)[0], item, f"{where}[{index}]") for index, item in enumerate(value))
    allowed = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    numeric = (*allowed, int) if float in allowed else allowed
    if not isinstance(value, numeric) or (isinstance(value, bool) and bool not in allowed):
        raise ReceiptUnreadable(
            f"{where} is {json.dumps(value)}, not {' or '.join(kind.__name__ for kind in allowed)}."
        )
    return value
