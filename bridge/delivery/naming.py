"""Names of songs and stems that every system can store: Linux, macOS and Windows at once.

Pure: no name is looked up on a disk here.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TypedDict, Unpack

from bridge.delivery.receipt import RECEIPT_NAME
from bridge.delivery.truncate import cut
from bridge.errors import UsageError

NAME_LIMIT: Final = 120
"""Bytes of UTF-8 in the name of a song: leaves room for " - <stem>.wav" and for the folders above on Windows."""

FILE_LIMIT: Final = 200
"""Bytes of UTF-8 in the name of a file. File systems end at 255 bytes or UTF-16 units."""

TEMPLATE_TOKENS: Final = ("song", "stem", "take", "model", "engine", "preset", "date")

_RESERVED = frozenset('<>:"/\\|?*')
_INVISIBLE = frozenset("\u200b\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"]
)
_TOKEN = re.compile(r"\{(\w+)\}")


class SongTokens(TypedDict):
    """What is the same for all stems of a take."""

    song: str
    take: int
    model: int
    engine: str
    preset: str
    date: datetime.date


class Tokens(SongTokens):
    """What a template may name."""

    stem: str


def safe_name(text: str, fallback: str = "untitled") -> str:
    r"""Return `text` as one path component that Linux, macOS and Windows all accept, or `fallback` if nothing is left.

    In normal form C, without control and reserved characters, without dots or spaces at its ends, no device of
    Windows ("CON", "nul.txt"), at most `NAME_LIMIT` bytes of UTF-8. A name that had to be cut ends in a part of its
    digest, so that two long names stay two. A safe name is returned unchanged. The rules of Windows are those of
    "Naming Files, Paths, and Namespaces" (Microsoft Learn).

    >>> safe_name(" AC/DC: Live? ")
    'AC_DC_ Live_'
    >>> safe_name("aux.mix")
    'aux_.mix'
    """
    return _limited(_cleaned(text), NAME_LIMIT) or fallback


def song_of(bounce: Path) -> str:
    """Return the name of the song that a bounce belongs to: its file's name without the extension."""
    return safe_name(bounce.stem)


def check_template(template: str) -> None:
    """Raise `UsageError` where a template names an unknown token or cannot tell the stems apart."""
    found = _TOKEN.findall(template)
    tokens = ", ".join(f"{{{token}}}" for token in TEMPLATE_TOKENS)
    for token in found:
        if token not in TEMPLATE_TOKENS:
            raise UsageError(f'The template "{template}" names {{{token}}}.', advice=f"The tokens are {tokens}.")
    if "stem" not in found:
        raise UsageError(
            f'The template "{template}" gives every stem the same name.', advice="Put {stem} somewhere into it."
        )


def file_name(template: str, extension: str, **tokens: Unpack[Tokens]) -> str:
    """Return a safe file name: the template with its tokens filled in, and the extension ("wav").

    Raises `UsageError` where the template names an unknown token.
    """
    words = {
        **{token: str(value) for token, value in tokens.items()},
        "take": f"{tokens['take']:02d}",
        "preset": tokens["preset"] or "default",
        "date": f"{tokens['date']:%Y-%m-%d}",
    }
    unknown = set(_TOKEN.findall(template)) - set(TEMPLATE_TOKENS)
    if unknown:
        check_template(template)
    filled = _TOKEN.sub(lambda match: safe_name(words[match[1]], ""), template)
    suffix = "." + extension.lstrip(".")
    return (_limited(_cleaned(filled), FILE_LIMIT - len(suffix)) or "untitled") + suffix


def stem_files(template: str, extension: str, stems: Iterable[str], **tokens: Unpack[SongTokens]) -> dict[str, str]:
    """Return the file name of each stem, no two of them the same on any file system, and none the receipt's."""
    taken = {same_name_key(RECEIPT_NAME)}
    files: dict[str, str] = {}
    for stem in stems:
        first = file_name(template, extension, stem=stem, **tokens)
        base, _, suffix = first.rpartition(".")
        name, count = first, 1
        while same_name_key(name) in taken:
            count += 1
            name = f"{base} ({count}).{suffix}"
        taken.add(same_name_key(name))
        files[stem] = name
    return files


def same_name_key(name: str) -> str:
    """Return what is equal for two names that some file system holds to be the same.

    Stricter than any one of them: letter case in both directions, normal form, and characters one cannot see.
    """
    folded = unicodedata.normalize("NFD", name).upper().casefold()
    return unicodedata.normalize("NFC", "".join(char for char in folded if unicodedata.category(char) != "Cf"))


def _cleaned(text: str) -> str:
    """Apply every rule but the length's."""
    composed = unicodedata.normalize("NFC", text)
    allowed = unicodedata.normalize("NFC", "".join(_allowed(char) for char in composed))
    name = re.sub(r"^[\s.]+|[\s.]+$", "", allowed)
    device, dot, rest = name.partition(".")
    if device.rstrip().upper() in _DEVICES:
        return f"{device.rstrip()}_{dot}{rest}"
    return name


def _allowed(char: str) -> str:
    """Return what stands for one character: itself, a space, an underscore or nothing."""
    category = unicodedata.category(char)
    if category in {"Cc", "Zl", "Zp"}:
        return " " if char.isspace() else ""
    if char in _INVISIBLE:
        return ""
    # A lone surrogate is a byte of a file name that is not UTF-8; it cannot be stored elsewhere.
    if char in _RESERVED or category == "Cs" or _is_noncharacter(ord(char)):
        return "_"
    return char


def _is_noncharacter(code: int) -> bool:
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def _limited(name: str, limit: int) -> str:
    if len(name.encode()) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{cut(name, limit - 7).rstrip(' .')}~{digest}"
