"""The script of the TouchOSC layout, run in Lua 5.1 with as much of TouchOSC around it as it uses."""

from __future__ import annotations

from typing import Any

import pytest
from lupa import lua51

from bridge.jobs.states import State
from bridge.osc.addresses import INCOMING
from scripts.osc.touchosc import SCRIPT, layout

TOUCHOSC = """
local names = ...
self, sent, now = {children = {}}, {}, 5
for _, name in ipairs(names) do
  self.children[name] = {values = setmetatable({}, {__newindex = function(held, key, value)
    assert(key == (name:match('progress') and 'x' or 'text'), key)
    assert(type(value) == (key == 'x' and 'number' or 'string'), value)
    rawset(held, key, value)
  end})}
end
function getMillis() return now end
function sendOSC(...) sent[#sent + 1] = {...} end
"""


class Device:
    """A tablet with the layout."""

    def __init__(self) -> None:
        self.lua = lua51.LuaRuntime()
        names = [node.findtext("properties/property/value") for node in layout().iter("node")]
        self.lua.execute(TOUCHOSC, self.lua.table_from(names))
        self.lua.execute(SCRIPT.read_text("utf-8"))
        self.run: Any = self.lua.globals()

    def hear(self, address: str, *values: str | float) -> bool:
        arguments = [self.lua.table_from({"tag": "", "value": value}) for value in values]
        heard: bool = self.run.onReceiveOSC(self.lua.table_from([address, self.lua.table_from(arguments)]))
        return heard

    def shows(self, name: str) -> Any:
        values = self.run.self.children[name]["values"]
        return values.x if name.startswith("progress") else values.text

    def sent(self) -> list[list[Any]]:
        return [list(message.values()) for message in self.run.sent.values()]


@pytest.fixture
def device() -> Device:
    return Device()


def test_a_job_fills_a_row_from_its_acceptance_to_its_stems(device: Device) -> None:
    assert device.hear("/stembridge/job/accepted", "1a2b3c4d", "My Song")
    device.hear("/stembridge/job/progress", "1a2b3c4d", 0.25, "separating")
    assert [device.shows(name) for name in ("song1", "progress1", "state1")] == ["My Song", 0.25, "separating"]
    device.hear("/stembridge/job/state", "1a2b3c4d", "My Song", State.DELIVERED)
    device.hear("/stembridge/job/done", "1a2b3c4d", "/stems/My Song", 4)
    assert [device.shows(name) for name in ("progress1", "state1")] == [1, "4 stems"]
    assert device.shows("message") == "/stems/My Song"


def test_a_fifth_job_takes_the_row_of_the_oldest(device: Device) -> None:
    for number in range(1, 6):
        device.hear("/stembridge/job/accepted", f"job{number}", f"Song {number}")
        device.hear("/stembridge/job/progress", f"job{number}", number / 10, "")
    assert [device.shows(f"song{row}") for row in range(1, 5)] == ["Song 5", "Song 2", "Song 3", "Song 4"]
    assert device.shows("progress1") == 0.5


def test_errors_and_answers_are_shown(device: Device) -> None:
    device.hear("/stembridge/error", "/stembridge/separate", "bounce.missing", "There is no file.")
    assert device.shows("message") == "There is no file."
    device.hear("/stembridge/job/error", "1a2b3c4d", "engine.failed", "It broke.")
    assert [device.shows("state1"), device.shows("message")] == ["engine.failed", "It broke."]
    device.hear("/stembridge/ok", "/stembridge/pause", "No further job is begun.")
    assert device.shows("message") == "No further job is begun."
    device.hear("/stembridge/pong", "1.0")
    assert "1.0" in device.shows("message")


def test_cancel_names_the_job_in_its_row_and_an_empty_row_none(device: Device) -> None:
    device.hear("/stembridge/job/accepted", "1a2b3c4d", "My Song")
    device.run.onReceiveNotify("cancel", 2)
    device.run.onReceiveNotify("cancel", 1)
    assert device.sent() == [["/stembridge/cancel", "1a2b3c4d"]]


def test_it_subscribes_at_once_and_again_before_that_runs_out(device: Device) -> None:
    for now in (5, 30_000, 60_004, 60_005, 100_000):
        device.run.now = now
        device.run.update()
    address, port, seconds = device.sent()[0]
    assert device.sent() == [[address, port, seconds]] * 2
    assert len(INCOMING[address].arguments) == 2
    assert seconds > 2 * 60


def test_what_it_does_not_know_is_left_to_others(device: Device) -> None:
    assert device.hear("/stembridge/job/stem", "1a2b3c4d", "vocals", "/stems/vocals.wav") is False
    assert device.hear("/something/else") is False
