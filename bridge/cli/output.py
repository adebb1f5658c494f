"""What the commands print: text without control characters, and one JSON document for --json."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from bridge.daemon.plain import one_line
from bridge.errors import StorageError

_RAW_IN_JSON = re.compile(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What `json.dumps` leaves as it is although a terminal may act on it or the output's encoding may lack it."""


def say(*lines: str) -> None:
    """Print lines on standard output. Raises `StorageError` where it cannot be written."""
    _write(*lines)


def complain(*lines: str) -> None:
    """Print lines on standard error."""
    for line in lines:
        print(one_line(line), file=sys.stderr)


def print_json(document: Any) -> None:
    """Print the one document of a command that was called with --json. Raises `StorageError` as `say` does."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        print(_RAW_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
    except OSError as error:
        raise _unwritable(error) from error


def flush() -> None:
    """Write out what is still buffered, so that a full disk is an error and not a traceback at the exit."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        raise _unwritable(error) from error


def _write(*lines: str) -> None:
    try:
        for line in lines:
            print(one_line(line))
    except OSError as error:
        raise _unwritable(error) from error


def _unwritable(error: OSError) -> Exception:
    if isinstance(error, BrokenPipeError):
        return error
    sys.stdout = None  # else Python tries once more at its exit, with a traceback
    return StorageError.from_os(error, "writing to standard output")
