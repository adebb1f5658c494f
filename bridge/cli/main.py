"""The program: one command, its errors, its exit code. Imports little before the signal handlers are installed."""

from __future__ import annotations

import os
import sys

from bridge.cli.stop_signals import Stop

DONE, INTERRUPTED = 0, 130
_UNTIL_STOPPED = ("up", "serve")

LOG_VARIABLE = "STEMBRIDGE_LOG"
"""Set to "debug" it does what --verbose does, also for a program that another one starts."""


def run() -> None:
    """Be the program `stembridge`."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Carry out one command and return its exit code: 0 done, 1 the job or check failed, 2 usage or configuration."""
    stop = Stop() if arguments and arguments[0] in _UNTIL_STOPPED else None
    try:
        return _carry_out(arguments, stop)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone; it has what it wanted. Without this Python would report it at the exit.
        sys.stdout = None
        return DONE


def _carry_out(arguments: list[str], stop: Stop | None) -> int:
    """Import only what this command needs: the start stays quick."""
    import importlib

    from bridge.cli.arguments import parser

    options = parser().parse(arguments)
    from bridge.cli.output import flush
    from bridge.cli.report_error import report_error
    from bridge.errors import StembridgeError

    options.stop = stop
    if options.verbose or os.environ.get(LOG_VARIABLE, "").lower() == "debug":
        from bridge.daemon.log import log_verbosely

        log_verbosely(to_stderr=options.function != "serve")  # the server logs to stderr by itself, as JSON
    command = importlib.import_module(f"bridge.cli.{options.module}")
    try:
        code: int = getattr(command, options.function)(options)
        flush()
    except StembridgeError as error:
        return report_error(error, as_json=getattr(options, "json", False))
    return code


if __name__ == "__main__":
    run()
