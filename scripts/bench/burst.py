"""Measure the bridge from outside: a burst of 10,000 bounces with a pause in the middle, latency, and idling.

    python -m scripts.bench.burst [--count N] [--parts burst latency idle]

from the repository's top. Not for Windows, which has no SIGSTOP.
"""

from __future__ import annotations

import argparse
import array
import contextlib
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from bridge.daemon.compose import open_store
from bridge.inbox.filters import Filters
from bridge.inbox.scan import scan
from bridge.jobs.folder import StateFolder
from bridge.jobs.states import State

SETTLE_S = 1.0
PATIENCE_S = 900.0
RATE = 8000


class Bench:
    """A bridge of its own in a folder of its own."""

    def __init__(self, root: Path, settle_s: float) -> None:
        self.root, self.settle_s = root, settle_s
        self.inbox, self.state = root / "inbox", root / "state"
        self.inbox.mkdir(parents=True)
        lines = ["[inbox]", 'folder = "inbox"', f"settle_s = {settle_s}"]
        lines += ["[output]", 'folder = "stems"', "[state]", 'folder = "state"']
        (root / "config.toml").write_text("\n".join(lines), "utf-8")

    @contextlib.contextmanager
    def up(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run `stembridge up`; at the end stop it, and see that it stops well."""
        command = [sys.executable, "-m", "bridge.cli.main", "up", "--config", str(self.root / "config.toml")]
        with (self.root / "said").open("wb") as said:
            process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
            wait_for(lambda: b"Ctrl-C stops it" in (self.root / "said").read_bytes())
            try:
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                assert process.wait(10.0) == 0

    def rows(self, statement: str) -> list[tuple[float, ...]]:
        database = f"file:{self.state / 'stembridge.db'}?mode=ro"
        with contextlib.closing(sqlite3.connect(database, uri=True, timeout=10.0)) as connection:
            return connection.execute(statement).fetchall()

    def accepted(self) -> int:
        return int(self.rows("SELECT count(*) FROM jobs")[0][0])

    def save(self, number: int, frames: int = 64) -> None:
        """Save a bounce like no other."""
        samples = array.array("h", ((number * 7919 + frame * frame * 31) % 20_000 for frame in range(frames)))
        samples[0] = number // 20_000
        with wave.open(str(self.inbox / f"Song {number:05d}.wav"), "wb") as file:
            file.setparams((1, 2, RATE, frames, "NONE", ""))
            file.writeframes(samples.tobytes())

    def cancel_all(self) -> None:
        """Leave nothing to do: what the bridge does when idle is measured, not its work."""
        store = open_store(StateFolder(self.state))
        for job in store.in_states(set(State) - {State.DELIVERED, State.FAILED, State.CANCELLED}):
            store.cancel(job.id)
        store.close()


def wait_for(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not look():
        if time.monotonic() > deadline:
            sys.exit("waited in vain")
        time.sleep(0.05)


def burst(root: Path, count: int) -> None:
    """Save `count` bounces at once; stop the bridge after a third of them, let it go on after nine tenths."""
    bench = Bench(root, SETTLE_S)
    with bench.up() as process:
        began = time.monotonic()
        for number in range(count):
            if number == count // 3:
                wait_for(lambda: bench.accepted() > 0)
                process.send_signal(signal.SIGSTOP)
                print(f"SIGSTOP when {number} were saved and {bench.accepted()} accepted")
            if number == count * 9 // 10:
                process.send_signal(signal.SIGCONT)
                print(f"SIGCONT when {number} were saved")
            bench.save(number)
        saved = time.monotonic()
        print(f"{count} bounces saved in {saved - began:.1f} s, the stop included")
        wait_for(lambda: bench.accepted() >= count)
        print(f"all accepted {time.monotonic() - saved:.1f} s after the last was saved")
        time.sleep(3 * 2.5 * SETTLE_S)  # whatever would be taken twice shows by now
    sources, contents, jobs = bench.rows("SELECT count(DISTINCT source), count(DISTINCT sha256), count(*) FROM jobs")[0]
    failed = bench.rows("SELECT count(*) FROM jobs WHERE state IN ('failed', 'cancelled')")[0][0]
    print(f"jobs {jobs}, different files {sources}, different contents {contents}, failed {failed}")
    measure_scan(bench)


def measure_scan(bench: Bench) -> None:
    store = open_store(StateFolder(bench.state))
    known = store.seen()
    store.close()
    filters = Filters(bench.inbox, (bench.state, bench.root / "stems"), ())
    times = []
    for _ in range(11):
        started = time.perf_counter()
        findings = scan(str(bench.inbox), filters, known, lambda: True)
        times.append(time.perf_counter() - started)
        assert not findings.fresh
    print(f"scan of {len(known)} settled files: median of 11 {statistics.median(times) * 1000:.0f} ms")


def latency(root: Path, count: int = 40) -> None:
    """Save bounces one at a time; how long after it has settled is each being separated?"""
    bench = Bench(root, SETTLE_S)
    settled: list[float] = []
    with bench.up():
        for number in range(count):
            bench.save(number, frames=RATE // 4)
            settled.append(time.time() + bench.settle_s)
            wait_for(lambda: len(bench.rows("SELECT 1 FROM jobs WHERE state = 'delivered'")) == len(settled))
    begun = [row[0] for row in bench.rows("SELECT at FROM events WHERE kind = 'separating' ORDER BY at")]
    accepted = [row[0] for row in bench.rows("SELECT at FROM events WHERE kind = 'accepted' ORDER BY at")]
    for what, since in (("settled", settled), ("accepted", accepted)):
        waits = sorted((after - before) * 1000 for before, after in zip(since, begun, strict=True))
        p50, p99 = waits[len(waits) // 2], waits[min(len(waits) - 1, len(waits) * 99 // 100)]
        print(f"{what} -> separating, {count} bounces one at a time: p50 {p50:.0f} ms, p99 {p99:.0f} ms")


def idle(root: Path, count: int = 1000, seconds: float = 20.0) -> None:
    """Measure the bridge when nothing is to do and `count` bounces lie in the inbox."""
    bench = Bench(root, SETTLE_S)
    with bench.up() as process:
        for number in range(count):
            bench.save(number)
        wait_for(lambda: bench.accepted() >= count)
        bench.cancel_all()
        watched = psutil.Process(process.pid)
        wait_for(lambda: len(watched.children()) <= 1)  # the process for the heavy work goes after a while
        before = sum(watched.cpu_times()[:2])
        time.sleep(seconds)
        used = sum(watched.cpu_times()[:2]) - before
        rss = watched.memory_info().rss / 1e6
        print(
            f"idle with {count} files in the inbox: {used / seconds:.2%} of a core over {seconds:.0f} s, {rss:.0f} MB"
        )


PARTS: dict[str, Callable[[Path], None]] = {"latency": latency, "idle": idle}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many bounces the burst has")
    parser.add_argument("--parts", nargs="+", default=["burst", *PARTS], choices=["burst", *PARTS])
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        for part in options.parts:
            root = Path(folder) / part
            if part == "burst":
                burst(root, options.count)
            else:
                PARTS[part](root)


if __name__ == "__main__":
    main()
