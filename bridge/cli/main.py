"""The program, and what becomes of an error. Light: until it listens to signals, one of them ends it without a word."""

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
        # The reader (head, less) has gone; it has what it wanted. Python would report_error once more at its exit.
        sys.stdout = None
        return DONE


def _carry_out(arguments: list[str], stop: Stop | None) -> int:
    """Load what this command needs, and no more."""
    import importlib

    from bridge.cli.arguments import parser
    from bridge.cli.report_error import report_error
    from bridge.errors import StembridgeError

    options = parser().parse_args(arguments)
    options.stop = stop
    if options.verbose or os.environ.get(LOG_VARIABLE, "").lower() == "debug":
        from bridge.daemon.log import log_verbosely

        log_verbosely(to_stderr=options.function != "serve")  # the server logs to stderr by itself, as JSON
    command = importlib.import_module(f"bridge.cli.{options.module}")
    try:
        code: int = getattr(command, options.function)(options)
    except StembridgeError as error:
        return report_error(error, as_json=getattr(options, "json", False))
    return code


if __name__ == "__main__":
    run()
