"""The configuration as text: the one in effect, and the commented default."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from pydantic import BaseModel, SecretStr

from bridge.config.settings import Settings

_SHORTEST_PART_SHOWN = 12


def default_text() -> str:
    """Return the commented default configuration, which sets nothing."""
    return resources.files("bridge.config").joinpath("default.toml").read_text("utf-8")


def render(settings: Settings) -> str:
    """Return the settings in effect as TOML, each with its origin; the API key is masked.

    A setting that has no value, such as a preset's that follows [normalise], is left out.
    """
    file = settings.origin.file
    lines = [f"# In effect, read from {file}" if file else "# In effect: the built-in defaults, there is no file"]
    for name in Settings.model_fields:
        if name != "presets":
            lines += ["", f"[{name}]", *_keys(settings, name, getattr(settings, name))]
    for name, preset in settings.presets.items():
        lines += ["", f"[presets.{_key(name)}]", *_keys(settings, "presets", preset)]
    return "\n".join(lines) + "\n"


def masked(key: str) -> str:
    """Return what may be shown of a secret: whether there is one, and of a long one its ends."""
    if len(key) < _SHORTEST_PART_SHOWN:
        return "…" if key else ""
    return f"{key[:2]}…{key[-2:]}"


def _keys(settings: Settings, section: str, content: BaseModel) -> Iterator[str]:
    for name in type(content).model_fields:
        value = getattr(content, name)
        if value is None:
            continue
        written = f"{name} = {_value(value)}"
        if (section, name) in settings.origin.from_environment:
            yield f"{written}  # from the environment"
        elif name in content.model_fields_set:
            yield written
        else:
            yield f"{written}  # default"


def _value(value: object) -> str:
    if isinstance(value, SecretStr):
        return _text(masked(value.get_secret_value()))
    if isinstance(value, (str, Path)):
        return _text(str(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    return repr(value)


def _text(text: str) -> str:
    # JSON's escapes are TOML's too (TOML 1.0, "String"), but TOML also wants DEL escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)
