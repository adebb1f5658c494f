"""The commands and their arguments."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path
from typing import Any

from bridge import __version__
from bridge.cli.parser import Parser
from bridge.jobs.states import State


def parser() -> Parser:
    """Return the parser of the whole command line."""
    top = Parser(prog="stembridge", description="Save a bounce, get its stems in your project.", allow_abbrev=False)
    top.add_argument("-V", "--version", action="version", version=f"stembridge {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    up = _command(commands, "up", "up", "watch the inbox and work until stopped")
    up.add_argument(
        "--demo", action="store_true", help="make a short song, save it into the inbox, show its stems arrive"
    )

    _key(up)

    separate = _command(commands, "separate", "separate", "separate files now")
    separate.add_argument("files", nargs="*", type=_path, default=[], metavar="FILE", help="a bounce")
    separate.add_argument("--model", type=int, metavar="M", help="a model of `stembridge models`")
    separate.add_argument("--engine", metavar="E", help='the engine to use, or "auto"')
    separate.add_argument("--preset", metavar="P", help="a preset of the configuration")
    separate.add_argument("--output", type=_path, metavar="DIR", help="where the song's folder goes")
    separate.add_argument("--force", action="store_true", help="separate again even where the stems are kept")
    _key(separate)
    _json(separate)

    jobs = _command(commands, "jobs", "jobs", "list the jobs, newest first")
    jobs.add_argument("--state", type=_states, metavar="S,...", help=f"only jobs in these states: {', '.join(State)}")
    jobs.add_argument("--song", metavar="TEXT", help="only songs whose name contains this")
    jobs.add_argument("--since", type=_date, metavar="DATE", help="only jobs made on this day or later: YYYY-MM-DD")
    jobs.add_argument("--until", type=_date, metavar="DATE", help="only jobs made on this day or earlier")
    jobs.add_argument("--limit", type=_positive, default=-1, metavar="N", help="only the newest N")
    _json(jobs)
    for name, text in (
        ("show", "show a job and its history"),
        ("retry", "queue a failed or cancelled job again"),
        ("cancel", "cancel a job; a running one stops within a second"),
    ):
        command = _command(commands, name, "jobs", text)
        command.add_argument("job", metavar="JOB", help="a job's id, or the beginning of it")
        _json(command)

    _model_commands(commands)
    _json(_command(commands, "doctor", "doctor", "check that everything needed is there and works"))
    _config_commands(commands)
    _server_commands(commands)
    return top


def _model_commands(commands: Any) -> None:
    group = _command(commands, "models", "models", "list the models and what makes them; fetch weights")
    _json(group)
    inner = group.add_subparsers(metavar="fetch|import|verify|remove")
    fetch = _inner_command(inner, "fetch", "fetch the weights of models, so that this machine can run them")
    fetch.add_argument("--yes", action="store_true", help="do not ask")
    brought = _inner_command(inner, "import", "take in weights that were brought as files")
    brought.set_defaults(function="import_files")
    brought.add_argument("files", nargs="+", type=_path, metavar="FILE")
    _inner_command(inner, "verify", "check the hashes of all weights that are here")
    remove = _inner_command(inner, "remove", "remove weights")
    for command in (fetch, remove):
        command.add_argument("names", nargs="+", metavar="ID|NAME", help="a model's id, or the name of weights")


def _inner_command(commands: Any, name: str, text: str) -> argparse.ArgumentParser:
    """Add a command of `models`. What stands before it counts too, so that its own options have no default."""
    return _command(commands, name, "models", text, default=argparse.SUPPRESS)


def _config_commands(commands: Any) -> None:
    group = commands.add_parser("config", help="make, check or show the configuration", allow_abbrev=False)
    inner = group.add_subparsers(metavar="init|check|show", required=True)
    for name, text in (
        ("init", "write a commented configuration to start from"),
        ("check", "say everything that is wrong with the configuration"),
        ("show", "show the settings in effect, secrets masked"),
    ):
        _command(inner, name, "config", text)


def _server_commands(commands: Any) -> None:
    serve = _command(commands, "serve", "serve", "serve the AudioSeparation API from this machine")
    serve.add_argument("--status", action="store_true", help="show the queue and the keys of the server instead")
    _json(serve)
    group = commands.add_parser("keys", help="who may use this machine's server", allow_abbrev=False)
    inner = group.add_subparsers(metavar="create|list|credit|enable|disable|suspend|revoke", required=True)
    for name, function, text in (
        ("create", "create", "make a key and show it, this once"),
        ("list", "list_keys", "list the keys and what they have used"),
        ("credit", "credit", "give a key minutes, or with a negative number take some back"),
        ("enable", "change", "let a disabled or suspended key work again"),
        ("disable", "change", "make a key answer 101006, not enabled"),
        ("suspend", "change", "make a key answer 101005, suspended"),
        ("revoke", "change", "end a key for good"),
    ):
        command = _command(inner, name, "serve", text)
        command.set_defaults(function=function, action=name)
        if name != "list":
            command.add_argument("name", metavar="NAME", help="the name of the key")
        if name == "credit":
            command.add_argument("minutes", type=int, metavar="MINUTES", help="started minutes of input")
        _json(command)


def _command(
    commands: Any, name: str, module: str, text: str, *, default: str | None = None
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    command.add_argument("--config", type=_path, metavar="F", default=default, help="the configuration file to use")
    command.add_argument(
        "--verbose",
        action="store_true",
        default=default or False,
        help="log every decision on stderr and in the log file",
    )
    command.set_defaults(module=module, function=name, parser=command)
    return command


def _key(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--api-key", metavar="KEY", help="the key to the separation service; others can read it in the process list"
    )


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print one JSON document instead of text")


def _states(text: str) -> frozenset[str]:
    asked = frozenset(text.split(","))
    if wrong := asked - {str(state) for state in State}:
        raise argparse.ArgumentTypeError(f"no state {', '.join(sorted(wrong))}; there are {', '.join(State)}")
    return asked


def _date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a date such as 2026-11-30, not {text!r}") from None


def _path(text: str) -> Path:
    """Return a path; `~` is expanded here too, since a shell leaves it in --output=~/Stems."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from error


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not {text!r}")
    return int(text)
