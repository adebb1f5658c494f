"""DAWproject 1.0, the exchange format that Bitwig Studio, Cubase, Studio One and others open.

A zip of metadata.xml, project.xml and, where wanted, the audio; schema and reference: github.com/bitwig/dawproject.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from bridge import __version__
from bridge.delivery.projects.layout import Layout, Track

_MASTER: Final = "master"
_ALWAYS: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: rendered again after a crash, the file must have the same bytes."""


def write_referring(layout: Layout, path: Path) -> None:
    """Write a project that refers to the stems beside it. Raises `OSError`."""
    _write(layout, path, "")


def write_embedding(layout: Layout, path: Path) -> None:
    """Write a project that holds a copy of every stem, which lie beside `path`. Raises `OSError`."""
    _write(layout, path, "audio/")


def _write(layout: Layout, path: Path, audio: str) -> None:
    """Write the zip; `audio` is the folder in it that takes the stems, "" for none."""
    with ZipFile(path, "w") as file:
        _add(file, "metadata.xml", _metadata(layout))
        _add(file, "project.xml", _project(layout, audio))
        for track in layout.tracks if audio else ():
            _embed(file, path.with_name(track.file), audio + track.file)


def _add(file: ZipFile, name: str, root: ET.Element) -> None:
    ET.indent(root)
    entry = ZipInfo(name, _ALWAYS)
    entry.compress_type = ZIP_DEFLATED
    file.writestr(entry, ET.tostring(root, "utf-8", xml_declaration=True))


def _embed(file: ZipFile, stem: Path, name: str) -> None:
    entry = ZipInfo(name, _ALWAYS)
    entry.compress_type = ZIP_STORED
    entry.file_size = stem.stat().st_size  # decides on ZIP64 beforehand
    with stem.open("rb") as source, file.open(entry, "w") as target:
        shutil.copyfileobj(source, target, 1 << 20)


def _metadata(layout: Layout) -> ET.Element:
    root = ET.Element("MetaData")
    ET.SubElement(root, "Title").text = layout.song
    ET.SubElement(root, "Comment").text = f"Stems by Stembridge, job {layout.job}"
    return root


def _project(layout: Layout, audio: str) -> ET.Element:
    root = ET.Element("Project", version="1.0")
    ET.SubElement(root, "Application", name="Stembridge", version=__version__)
    if layout.tempo is not None:
        transport = ET.SubElement(root, "Transport")
        ET.SubElement(transport, "Tempo", unit="bpm", value=f"{layout.tempo:.10g}", id="tempo", name="Tempo")
    structure = ET.SubElement(root, "Structure")
    lanes = ET.SubElement(ET.SubElement(root, "Arrangement", id="arrangement"), "Lanes", timeUnit="seconds", id="lanes")
    for number, track in enumerate(layout.tracks, 1):
        _track(structure, f"track{number}", f"{layout.song} - {track.name}", track)
        _clip(ET.SubElement(lanes, "Lanes", track=f"track{number}", id=f"lanes{number}"), layout, track, audio)
    _master(structure, max(track.channels for track in layout.tracks))
    ET.SubElement(root, "Scenes")
    return root


def _track(structure: ET.Element, key: str, name: str, track: Track) -> None:
    colour = f"#{track.colour:06x}"
    element = ET.SubElement(structure, "Track", contentType="audio", loaded="true", id=key, name=name, color=colour)
    _channel(element, f"{key}-channel", track.channels, role="regular", destination=_MASTER)


def _master(structure: ET.Element, channels: int) -> None:
    element = ET.SubElement(structure, "Track", contentType="audio notes", loaded="true", id="output", name="Master")
    _channel(element, _MASTER, channels, role="master")


def _channel(track: ET.Element, key: str, channels: int, **roles: str) -> None:
    """Add a channel at unity gain and in the middle; the schema wants its parts in this order."""
    channel = ET.SubElement(track, "Channel", roles, audioChannels=str(channels), solo="false", id=key)
    ET.SubElement(channel, "Mute", value="false", id=f"{key}-mute", name="Mute")
    ET.SubElement(channel, "Pan", min="0", max="1", unit="normalized", value="0.5", id=f"{key}-pan", name="Pan")
    ET.SubElement(channel, "Volume", min="0", max="2", unit="linear", value="1", id=f"{key}-volume", name="Volume")


def _clip(lanes: ET.Element, layout: Layout, track: Track, audio: str) -> None:
    clips = ET.SubElement(lanes, "Clips", id=f"{lanes.get('id')}-clips")
    clip = ET.SubElement(
        clips, "Clip", time=layout.start, duration=track.seconds, contentTimeUnit="seconds", playStart="0",
        name=track.name,
    )  # fmt: skip
    content = ET.SubElement(
        clip, "Audio", sampleRate=str(track.sample_rate), channels=str(track.channels), duration=track.seconds,
        algorithm="raw", id=f"{lanes.get('id')}-audio",
    )  # fmt: skip
    if audio:
        ET.SubElement(content, "File", path=audio + track.file)
    else:
        ET.SubElement(content, "File", path=track.file, external="true")
