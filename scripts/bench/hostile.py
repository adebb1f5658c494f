"""Run a bridge and a server for an hour among hostile peers, and say what became of the good work.

    python -m scripts.bench.hostile [--minutes N] [--stop-every SECONDS] [--keep FOLDER]

from the repository's top; not for Windows. Every few seconds a good bounce is saved into the inbox while every peer of
`hostile_peers.py` does its harm. At random moments the bridge or the server is told to stop by SIGTERM, timed, and
started again. At the end it prints: good bounces delivered of those saved, the slowest stop, and the memory of each
process over the time.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil
import soundfile

from bridge.protocol.paths import HEALTH_PATH
from scripts.bench.hostile_peers import LOOPBACK, PEERS, Target

GOOD_EVERY_S = 15.0
MEMORY_EVERY_S = 5.0
PATIENCE_S = 300.0
STOP_LIMIT_S = 10.0


def free_port() -> int:
    """Return a port that was free a moment ago, below the range that the system hands out by itself."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind((LOOPBACK, port))
            return port


@dataclass
class Program:
    """One of our programs, started again after each stop."""

    name: str
    home: Path
    process: subprocess.Popen[bytes] | None = None
    memory_mb: list[float] = field(default_factory=list)
    """Resident memory, once every few seconds, of all its lives."""
    stops_s: list[float] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Start it; what it prints goes into a file."""
        command = [sys.executable, "-m", "bridge.cli.main", self.name, "--config", str(self.home / "config.toml")]
        with (self.home / f"{self.name}.out").open("ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out)

    def stop(self) -> None:
        """Stop it by SIGTERM and note how long that took."""
        assert self.process is not None
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(60.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.stops_s.append(time.monotonic() - begin)
        if code != 0:
            self.crashes.append(f"stopped with exit code {code} after {self.stops_s[-1]:.1f} s")

    def look(self) -> None:
        """Note its memory; start it again where it died by itself."""
        assert self.process is not None
        if self.process.poll() is not None:
            self.crashes.append(f"ended by itself with {self.process.returncode}")
            self.start()
            return
        with contextlib.suppress(psutil.Error):
            self.memory_mb.append(psutil.Process(self.process.pid).memory_info().rss / 1e6)

    def report(self) -> str:
        """Return its figures in one line."""
        quarter = max(1, len(self.memory_mb) // 4)
        early, late = (statistics.median(part) for part in (self.memory_mb[:quarter], self.memory_mb[-quarter:]))
        memory = f"memory at first {early:.0f} MB, at last {late:.0f} MB, at most {max(self.memory_mb):.0f} MB"
        stops = f"{len(self.stops_s)} stops, the slowest {max(self.stops_s, default=0.0):.1f} s"
        return f"{self.name}: {memory}; {stops}; {self.crashes or 'no crash'}"


class Studio:
    """Folders, the two programs, and the good work."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.inbox, self.output = home / "inbox", home / "stems"
        self.inbox.mkdir()
        self.osc_port, self.server_port = free_port(), free_port()
        lines = ["[inbox]", 'folder = "inbox"', "settle_s = 0.5", "scan_s = 5.0", "[output]", 'folder = "stems"']
        lines += ["[state]", 'folder = "state"', "[osc]", f"port = {self.osc_port}"]
        lines += ["[server]", f"port = {self.server_port}", 'storage = "server"', "[separation]", 'engine = "preview"']
        (home / "config.toml").write_text("\n".join(lines), "utf-8")
        self.programs = [Program("up", home), Program("serve", home)]
        self.saved: dict[str, str] = {}

    def key(self) -> str:
        """Make a key without credit for the hostile tenant."""
        command = [
            sys.executable,
            "-m",
            "bridge.cli.main",
            "keys",
            "create",
            "--config",
            str(self.home / "config.toml"),
        ]
        made = subprocess.run([*command, "tenant", "--json"], check=True, capture_output=True)
        key: str = json.loads(made.stdout)["key"]
        return key

    def save(self, number: int) -> None:
        """Save a good bounce, in one step as a careful DAW does."""
        noise = np.random.default_rng(number).standard_normal((22_050, 2)) * 0.1
        hidden = self.home / "rendering.wav"
        soundfile.write(hidden, noise, 44_100, subtype="PCM_16")
        self.saved[hashlib.sha256(hidden.read_bytes()).hexdigest()] = f"good {number}"
        hidden.rename(self.inbox / f"good {number}.wav")

    def missing(self) -> list[str]:
        """Return the good bounces that no receipt names."""
        delivered = set()
        for receipt in self.output.rglob("stems.json"):
            delivered.add(json.loads(receipt.read_text("utf-8"))["source"]["sha256"])
        return [name for digest, name in self.saved.items() if digest not in delivered]

    def healthy(self) -> bool:
        """Say whether the server answers a good client."""
        with contextlib.suppress(httpx.HTTPError):
            url = f"http://{LOOPBACK}:{self.server_port}{HEALTH_PATH}"
            return httpx.get(url, timeout=5.0, trust_env=False).status_code == 200
        return False


