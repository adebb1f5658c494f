"""What `wires` does on Windows, against the ends of pipes that stand in for its named ones."""

from __future__ import annotations

import errno
import importlib.util
import os
import sys
import time
from collections.abc import Iterator
from io import FileIO
from types import ModuleType

import pytest

from scripts.audacity import wires
from scripts.audacity.trouble import NoAudacity

NONE_YET = FileNotFoundError(errno.ENOENT, "No such file or directory")
BUSY = OSError(errno.EINVAL, "Invalid argument")
TO, FROM = r"\\.\pipe\ToSrvPipe", r"\\.\pipe\FromSrvPipe"


class Server:
    """Opens in Audacity's stead what a client asks for, after failing as it was told."""

    def __init__(self) -> None:
        self.failures: list[OSError | None] = []
        self.opened: list[FileIO] = []
        self.ends: dict[str, int] = {}

    def open(self, name: str, mode: str) -> FileIO:
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        reader, writer = os.pipe()
        mine, theirs = (reader, writer) if name == TO else (writer, reader)
        if name in self.ends:
            os.close(self.ends[name])
        self.ends[name] = mine
        self.opened.append(FileIO(theirs, mode))
        return self.opened[-1]


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    for end in server.ends.values():
        os.close(end)
    deadline = time.monotonic() + 20
    while not all(file.closed for file in server.opened):
        assert time.monotonic() < deadline, "a pipe stays open"
        time.sleep(0.005)


@pytest.fixture
def windows(server: Server, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("wires_on_windows", wires.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(sys, "platform", "win32")
        spec.loader.exec_module(module)
    monkeypatch.setattr(module, "FileIO", server.open)
    return module


def test_what_is_sent_and_received_ends_as_windows_has_it(windows: ModuleType, server: Server) -> None:
    pair = windows.connect()
    pair.send(b"Undo:")
    assert os.read(server.ends[TO], 100) == b"Undo:\r\n\0"
    os.write(server.ends[FROM], b"BatchCommand finished: OK\r\n\r\n\0")
    assert pair.receive(time.monotonic() + 20) == b"BatchCommand finished: OK\n\n"
    assert pair.receive(time.monotonic()) == b""
    pair.close()


@pytest.mark.parametrize("failures", [[NONE_YET], [BUSY, NONE_YET], [None, NONE_YET], [None, BUSY, None, NONE_YET]])
def test_between_two_clients_the_pipes_are_waited_for(
    windows: ModuleType, server: Server, failures: list[OSError | None]
) -> None:
    server.failures = list(failures)
    pair = windows.connect()
    *before, to, come_from = server.opened
    assert all(file.closed for file in before), "else Audacity would wait for the client that gave up"
    assert [to.closed, come_from.closed] == [False, False]
    pair.close()


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (NONE_YET, "Audacity is not running, or does not listen to scripts. Start Audacity"),
        (BUSY, "Another script is talking to Audacity"),
        (PermissionError(errno.EACCES, "Permission denied"), r"no longer listens to scripts \(Permission denied\)"),
    ],
)
def test_pipes_that_never_come_end_in_a_sentence(
    windows: ModuleType, server: Server, monkeypatch: pytest.MonkeyPatch, failure: OSError, sentence: str
) -> None:
    monkeypatch.setattr(windows, "_PATIENCE_S", 0.03)
    monkeypatch.setattr(windows, "_LOCKED_S", 0.06)
    server.failures = [failure] * 1000
    with pytest.raises(NoAudacity, match=sentence):
        windows.connect()
    assert len(server.failures) < 1000 - 1, "tried again"
