"""How fast is the rough preview, and how much memory does it take? On one core, 5 and 60 minutes of stereo.

    python -m scripts.bench.preview_speed [minutes ...]

from the repository's top. Each length runs in a process of its own, held to one core and one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RATE = 44100
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def write_mix(path: Path, minutes: float) -> None:
    """Write band-limited noise with a beat: the engine's work does not depend on what sounds."""
    import numpy as np
    import soundfile

    random = np.random.default_rng(1)
    bar = random.normal(0, 0.05, (2 * RATE, 2)).astype(np.float32)
    bar *= np.exp(-8 * (np.arange(len(bar)) / RATE % 0.5))[:, None].astype(np.float32)
    with soundfile.SoundFile(path, "w", RATE, 2, "FLOAT", format="WAV") as file:
        for _ in range(round(minutes * 30)):
            file.write(bar)


def child(mix: Path, folder: Path) -> None:
    """Separate, and print what it took as one line of JSON."""
    import resource

    from bridge.separation import catalogue
    from bridge.separation.registry import separator
    from bridge.separation.separator import SeparationRequest

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    reports: list[float] = []
    wall, cpu = time.perf_counter(), time.process_time()
    request = SeparationRequest(mix, catalogue.model(501), folder)
    separator("preview").separate(request, lambda _done: reports.append(time.perf_counter()))
    took, worked = time.perf_counter() - wall, time.process_time() - cpu
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    gap = max(later - earlier for earlier, later in zip([wall, *reports], reports, strict=False))
    print(json.dumps({"wall_s": took, "cpu_s": worked, "peak_rss_mib": rss, "longest_silence_s": gap}))


def measure(minutes: float) -> None:
    """Run one length in a process of its own and print its line."""
    with tempfile.TemporaryDirectory() as folder:
        mix, stems = Path(folder, "mix.wav"), Path(folder, "stems")
        stems.mkdir()
        write_mix(mix, minutes)
        command = [sys.executable, "-m", "scripts.bench.preview_speed", "--child", str(mix), str(stems)]
        ran = subprocess.run(command, env=os.environ | _ONE_THREAD, check=True, capture_output=True, text=True)
    took = json.loads(ran.stdout)
    print(
        f"{minutes:g} min: {60 * minutes / took['wall_s']:.1f} x real time "
        f"({60 * minutes / took['cpu_s']:.1f} by CPU time), peak RSS {took['peak_rss_mib']:.0f} MiB, "
        f"longest time without a progress report {took['longest_silence_s']:.2f} s",
        flush=True,
    )


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description="Measure the rough preview's speed and memory on one core.")
    parser.add_argument("minutes", type=float, nargs="*", default=[5.0, 60.0])
    parser.add_argument("--child", type=Path, nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(*args.child)
        return
    for minutes in args.minutes:
        measure(minutes)


if __name__ == "__main__":
    main()
