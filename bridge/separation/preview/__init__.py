"""The rough preview: separation without weights, by rules over spectrograms.

    engine    the `Separator`: reads the mix block by block, writes the stems
    blocks    overlapping blocks of the mix on one fixed grid, so that their seams cannot be heard
    folddown  the one or two channels that the masks are computed from
    stft      windows, analysis, overlap-add
    masks     the interface of a rule: it takes a spectrum and gives masks
    rules     the rules of this version: drums, bass, voice
    cues, medians, pitch   what the rules measure

Importing this package is cheap; its modules need numpy.
"""

from __future__ import annotations

from bridge.separation.engine import Engine
from bridge.separation.separator import EngineOptions, Separator

NAME = "preview"
STEMS = ("bass", "drums", "vocals", "other")
"""What every run of it makes; the complement of a single stem is computed from the mix."""


def _load(_options: EngineOptions) -> Separator:
    from bridge.separation.preview.engine import PreviewEngine

    return PreviewEngine()


ENGINE = Engine(
    name=NAME,
    label="preview (rough preview, no weights)",  # it must never be taken for more than it is
    revision="rules-1",
    passes=dict.fromkeys((501, 350, 340, 360), "rules"),
    load=_load,
)