def attack(target: Target, over: threading.Event, seed: int) -> None:
    """Let one peer after the other do its harm, until it is over."""
    chance = random.Random(seed)
    while not over.wait(chance.uniform(0.2, 1.5)):
        with contextlib.suppress(Exception):  # a peer that fails is no finding; what it does to ours is
            chance.choice(PEERS)(target, chance)


@contextlib.contextmanager
def attacked(target: Target) -> Iterator[None]:
    """Let several threads of hostile peers run during the block."""
    over = threading.Event()
    attackers = [threading.Thread(target=attack, args=(target, over, seed)) for seed in range(3)]
    for thread in attackers:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in attackers:
            thread.join()
        for sock in target.held:
            sock.close()


def run(studio: Studio, seconds: float, stop_every_s: float) -> tuple[int, int]:
    """Do the good work for so long; return how often the server was asked for its health, and how often it answered."""
    chance = random.Random(0)
    begin = time.monotonic()
    good, asked, answered = 0, 0, 0
    next_stop = begin + stop_every_s
    while (now := time.monotonic()) < begin + seconds:
        if now >= begin + good * GOOD_EVERY_S:
            studio.save(good)
            good += 1
        for program in studio.programs:
            program.look()
        asked += 1
        answered += studio.healthy()
        if now >= next_stop:
            next_stop = now + stop_every_s * chance.uniform(0.5, 1.5)
            program = chance.choice(studio.programs)
            program.stop()
            program.start()
            time.sleep(MEMORY_EVERY_S)
        time.sleep(MEMORY_EVERY_S)
    return asked, answered


def measure(home: Path, minutes: float, stop_every_s: float) -> bool:
    """Run everything in this folder, print the figures, and say whether all of them are good."""
    studio = Studio(home)
    target = Target(studio.inbox, studio.osc_port, studio.server_port, studio.key())
    for program in studio.programs:
        program.start()
    with attacked(target):
        asked, answered = run(studio, minutes * 60, stop_every_s)
    patience = time.monotonic() + PATIENCE_S
    while studio.missing() and time.monotonic() < patience:
        time.sleep(1.0)
    missing = studio.missing()
    for program in studio.programs:
        program.stop()
        print(program.report())
    count = len(studio.saved)
    print(f"{count - len(missing)} of {count} good bounces delivered; missing: {missing or 'none'}")
    print(f"health: {answered} of {asked} answered (a stop takes a few)")
    tracebacks = sum(file.read_text(errors="replace").count("Traceback") for file in home.rglob("*.out"))
    print(f"{tracebacks} tracebacks on the terminal")
    slowest = max(max(program.stops_s) for program in studio.programs)
    crashed = any(program.crashes for program in studio.programs)
    return not (missing or tracebacks or crashed or slowest > STOP_LIMIT_S)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--stop-every", type=float, default=300.0, metavar="SECONDS")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work in this new folder, and leave it for a look")
    options = parser.parse_args()
    if options.keep is not None:
        options.keep.mkdir()
        return int(not measure(options.keep, options.minutes, options.stop_every))
    with tempfile.TemporaryDirectory() as folder:
        return int(not measure(Path(folder), options.minutes, options.stop_every))


if __name__ == "__main__":
    sys.exit(main())
