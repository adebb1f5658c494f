"""Colours are the same in every DAW: each script that has a table of its own has the bridge's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.delivery.importing import COLOURS, colour

SCRIPTS = Path(__file__).parents[3] / "scripts"
ENTRY = re.compile(r"""\b(\w+)["'\]]{0,2}\s*[=:,]\s*["']?(?:#|0x)([0-9A-Fa-f]{6})\b""")
GREY = COLOURS["other"]


def _tables() -> dict[str, dict[str, int]]:
    """Return what each script says of colours, by the names that it gives them."""
    files = (file for file in SCRIPTS.glob("*/**/*") if file.suffix in {".lua", ".py", ".eel"} and file.is_file())
    said = {file.relative_to(SCRIPTS).as_posix(): ENTRY.findall(file.read_text("utf-8")) for file in files}
    tables = {name: {key: int(value, 16) for key, value in entries} for name, entries in said.items()}
    return {name: table for name, table in tables.items() if "vocals" in table}


@pytest.mark.parametrize("file", _tables())
def test_a_scripts_colours_are_the_bridges(file: str) -> None:
    table = _tables()[file]
    # The grey may stand under another name, since it is also for every stem that is not in the table.
    assert {"other": GREY, **{name: value for name, value in table.items() if name in COLOURS}} == COLOURS
    assert GREY in table.values()


def test_what_is_left_when_a_stem_is_taken_away_is_lighter_and_anything_else_is_grey() -> None:
    assert (colour("no_drums"), colour("synthesizer"), colour("no_such")) == (0xF9D388, GREY, 0xCCCFD2)
