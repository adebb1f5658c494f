"""MPEG audio (MP1, MP2, MP3; ISO 11172-3), AAC in ADTS frames (ISO 13818-7), and MPEG transport streams.

These have no header for the whole file, only one for each frame or packet, and two in a row prove one. A single one
proves nothing: text in UTF-16 begins like one.
"""

from __future__ import annotations

import re

_SYNC = re.compile(rb"\xff[\xe0-\xff]")
_MOST_CANDIDATES = 64
_TS_PACKET = 188
_M2TS_PACKET = 192

_RATES = (44100, 48000, 32000)
_KBITS = {
    (True, 3): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates by (MPEG-1 or a later one, layer field), for the bit rate fields 1 to 14."""


def is_mpeg_audio(head: bytes) -> bool:
    """Recognise frames of MPEG audio or ADTS.

    Zeros or the rest of a tag may come first, but no text: a playlist could name a file of this machine.
    """
    if not head or head[:1].isalnum() or 0x20 <= head[0] < 0x7F or head[:3] == b"\xef\xbb\xbf" or head[0] in b"\t\r\n":
        return False
    for count, found in enumerate(_SYNC.finditer(head)):
        if count == _MOST_CANDIDATES:
            break
        if _two_frames(head, found.start()):
            return True
    return False


def is_transport_stream(head: bytes) -> bool:
    """Recognise MPEG transport packets, also those of cameras with a time stamp before each."""
    plain = head[:1] == head[_TS_PACKET : _TS_PACKET + 1] == b"\x47"
    return plain or head[4:5] == head[4 + _M2TS_PACKET : 5 + _M2TS_PACKET] == b"\x47"


def _two_frames(head: bytes, at: int) -> bool:
    length = _frame_bytes(head[at : at + 7])
    if not length:
        return False
    after = head[at + length : at + length + 2]
    if len(after) < 2:
        # The head does not reach so far: only a file of a single frame, or the longest AAC frames.
        return at == 0 and length < 8192 and head[at : at + 2] != b"\xff\xfe"
    # Layer, version and the absence of a CRC may not change in between; the padding and the bit rate may.
    return after[0] == 0xFF and after[1] & 0xFE == head[at + 1] & 0xFE


def _frame_bytes(header: bytes) -> int:
    """Return the length of the frame with this header; 0 where it is no valid header."""
    if len(header) < 6:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    if layer == 0:
        return _adts_bytes(header)
    bit_rate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or rate == 3 or not 0 < bit_rate < 15:
        return 0
    samples_a_second = _RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    bits = _KBITS[version == 3, layer][bit_rate - 1] * 1000
    if layer == 3:
        return (12 * bits // samples_a_second + padding) * 4
    return (144 if layer == 2 or version == 3 else 72) * bits // samples_a_second + padding


def _adts_bytes(header: bytes) -> int:
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    valid = header[1] & 0xF0 == 0xF0 and header[2] >> 2 & 15 < 13
    return length if valid and length >= 7 else 0
