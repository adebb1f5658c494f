"""REAPER's files, read back by somebody else's parser (PyPI rpp)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import rpp
from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.projects.reaper import quoted
from bridge.delivery.receipt import Receipt

if TYPE_CHECKING:
    from tests.delivery.projects.conftest import Takes

Rendered = Callable[[Receipt, str], Path]

ODD_SONGS = ['12" mix', "Rock 'n' Roll", "`tick`", "<TRACK", "> end", "|pipe", "Größe 名前 🎸", "two\nlines", " x "]


def _values(element: Any, *names: str) -> list[list[str]]:
    return [element.find(name)[1:] for name in names]


def _project(path: Path) -> Any:
    return rpp.loads(path.read_text("utf-8"))


def _template(path: Path) -> Any:
    return rpp.loads(f"<TEMPLATE\n{path.read_text('utf-8')}>\n")


def test_a_six_stem_take_is_a_folder_of_six_coloured_tracks(takes: Takes, rendered: Rendered) -> None:
    receipt = takes.receipt("Mix", origin=44_100 * 60)
    folder, *tracks = _project(rendered(receipt, "rpp")).findall("TRACK")
    assert _values(folder, "NAME", "ISBUS") == [["Mix"], ["1", "1"]]
    assert [track.find("NAME")[1] for track in tracks] == ["bass", "drums", "vocals", "piano", "guitar", "other"]
    assert [track.find("ISBUS")[1:] for track in tracks] == [["0", "0"]] * 5 + [["2", "-1"]]
    assert int(tracks[2].find("PEAKCOL")[1]) == 0x1000000 | 0x2E57E4
    for track, stem in zip(tracks, receipt.stems, strict=True):
        item = track.find("ITEM")
        assert _values(item, "POSITION", "LENGTH", "NAME") == [["60"], ["2.083354166667"], [stem.name]]
        assert (item.find("SOURCE").attrib, item.find("SOURCE").find("FILE")[1:]) == (["WAVE"], [stem.file])
        assert (takes.folder / stem.file).is_file()


def test_the_project_says_the_rate_and_only_a_tempo_that_is_known(takes: Takes, rendered: Rendered) -> None:
    assert _project(rendered(takes.receipt(), "rpp")).find("TEMPO") is None
    project = _project(rendered(takes.receipt(tempo=93.5), "rpp"))
    assert _values(project, "SAMPLERATE", "TEMPO") == [["48000", "1", "0"], ["93.5", "4", "4"]]


def test_flac_stems_are_named_as_such(takes: Takes, rendered: Rendered) -> None:
    project = _project(rendered(takes.receipt(form="flac 16"), "rpp"))
    assert [source.attrib for source in project.findall("TRACK/ITEM/SOURCE")] == [["FLAC"]] * 6


def test_the_only_stem_both_lies_in_the_folder_and_ends_it(takes: Takes, rendered: Rendered) -> None:
    receipt = takes.receipt()
    folder, track = _project(rendered(dataclasses.replace(receipt, stems=receipt.stems[:1]), "rpp")).findall("TRACK")
    assert (folder.find("ISBUS")[1:], track.find("ISBUS")[1:]) == (["1", "1"], ["2", "-1"])


def test_a_surround_stem_gets_a_track_wide_enough(takes: Takes, rendered: Rendered) -> None:
    receipt = takes.receipt()
    wide = dataclasses.replace(receipt.stems[0], channels=5)
    tracks = _project(rendered(dataclasses.replace(receipt, stems=(wide, receipt.stems[1])), "rpp")).findall("TRACK")
    assert [track.find("NCHAN")[1] for track in tracks] == ["6", "6", "2"]


def test_the_template_holds_the_projects_tracks_and_nothing_else(takes: Takes, rendered: Rendered) -> None:
    receipt = takes.receipt(tempo=120.0)
    project, template = _project(rendered(receipt, "rpp")), _template(rendered(receipt, "rtracktemplate"))
    assert list(template) == project.findall("TRACK")


@pytest.mark.parametrize("song", ODD_SONGS)
def test_odd_names_are_read_back_whole(song: str, takes: Takes, rendered: Rendered) -> None:
    receipt = takes.receipt(song)
    folder, *tracks = _project(rendered(receipt, "rpp")).findall("TRACK")
    assert folder.find("NAME")[1] == song.replace("\n", " ")
    assert [track.find("ITEM").find("SOURCE").find("FILE")[1] for track in tracks] == [s.file for s in receipt.stems]


# Without backticks: rpp's writer, not its reader, turns them into apostrophes.
@pytest.mark.parametrize("song", ["Mix", *(song for song in ODD_SONGS if "`" not in song)])
def test_what_the_parser_writes_again_says_the_same(song: str, takes: Takes, rendered: Rendered) -> None:
    project = _project(rendered(takes.receipt(song, origin=12_345, tempo=120.0), "rpp"))
    assert rpp.loads(rpp.dumps(project)) == project


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]) | st.sampled_from("\"'` "), max_size=20))
def test_a_quoted_string_is_one_word_and_keeps_what_can_be_kept(text: str) -> None:
    kept = text.replace("`", "'") if {'"', "'", "`"} <= set(text) else text
    (line,) = rpp.loads(f"<X\n  NAME {quoted(text)} 1\n>\n")
    assert line == ["NAME", kept, "1"]
