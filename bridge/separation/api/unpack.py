"""Extracts stems from a ZIP that a server sent. Nothing in the ZIP decides where a file is written.

Entries are read, never extracted: each goes to a path that is chosen here. So names with "..", with drives, absolute or
of symbolic links are harmless. What is refused is what does not end: too many entries, too much, too well packed.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from bridge.errors import ProtocolError, StorageError
from bridge.files.atomic import writing
from bridge.separation.api.names import stem_names

AUDIO: Final = frozenset({".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".aif", ".aiff", ".wma"})
MOST_ENTRIES: Final = 256
MOST_STEMS: Final = 32
LARGEST_RATIO: Final = 200
"""Music is packed by two at best, silence by a thousand: so only what is large is judged by its ratio."""
UNJUDGED_BYTES: Final = 256 << 20
_CHUNK: Final = 1 << 18
_UNIX: Final = 3


@dataclass(frozen=True, slots=True)
class _Entry:
    info: zipfile.ZipInfo
    words: str
    """The entry's own name without folders and ending."""
    suffix: str


def unpack(
    archive: Path, folder: Path, wanted: Sequence[str], limit: int, check: Callable[[], None]
) -> dict[str, Path]:
    """Write the audio in `archive` into `folder`, and return it by the names of the stems; at most `limit` bytes.

    An entry belongs to the one of the `wanted` stems that its name ends in ("1776_before_lead_vocals.wav"), else it
    keeps its own name, made safe. Raises `ProtocolError` for an archive that is damaged, locked or a bomb,
    `StorageError`, and what `check` raises.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = _audio(opened)
            _check_sizes([entry.info for entry in entries], limit)
            left = limit
            files = {}
            for name, entry in _named(entries, wanted).items():
                target = folder / f"{name}{entry.suffix}"
                with opened.open(entry.info) as source, writing(target, durable=False) as file:
                    left -= _copy(source, file, left, check)
                files[name] = target
            return files
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        # RuntimeError is what zipfile raises for a password, NotImplementedError for a method it does not know.
        raise ProtocolError("The service's ZIP is damaged, or packed in a way that cannot be read.") from error
    except OSError as error:
        raise StorageError.from_os(error, "unpacking the service's ZIP") from error


def _audio(opened: zipfile.ZipFile) -> list[_Entry]:
    infos = opened.infolist()
    if len(infos) > MOST_ENTRIES:
        raise ProtocolError(f"The service's ZIP has {len(infos)} entries; that is no set of stems.")
    entries = []
    for info in infos:
        path = PurePosixPath(info.filename.replace("\\", "/"))
        regular = info.create_system != _UNIX or stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)
        # "__MACOSX/._vocals.wav" and its like are no audio.
        hidden = path.name.startswith(".") or "__MACOSX" in path.parts
        if not info.is_dir() and regular and not hidden and path.suffix.lower() in AUDIO:
            entries.append(_Entry(info, path.stem, path.suffix.lower()))
    if not 0 < len(entries) <= MOST_STEMS:
        raise ProtocolError(f"The service's ZIP holds {len(entries)} audio files; that is no set of stems.")
    return entries


def _check_sizes(infos: Sequence[zipfile.ZipInfo], limit: int) -> None:
    total = sum(info.file_size for info in infos)
    if total > limit:
        raise _bomb(limit)
    packed = sum(info.compress_size for info in infos)
    if total > UNJUDGED_BYTES and total > LARGEST_RATIO * max(packed, 1):
        raise ProtocolError("The service's ZIP is packed so tightly that it is no music; nothing was unpacked.")


def _copy(source: IO[bytes], file: IO[bytes], left: int, check: Callable[[], None]) -> int:
    """Copy at most `left` bytes, whatever the entry promised, and return how many they were."""
    size = 0
    while chunk := source.read(_CHUNK):
        check()
        size += len(chunk)
        if size > left:
            raise _bomb(left)
        file.write(chunk)
    return size


def _bomb(limit: int) -> ProtocolError:
    return ProtocolError(f"The service's ZIP holds more than {limit >> 20} MiB, more than the stems of this bounce.")


def _named(entries: Sequence[_Entry], wanted: Sequence[str]) -> Mapping[str, _Entry]:
    keys: dict[str, _Entry] = {}
    for at, entry in enumerate(entries):
        stem = _stem(entry.words, wanted)
        # Two entries of the same stem or name stay two.
        key = stem if stem and stem not in keys else entry.words
        keys[key if key not in keys else f"{key} {at}"] = entry
    names = stem_names(keys)
    return {names[key]: entry for key, entry in keys.items()}


def _stem(words: str, wanted: Sequence[str]) -> str:
    folded = "".join(char if char.isalnum() else "_" for char in words.casefold())
    matching = [stem for stem in wanted if folded == stem or folded.endswith(f"_{stem}")]
    return max(matching, key=len, default="")
