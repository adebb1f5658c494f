"""Does a file begin like one that holds audio? For doors that must not take anything else."""

from __future__ import annotations

from pathlib import Path

from bridge.media.flac import is_flac
from bridge.media.iff import is_aiff, is_caf
from bridge.media.mp4 import is_mp4
from bridge.media.ogg import is_ogg
from bridge.media.riff import is_wave, is_wave64
from bridge.media.verdict import read_at

_HEAD_BYTES = 16
_CONTAINERS = (is_wave, is_aiff, is_flac, is_mp4, is_wave64, is_caf, is_ogg)
_MAGIC = (
    b"ID3",  # MP3, and AAC with a tag before it
    b"wvpk",
    b"MAC ",
    b"TTA",
    b".snd",
    b"\x1aE\xdf\xa3",  # Matroska, WebM (RFC 8794, section 11.2.1)
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF: WMA
    b"\x0b\x77",  # AC-3 (ETSI TS 102 366, 4.3.1)
)


def begins_like_audio(path: Path) -> bool:
    """Say whether the first bytes are those of a container or stream of audio. Raises `OSError`."""
    with path.open("rb") as file:
        head = read_at(file, 0, _HEAD_BYTES)
    return any(is_it(head) for is_it in _CONTAINERS) or head.startswith(_MAGIC) or _is_mpeg_frame(head)


def _is_mpeg_frame(head: bytes) -> bool:
    """Recognise the header of an MPEG audio frame (ISO 11172-3, 2.4.1.3), ADTS among them (ISO 13818-7, 6.2)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if layer == 0:  # ADTS: twelve bits of sync and a sampling frequency that exists
        return head[1] & 0xF0 == 0xF0 and head[2] >> 2 & 15 < 13
    return version != 1 and 0 < head[2] >> 4 < 15 and head[2] >> 2 & 3 != 3  # no bit rate of 0: UTF-16 begins so
