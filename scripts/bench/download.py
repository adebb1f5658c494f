"""Measure a download from a real web server on loopback beside `curl`: throughput, and the highest use of memory.

    python scripts/bench/download.py [MEBIBYTES] [ROUNDS]

1024 MiB and 9 rounds where nothing is said; needs nginx and curl, and Linux for the memory. Both download the same
file in turns, each in a process of its own, and each ends with the file on the disk (fsync), as the bridge demands of
a stem.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bridge.separation.api.endpoint import Endpoint
from bridge.separation.api.fetch import fetch
from bridge.separation.api.wire import Wire
from scripts.bench.upload import fill, program, report, web_server


def ours(url: str, target: Path) -> tuple[float, float]:
    """Return the seconds, and the highest RSS in MiB."""
    command = [sys.executable, __file__, "--child", url, str(target)]
    seconds, rss = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(seconds), float(rss)


def child(url: str, target: Path) -> None:
    with Wire(Endpoint(url.rpartition("/")[0], "no-key")) as wire:
        begin = time.perf_counter()
        fetch(wire, url, target, 1 << 40, lambda _done, _whole: None)
        seconds = time.perf_counter() - begin
    peak_kib = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
    print(seconds, peak_kib / 1024)


def curl(url: str, target: Path) -> float:
    """Return the seconds."""
    begin = time.perf_counter()
    subprocess.run([program("curl"), "-sS", "-f", "-o", str(target), url], check=True)
    with target.open("rb+") as file:
        os.fsync(file.fileno())
    return time.perf_counter() - begin


def main(mebibytes: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home, target = Path(folder), Path(folder) / "stem.wav"
        times: dict[str, list[float]] = {"ours": [], "curl": []}
        peak = 0.0
        with web_server(home) as url:
            fill(home / "dav" / "bounce.wav", mebibytes)
            for number in range(rounds):
                for name in sorted(times, reverse=bool(number % 2)):
                    link = f"{url}/bounce.wav"
                    seconds, rss = ours(link, target) if name == "ours" else (curl(link, target), 0.0)
                    times[name].append(seconds)
                    peak = max(peak, rss)
                    assert target.stat().st_size == mebibytes << 20
                    target.unlink()
        report(mebibytes, times, peak)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
    else:
        given = [int(argument) for argument in sys.argv[1:]]
        main(*[*given, 1024][:1], *[*given[1:], 9][:1])
