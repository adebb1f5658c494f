"""Finds and reads the configuration, and reports all of its errors at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli
from pydantic import ValidationError

from bridge.config import folders
from bridge.config.available import Available, unavailable_choices
from bridge.config.conflicts import conflicts
from bridge.config.locate import KeyPath, key_lines, line_of
from bridge.config.problems import explain, path_of, place
from bridge.config.settings import Origin, Settings
from bridge.config.values import BACKSLASH_ADVICE
from bridge.errors import ConfigError, ConfigProblem

CONFIG_VARIABLE = "STEMBRIDGE_CONFIG"
KEY_VARIABLE = "STEMBRIDGE_API_KEY"


_ESCAPE_ERROR = re.compile(r"\\|hex value|[Ee]scape")
"""What tomli says of a backslash that begins no escape of TOML, such as \\S, or \\U of a Windows path."""


def load(path: Path | None, environ: Mapping[str, str], available: Available | None = None) -> Settings:
    """Return the settings in effect.

    `path` is what `--config` named; without `available`, names of models and engines are not checked. Raises
    `ConfigError` with one problem for each thing that is wrong.
    """
    file = find(path, environ)
    text = "" if file is None else _read(file)
    table: dict[str, Any] = {} if file is None else _parse(file, text)
    base = Path.cwd() if file is None else file.absolute().parent
    key = environ.get(KEY_VARIABLE, "")
    api = table.setdefault("api", {}) if key else None
    if isinstance(api, dict):
        api["key"] = key
    overridden = frozenset({("api", "key")}) if key else frozenset[tuple[str, ...]]()
    return _validate(table, text, Origin(base=base, file=file, from_environment=overridden), available)


def find(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the configuration file to read: `--config`, else the environment's, else the platform's if there is one.

    None means that only the built-in defaults are left.
    """
    usual = folders.config_file()
    return named(path, environ) or (usual if usual.exists() else None)


def named(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the file that `--config` names, else the environment; None where neither does."""
    variable = environ.get(CONFIG_VARIABLE, "")
    return path or (Path(variable).expanduser() if variable else None)


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")  # Windows' Notepad used to write a byte order mark
    except FileNotFoundError as error:
        advice = f"Check --config and {CONFIG_VARIABLE}, or make one with `stembridge config init`."
        raise ConfigError(f"There is no configuration file {file}.", advice=advice) from error
    except IsADirectoryError as error:
        raise ConfigError(f"{file} is a folder, not a configuration file.") from error
    except OSError as error:
        raise ConfigError(f"The configuration file {file} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _error(file, [(line, "is not UTF-8 text; save the file as UTF-8")]) from error


def _parse(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        message = f"column {error.colno}: {error.msg[:1].lower()}{error.msg[1:]}"
        if _ESCAPE_ERROR.search(error.msg):
            message += f"; {BACKSLASH_ADVICE}"
        raise _error(file, [(error.lineno, message)]) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets hundreds deep
        raise _error(file, [(0, str(error))]) from error


def _validate(table: dict[str, Any], text: str, origin: Origin, available: Available | None) -> Settings:
    problems: list[tuple[KeyPath, str]] = []
    try:
        settings = Settings.model_validate(table, context=origin)
    except ValidationError as error:
        found = error.errors(include_url=False)
        problems = [(path_of(one), explain(one)) for one in found]
        settings = Settings.model_validate(_without(table, [path for path, _ in problems]), context=origin)
    wrong = {_judged(path) for path, _ in problems}
    for conflict in [*conflicts(settings), *(unavailable_choices(settings, available) if available else ())]:
        if not any(key[:length] in wrong for key in conflict.keys for length in (1, 2, 3)):
            problems.append((conflict.keys[0], f"{place(conflict.keys[0])}: {conflict.reason}"))
    if problems:
        lines = key_lines(text)
        raise _error(origin.file, sorted((line_of(path, lines), message) for path, message in problems))
    return settings


def _judged(path: KeyPath) -> KeyPath:
    """Return the key that is wrong where an item of its value is: a preset's stands one deeper than the others."""
    return path[: 3 if path[0] == "presets" else 2]


def _without(table: dict[str, Any], paths: list[KeyPath]) -> dict[str, Any]:
    """Return the table without what was wrong, so that the rest can still be looked at for conflicts."""
    wrong = {_judged(path) for path in paths}

    def kept(value: Any, path: KeyPath) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: kept(inner, (*path, key)) for key, inner in value.items() if (*path, key) not in wrong}

    whole: dict[str, Any] = kept(table, ())
    return whole


def _error(file: Path | None, found: list[tuple[int, str]]) -> ConfigError:
    name = str(file) if file else "the environment"
    problems = tuple(ConfigProblem(name, line, message) for line, message in found)
    many = f"{len(problems)} problems" if len(problems) > 1 else "a problem"
    return ConfigError(f"The configuration has {many}.", problems=problems)
