"""The table of audio and video formats: how each begins, what its files are called, and who judges them complete.

To add a format, add a line. To add a check, write a module with a function like `judge_wave` and name it in the line.
What is not here is no audio to any door: a text, a picture, or a list of other files (HLS, DASH, concat, SDP), which a
decoder would follow to files of this machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.media.asf import judge_asf
from bridge.media.au import is_au, judge_au
from bridge.media.caf import is_caf, judge_caf
from bridge.media.flac import is_flac, judge_flac
from bridge.media.iff import is_aiff, judge_aiff
from bridge.media.judgement import Judgement, Readable
from bridge.media.mp4 import is_mp4, judge_mp4
from bridge.media.mpeg import is_mpeg_audio, is_transport_stream
from bridge.media.ogg import is_ogg, judge_ogg
from bridge.media.riff import is_wave, judge_wave
from bridge.media.wave64 import is_wave64, judge_wave64

Begins = Callable[[bytes], bool]
"""Given the first `HEAD_BYTES` of a file, behind any ID3 tag, or fewer where it is shorter."""
Judge = Callable[[Readable, int], Judgement]
"""Given the file and its size. Must not raise, whatever the bytes, and does a bounded amount of work."""

HEAD_BYTES = 4096
"""Two frames of MPEG audio fit in."""


@dataclass(frozen=True, slots=True)
class Format:
    """A row of the table."""

    name: str
    suffixes: frozenset[str]
    """In lower case, each with its dot."""
    begins: Begins
    judge: Judge | None = None
    """None where a file of this format does not say how long it is: the decoder finds out."""


def _row(name: str, suffixes: str, begins: Begins | bytes | tuple[bytes, ...], judge: Judge | None = None) -> Format:
    recognises = begins if callable(begins) else _prefix(begins)
    return Format(name, frozenset(f".{suffix}" for suffix in suffixes.split()), recognises, judge)


def _prefix(beginning: bytes | tuple[bytes, ...]) -> Begins:
    return lambda head: head.startswith(beginning)


def _riff(kind: bytes) -> Begins:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == kind


def _iff(*kinds: bytes) -> Begins:
    return lambda head: head[:4] == b"FORM" and head[8:12] in kinds


FORMATS: tuple[Format, ...] = (
    _row("WAV", "wav wave rf64 bwf bw64", is_wave, judge_wave),
    _row("AIFF", "aif aiff aifc", is_aiff, judge_aiff),
    _row("FLAC", "flac", is_flac, judge_flac),
    _row("Wave64", "w64", is_wave64, judge_wave64),
    _row("CAF", "caf", is_caf, judge_caf),
    _row("Ogg", "ogg oga opus spx ogv ogx", is_ogg, judge_ogg),
    _row("AU", "au snd", is_au, judge_au),
    _row("MP4", "m4a m4b m4r mp4 m4v mov qt 3gp 3g2", is_mp4, judge_mp4),
    _row("Matroska", "mkv mka webm", b"\x1a\x45\xdf\xa3"),  # RFC 8794, section 11.2.1
    _row("ASF", "wma wmv asf", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", judge_asf),
    _row("AVI", "avi", _riff(b"AVI ")),
    _row("Flash Video", "flv", b"FLV\x01"),
    _row("WavPack", "wv", b"wvpk"),
    _row("Monkey's Audio", "ape", b"MAC "),
    _row("True Audio", "tta", (b"TTA1", b"TTA2")),
    _row("Musepack", "mpc mpp", (b"MPCK", b"MP+")),
    _row("Creative Voice", "voc", b"Creative Voice File\x1a"),
    _row("Amiga 8SVX", "8svx iff", _iff(b"8SVX", b"16SV")),
    _row("DSF", "dsf", b"DSD "),
    _row("DSDIFF", "dff", b"FRM8"),
    _row("AMR", "amr", b"#!AMR"),
    _row("RealMedia", "rm ra", (b".RMF", b".ra\xfd")),
    _row("AC-3", "ac3 eac3", b"\x0b\x77"),  # ETSI TS 102 366, 4.3.1
    _row("DTS", "dts", (b"\x7f\xfe\x80\x01", b"\xfe\x7f\x01\x80")),
    _row("ADIF", "", b"ADIF"),
    _row("MPEG program stream", "mpg mpeg vob", b"\x00\x00\x01\xba"),
    _row("MPEG transport stream", "ts mts m2ts", is_transport_stream),
    _row("MPEG audio", "mp3 mp2 mp1 mpa aac adts", is_mpeg_audio),
)
"""Searched from the top: those that are recognised by the least stand last."""

SUFFIXES = frozenset(suffix for row in FORMATS for suffix in row.suffixes)
"""What an audio file's name may end in, in lower case, each with its dot."""


def format_of(head: bytes) -> Format | None:
    """Return the format that begins like this, None for anything else. `head` is as `Begins` describes."""
    return next((row for row in FORMATS if row.begins(head)), None)
