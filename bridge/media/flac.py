"""FLAC (RFC 9639): the last frame must be whole, and end where STREAMINFO says that the stream ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from bridge.media.verdict import MAX_CHUNKS, Verdict, read_at

_ID3V1_BYTES = 128


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


def flac_verdict(file: BinaryIO, size: int) -> Verdict:
    """Read STREAMINFO, step over the metadata and check the last frame's number and CRC."""
    info = _stream_info(read_at(file, 8, 34))
    if info is None:
        return Verdict.CUT
    start = _first_frame(file, size)
    if start is None:
        return Verdict.CUT
    if info.total == 0:
        return Verdict.UNSIZED
    if read_at(file, max(start, size - _ID3V1_BYTES), 3) == b"TAG":
        size -= _ID3V1_BYTES
    begin = max(start, size - info.longest_frame)
    return Verdict.COMPLETE if _ends_with_last_frame(read_at(file, begin, size - begin), info) else Verdict.CUT


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


def _first_frame(file: BinaryIO, size: int) -> int | None:
    """Return where the metadata ends, None where it does not end within the file."""
    position = 4
    for _ in range(MAX_CHUNKS):
        header = read_at(file, position, 4)
        if len(header) < 4:
            return None
        position += 4 + int.from_bytes(header[1:4], "big")
        if header[0] & 0x80:
            return position if position < size else None
    return None


def _ends_with_last_frame(tail: bytes, info: _StreamInfo) -> bool:
    """Look backwards for the frame that reaches the end of `tail`, and compare its last sample with the stream's."""
    position = len(tail)
    while (position := tail.rfind(b"\xff", 0, position)) >= 0:
        end = _end_sample(tail[position : position + 16], info)
        if end == info.total and _crc16(tail[position:]) == 0:
            return True
    return False


def _end_sample(header: bytes, info: _StreamInfo) -> int | None:
    """Return the number of the sample after this frame's last; None where no valid frame header begins here.

    RFC 9639, section 9.1: sync code, block size, coded number, CRC-8.
    """
    if len(header) < 6 or header[1] & 0xFE != 0xF8:
        return None
    number, used = _coded_number(header[4:])
    if number is None:
        return None
    after = 4 + used
    block_code, rate_code = header[2] >> 4, header[2] & 0xF
    extra = {6: 1, 7: 2}.get(block_code, 0)
    rate_extra = {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    crc_at = after + extra + rate_extra
    if len(header) <= crc_at or _crc8(header[: crc_at + 1]) != 0:
        return None
    block = _block_size(block_code, header[after : after + extra])
    variable = header[1] & 1
    # A fixed-size stream counts frames, all of which but the last have the stream's block size.
    return (number if variable else number * info.max_block) + block


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


def _crc16(data: bytes) -> int:
    value = 0
    for byte in data:
        value = (value << 8 & 0xFFFF) ^ _CRC16[value >> 8 ^ byte]
    return value
