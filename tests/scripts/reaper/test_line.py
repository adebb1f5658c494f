"""The EEL2 end of the line, against the bridge's own OSC room over TCP, and both ends of it together."""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.errors import BounceError
from bridge.jobs.states import State
from bridge.osc.addresses import INCOMING, OUTGOING
from bridge.osc.options import OscOptions
from bridge.osc.server import OscServer
from tests.osc.oscdesk import Desk, Jobs
from tests.ports import free_port
from tests.scripts.reaper.conftest import SCRIPTS, Studio
from tests.scripts.reaper.eel_parser import EelSyntaxError
from tests.scripts.reaper.eel_subset import Eel
from tests.scripts.reaper.reaper_musician import Musician

SCRIPT = SCRIPTS / "Stembridge_Line.eel"
SECTION = "Stembridge line"
PATIENCE_S = 20.0


class Line:
    """The script with an ExtState of its own."""

    def __init__(self, port: int) -> None:
        self.store: dict[str, str] = {"host": "127.0.0.1", "port": str(port)}
        self.ticks = 0
        self.eel = Eel(SCRIPT, lambda _, key: self.store.get(key, ""), self._put)

    def _put(self, section: str, key: str, value: str, persist: bool) -> None:
        assert section == SECTION
        self.store[key] = value

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, self.store
            self.tick()
            time.sleep(0.001)

    def tick(self) -> None:
        """One tick of REAPER while somebody wants the line."""
        self.ticks += 1
        self.store["want"] = str(self.ticks)
        self.eel.tick()

    def say(self, *lines: str) -> None:
        self.store["out"] = "\n".join(lines)
        self.until(lambda: self.store["out"] == "")

    def has(self, key: str, value: str) -> Callable[[], bool]:
        return lambda: self.store.get(key) == value


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def room(desk: Desk) -> Iterator[OscServer]:
    with OscServer(OscOptions(port=0), desk, "1.2.3") as room:
        yield room


@pytest.fixture
def line(room: OscServer) -> Iterator[Line]:
    line = Line(room.port)
    line.until(line.has("state", "open"))
    yield line
    line.eel.quit()


def test_a_job_goes_from_separate_to_done(line: Line, room: OscServer, desk: Desk) -> None:
    jobs = Jobs()
    assert line.store["version"] == "1.2.3"
    line.say("7", "/stembridge/separate", "/inbox/Süße Träume v1.2.wav", "vocals")
    line.until(line.has("reply 7", "accepted\nabcdefgh"))
    assert desk.asked[0][:3] == ("separate", "/inbox/Süße Träume v1.2.wav", "vocals")
    room.on_job_changed(jobs(State.SEPARATING, progress=0.5, step="separating"))
    line.until(line.has("job abcdefgh step", "separating"))
    assert line.store["job abcdefgh state"] == "separating"
    assert line.store["job abcdefgh progress"] == "0.5000"
    line.say("8", "/stembridge/cancel", "abcdefgh")
    line.until(lambda: ("cancel", "abcdefgh") in desk.asked)


def test_a_second_separate_waits_for_the_answer_of_the_first(line: Line, desk: Desk) -> None:
    desk.gate.clear()
    line.say("1", "/stembridge/separate", "/inbox/a.wav")
    line.store["out"] = "2\n/stembridge/separate\n/inbox/b.wav"
    line.until(lambda: line.ticks > 50)
    assert line.store["out"] != ""
    desk.gate.set()
    line.until(lambda: "reply 1" in line.store)
    line.until(lambda: "reply 2" in line.store)


def test_a_refusal_is_a_sentence(line: Line, desk: Desk) -> None:
    desk.error = BounceError("There is no file.", code="bounce.missing", advice="Look again.")
    line.say("1", "/stembridge/separate", "/inbox/a.wav")
    line.until(lambda: line.store.get("reply 1", "").startswith("error\nThere is no file."))


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE_S)
        yield listening


def text(words: str) -> bytes:
    content = words.encode()
    return content + bytes(4 - len(content) % 4)


def frame(address: str, *words: str) -> bytes:
    packet = text(address) + text("," + "s" * len(words)) + b"".join(map(text, words))
    return struct.pack(">I", len(packet)) + packet


def accept(line: Line, server: socket.socket) -> socket.socket:
    """Take the script's connection and answer its ping."""
    server.setblocking(False)
    found: list[socket.socket] = []

    def arrived() -> bool:
        try:
            found.append(server.accept()[0])
        except BlockingIOError:
            return False
        return True

    line.until(arrived)
    found[0].settimeout(PATIENCE_S)
    line.until(line.has("state", "connecting"))
    line.tick()
    assert found[0].recv(100) == frame("/stembridge/ping")
    found[0].sendall(frame("/stembridge/pong", "9"))
    line.until(line.has("state", "open"))
    return found[0]


