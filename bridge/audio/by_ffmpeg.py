"""Decode by ffmpeg, and find out whether all of the audio came out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bridge.audio.canonical import Block
from bridge.audio.decoding import Source, write_canonical
from bridge.audio.ffmpeg import STRICT, TO_THE_END, Decoder, ends_early, promised, reason
from bridge.audio.mix import Canonical
from bridge.audio.ogglinks import ByteRange
from bridge.errors import BounceError
from bridge.units import Frames, Progress

_LARGEST_SHORTFALL_S = 0.1
"""A header that ffmpeg reads gives the length in hundredths of seconds, some with the encoder's padding."""
_LONGEST_PACKET_S = 1.2
"""By so much the two decodes may differ where the error is the last thing in the file: True Audio's packets."""


def decode_by_ffmpeg(source: Source, target: Path, progress: Progress, *, strict: bool) -> Canonical:
    """Decode with ffmpeg, which stops at the first error only where `strict`.

    It also takes for an error what is none: tags behind the audio, or a size that means "to the end". So after an
    error all is decoded again without stopping, and the file is taken if nothing was lost by it.

    Raises `BounceError` and `OSError`.
    """
    progress(0.0)
    before: Frames | None = None
    if strict:
        canonical, status, said = _attempt(source, target, STRICT)
        if canonical and not status:
            return _complete(source, canonical, said)
        before = canonical.frames if canonical else Frames(0)
    canonical, status, said = _attempt(source, target, TO_THE_END)
    if canonical is None:
        raise _refused(source, said)
    if before is not None and _lost(canonical, before, said):
        raise source.corrupt(reason(said))
    complete = _complete(source, canonical, said)
    if status:
        raise source.corrupt(reason(said))
    return complete


def _attempt(source: Source, target: Path, options: Sequence[str]) -> tuple[Canonical | None, int, str]:
    """Return what was decoded, None where that is nothing, with ffmpeg's exit status and messages."""
    with Decoder(source.path, options) as decoder:
        shape = decoder.shape
        canonical = write_canonical(source, target, shape, decoder.blocks()) if shape else None
        return canonical, *decoder.result()


def _lost(canonical: Canonical, before: Frames, said: str) -> bool:
    """Say whether an error lies within the audio: whether more than one packet was decoded after it.

    `before` are the frames that were decoded before it. WMA Voice in complete files begins with what ffmpeg calls an
    error, so there only the length decides.
    """
    rate = canonical.sample_rate
    if "Audio: wmavoice" in said and (length := promised(said)) is not None:
        return canonical.frames / rate < length - _LARGEST_SHORTFALL_S
    return (canonical.frames - before) / rate > _LONGEST_PACKET_S


def _complete(source: Source, canonical: Canonical, said: str) -> Canonical:
    length = promised(said)
    short = length is not None and canonical.frames / canonical.sample_rate < length - _LARGEST_SHORTFALL_S
    if short or ends_early(said):
        raise source.truncated()
    return canonical


def decode_chained(source: Source, target: Path, links: list[ByteRange], progress: Progress) -> Canonical:
    """Decode every link of a chained Ogg file; libsndfile stops after the first.

    Raises `BounceError` and `OSError`.
    """
    progress(0.0)
    shapes = []
    for link in links:
        with Decoder(source.path, TO_THE_END, link) as decoder:
            if decoder.shape is None:
                raise _refused(source, decoder.result()[1])
            shapes.append(decoder.shape)
    if len(set(shapes)) > 1:
        raise source.mixed_links()
    return write_canonical(source, target, shapes[0], _link_blocks(source, links))


def _link_blocks(source: Source, links: list[ByteRange]) -> Iterator[Block]:
    for link in links:
        with Decoder(source.path, TO_THE_END, link) as decoder:
            yield from decoder.blocks()
            status, said = decoder.result()
        if status:
            raise source.corrupt(reason(said))


def _refused(source: Source, said: str) -> BounceError:
    # ffmpeg tells these apart in words only: its exit status is the same for all.
    if "matches no streams" in said:
        return source.no_audio()
    return source.truncated() if "moov atom not found" in said else source.unreadable()
