"""Draws what the documentation shows of the code: the state diagram, and the picture of a song and its stems.

python scripts/docs.py            writes both
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

ARCHITECTURE = ROOT / "docs" / "architecture.md"
PICTURE = ROOT / "docs" / "stems.svg"
COLUMNS = 420
SEED = 5
COLOURS = {
    "bounce": "#8a8f98",
    "drums": "#e4703a",
    "bass": "#3f7fd0",
    "vocals": "#c24f9e",
    "other": "#3f9f6b",
}


def with_diagram(text: str) -> str:
    """Return the architecture page with the state diagram of the code between its marks."""
    from bridge.jobs.states import diagram

    block = f"<!-- states -->\n```mermaid\n{diagram()}\n```\n<!-- /states -->"
    return re.sub(r"<!-- states -->.*<!-- /states -->", lambda _match: block, text, flags=re.DOTALL)


def picture() -> str:
    """Separate the demo song with the preview engine and return the waveforms as SVG."""
    import numpy as np
    import soundfile

    from bridge.cli.demo import RATE, demo_song
    from bridge.separation.catalogue import model
    from bridge.separation.registry import separator
    from bridge.separation.seam import SeparationRequest
    from bridge.units import no_progress

    song = demo_song(SEED).T.astype("float32")
    with tempfile.TemporaryDirectory() as folder:
        mix = Path(folder) / "mix.wav"
        soundfile.write(mix, song, RATE, subtype="FLOAT")
        stems = Path(folder) / "stems"
        stems.mkdir()
        made = separator("preview").separate(SeparationRequest(mix, model(501), stems), no_progress)
        lanes = {"bounce": song} | {name: soundfile.read(made[name])[0] for name in COLOURS if name in made}
    peaks = {
        name: [float(np.abs(part).max()) for part in np.array_split(audio, COLUMNS)] for name, audio in lanes.items()
    }
    return _svg(peaks)


def _svg(peaks: dict[str, list[float]]) -> str:
    lane, left, width = 58, 96, COLUMNS * 2
    rows = []
    for number, (name, values) in enumerate(peaks.items()):
        middle = 34 + number * lane + (22 if number else 0)
        bars = "".join(f"M{left + 2 * x} {middle - v * 26:.1f}V{middle + v * 26:.1f}" for x, v in enumerate(values))
        rows.append(
            f'<text x="{left - 14}" y="{middle + 5}" text-anchor="end" fill="{COLOURS[name]}">{name}</text>'
            f'<path d="{bars}" stroke="{COLOURS[name]}" stroke-width="1.4"/>'
        )
    height = 34 + len(peaks) * lane + 6
    arrow = f"M{left + width // 2 - 8} 70h16l-8 10z"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 16} {height}" '
        'font-family="system-ui, sans-serif" font-size="15">'
        f'<rect width="100%" height="100%" rx="10" fill="#16181d"/><path d="{arrow}" fill="#8a8f98"/>'
        f"{''.join(rows)}</svg>\n"
    )


if __name__ == "__main__":
    ARCHITECTURE.write_text(with_diagram(ARCHITECTURE.read_text("utf-8")), "utf-8")
    PICTURE.write_text(picture(), "utf-8")
    print(f"wrote {ARCHITECTURE.relative_to(ROOT)} and {PICTURE.relative_to(ROOT)}")
