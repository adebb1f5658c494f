"""ASF: WMA and WMV (Microsoft, "Advanced Systems Format Specification", sections 3.1 and 3.2)."""

from __future__ import annotations

from bridge.media.judgement import COMPLETE, CUT, Judgement, Readable, read_at

_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_HEADER_BYTES = 4096
_SIZE_AT, _FLAGS_AT = 40, 88
_BROADCAST = 1


def judge_asf(file: Readable, size: int) -> Judgement:
    """Compare the size that the file properties declare, which a live recording leaves open, with the file's."""
    header = read_at(file, 0, _HEADER_BYTES)
    at = header.find(_FILE_PROPERTIES)
    if at < 0 or len(header) < at + _FLAGS_AT + 4 or header[at + _FLAGS_AT] & _BROADCAST:
        return COMPLETE
    declared = int.from_bytes(header[at + _SIZE_AT : at + _SIZE_AT + 8], "little")
    return CUT if size < declared else COMPLETE