def test_packets_come_in_any_pieces(server: socket.socket) -> None:
    line = Line(server.getsockname()[1])
    with accept(line, server) as peer:
        stream = b"".join(frame("/stembridge/job/state", "abcdefgh", "S", f"state{number}") for number in range(40))
        for at in range(0, len(stream), 7):
            peer.sendall(stream[at : at + 7])
            line.tick()
        line.until(line.has("job abcdefgh state", "state39"))
        peer.sendall(stream * 20 + frame("/stembridge/job/error", "abcdefgh", "code", "It failed."))
        line.until(line.has("job abcdefgh error", "It failed."))
    line.eel.quit()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\xff" * 8,
        struct.pack(">I", 4) + b"abcd",
        struct.pack(">I", 0),
        struct.pack(">I", 16) + b"/x\0\0,b\0\0\0\0\0\1a\0\0\0",
        struct.pack(">I", 12) + b"/stembridge/",
    ],
)
def test_nonsense_is_passed_over_or_ends_the_connection_but_never_the_line(
    server: socket.socket, nonsense: bytes
) -> None:
    line = Line(server.getsockname()[1])
    with accept(line, server) as peer:
        peer.sendall(nonsense + frame("/stembridge/job/state", "abcdefgh", "S", "queued"))
        line.until(lambda: line.store["state"] == "closed" or line.store.get("job abcdefgh state") == "queued")
        assert line.eel.is_running
    line.eel.quit()


@pytest.mark.slow
def test_after_a_break_it_comes_back_and_hears_of_the_jobs_that_were_under_way(server: socket.socket) -> None:
    line = Line(server.getsockname()[1])
    with accept(line, server):
        line.say("1", "/stembridge/separate", "/inbox/Song.wav")
    line.until(line.has("reply 1", "lost\n"))
    with accept(line, server) as peer:
        line.tick()
        subscribe = text("/stembridge/subscribe") + text(",ii") + struct.pack(">ii", 0, 86_400)
        assert peer.recv(100) == struct.pack(">I", len(subscribe)) + subscribe
        line.say("2", "/stembridge/separate", "/inbox/v1.5\\Song.x.wav")
        peer.sendall(
            frame("/stembridge/job/accepted", "other", "Another") + frame("/stembridge/job/accepted", "ours", "Song.x")
        )
        line.until(line.has("reply 2", "accepted\nours"))
    line.eel.quit()


def test_nobody_wants_it_any_more_and_it_ends(line: Line) -> None:
    for _ in range(400):
        line.eel.tick()
    assert not line.eel.is_running


def test_without_a_bridge_it_goes_on_trying() -> None:
    line = Line(free_port())
    for _ in range(50):
        line.eel.tick()
        time.sleep(0.001)
    assert line.store["state"] == "closed"
    assert line.eel.is_running
    line.eel.quit()


def test_window_line_and_bridge_together(studio: Studio, room: OscServer, desk: Desk) -> None:
    """A click, both ends of the line, TCP, the bridge's OSC, a delivery, the tracks."""
    studio.say(osc={"host": "0.0.0.0", "port": free_port()})
    reaper = studio.reaper
    reaper.front.selection = (1.0, 1.5)
    musician = Musician(studio)
    eel = Eel(SCRIPT, reaper.GetExtState, reaper.SetExtState)

    def until(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, reaper.gfx.texts()
            eel.tick()
            reaper.tick()
            time.sleep(0.001)

    until(lambda: reaper.GetExtState(SECTION, "state") == "closed")
    studio.say(osc={"host": "0.0.0.0", "port": room.port})
    until(lambda: musician.sees("Connected to Stembridge 1.2.3."))
    musician.click("Bounce and separate")
    until(lambda: bool(musician.requests()) and musician.requests()[0]["job"] == "abcdefgh")
    assert [asked[:3] for asked in desk.asked] == [("separate", str(studio.inbox / "untitled.wav"), "")]
    jobs = Jobs()
    room.on_job_changed(jobs(State.SEPARATING, song="untitled", progress=0.5, step="separating"))
    until(lambda: musician.sees("untitled: separating"))
    folder = studio.deliver(job="abcdefgh", song="untitled")
    room.on_job_changed(replace(jobs(State.DELIVERED, song="untitled", progress=1.0), folder=folder))
    until(lambda: len(reaper.front.tracks) == 5)
    eel.quit()


def test_both_ends_speak_of_the_same_keys_and_the_bridges_own_addresses() -> None:
    eel, lua = SCRIPT.read_text("utf-8"), (SCRIPTS / "lib" / "line.lua").read_text("utf-8")
    spoken = set(
        re.findall(r'"(/stembridge/[\w/]+)"', eel + lua + (SCRIPTS / "lib" / "bounces.lua").read_text("utf-8"))
    )
    assert spoken <= {*INCOMING, *OUTGOING}
    for key in ("alive", "state", "version", "want", "out", "host", "port", "reply ", "job "):
        assert f'"{key}' in eel or f"{key}" in eel
        assert f'"{key}' in lua


@pytest.mark.parametrize(
    "broken", ["x = (1;", "nothing(1);", "function f() ( f(); );", "1 = 2;", 'x = "abc', "loop(3, y += 1;"]
)
def test_the_reader_of_the_subset_is_strict(tmp_path: Path, broken: str) -> None:
    script = tmp_path / "broken.eel"
    script.write_text(broken)
    with pytest.raises(EelSyntaxError):
        Eel(script, lambda _section, _key: "", lambda _section, _key, _value, _persist: None)
