"""Whether a file begins like audio or video.

The decoder has the last word; this only keeps from it what is no medium but a list of other files (HLS, DASH, concat,
SDP and the like), since a decoder would follow such a list to files of this machine.
"""

from __future__ import annotations

from bridge.errors import BounceError

HEAD_BYTES = 192
_ID3_HEADER = 10
_TS_PACKET = 188

_BEGINNINGS = (
    b"fLaC",
    b"OggS",
    b"caff",
    b".snd",
    b"wvpk",
    b"MAC ",
    b"TTA1",
    b"FLV\x01",
    b"#!AMR",
    b"ADIF",
    b"\x0b\x77",  # AC-3
    b"\x1a\x45\xdf\xa3",  # EBML: Matroska, WebM
    b"\x30\x26\xb2\x75",  # ASF: WMA, WMV
    b"\x00\x00\x01\xba",  # MPEG program stream
    b"riff\x2e\x91\xcf\x11",  # Wave64
)
_RIFF = {b"RIFF": (b"WAVE", b"AVI "), b"RIFX": (b"WAVE",), b"RF64": (b"WAVE",), b"BW64": (b"WAVE",)}
_IFF = (b"AIFF", b"AIFC", b"8SVX")
_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def id3_bytes(head: bytes) -> int:
    """Return how many bytes an ID3v2 tag at the beginning takes, 0 where there is none (ID3v2.4, 3.1 and 6.2).

    Decoders look behind it, so whoever judges a file must too.
    """
    if head[:3] != b"ID3" or len(head) < _ID3_HEADER or any(byte & 0x80 for byte in head[6:_ID3_HEADER]):
        return 0
    size = sum(byte << 7 * place for place, byte in zip((3, 2, 1, 0), head[6:_ID3_HEADER], strict=True))
    footer = _ID3_HEADER if head[5] & 0x10 else 0
    return _ID3_HEADER + size + footer


def begins_like_media(head: bytes) -> bool:
    """Say whether `head`, the first bytes behind any ID3 tag, is how a container or stream of audio or video begins."""
    if head.startswith(_BEGINNINGS) or head[4:8] in _ATOMS:
        return True
    if head[8:12] in _RIFF.get(head[:4], ()) or (head[:4] == b"FORM" and head[8:12] in _IFF):
        return True
    if head[:1] == head[_TS_PACKET : _TS_PACKET + 1] == b"\x47":  # MPEG transport stream
        return True
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0  # MPEG audio, ADTS


def not_media() -> BounceError:
    """Build the error for anything else."""
    return BounceError(
        "What inputurl gives is neither audio nor video.",
        code="bounce.no_audio",
        advice="Send a URL of the file itself.",
    )
