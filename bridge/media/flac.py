"""FLAC (RFC 9639): the last frame must be whole, and end where STREAMINFO says that the stream ends."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bridge.media.judgement import COMPLETE, CUT, MAX_CHUNKS, UNSETTLED, Judgement, Readable, read_at

_ID3V1_BYTES = 128
_APE_FOOTER_BYTES = 32
_MOST_TAIL = 128 << 10
"""Bytes in which the last frame is looked for. Longer frames exist, but no encoder's settings make them."""
_MOST_CANDIDATES = 512
"""Sync codes that are looked at. In real audio one occurs by chance in 32 KiB."""
_SYNC = re.compile(rb"\xff[\xf8\xf9]")


@dataclass(frozen=True, slots=True)
class _StreamInfo:
    """RFC 9639, section 8.2."""

    min_block: int
    max_block: int
    max_frame: int
    channels: int
    bits: int
    total: int

    @property
    def longest_frame(self) -> int:
        """How many bytes a frame can have: what is declared, else all samples verbatim, and its header."""
        return (self.max_frame or self.max_block * self.channels * (self.bits // 8 + 1)) + 64


def is_flac(head: bytes) -> bool:
    """Recognise native FLAC by its first 4 bytes."""
    return head[:4] == b"fLaC"


def judge_flac(file: Readable, size: int) -> Judgement:
    """Read STREAMINFO, step over the metadata and check the last frame's number and CRC."""
    info, start = _metadata(file, size)
    if info is None or start is None:
        return CUT
    if info.total == 0:
        return UNSETTLED
    end = _before_tags(file, start, size)
    begin = max(start, end - min(info.longest_frame, _MOST_TAIL))
    return _judge_tail(read_at(file, begin, end - begin), info, all_seen=info.longest_frame <= _MOST_TAIL)


def _metadata(file: Readable, size: int) -> tuple[_StreamInfo | None, int | None]:
    """Return STREAMINFO, which a few writers put behind other blocks, and where the metadata ends.

    None for what is not in the file.
    """
    position, info = 4, None
    for _ in range(MAX_CHUNKS):
        header = read_at(file, position, 4)
        if len(header) < 4:
            break
        if header[0] & 0x7F == 0 and info is None:
            info = _stream_info(read_at(file, position + 4, 34))
        position += 4 + int.from_bytes(header[1:4], "big")
        if header[0] & 0x80:
            return info, position if position < size else None
    return info, None


def _stream_info(block: bytes) -> _StreamInfo | None:
    if len(block) < 34:
        return None
    packed = int.from_bytes(block[10:18], "big")
    return _StreamInfo(
        min_block=int.from_bytes(block[0:2], "big"),
        max_block=int.from_bytes(block[2:4], "big"),
        max_frame=int.from_bytes(block[7:10], "big"),
        channels=(packed >> 41 & 0x7) + 1,
        bits=(packed >> 36 & 0x1F) + 1,
        total=packed & 0xFFFFFFFFF,
    )


def _before_tags(file: Readable, start: int, size: int) -> int:
    """Return where the frames end: before the tags that other programs append (ID3v1, APE)."""
    if read_at(file, max(start, size - _ID3V1_BYTES), 3) == b"TAG":
        size -= _ID3V1_BYTES
    footer = read_at(file, max(start, size - _APE_FOOTER_BYTES), _APE_FOOTER_BYTES)
    if footer[:8] == b"APETAGEX":
        has_header = bool(footer[23] & 0x80) if len(footer) > 23 else False
        size -= int.from_bytes(footer[12:16], "little") + (_APE_FOOTER_BYTES if has_header else 0)
    return max(start, size)


def _judge_tail(tail: bytes, info: _StreamInfo, *, all_seen: bool) -> Judgement:
    """Look backwards for the frame that reaches the end of `tail`, and compare its last sample with the stream's.

    The CRC is carried on backwards from one sync code to the one before, so that the work grows with the length of
    the tail only, whatever the bytes are.
    """
    begun, position, crc = -1, len(tail), 0
    candidates = [found.start() for found in _SYNC.finditer(tail)]
    for at in reversed(candidates[-_MOST_CANDIDATES:]):
        ends = _end_samples(tail[at : at + 16], info)
        if not ends:
            continue
        crc, position = _crc16_backwards(tail[at:position], crc), at
        if crc == 0:
            if info.total in ends:
                return COMPLETE
            # A last frame that is whole and ends later: the declared total is wrong, and nothing is missing.
            return CUT if max(ends) < info.total else UNSETTLED
        if begun < 0 and info.total in ends:
            begun = at
    if begun >= 0:
        # It is whole if its CRC stands somewhere; then something that is not known follows it.
        return UNSETTLED if _crc16_occurs(tail[begun:]) else CUT
    return CUT if all_seen and len(candidates) <= _MOST_CANDIDATES else UNSETTLED


def _end_samples(header: bytes, info: _StreamInfo) -> tuple[int, ...]:
    """Return the number of the sample after this frame's last; nothing where no valid frame header begins here.

    RFC 9639, section 9.1: sync code, block size, coded number, CRC-8. Two numbers are possible where a stream of the
    form before 2007 has blocks of several sizes: it may count frames or samples, and does not say which.
    """
    if len(header) < 6:
        return ()
    number, used = _coded_number(header[4:])
    block_code, rate_code = header[2] >> 4, header[2] & 0xF
    if number is None or block_code == 0 or rate_code == 15:
        return ()
    after = 4 + used
    extra = {6: 1, 7: 2}.get(block_code, 0)
    crc_at = after + extra + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if len(header) <= crc_at or _crc8(header[: crc_at + 1]) != 0:
        return ()
    block = _block_size(block_code, header[after : after + extra])
    if header[1] & 1:
        return (number + block,)
    # A stream of one block size counts frames, all of which but the last have that size.
    by_frames = number * info.max_block + block
    return (by_frames,) if info.min_block == info.max_block else (by_frames, number + block)


def _block_size(code: int, extra: bytes) -> int:
    """Return the number of samples in a frame (RFC 9639, section 9.1.1)."""
    if extra:
        return int.from_bytes(extra, "big") + 1
    if code == 1:
        return 192
    return 144 << code if code < 6 else 1 << code


def _coded_number(data: bytes) -> tuple[int | None, int]:
    """Decode the frame or sample number, coded like UTF-8 but up to 36 bits; (None, 0) where it is not valid."""
    first = data[0]
    if first < 0x80:
        return first, 1
    ones = 8 - (first ^ 0xFF).bit_length()
    rest = data[1:ones]
    if not 2 <= ones <= 7 or len(rest) < ones - 1 or any(byte & 0xC0 != 0x80 for byte in rest):
        return None, 0
    number = first & (0x7F >> ones)
    for byte in rest:
        number = number << 6 | byte & 0x3F
    return number, ones


def _crc_table(polynomial: int, width: int) -> tuple[int, ...]:
    top, mask = 1 << (width - 1), (1 << width) - 1
    table = []
    for byte in range(256):
        value = byte << (width - 8)
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & mask
        table.append(value)
    return tuple(table)


_CRC8 = _crc_table(0x07, 8)
_CRC16 = _crc_table(0x8005, 16)


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value = _CRC8[value ^ byte]
    return value


_CRC16_UNDO = {entry & 0xFF: index for index, entry in enumerate(_CRC16)}


def _crc16_backwards(data: bytes, value: int) -> int:
    """Return the CRC-16 state before `data` that leads to the state `value` after it.

    A frame with its own CRC behind it is whole where the state before it is 0, as the state after it is.
    """
    for byte in reversed(data):
        index = _CRC16_UNDO[value & 0xFF]
        value = (index ^ byte) << 8 | (value ^ _CRC16[index]) >> 8
    return value


def _crc16_occurs(data: bytes) -> bool:
    """Say whether some beginning of `data` ends with its own CRC-16."""
    value = 0
    for count, byte in enumerate(data):
        value = (value << 8 & 0xFFFF) ^ _CRC16[value >> 8 ^ byte]
        if value == 0 and count > 8:
            return True
    return False
