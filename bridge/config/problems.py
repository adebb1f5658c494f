"""Turns the errors of pydantic into messages: the key, what is wrong, and what was probably meant."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable
from typing import Any

from pydantic_core import ErrorDetails

from bridge.config.locate import KeyPath
from bridge.config.nearest import did_you_mean
from bridge.config.settings import Preset, Section, Settings

_WANTED = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "text, in quotes",
    "tuple_type": 'a list, such as ["one", "two"]',
    "model_type": "a section",
}
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "a section"),
    ((datetime.date, datetime.time), "a date or time"),
)
_LIMITS: dict[str, Callable[[dict[str, Any]], str]] = {
    "greater_than": lambda limits: f"must be more than {limits['gt']:g}",
    "greater_than_equal": lambda limits: f"must be at least {limits['ge']:g}",
    "less_than_equal": lambda limits: f"must be at most {limits['le']:g}",
    "finite_number": lambda _limits: "must be a finite number",
    "string_too_short": lambda _limits: "must not be empty",
}


def explain(error: ErrorDetails) -> str:
    """Return "[section] key: what is wrong" for one error of pydantic's list."""
    loc, kind, given = path_of(error), error["type"], error["input"]
    if kind == "extra_forbidden":
        return _unknown(loc, given)
    return f"{place(loc)}: {_wrong_value(kind, given, error.get('ctx', {})) or error['msg']}"


def path_of(error: ErrorDetails) -> KeyPath:
    """Return the key an error is about; pydantic marks an error in a name with an extra part."""
    loc = error["loc"]
    return loc[:-1] if loc and loc[-1] == "[key]" else loc


def place(path: KeyPath) -> str:
    """Return a key as it is written in the file: "[presets.vocals] model"."""
    depth = 2 if path[0] == "presets" else 1
    section = ".".join(_written(str(part)) for part in path[:depth])
    keys = [f"item {part + 1}" if isinstance(part, int) else _written(part) for part in path[depth:]]
    return " ".join([f"[{section}]", *keys])


def _written(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def _unknown(path: KeyPath, given: object) -> str:
    name = str(path[-1])
    if len(path) > 1:
        keys = _section(path[0]).model_fields
        return f"{place(path)}: unknown key{_elsewhere(name) or did_you_mean(name, keys)}"
    if isinstance(given, dict):
        return f"{place(path)}: unknown section{did_you_mean(name, Settings.model_fields, '[{}]')}"
    return f"{_written(name)}: stands outside of any section{_elsewhere(name)}"


def _elsewhere(name: str) -> str:
    owners = [section for section in Settings.model_fields if name in _section(section).model_fields]
    return f", did you mean [{owners[0]}] {name}?" if owners and owners != ["presets"] else ""


def _section(name: str | int) -> type[Section]:
    if name == "presets":
        return Preset
    annotation = Settings.model_fields[str(name)].annotation
    assert isinstance(annotation, type)
    assert issubclass(annotation, Section)
    return annotation


def _wrong_value(kind: str, given: object, context: dict[str, Any]) -> str:
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return _not_a_choice(str(context["expected"]), given)
    if kind in ("dict_type", "mapping_type"):
        return f"must hold sections, such as [presets.vocals], not {_kind_of(given)}"
    if kind in _WANTED:
        return f"must be {_WANTED[kind]}, not {_kind_of(given)}"
    if kind in _LIMITS:
        return _LIMITS[kind](context) + ("" if given == "" else f", not {given}")
    return ""


def _not_a_choice(expected: str, given: object) -> str:
    """Pydantic lists the choices as Python writes them; the file writes them as TOML does."""
    names = [name for name in re.findall(r"'([^']*)'", expected) if name]
    choices = expected.replace("'", '"').replace("True", "true").replace("False", "false")
    if not isinstance(given, str):
        found = str(given) if type(given) in (int, float) else _kind_of(given)
        return f"must be {choices}, not {found}{did_you_mean(str(given), names, _QUOTED)}"
    return f"must be {choices}, not {json.dumps(given, ensure_ascii=False)}{did_you_mean(given, names, _QUOTED)}"


_QUOTED = '"{}"'


def _kind_of(given: object) -> str:
    return next((name for types, name in _KINDS if isinstance(given, types)), "this")
