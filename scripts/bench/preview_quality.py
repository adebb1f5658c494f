"""How good is the rough preview? Prints the tables of docs/quality.md.

    python -m scripts.bench.preview_quality [--set held-out|tuning] [--cache FOLDER] [--without-baselines]

from the repository's top, with the project's requirements. It synthesises songs (kept in --cache), so it needs
fluidsynth, espeak-ng and three soundfonts; Debian:

    apt install fluidsynth espeak-ng fluid-soundfont-gm timgm6mb-soundfont musescore-general-soundfont

The baselines need librosa, which Stembridge itself does not: `pip install librosa`, best into an environment apart.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from bridge.separation import catalogue
from bridge.separation.preview.engine import PreviewEngine
from bridge.separation.separator import SeparationRequest
from bridge.units import no_progress
from scripts.bench import baselines
from scripts.bench.songs import HELD_OUT, RATE, STEMS, TUNING, Multitrack, Song, centred, multitrack

Estimate = Callable[[Multitrack, baselines.Sound], Multitrack]


def preview(_stems: Multitrack, mix: baselines.Sound) -> Multitrack:
    """Separate with the engine, as it runs in the daemon."""
    with tempfile.TemporaryDirectory() as folder:
        bounce, out = Path(folder, "mix.wav"), Path(folder, "stems")
        out.mkdir()
        soundfile.write(bounce, mix, RATE, "FLOAT")
        paths = PreviewEngine().separate(SeparationRequest(bounce, catalogue.model(501), out), no_progress)
        return {stem: soundfile.read(paths[stem], dtype="float32")[0] for stem in STEMS}


def si_sdr(estimate: baselines.Sound, truth: baselines.Sound) -> float:
    """Return the scale-invariant ratio of signal to distortion, in dB, over both channels at once.

    Le Roux, Wisdom, Erdogan and Hershey, "SDR: half-baked or well done?", 2019, equation 3.
    """
    guess, target = estimate.astype(np.float64).ravel(), truth.astype(np.float64).ravel()
    target = target * (guess @ target) / (target @ target)
    wrong = guess - target
    return float(10 * np.log10((target @ target) / (wrong @ wrong + 1e-20)))


def gains(song: Song, estimate: Estimate, cache: Path) -> list[float]:
    """Return by how many dB each stem is better than the mix itself."""
    truth = multitrack(song, cache)
    mix: baselines.Sound = np.stack(list(truth.values())).sum(axis=0, dtype=np.float32)
    found = estimate(truth, mix)
    return [si_sdr(found[stem], truth[stem]) - si_sdr(mix, truth[stem]) for stem in STEMS]


def methods(with_baselines: bool) -> dict[str, Estimate]:
    """Return what is measured, by its name in the table."""
    named: dict[str, Estimate] = {"rough preview": preview}
    if with_baselines:
        named["librosa HPSS"] = lambda _stems, mix: baselines.hpss(mix)
        named["REPET-SIM"] = lambda _stems, mix: baselines.repet_sim(mix)
    named["oracle ratio mask"] = lambda stems, _mix: baselines.oracle(stems)
    return named


def print_table(title: str, songs: tuple[Song, ...], named: dict[str, Estimate], cache: Path) -> None:
    """Measure every method on the songs and print the means, and the worst song of each."""
    print(f"\n{title} ({len(songs)} songs), SI-SDR improvement in dB:\n")
    print(f"| method | {' | '.join(STEMS)} | mean | worst stem of any song |")
    print("| --- |" + " ---: |" * (len(STEMS) + 2))
    print("| do nothing |" + " 0.0 |" * (len(STEMS) + 2))
    for name, estimate in named.items():
        rows = np.array([gains(song, estimate, cache) for song in songs])
        cells = [*rows.mean(axis=0), rows.mean(), rows.min()]
        print(f"| {name} | {' | '.join(f'{cell:.1f}' for cell in cells)} |", flush=True)


def main() -> None:
    """Read the arguments and print the tables."""
    parser = argparse.ArgumentParser(description="Measure the rough preview on synthesised songs.")
    parser.add_argument("--set", choices=("held-out", "tuning"), default="held-out")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir(), "stembridge-songs"))
    parser.add_argument("--without-baselines", action="store_true", help="leave out what needs librosa")
    args = parser.parse_args()
    if not args.without_baselines and importlib.util.find_spec("librosa") is None:
        parser.error("the baselines need librosa: pip install librosa, or give --without-baselines")
    songs = HELD_OUT if args.set == "held-out" else TUNING
    named = methods(not args.without_baselines)
    print_table(f"Songs of the {args.set} set", songs, named, args.cache)
    # The baselines do not listen to where a sound stands, so this table would only repeat them.
    print_table("The same, everything centred and in mono", centred(songs), methods(with_baselines=False), args.cache)


if __name__ == "__main__":
    main()
