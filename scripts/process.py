"""How the set-up scripts talk, start other programs, and end. Standard library only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

STOPPED_BY_HAND = 130
"""What a shell reports of a program ended with Ctrl-C."""


class SetupFailed(Exception):
    """The set-up cannot go on; the message says why and what helps."""


def say(line: str) -> None:
    """Tell what is happening, at once even through a pipe."""
    print(line, flush=True)


def guarded(main: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Run a script's `main` and turn what stops it into one clear line and an exit status."""
    try:
        return main(arguments)
    except SetupFailed as error:
        print(f"stembridge set-up: {error}", file=sys.stderr)
    except OSError as error:
        print(f"stembridge set-up: the disk or the system refused: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("stembridge set-up: stopped; run it again to go on.", file=sys.stderr)
        return STOPPED_BY_HAND
    return 1


def run(command: Sequence[str], folder: Path) -> int:
    """Run a program in `folder` with our own input and output; return its exit status."""
    return subprocess.run(command, cwd=folder, check=False).returncode


if sys.platform == "win32":

    def become(command: Sequence[str]) -> int:
        """Run a program that ends as this one does: Windows cannot replace a process by another.

        Ctrl-C reaches both, being sent to the whole console, so here it is left to the program.
        """
        sys.stdout.flush()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return subprocess.run(command, check=False).returncode

else:

    def become(command: Sequence[str]) -> NoReturn:
        """Replace this process by a program, so that signals and the exit status are that program's own."""
        sys.stdout.flush()
        os.execv(command[0], list(command))
