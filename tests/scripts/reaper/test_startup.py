"""The line in __startup.lua comes and goes, and everything else in that file stays."""

from __future__ import annotations

from pathlib import Path

import lupa.lua54
import pytest

from tests.scripts.reaper.conftest import Studio

MARK = "Stembridge: auto-import"
FILES = [
    b"",
    b"local x = 1\n",
    b"-- mine\r\nreaper.ShowConsoleMsg('hi')\r\n",
    b"if true then return end",
    b"return 5",
    b"\xef\xbb\xbf-- with a byte order mark\n",
    b"#!/usr/bin/lua\nreturn 1\n",
    b"#only a first line",
    "-- Schlüssel\n".encode("latin-1"),
]


@pytest.fixture
def file(studio: Studio) -> Path:
    return studio.reaper.resource / "Scripts" / "__startup.lua"


@pytest.mark.parametrize("before", FILES)
def test_adding_and_removing_gives_back_the_same_bytes(studio: Studio, file: Path, before: bytes) -> None:
    file.write_bytes(before)
    startup = studio.part("startup")
    assert not startup.is_added()
    assert startup.add("_RSabc")
    assert startup.add("_RSabc")
    assert startup.is_added()
    assert file.read_bytes().count(MARK.encode()) == 1
    assert startup.remove()
    assert startup.remove()
    assert not startup.is_added()
    if before == b"#only a first line":
        before += b"\n"
    assert (file.read_bytes() if file.exists() else b"") == before


@pytest.mark.parametrize("before", FILES[:-1])
def test_the_file_stays_one_that_lua_runs_and_the_action_starts(studio: Studio, file: Path, before: bytes) -> None:
    file.write_bytes(before)
    studio.part("startup").add("_RSabc")
    lua = lupa.lua54.LuaRuntime()
    started = []
    lua.globals()["reaper"] = lua.table(
        NamedCommandLookup=lambda name: 77 if name == "_RSabc" else 0,
        Main_OnCommand=lambda command, _flag: started.append(command),
        ShowConsoleMsg=lambda _text: None,
    )
    lua.globals()["dofile"](str(file))
    assert started == [77]


def test_an_action_that_is_gone_does_nothing(studio: Studio, file: Path) -> None:
    studio.part("startup").add("_RSgone")
    lua = lupa.lua54.LuaRuntime()
    lua.globals()["reaper"] = lua.table(NamedCommandLookup=lambda _name: 0)
    lua.globals()["dofile"](str(file))


def test_the_menu_switches_it_on_and_off(studio: Studio, file: Path) -> None:
    studio.action("Bounce and separate")
    for expected in (True, False):
        studio.reaper.tick()
        studio.reaper.gfx.choose = ["Auto-import starts with REAPER"]
        for held in (False, True, False):
            studio.reaper.gfx.point_at("Options")
            studio.reaper.gfx.hold(held)
            studio.reaper.tick()
        assert file.exists() == expected
