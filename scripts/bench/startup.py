"""How long `stembridge --version` takes beside `python -c pass`: the heavy imports have to be lazy.

    python scripts/bench/startup.py [RUNS]

The two run in turn; the difference of the medians is what our own imports cost.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = [sys.executable, "-m", "bridge.cli.main", "--version"]
BARE = [sys.executable, "-c", "pass"]


def seconds(command: list[str]) -> float:
    """Run a command once and return its wall time."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - begin


def main(runs: int) -> None:
    seconds(OURS), seconds(BARE)  # the first run fills the caches
    pairs = [(seconds(OURS), seconds(BARE)) for _ in range(runs)]
    ours, bare = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
    print(f"--version {ours:.0f} ms, python -c pass {bare:.0f} ms, difference {ours - bare:.0f} ms ({runs} runs each)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
