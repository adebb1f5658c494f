"""How long it takes from `/stembridge/separate` to `/stembridge/job/accepted`, asked of a running `stembridge up`.

    python -m scripts.bench.osc_accept [--bounces N] [--long N]

from the repository's top. Once while the bridge is paused, so that the answer alone is measured, and once while it
separates what it is asked for. The long bounces last five minutes (44.1 kHz, stereo, 24 bit: 79 MB). Not for Windows.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path

from pythonosc.osc_message import OscMessage

from bridge.osc import addresses
from bridge.osc.outgoing import packet

PATIENCE_S = 60.0
LONG_S = 300


class Client:
    """A program that asks over UDP."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", port))
        self._socket.settimeout(PATIENCE_S)

    def ask(self, message: bytes, answer: str) -> float:
        """Send a message and return the seconds until the answer."""
        begin = time.perf_counter()
        self._socket.send(message)
        while True:
            heard = OscMessage(self._socket.recv(65536))
            if heard.address == answer:
                return time.perf_counter() - begin
            if heard.address == addresses.ERROR:
                sys.exit(" ".join(map(str, heard.params)))


@contextlib.contextmanager
def bridge(root: Path) -> Iterator[Client]:
    """Run `stembridge up` in a folder of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lines = ["[inbox]", 'folder = "inbox"', "[output]", 'folder = "stems"', "[state]", 'folder = "state"']
    lines += ["[osc]", f"port = {port}", 'folders = ["bounces"]', "[separation]", 'engine = "preview"']
    for folder in ("inbox", "bounces"):
        (root / folder).mkdir(parents=True)
    (root / "config.toml").write_text("\n".join(lines), "utf-8")
    command = [sys.executable, "-m", "bridge.cli.main", "up", "--config", str(root / "config.toml")]
    with (root / "said").open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        try:
            while b"Ctrl-C stops it" not in (root / "said").read_bytes():
                assert process.poll() is None, (root / "said").read_text("utf-8")
                time.sleep(0.05)
            yield Client(port)
        finally:
            process.send_signal(signal.SIGTERM)


def bounce(path: Path, seconds: float) -> None:
    """Save a bounce like no other."""
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 3, 44100, 0, "NONE", ""))
        for _ in range(max(1, round(seconds))):
            file.writeframes(random.randbytes(6 * round(44100 * min(1.0, seconds))))


def measure(name: str, root: Path, count: int, seconds: float, *, paused: bool) -> None:
    with bridge(root) as client:
        if paused:
            client.ask(packet(addresses.PAUSE), addresses.OK)
        times = []
        for number in range(count + 1):
            path = root / "bounces" / f"Song {number}.wav"
            bounce(path, seconds)
            times.append(1000 * client.ask(packet(addresses.SEPARATE, "s", str(path)), addresses.ACCEPTED))
            path.unlink()
    first, *times = times  # the first one imports what it needs
    ordered = sorted(times)
    p50, p99 = statistics.median(ordered), ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))]
    print(f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {ordered[-1]:.1f} ms of {count}; first {first:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--bounces", type=int, default=200)
    parser.add_argument("--long", type=int, default=10)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        measure("3 s bounces, paused", root / "paused", arguments.bounces, 3, paused=True)
        measure("3 s bounces, while separating", root / "working", arguments.bounces, 3, paused=False)
        measure("5 min bounces, paused", root / "long", arguments.long, LONG_S, paused=True)


if __name__ == "__main__":
    main()
