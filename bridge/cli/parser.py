"""The argument parser: argparse, with suggestions for a mistyped word and the usage of the right command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

_OTHER_WORDS = {
    "help": "--help",
    "version": "--version",
    "status": "jobs, doctor",
    "start": "up",
    "run": "up",
    "stop": "up (Ctrl-C stops it)",
    "list": "jobs",
    "ls": "jobs",
    "delete": "cancel",
}
"""What people type who know other programs, and what it is called here."""


class Parser(argparse.ArgumentParser):
    """As in the standard library, but errors suggest what was meant; subcommands are parsed by this class too."""

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse a command line. Exits with 2 where it makes no sense.

        Where the command takes files, they may stand before, between and after its options, and after `--`.
        """
        if not arguments:
            self.error("say what to do; stembridge --help lists the commands")
        head, tail = _split(list(arguments))
        options, unknown = self.parse_known_args(head)
        command: argparse.ArgumentParser = options.parser
        if "files" in options:
            files = [word for word in unknown if not word.startswith("-")] + tail
            options.files += [Path(word) for word in files]
            unknown = [word for word in unknown if word.startswith("-")]
            if not options.files:
                command.error("the following arguments are required: FILE")
        elif tail:
            unknown += ["--", *tail]
        if unknown:
            known = [name for action in command._actions for name in action.option_strings]
            command.error(f"unrecognized arguments: {' '.join(unknown)}{_hint(unknown[0], known)}")
        return options

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message; exit with 2."""
        self.print_usage(sys.stderr)
        from bridge.cli.output import complain

        complain(f"{self.prog}: error: {message}")
        self.exit(2)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            raise argparse.ArgumentError(None, f"there is no command {value!r}{_hint(str(value), action.choices)}")


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def _hint(word: str, known: Iterable[str]) -> str:
    import difflib  # only for a mistake: each command pays for what stands at the top

    meant = _OTHER_WORDS.get(word) or ", ".join(difflib.get_close_matches(word, list(known), n=1))
    return f"; did you mean {meant}?" if meant else ""
