"""The parts of the Ardour scripts in the Lua that Ardour has, without Ardour; and deliveries to try them on."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lupa import lua53

from tests.scripts.ardour.ardour_desk import SCRIPTS

FOLDER = SCRIPTS / "stembridge"


def run(command: str, user: int | None = None) -> tuple[str, bool]:
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, user=user)
    return done.stdout, done.returncode == 0


def run_as_nobody(command: str) -> tuple[str, bool]:
    """Run as somebody whom permissions bind: root may write anywhere, whatever the mode says."""
    return run(command, 65534 if os.geteuid() == 0 else None)


class Parts:
    """The parts, loaded as in Ardour: without require, dofile and package."""

    def __init__(self, run: Callable[[str], tuple[str, bool]] = run) -> None:
        self.lua = lua53.LuaRuntime(encoding="utf-8", unpack_returned_tuples=True)
        # This build of Lua cannot start programs; Ardour's can.
        popen = self.lua.execute("""
            require, dofile, package, debug = nil
            return function (run)
                io.popen = function (command)
                    local said, well = run (command)
                    return { read = function () return said end, close = function () return well or nil end }
                end
            end""")
        popen(run)
        self.use = self.lua.execute(f"""
            local parts = {{}}
            local function use (name)
                parts[name] = parts[name] or assert (loadfile ("{FOLDER}/" .. name .. ".lua")) (use)
                return parts[name]
            end
            return use""")

    def __getattr__(self, name: str) -> Any:
        return self.use(name)


def deliver(folder: Path, **changed: Any) -> Path:
    """Write a delivery as the bridge does, with some fields changed."""
    folder.mkdir(parents=True)
    source = {"file": "Mix.wav", "sample_rate": 44100, "time_reference": 88200}
    stems = [
        {"name": "vocals", "file": "Mix - vocals.wav", "channels": 2},
        {"name": "no_drums", "file": "b.wav", "channels": 2},
    ]
    row = {
        "schema": 1,
        "job": "abc",
        "song": "Mix",
        "take": 1,
        "created": "2026-11-23T10:00:00Z",
        "source": source,
        "stems": stems,
        "new": None,
    }
    for stem in stems:
        (folder / str(stem["file"])).write_bytes(b"RIFF")
    (folder / "stems.json").write_text(json.dumps(row | changed), "utf-8")
    return folder
