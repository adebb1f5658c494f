"""Send 20,000 OSC messages a second over loopback to our room and to liblo's `oscdump` in turn, and count what is lost.

    python -m scripts.bench.osc_rate [--rate N] [--seconds S] [--rounds R]

from the repository's top. Each receiver is a process of its own; this one sends, in bursts of a millisecond. Ours
checks, decodes, routes and answers each message, and the answers are counted here, too; `oscdump` prints them into a
file. Both have the last second to themselves before they are asked what came.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bridge.osc import outgoing

BURST_S = 0.001
REST_S = 1.0
FILLERS = 2000


class Sender:
    """Sends on time and counts the answers."""

    def __init__(self, port: int) -> None:
        self.answers = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self._socket.connect(("127.0.0.1", port))
        self._socket.setblocking(False)

    def send(self, address: str, count: int, rate: float) -> float:
        """Send numbered messages and return the seconds it took."""
        packets = [outgoing.packet(address, "s", f"{number:06d}") for number in range(count)]
        begin, sent = time.perf_counter(), 0
        while sent < count:
            due = min(count, int((time.perf_counter() - begin) * rate) + 1)
            for number in range(sent, due):
                self._socket.send(packets[number])
            sent = due
            self.count()
            time.sleep(BURST_S)
        return time.perf_counter() - begin

    def count(self) -> None:
        """Take the answers that are there."""
        with contextlib.suppress(BlockingIOError):
            while self._socket.recv(2048):
                self.answers += 1


@contextlib.contextmanager
def ours() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run our room in a process of its own; it says its port, and at the end of its input what it counted."""
    command = [sys.executable, "-m", "scripts.bench.osc_nothing"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())


def to_ours(count: int, rate: float) -> str:
    with ours() as (process, port):
        sender = Sender(port)
        took = sender.send("/stembridge/ping", count, rate)
        time.sleep(REST_S)
        sender.count()
        handled = int(process.communicate()[0])
    return f"ours: {count} sent in {took:.1f} s, {count - handled} lost, {count - sender.answers} answers missing"


def to_oscdump(count: int, rate: float) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder, "printed")
        with printed.open("wb") as output, subprocess.Popen(["oscdump", str(port)], stdout=output) as process:
            time.sleep(REST_S)
            sender = Sender(port)
            took = sender.send("/stembridge/ping", count, rate)
            time.sleep(REST_S)
            # What it has printed is in its buffer until there is more of it.
            sender.send("/filler", FILLERS, rate / 10)
            time.sleep(REST_S)
            process.terminate()
        handled = printed.read_bytes().count(b"/stembridge/ping s")
    return f"oscdump: {count} sent in {took:.1f} s, {count - handled} lost"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rate", type=float, default=20_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    count = int(arguments.rate * arguments.seconds)
    for _ in range(arguments.rounds):
        print(to_ours(count, arguments.rate), flush=True)
        if shutil.which("oscdump"):
            print(to_oscdump(count, arguments.rate), flush=True)
        else:
            print("oscdump is not installed (liblo-tools)")


if __name__ == "__main__":
    main()
