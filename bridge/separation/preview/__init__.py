"""The rough preview: separation without weights, by rules over spectrograms.

    engine    the `Separator`: reads the mix block by block, writes the stems
    blocks    overlapping blocks of the mix on one fixed grid, so that their seams cannot be heard
    folddown  the one or two sides the masks look at
    stft      windows, analysis, overlap-add
    masks     the inner seam: a pass looks at a spectrum and gives masks
    rules     the passes of this version: drums, bass, voice
    cues, medians, pitch   what the rules look at

Importing this package is cheap; its modules need numpy.
"""

from __future__ import annotations

NAME = "preview"
REVISION = "rules-1"
LABEL = "preview (rough preview, no weights)"
"""What people read wherever the engine is named: it must never be taken for more than it is."""
