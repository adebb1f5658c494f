"""REAPER's reaper-extstate.ini, with what reading an ini value loses; for simulated_reaper.py.

GetPrivateProfileString, and what stands for it outside of Windows (WDL's swell-ini), know one line for each value,
leave out white space around it, and take one pair of quotes off it.
"""

from __future__ import annotations

from pathlib import Path


def read(file: Path) -> dict[str, str]:
    """Give each value by "section/key"."""
    values: dict[str, str] = {}
    section = ""
    for line in file.read_text("utf-8").splitlines() if file.exists() else []:
        if line.startswith("["):
            section = line[1 : line.index("]")]
            continue
        key, equals, value = line.partition("=")
        if equals:
            values[f"{section}/{key.strip()}"] = _unquoted(value.strip())
    return values


def write(file: Path, values: dict[str, str]) -> None:
    """Write each value as it is: one with a line break becomes several lines."""
    sections: dict[str, list[str]] = {}
    for name, value in values.items():
        section, _, key = name.partition("/")
        sections.setdefault(section, []).append(f"{key}={value}")
    file.write_text("\n".join(line for name, lines in sections.items() for line in (f"[{name}]", *lines)), "utf-8")


def _unquoted(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]
    return value[1:-1] if is_quoted else value
