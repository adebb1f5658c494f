"""Measure an upload to a real WebDAV server on loopback beside `curl -T`: throughput, and the highest use of memory.

    python scripts/bench/upload.py [MEBIBYTES] [ROUNDS]

1024 MiB and 9 rounds where nothing is said; needs nginx and curl, and Linux for the memory. Both upload the same file
in turns, each in a process of its own; what is compared is the time of the transfer, without the program's start.
nginx gets a buffer of 1 MiB: with its usual 16 KiB one measures nginx, whoever uploads. The files lie in the temporary
folder (TMPDIR): on a slow disk one would measure that.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bridge.publish.webdav import WebDav

WANTED_RATIO = 0.9
WANTED_RSS_MIB = 80
PIECE = 16 << 20
NGINX = """
daemon off;
pid {home}/pid;
error_log {home}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {home}/temp;
    client_max_body_size 0;
    client_body_buffer_size 1m;
    server {{
        listen 127.0.0.1:{port};
        root {home};
        location /dav/ {{ dav_methods PUT DELETE; }}
    }}
}}
"""


@contextlib.contextmanager
def web_server(home: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for folder in ("dav", "temp"):
        (home / folder).mkdir(mode=0o777)
    user = "user root;" if os.geteuid() == 0 else ""
    (home / "nginx.conf").write_text(user + NGINX.format(home=home, port=port))
    process = subprocess.Popen([program("nginx"), "-e", str(home / "error.log"), "-c", str(home / "nginx.conf")])
    try:
        while True:
            assert process.poll() is None, "nginx did not start"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}/dav"
    finally:
        process.terminate()
        process.wait(10)


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        sys.exit(f"{name} is not installed")
    return found


def upload(name: str, url: str, bounce: Path) -> tuple[float, float]:
    """Seconds, and the highest RSS in MiB if it is ours."""
    return ours(url, bounce) if name == "ours" else (curl(url, bounce), 0.0)


def ours(url: str, bounce: Path) -> tuple[float, float]:
    """Seconds, and the highest RSS in MiB."""
    command = [sys.executable, __file__, "--child", url, str(bounce)]
    seconds, rss = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(seconds), float(rss)


def child(url: str, bounce: Path) -> None:
    begin = time.perf_counter()
    WebDav(url).publish(bounce, bounce.name, 3600)
    seconds = time.perf_counter() - begin
    # Not ru_maxrss, which remembers the process that forked us.
    peak_kib = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
    print(seconds, peak_kib / 1024)


def curl(url: str, bounce: Path) -> float:
    command = [program("curl"), "-sS", "-f", "-T", str(bounce), "-o", os.devnull, "-w", "%{time_total}"]
    return float(subprocess.run([*command, f"{url}/curl.wav"], capture_output=True, text=True, check=True).stdout)


def fill(bounce: Path, mebibytes: int) -> None:
    with bounce.open("wb") as file:
        for begin in range(0, mebibytes << 20, PIECE):
            file.write(os.urandom(min(PIECE, (mebibytes << 20) - begin)))


def main(mebibytes: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home, bounce = Path(folder), Path(folder) / "bounce.wav"
        fill(bounce, mebibytes)
        times: dict[str, list[float]] = {"ours": [], "curl": []}
        peak = 0.0
        with web_server(home) as url:
            for number in range(rounds):
                # Who comes first in a round finds more free memory, so they take turns in that too.
                for name in sorted(times, reverse=bool(number % 2)):
                    seconds, rss = upload(name, url, bounce)
                    times[name].append(seconds)
                    peak = max(peak, rss)
                for stored in (home / "dav").iterdir():
                    assert stored.stat().st_size == bounce.stat().st_size
                    stored.unlink()
        report(mebibytes, times, peak)


def report(mebibytes: int, times: dict[str, list[float]], peak: float) -> None:
    for name, seconds in times.items():
        rates = sorted(mebibytes / each for each in seconds)
        print(f"{name}: median {statistics.median(rates):.0f} MiB/s ({rates[0]:.0f} to {rates[-1]:.0f})")
    ratio = statistics.median(times["curl"]) / statistics.median(times["ours"])
    print(f"ours / curl: {ratio:.2f} (wanted: {WANTED_RATIO})")
    print(f"highest RSS: {peak:.1f} MiB (wanted: at most {WANTED_RSS_MIB})")
    if ratio < WANTED_RATIO or peak > WANTED_RSS_MIB:
        sys.exit(1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
    else:
        given = [int(argument) for argument in sys.argv[1:]]
        main(*[*given, 1024][:1], *[*given[1:], 9][:1])
