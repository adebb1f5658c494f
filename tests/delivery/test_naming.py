from __future__ import annotations

import datetime
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bridge.delivery.naming import (
    TEMPLATE_TOKENS,
    SongTokens,
    check_template,
    file_name,
    safe_name,
    same_name_key,
    song_of,
    stem_files,
)
from bridge.errors import UsageError

SONG: SongTokens = {
    "song": "Mix", "take": 2, "model": 501, "engine": "preview", "preset": "", "date": datetime.date(2026, 11, 3),
}  # fmt: skip


def tokens_of(song: str, preset: str = "") -> SongTokens:
    return {**SONG, "song": song, "preset": preset}


ANY_TEXT = st.text(st.characters()) | st.text(st.sampled_from('aA. /\\:*?"<>|~_\0\n\tCONULcom1¹$éé\udce9\u200b한👩‍👩'))
DEVICE_LIKE = st.builds(
    str.__add__,
    st.sampled_from(["CON", "nul", "Aux", "prn", "COM1", "lpt9", "COM¹", "lpt³", "CONIN$", "conout$", "COM0"]),
    st.sampled_from(["", " ", ".", ".wav", " .mix.wav", ":", "x", "..", " x"]),
)
NAMES = ANY_TEXT | DEVICE_LIKE


def refused_by(name: str) -> list[str]:
    """The rules as the systems' makers write them down, none of it shared with the code under test."""
    device = re.fullmatch(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\..*)?", name, re.I | re.S)
    rules = {
        "empty": name == "",
        "reserved on Windows": re.search(r'[<>:"/\\|?*]', name) is not None,
        "control character": any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in name),
        "ends with a dot or space": name[-1:] in {".", " "},
        "hidden": name.startswith("."),
        "device": device is not None,
        "not normal form C": unicodedata.normalize("NFC", name) != name,
        "not UTF-8": re.search(r"[\ud800-\udfff]", name) is not None,
        "too long for Linux": len(name.encode(errors="replace")) > 255,
        "too long for Windows and macOS": len(name.encode("utf-16-le", "surrogatepass")) > 2 * 255,
    }
    return [rule for rule, broken in rules.items() if broken]


@given(NAMES)
def test_a_safe_name_is_safe_on_every_system(text: str) -> None:
    assert refused_by(safe_name(text)) == []


@given(NAMES)
def test_a_safe_name_is_left_as_it_is(text: str) -> None:
    assert safe_name(safe_name(text)) == safe_name(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=100, max_size=300))
def test_a_long_name_leaves_room_for_the_stem(text: str) -> None:
    assert len(safe_name(text).encode()) <= 120


def test_two_long_names_that_begin_alike_stay_two() -> None:
    assert safe_name("long " * 50 + "A") != safe_name("long " * 50 + "B")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Café Blue – take 3 (final)", "Café Blue – take 3 (final)"),
        ("Cafe\u0301", "Café"),
        ("AC/DC: Live?", "AC_DC_ Live_"),
        ("...And Justice", "And Justice"),
        ("Mix v1.2 ", "Mix v1.2"),
        ("two\nlines", "two lines"),
        ("con", "con_"),
        ("Aux .mix", "Aux_.mix"),
        ("COM¹", "COM¹_"),
        ("Auxiliary", "Auxiliary"),
        ("caf\udce9", "caf_"),
        ("\u202egnp.exe", "gnp.exe"),
        ("👩\u200d👧 song", "👩\u200d👧 song"),
        ("夜に駆ける", "夜に駆ける"),
    ],
)
def test_names_stay_as_readable_as_they_can(text: str, name: str) -> None:
    assert safe_name(text) == name


@pytest.mark.parametrize("text", ["", ".", "..", " . . ", "\0\x01", "\u200b"])
def test_a_name_of_nothing_is_untitled(text: str) -> None:
    assert safe_name(text) == "untitled"
    assert safe_name(text, "song") == "song"


def test_a_song_is_called_after_its_file() -> None:
    assert song_of(Path("/inbox/vocals only/My Song v1.2.wav")) == "My Song v1.2"


def test_every_token_is_filled_in() -> None:
    template = " ".join(f"{{{token}}}" for token in TEMPLATE_TOKENS)
    assert file_name(template, "wav", stem="vocals", **SONG) == "Mix vocals 02 501 preview default 2026-11-03.wav"


def test_what_looks_like_a_token_in_a_song_is_not_filled_in() -> None:
    assert file_name("{song} - {stem}", ".flac", stem="drums", **tokens_of("{stem}")) == "{stem} - drums.flac"


@given(NAMES, NAMES, st.text(st.sampled_from("ab./ {}{{stem}{song}")), st.sampled_from(["wav", "flac", "mp3"]))
def test_a_file_name_is_safe_whatever_goes_into_it(song: str, preset: str, template: str, extension: str) -> None:
    assume(set(re.findall(r"\{(\w+)\}", template)) <= set(TEMPLATE_TOKENS))
    name = file_name(template + "{song}/{preset}:{stem}", extension, stem="vocals", **tokens_of(song, preset))
    assert refused_by(name) == []
    assert name.endswith(f".{extension}")


@given(NAMES, st.lists(NAMES, unique=True, max_size=8), st.sampled_from(["{song} - {stem}", "{stem}", "{song}"]))
def test_no_two_stems_get_names_that_some_disk_holds_to_be_one(song: str, stems: list[str], template: str) -> None:
    files = stem_files(template, "wav", stems, **tokens_of(song))
    assert list(files) == stems
    for fold in (str.casefold, str.upper, str.lower, lambda name: unicodedata.normalize("NFD", name).casefold()):
        assert len({fold(name) for name in files.values()}) == len(stems)
    assert all(refused_by(name) == [] for name in files.values())


def test_no_stem_takes_the_name_of_the_receipt() -> None:
    assert stem_files("{stem}", "json", ["Stems"], **SONG) == {"Stems": "Stems (2).json"}


@pytest.mark.parametrize("pair", [("Mix", "mix"), ("é", "e\u0301"), ("É", "e\u0301"), ("ﬁn", "FIN"), ("ı", "i")])
def test_names_that_some_disk_holds_to_be_one_have_one_key(pair: tuple[str, str]) -> None:
    assert same_name_key(pair[0]) == same_name_key(pair[1])


def test_a_template_says_what_is_wrong_with_it() -> None:
    check_template("{date} {song} ({stem})")
    with pytest.raises(UsageError, match=r"names \{title\}") as unknown:
        check_template("{title} {stem}")
    assert "{song}, {stem}" in unknown.value.advice
    with pytest.raises(UsageError, match="same name"):
        check_template("{song}")
    with pytest.raises(UsageError, match=r"names \{title\}"):
        file_name("{title} {stem}", "wav", stem="vocals", **SONG)
