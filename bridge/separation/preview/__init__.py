"""The rough preview: separation without weights, by rules over two spectrograms.

    engine    the `Separator`: reads the mix block by block, writes the stems
    blocks    overlapping blocks of the mix on one fixed grid, so that their seams cannot be heard
    stft      windows, analysis, overlap-add
    masks     the inner seam: a pass looks at a spectrum and gives masks
    rules     the passes this version has

Importing this package is cheap; its modules need numpy.
"""

from __future__ import annotations

NAME = "preview"
REVISION = "rules-1"
LABEL = "preview (rough preview, no weights)"
"""What people read wherever the engine is named: it must never be taken for more than it is."""
