"""A script as Ardour keeps it once the musician has added it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lupa import lua53

_SIGNALS = 49
_SIGNAL_NUMBERS = {"Exported": 11, "StateSaved": 16, "LuaTimerS": 46, "LuaTimerDS": 47, "SetSession": 48}
"""As Ardour 7.3 numbers what a hook may listen to."""


@dataclass(frozen=True)
class Added:
    """A script as the musician added it in Ardour: its file's text, and what was set in the dialog that asks."""

    name: str
    source: str
    parameters: Mapping[str, str]

    def fields(self) -> bytes:
        """Return what Ardour keeps of it: a Lua table of name, text, compiled factory and parameters."""
        lua = _lua(self.source)
        quote = lua.eval(b"function(text) return string.format('%q', text) end")
        pairs = [b"[%s]=%s" % (quote(k.encode()), quote(v.encode())) for k, v in self.parameters.items()]
        factory = lua.eval(b"string.format('%q', string.dump(factory, true))")
        return b'{["n"]=%s,["s"]=%s,["f"]=%s,["a"]={%s}}' % (
            quote(self.name.encode()),
            quote(self.source.encode()),
            factory,
            b",".join(pairs),
        )

    def signals(self) -> str:
        """Return the signals of a hook as Ardour writes them down: a bit each, the last signal first."""
        wanted = set(_lua(self.source).eval(b"signals()").values())
        return "".join("1" if number in wanted else "0" for number in reversed(range(_SIGNALS)))


def _lua(source: str) -> Any:
    """Run a script's text as Ardour does when it is added: no session, no files, only what says what it is."""
    lua = lua53.LuaRuntime(encoding=None)
    names = ",".join(f"{name}={number}" for name, number in _SIGNAL_NUMBERS.items())
    lua.execute(
        f"""io, os, require, dofile, package, debug = nil
        function ardour () end
        local function add (_, chosen)
            local list = {{}}
            for number in pairs (chosen) do list[#list + 1] = number end
            return list
        end
        LuaSignal = {{{names}, Set = function () return {{ add = add }} end}}""".encode()
    )
    lua.execute(source.encode())
    return lua
