"""A witness of what our scripts do in Ardour: it stands around them, and they do not know of it."""

from __future__ import annotations

from pathlib import Path

STARTED = "(Ardour has started.)"
"""Stands between what our scripts have said in one run of Ardour and the next."""

_START = """
-- In the place of the real start.lua, which is called from here.
local folder, name, params = ...
local root = "{root}"

local function note (file, text)
    local out = io.open (root .. "/" .. file, "a")
    out:write (text, "\\n")
    out:close ()
end

real_print, real_open = real_print or print, real_open or io.open
print = function (text)
    note ("said.txt", text)
    real_print (text)
end
-- An import that is held stops at its first look at its own lock: one stem is in the session then.
io.open = function (path, ...)
    if path:find ("/.importing/by", 1, true) and real_open (root .. "/hold") then
        note ("held.txt", path)
        io.popen ("sleep 600"):close ()
    end
    return real_open (path, ...)
end

local call = loadfile (folder .. "/really_start.lua") (folder, name, params)
if name ~= "auto" then
    return call
end
note ("calls.txt", "started")
note ("said.txt", "{started}")
return function (...)
    note ("calls.txt", "in")
    call (...)
    note ("calls.txt", "out")
end
"""


class Witness:
    """What our scripts have said, and whether Ardour is inside our hook."""

    def __init__(self, root: Path) -> None:
        root.mkdir()
        self._root = root

    def install(self, scripts: Path) -> None:
        """Stand around the scripts in a folder."""
        (scripts / "start.lua").rename(scripts / "really_start.lua")
        (scripts / "start.lua").write_text(
            _START.replace("{root}", str(self._root)).replace("{started}", STARTED), "utf-8"
        )

    def said(self) -> list[str]:
        """The sentences of our scripts, oldest first."""
        return self._lines("said.txt")

    def runs(self) -> list[list[str]]:
        """The same, of each run of Ardour."""
        runs: list[list[str]] = []
        for line in self.said():
            if line == STARTED:
                runs.append([])
            else:
                runs[-1].append(line)
        return runs

    def inside(self) -> bool:
        """Say whether Ardour is in our hook at this moment, or was when it died."""
        calls = self._lines("calls.txt")
        latest = calls[len(calls) - calls[::-1].index("started") :] if "started" in calls else []
        return latest.count("in") > latest.count("out")

    def hold_the_next_import(self) -> None:
        (self._root / "hold").touch()

    def holds(self) -> bool:
        """Say whether an import stands still."""
        return bool(self._lines("held.txt"))

    def let_go(self) -> None:
        (self._root / "hold").unlink()

    def _lines(self, name: str) -> list[str]:
        file = self._root / name
        return file.read_text("utf-8").splitlines() if file.exists() else []
