"""The back end of this version: three passes of hand-made rules."""

from __future__ import annotations

from bridge.separation.preview.bass import Bass
from bridge.separation.preview.drums import Drums
from bridge.separation.preview.masks import MaskPass
from bridge.separation.preview.voice import Voice

RULES: tuple[MaskPass, ...] = (Drums(), Bass(), Voice())
"""Drums first, since a short window cannot blur them; then the bass; the voice in what both have left."""
