"""Job files: how a script that has no socket asks for a separation. Parses them and words the answers; does no I/O.

A file `NAME.stembridge` in the inbox is one JSON object (RFC 8259) in UTF-8, at most 64 KiB:

    {"separate": "/music/Mixes/song.wav", "preset": "vocals"}

`preset` may be left out. A relative path starts at the job file's own folder. Other keys, and a key given twice, are
errors, so that a typing mistake is never ignored.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from bridge.errors import StembridgeError, UsageError

MOST_BYTES: Final = 64 << 10

_EXAMPLE = '{"separate": "/music/Mixes/song.wav", "preset": "vocals"}'


class JobFileError(UsageError):
    """A job file has not the form that is described above."""

    default_code = "job_file"
    default_advice = f"A job file holds one line such as {_EXAMPLE}."


class JobFileCut(JobFileError):
    """It is no JSON: perhaps it is still being written, since a part of a JSON object is none."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a job file asks for."""

    path: str
    """Absolute, where the folder given to `parse` is."""
    preset: str = ""


def parse(content: bytes, folder: str) -> Request:
    """Read a job file that lies in `folder`. Raises JobFileError, of the kind JobFileCut where it is no JSON."""
    if len(content) > MOST_BYTES:
        raise JobFileError(f"It is longer than {MOST_BYTES >> 10} KiB.")
    row = _json(content)
    if not isinstance(row, dict):
        raise JobFileError("It is JSON, but not an object.")
    for key, value in row.items():
        if key not in ("separate", "preset"):
            raise JobFileError(f"It has the key {_shown(key)}, which is not known.")
        _check_text(key, value)
    if not row.get("separate"):
        raise JobFileError('It does not name a file under "separate".')
    return Request(os.path.join(folder, row["separate"]), row.get("preset", ""))  # noqa: PTH118 - kept as it is spelled


def answer(error: StembridgeError) -> bytes:
    """Return the content of the answer file for a request that was refused: JSON in UTF-8."""
    text = json.dumps({"error": error.code, "message": f"{error} {error.advice}".strip()}, ensure_ascii=False)
    return text.encode("utf-8", errors="replace") + b"\n"


def _json(content: bytes) -> Any:
    try:
        # Windows' own editors and shells begin a text with a byte order mark.
        text = content.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise JobFileCut("It is not UTF-8 text.") from error
    except ValueError as error:
        raise JobFileCut(f"It is not JSON ({error}).") from error
    except RecursionError as error:
        raise JobFileError("It is JSON, but nested too deeply.") from error


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise JobFileError("A key is given twice.")
    return row


def _no_constant(name: str) -> NoReturn:
    raise JobFileError(f"{name} is not JSON.")


def _check_text(key: str, value: Any) -> None:
    if not isinstance(value, str):
        raise JobFileError(f'"{key}" is not a text in quotes.')
    if "\0" in value or not _is_text(value):
        raise JobFileError(f'"{key}" holds a character that no path and no name can have.')


def _is_text(value: str) -> bool:
    """Half a surrogate pair can be written in JSON, but nowhere else."""
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


def _shown(key: str) -> str:
    return json.dumps(key[:40])
