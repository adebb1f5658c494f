"""Turns an error into a message on stderr and an exit code."""

from __future__ import annotations

from bridge.cli.output import complain, print_json
from bridge.errors import ConfigError, EngineUnavailable, ModelUnsupported, StembridgeError, UsageError

FAILED, WRONG_USE = 1, 2

_WRONG_USE = (UsageError, ConfigError, EngineUnavailable, ModelUnsupported)


def report_error(error: StembridgeError, *, as_json: bool) -> int:
    """Say what went wrong and what can be done about it; return the exit code."""
    if as_json:
        print_json({"error": {"code": error.code, "message": error.message, "advice": error.advice}})
    lines = [str(problem) for problem in error.problems] if isinstance(error, ConfigError) else []
    complain(*(f"stembridge: {line}" for line in lines or [str(error)]))
    if error.advice:
        complain(f"  {error.advice}")
    return WRONG_USE if isinstance(error, _WRONG_USE) else FAILED
