"""Measure normalising and writing four stems against ffmpeg doing the same: CPU, wall time, peak memory.

    .venv/bin/python scripts/bench/normalise.py --minutes 5,60 --folder /var/tmp

Four float32 stems at 44.1 kHz become 24-bit WAV at 48 kHz. Ours measures true peaks, folds what is missing into
`other`, writes with one common gain, and measures what it wrote: loudness, true peak, null depth. ffmpeg measures each
stem with `ebur128=peak=true`, then writes it with `volume`, `aresample` and `pcm_s24le`. Both read the same files, one
after the other, each in processes of its own, whose CPU time and peak memory the kernel counts (POSIX only).

The material is synthesised: needs about 0.18 GB of disk a minute.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STEMS = ("vocals", "drums", "bass", "other")
FROM_RATE, TO_RATE = 44100, 48000


@dataclass(frozen=True)
class Cost:
    """What one or several processes used; memory is the largest one's."""

    cpu_s: float
    wall_s: float
    peak_mb: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.cpu_s + other.cpu_s, self.wall_s + other.wall_s, max(self.peak_mb, other.peak_mb))

    def __str__(self) -> str:
        return f"CPU {self.cpu_s:7.2f} s   wall {self.wall_s:7.2f} s   peak {self.peak_mb:6.1f} MB"


def run(command: Sequence[str | Path]) -> Cost:
    """Run a command to its end. This process stays small: a child's peak counts its parent's at the fork."""
    begin = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[0]} failed")
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - begin, usage.ru_maxrss / scale)


def ffmpeg(folder: Path) -> Cost:
    """Measure and write every stem with ffmpeg."""
    import imageio_ffmpeg

    base = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y"]
    total = Cost(0, 0, 0)
    for name in STEMS:
        source = ["-i", str(folder / f"{name}.wav")]
        total += run([*base, *source, "-af", "ebur128=peak=true", "-f", "null", "-"])
        chain = f"volume=-1.5dB,aresample={TO_RATE}"
        total += run([*base, *source, "-af", chain, "-c:a", "pcm_s24le", folder / "out" / f"{name}.wav"])
    return total


def make(folder: Path, minutes: float) -> None:
    """Write four stems that sum to a mix: bursts and sustained noise of changing level, in stereo."""
    import numpy as np

    from bridge.audio.canonical import CanonicalWriter
    from bridge.units import Hz

    random = np.random.default_rng(2)
    smooth = np.hanning(64).astype(np.float32) / 32
    loops = {}
    for at, name in enumerate(STEMS):
        noise = random.standard_normal((FROM_RATE * 10, 2)).astype(np.float32) * np.float32(0.2)
        if name in ("bass", "other"):
            noise = np.stack([np.convolve(noise[:, side], smooth, "same") for side in (0, 1)], axis=1) * np.float32(2)
        beat = np.exp(-(np.arange(len(noise)) % (FROM_RATE // (at + 1))) / (FROM_RATE / 8)).astype(np.float32)
        loops[name] = (noise * beat[:, None]).astype(np.float32)
    writers = {name: CanonicalWriter(folder / f"{name}.wav", Hz(FROM_RATE), 2) for name in (*STEMS, "mix")}
    for _ in range(round(minutes * 6)):
        blocks = {name: loop * np.float32(random.uniform(0.3, 1)) for name, loop in loops.items()}
        blocks["mix"] = np.sum([*blocks.values()], axis=0, dtype=np.float32)
        for name, writer in writers.items():
            writer.write(blocks[name])
    for writer in writers.values():
        writer.__exit__(None, None, None)


def ours(folder: Path) -> None:
    """Normalise with Stembridge."""
    from bridge.audio.bwf import Metadata
    from bridge.audio.canonical import float_wav
    from bridge.audio.render import RenderOptions, render

    files = {name: f"{name}.wav" for name in STEMS}
    stems = {name: folder / file for name, file in files.items()}
    mix = float_wav(folder / "mix.wav")
    assert mix is not None
    render(mix, stems, files, folder / "out", Metadata(), RenderOptions(rate=TO_RATE))


def compare(minutes: float, parent: Path) -> Cost:
    """Make the material, run both, print both; return our cost."""
    with tempfile.TemporaryDirectory(dir=parent, prefix="normalise-") as name:
        folder = Path(name)
        (folder / "out").mkdir()
        run([sys.executable, __file__, "--make", folder, "--minutes", str(minutes)])
        mine = run([sys.executable, __file__, "--ours", folder])
        theirs = ffmpeg(folder)
    print(f"{minutes:g} min   stembridge  {mine}")
    print(f"{minutes:g} min   ffmpeg      {theirs}")
    cpu, wall = mine.cpu_s / theirs.cpu_s, mine.wall_s / theirs.wall_s
    print(f"{minutes:g} min   ratio       CPU {cpu:.2f}, wall {wall:.2f}")
    return mine


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", default="5", help="lengths, separated by commas")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where there is room")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ours", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.make:
        make(chosen.make, float(chosen.minutes))
    elif chosen.ours:
        ours(chosen.ours)
    else:
        costs = [compare(float(minutes), chosen.folder) for minutes in chosen.minutes.split(",")]
        print(f"peak memory, longest over shortest: {costs[-1].peak_mb / costs[0].peak_mb:.2f}")


if __name__ == "__main__":
    main()
