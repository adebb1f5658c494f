"""Draws what the documentation shows of the code: the state diagram, the OSC messages, a picture of a song's stems.

python scripts/docs.py            writes all of them
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.osc.addresses import Address, Argument

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

ARCHITECTURE = ROOT / "docs" / "architecture.md"
OSC = ROOT / "docs" / "osc.md"
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

    return _between("states", text, f"```mermaid\n{diagram()}\n```")


def with_messages(text: str) -> str:
    """Return the OSC page with the messages of the code's table between its marks."""
    from bridge.osc.addresses import INCOMING, OUTGOING

    taken = ["| message | arguments | what it does | answer |", "| --- | --- | --- | --- |"]
    taken += [f"{_row(address)} `{address.answer}` |" for address in INCOMING.values()]
    said = ["| message | arguments | what it says |", "| --- | --- | --- |", *map(_row, OUTGOING.values())]
    return _between("outgoing", _between("incoming", text, "\n".join(taken)), "\n".join(said))


def _row(address: Address) -> str:
    arguments = "<br>".join(map(_argument, address.arguments)) or "none"
    return f"| `{address.path}` | {arguments} | {address.help} |"


def _argument(argument: Argument) -> str:
    types = " or ".join(f"`{tag}`" for tag in argument.types)
    optional = ", optional" if argument.optional else ""
    return f"{types} **{argument.name}**{optional}: {argument.help}"


def _between(mark: str, text: str, drawn: str) -> str:
    block = f"<!-- {mark} -->\n{drawn}\n<!-- /{mark} -->"
    return re.sub(rf"<!-- {mark} -->.*<!-- /{mark} -->", lambda _match: block, text, flags=re.DOTALL)


def picture() -> str:
    """Separate the demo song with the preview engine and return the waveforms as SVG."""
    import numpy as np
    import soundfile

    from bridge.cli.demo import RATE, demo_song
    from bridge.separation.catalogue import model
    from bridge.separation.registry import separator
    from bridge.separation.separator import SeparationRequest
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
    OSC.write_text(with_messages(OSC.read_text("utf-8")), "utf-8")
    PICTURE.write_text(picture(), "utf-8")
    print(f"wrote {', '.join(str(path.relative_to(ROOT)) for path in (ARCHITECTURE, OSC, PICTURE))}")
