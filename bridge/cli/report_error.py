"""What becomes of an error: words, and an exit code."""

from __future__ import annotations

import json
import sys

from bridge.errors import ConfigError, EngineUnavailable, ModelUnsupported, StembridgeError, UsageError

FAILED, WRONG_USE = 1, 2

_WRONG_USE = (UsageError, ConfigError, EngineUnavailable, ModelUnsupported)


def report_error(error: StembridgeError, *, as_json: bool) -> int:
    """Say what went wrong and what can be done about it; return the exit code."""
    if as_json:
        print(json.dumps({"error": {"code": error.code, "message": error.message, "advice": error.advice}}))
    lines = [str(problem) for problem in error.problems] if isinstance(error, ConfigError) else []
    for line in lines or [str(error)]:
        print(f"stembridge: {line}", file=sys.stderr)
    if error.advice:
        print(f"  {error.advice}", file=sys.stderr)
    return WRONG_USE if isinstance(error, _WRONG_USE) else FAILED
