"""The real `stembridge serve`, in a process of its own: started, stopped, killed, asked."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.cli.main import main
from bridge.protocol.codes import Code
from bridge.protocol.paths import CREATE_PATH, GET_PATH

KILLS = 12
MINUTES = 500


class Process:
    """A server process that may be started again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.config.write_text(
            '[state]\nfolder = "state"\n[server]\nport = 0\ncalls_per_minute = 0\ntasks_at_once = 0\nworkers = 2\n'
        )
        self.key = ""
        self.base = ""
        self._running: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "bridge.cli.main", "serve", "--config", str(self.config)]
        log = (self.folder / "log.txt").open("a")
        with log:
            self._running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._running.stdout is not None
        said = self._running.stdout.readline()
        assert "Serving on http://127.0.0.1:" in said, (self.folder / "log.txt").read_text()
        self.base = said.split()[2]

    def kill(self) -> None:
        if self._running is not None:
            self._running.kill()
            self._ended()

    def terminate(self, number: int = signal.SIGTERM) -> int:
        assert self._running is not None
        self._running.send_signal(number)
        self._running.wait(10)
        return self._ended()

    def _ended(self) -> int:
        assert self._running is not None
        code = self._running.wait()
        assert self._running.stdout is not None
        self._running.stdout.close()
        self._running = None
        return code

    def ask(self, client: httpx.Client, path: str, body: object, **headers: str) -> Any:
        response = client.post(self.base + path, json=body, headers={"api-key": self.key, **headers})
        return response.json()


@pytest.fixture
def server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Process]:
    process = Process(tmp_path)
    assert main(["keys", "create", "anna", "--json", "--config", str(process.config)]) == 0
    process.key = json.loads(capsys.readouterr().out)["key"]
    assert main(["keys", "credit", "anna", str(MINUTES), "--config", str(process.config)]) == 0
    yield process
    process.kill()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_even_with_a_task_under_way_and_a_connection_open(
    server: Process, one_second: bytes, number: int
) -> None:
    server.start()
    with httpx.Client() as client:
        grant = server.ask(client, "/stembridge/v1/uploads", {"filename": "x", "size": len(one_second)})["data"]
        client.put(grant["put_url"], content=one_second)
        tasks = [
            server.ask(client, CREATE_PATH, {"model_type": 501, "inputurl": grant["inputurl"]})["data"]["job_id"]
            for _ in range(4)
        ]
        assert server.terminate(number) == 0
        server.start()
        ended = [wait(server, client, task) for task in tasks]
    assert [data["status"] for data in ended] == ["success"] * 4
    assert ledger(server) == (MINUTES - 4, {"success": 4})
    log = (server.folder / "log.txt").read_text()
    assert all(json.loads(line)["time"] for line in log.splitlines())
    assert "Traceback" not in log
    assert server.key not in log
    assert "signature=" not in log


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_whenever_it_is_killed_no_task_is_lost_doubled_or_charged_twice(server: Process, one_second: bytes) -> None:
    chance = random.Random(7)
    server.start()
    with httpx.Client(timeout=10) as client:
        grant = server.ask(client, "/stembridge/v1/uploads", {"filename": "x", "size": len(one_second)})["data"]
        client.put(grant["put_url"], content=one_second)
        order = {"model_type": 350, "inputurl": grant["inputurl"]}
        tasks: dict[str, str] = {}
        for number in range(KILLS * 3):
            if number % 3 == 2:  # in the middle of an order, whose answer may be lost
                killer = threading.Timer(chance.uniform(0, 0.12), os.kill, (pid_of(server), signal.SIGKILL))
                killer.start()
            intent = f"intent {number}"
            while intent not in tasks:
                try:
                    answer = server.ask(client, CREATE_PATH, order, **{"Idempotency-Key": intent})
                except httpx.TransportError:
                    server.kill()
                    server.start()
                    continue
                assert answer["code"] == Code.SUCCESS
                tasks[intent] = answer["data"]["job_id"]
            if number % 3 == 2:
                killer.join()
                server.kill()
                server.start()
        ended = [wait(server, client, task) for task in tasks.values()]
    assert len(set(tasks.values())) == KILLS * 3
    # A task that was under way at five of the kills is given up, and costs nothing.
    states = {state: sum(data["status"] == state for data in ended) for state in ("success", "failed")}
    assert all("ended unexpectedly" in data["error"] for data in ended if data["status"] == "failed")
    assert states["success"] >= KILLS * 2
    assert ledger(server) == (MINUTES - states["success"], {k: v for k, v in states.items() if v})
    assert server.terminate() == 0


def pid_of(server: Process) -> int:
    assert server._running is not None
    return server._running.pid


def wait(server: Process, client: httpx.Client, task: str) -> Any:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        data = server.ask(client, GET_PATH, {"job_id": task})["data"]
        if data["status"] != "waiting":
            return data
        time.sleep(0.05)
    raise AssertionError(f"task {task} did not end: {(server.folder / 'log.txt').read_text()[-3000:]}")


def ledger(server: Process) -> tuple[int, dict[str, int]]:
    """Return the balance and the tasks by state, after adding up every row of the ledger by hand."""
    connection = sqlite3.connect(server.folder / "state" / "server" / "server.db")
    (balance,) = connection.execute("SELECT balance FROM keys").fetchone()
    assert connection.execute("SELECT sum(minutes) FROM ledger").fetchone() == (balance,)
    movements = connection.execute("SELECT task, group_concat(kind) FROM ledger WHERE task NOT NULL GROUP BY task")
    states = dict(connection.execute("SELECT id, state FROM tasks"))
    ends = {"success": {"reserve", "settle"}, "failed": {"reserve", "release"}}
    for task, kinds in movements:
        assert set(kinds.split(",")) == ends[states[task]]
    counts: dict[str, int] = {}
    for state in states.values():
        counts[state] = counts.get(state, 0) + 1
    connection.close()
    return balance, counts
