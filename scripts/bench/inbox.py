"""Measure the inbox: the scan, the idle process, the way from settled to accepted, and a burst with a stop in it.

    python scripts/bench/inbox.py [scan] [idle] [latency] [burst]

Without a name all four are measured. The inbox runs in a process of its own with the real job store, on the disk that
holds the temporary folder (TMPDIR).
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from bridge.errors import StembridgeError
from bridge.inbox.filters import Filters
from bridge.inbox.inbox import Inbox
from bridge.inbox.options import InboxOptions
from bridge.inbox.scan import scan
from bridge.jobs.spec import JobSpec
from bridge.jobs.store import JobStore

MANY = 10_000
IDLE_FILES = 1_000
IDLE_S = 65.0
"""Two whole scan periods."""
LATENCY_ROUNDS = 30
SETTLE_S = 0.3


def bounce(number: int) -> bytes:
    """A WAV of 100 frames, different for each number."""
    data = number.to_bytes(4, "little") * 100
    form = (
        b"WAVEfmt \x10\0\0\0\x01\0\x02\0\x80\xbb\0\0\0\xee\x02\0\x04\0\x10\0data"
        + len(data).to_bytes(4, "little")
        + data
    )
    return b"RIFF" + len(form).to_bytes(4, "little") + form


def fill(folder: Path, first: int, count: int) -> None:
    for number in range(first, first + count):
        (folder / f"{number:05}.wav").write_bytes(bounce(number))


def store_in(home: Path) -> JobStore:
    return JobStore(home / "jobs.sqlite", key_of=lambda arrival: arrival.sha256)


def child(home: Path) -> None:
    """Run nothing but an inbox and its store; tell of each accepted bounce when it happens."""

    def on_problem(path: Path, error: StembridgeError) -> None:
        print("problem", path, error, flush=True)

    options = InboxOptions(home / "inbox", home / "out", home / "state", JobSpec(home / "out"), settle_s=SETTLE_S)
    inbox = Inbox(
        options,
        store_in(home),
        home / "spool",
        on_accepted=lambda _job: print(time.monotonic(), flush=True),
        on_problem=on_problem,
    )
    inbox.start()
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM})
    inbox.stop()


@contextlib.contextmanager
def inbox_process(home: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, __file__, "--child", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def read_lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(count)]


def measure_scan(home: Path) -> None:
    folder = home / "inbox"
    fill(folder, 0, MANY)
    filters = Filters(folder, [home / "state"], [])
    known = dict(scan(str(folder), filters, {}, lambda: True).fresh)
    times, processor = [], []
    for _ in range(15):
        begin, worked = time.perf_counter(), time.process_time()
        findings = scan(str(folder), filters, known, lambda: True)
        times.append(time.perf_counter() - begin)
        processor.append(time.process_time() - worked)
        assert findings.fresh == []
    print(
        f"scan of {MANY} settled files: median {statistics.median(times) * 1e3:.1f} ms, "
        f"best {min(times) * 1e3:.1f} ms, of which processor {statistics.median(processor) * 1e3:.1f} ms"
    )


def measure_idle(home: Path) -> None:
    fill(home / "inbox", 0, IDLE_FILES)
    with inbox_process(home) as process:
        read_lines(process, IDLE_FILES)
        time.sleep(2.0)
        view = psutil.Process(process.pid)
        before = view.cpu_times()
        time.sleep(IDLE_S)
        after = view.cpu_times()
        used = after.user + after.system - before.user - before.system
        print(
            f"idle with {IDLE_FILES} files for {IDLE_S:.0f} s: {100 * used / IDLE_S:.3f} % of a core, "
            f"RSS {view.memory_info().rss / 2**20:.1f} MiB, "
            f"{view.num_threads()} threads"
        )


def measure_latency(home: Path) -> None:
    delays = []
    with inbox_process(home) as process:
        # Until the watch stands, a bounce is one that was there before: its close was not seen.
        time.sleep(1.0)
        for number in range(LATENCY_ROUNDS):
            (home / "inbox" / f"{number}.wav").write_bytes(bounce(number))
            settled = time.monotonic() + SETTLE_S
            delays.append(float(read_lines(process, 1)[0]) - settled)
    print(f"settled to accepted: median {statistics.median(delays) * 1e3:.1f} ms, worst {max(delays) * 1e3:.1f} ms")


def measure_burst(home: Path) -> None:
    begin = time.monotonic()
    with inbox_process(home) as process:
        fill(home / "inbox", 0, MANY // 4)
        os.kill(process.pid, signal.SIGSTOP)
        fill(home / "inbox", MANY // 4, MANY // 2)
        os.kill(process.pid, signal.SIGCONT)
        fill(home / "inbox", 3 * MANY // 4, MANY // 4)
        saved = time.monotonic()
        read_lines(process, MANY)
        accepted = time.monotonic()
        time.sleep(3.0)
    sources = [job.source.name for job in store_in(home).jobs()]
    print(
        f"burst of {MANY} files, stopped in the middle: saved in {saved - begin:.1f} s, all accepted after "
        f"{accepted - begin:.1f} s; {len(sources)} jobs, {len(set(sources))} different"
    )


MEASURES = {"scan": measure_scan, "idle": measure_idle, "latency": measure_latency, "burst": measure_burst}


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--child"]:
        child(Path(arguments[1]))
        return
    for name in arguments or MEASURES:
        with tempfile.TemporaryDirectory() as home:
            (Path(home) / "inbox").mkdir()
            MEASURES[name](Path(home))


if __name__ == "__main__":
    main(sys.argv[1:])
