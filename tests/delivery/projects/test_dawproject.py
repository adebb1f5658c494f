"""DAWproject files, against the published schemas."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from zipfile import ZIP_STORED, ZipFile

import pytest

from bridge.delivery.receipt import Receipt

if TYPE_CHECKING:
    from tests.delivery.projects.conftest import Takes

Rendered = Callable[[Receipt, str], Path]

SCHEMAS = {"project.xml": "Project.xsd", "metadata.xml": "MetaData.xsd"}


def _validate(path: Path) -> None:
    with ZipFile(path) as file:
        assert file.testzip() is None
        for name, schema in SCHEMAS.items():
            command = ["xmllint", "--noout", "--schema", str(Path(__file__).parent / "schema" / schema), "-"]
            done = subprocess.run(command, input=file.read(name), capture_output=True)
            assert (done.returncode, done.stderr) == (0, b"- validates\n")


def _project(path: Path) -> ET.Element:
    with ZipFile(path) as file:
        return ET.fromstring(file.read("project.xml"))


@pytest.mark.system("xmllint")
@pytest.mark.parametrize("kind", ["dawproject", "dawproject-embedded"])
def test_a_six_stem_take_is_valid_against_the_published_schemas(kind: str, takes: Takes, rendered: Rendered) -> None:
    _validate(rendered(takes.receipt(origin=44_100 * 60, tempo=93.5), kind))


@pytest.mark.system("xmllint")
@pytest.mark.parametrize("song", ['"quotes" & <tags>', "Größe 名前 🎸", "two\nlines", "caf\udce9 \x00\uffff"])
def test_odd_names_stay_valid(song: str, takes: Takes, rendered: Rendered) -> None:
    path = rendered(takes.receipt(song), "dawproject")
    _validate(path)
    assert [file.get("path") for file in _project(path).iter("File")] == [s.file for s in takes.receipt(song).stems]


def test_each_stem_is_a_clip_on_a_coloured_track_that_leads_to_the_master(takes: Takes, rendered: Rendered) -> None:
    project = _project(rendered(takes.receipt("Mix", origin=44_100 * 60), "dawproject"))
    *tracks, master = project.iterfind("Structure/Track")
    assert [(track.get("name"), track.get("color")) for track in tracks] == [
        ("Mix - bass", "#3d5a80"), ("Mix - drums", "#f3a712"), ("Mix - vocals", "#e4572e"),
        ("Mix - piano", "#8e6c8a"), ("Mix - guitar", "#76b041"), ("Mix - other", "#9aa0a6"),
    ]  # fmt: skip
    (output,) = master.iterfind("Channel[@role='master']")
    assert {c.get("destination") for c in project.iterfind(".//Channel[@role='regular']")} == {output.get("id")}
    lanes = list(project.iterfind("Arrangement/Lanes[@timeUnit='seconds']/Lanes"))
    assert [lane.get("track") for lane in lanes] == [track.get("id") for track in tracks]
    for clip in project.iterfind("Arrangement/Lanes/Lanes/Clips/Clip"):
        assert (clip.get("time"), clip.get("duration"), clip.get("playStart")) == ("60", "2.083354166667", "0")


def test_the_stems_are_used_where_they_are(takes: Takes, rendered: Rendered) -> None:
    path = rendered(takes.receipt(), "dawproject")
    files = list(_project(path).iter("File"))
    assert all(file.get("external") == "true" and (path.parent / str(file.get("path"))).is_file() for file in files)
    assert ZipFile(path).namelist() == ["metadata.xml", "project.xml"]


def test_an_embedding_project_holds_each_stem_byte_for_byte(takes: Takes, rendered: Rendered) -> None:
    receipt = takes.receipt()
    path = rendered(receipt, "dawproject-embedded")
    files = {file.get("path"): file.get("external") for file in _project(path).iter("File")}
    assert files == {f"audio/{stem.file}": None for stem in receipt.stems}
    with ZipFile(path) as file:
        for stem in receipt.stems:
            assert file.read(f"audio/{stem.file}") == (takes.folder / stem.file).read_bytes()
            assert file.getinfo(f"audio/{stem.file}").compress_type == ZIP_STORED


@pytest.mark.parametrize(("tempo", "written"), [(None, None), (120.0, "120"), (93.0625, "93.0625")])
def test_a_tempo_is_claimed_only_where_the_bounce_says_it(
    tempo: float | None, written: str | None, takes: Takes, rendered: Rendered
) -> None:
    found = _project(rendered(takes.receipt(tempo=tempo), "dawproject")).find("Transport/Tempo[@unit='bpm']")
    assert (None if found is None else found.get("value")) == written


@pytest.mark.parametrize("kind", ["rpp", "rtracktemplate", "dawproject", "dawproject-embedded"])
def test_a_take_rendered_again_after_a_crash_has_the_same_bytes(kind: str, takes: Takes, rendered: Rendered) -> None:
    receipt = takes.receipt()
    first = rendered(receipt, kind).read_bytes()
    later = dataclasses.replace(receipt, created="2026-11-03T04:00:00Z")
    assert rendered(later, kind).read_bytes() == first
