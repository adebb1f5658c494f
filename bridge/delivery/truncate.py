"""Cut a text to a number of bytes without breaking a character as its reader sees it."""

from __future__ import annotations

import unicodedata

_ZWJ = "\u200d"
_ZWNJ = "\u200c"


def cut(text: str, limit: int) -> str:
    """Return the longest start of `text` that takes at most `limit` bytes of UTF-8 and ends between two graphemes.

    The rules are those of Unicode Standard Annex #29, section 3.1.1, that occur in names: marks, joiners, emoji
    modifiers and tags, flags, conjoining jamo. Only a single grapheme longer than `limit` is itself cut, between two
    code points. UTF-16 never needs more units than UTF-8 needs bytes, so the limit holds there too.

    >>> cut("Café", 4)
    'Caf'
    """
    size = last_break = 0
    for index, char in enumerate(text):
        if _breaks_before(text, index):
            last_break = index
        size += len(char.encode())
        if size > limit:
            return text[: last_break or index]
    return text


def _breaks_before(text: str, index: int) -> bool:
    char = text[index]
    if _extends(char) or (index and text[index - 1] == _ZWJ):
        return False
    return not _is_regional(char) or _regionals_before(text, index) % 2 == 0


def _extends(char: str) -> bool:
    code = ord(char)
    return (
        unicodedata.category(char) in {"Mn", "Mc", "Me"}
        or char in {_ZWJ, _ZWNJ}
        or 0x1F3FB <= code <= 0x1F3FF  # the skin tones
        or 0xE0020 <= code <= 0xE007F  # the tags of a flag
        or 0x1160 <= code <= 0x11FF  # vowels and finals of Hangul
        or 0xD7B0 <= code <= 0xD7FF
    )


def _is_regional(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF


def _regionals_before(text: str, index: int) -> int:
    start = index
    while start and _is_regional(text[start - 1]):
        start -= 1
    return index - start
