"""The parts of the Ardour scripts that need no Ardour, in the Lua that Ardour has, on the real file system."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lupa import lua53

from bridge.delivery import importing
from tests.scripts.ardour.ardour_desk import SCRIPTS
from tests.scripts.ardour.ardour_parts import Parts, deliver

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts for Ardour ask a POSIX shell for folders")


@pytest.fixture
def parts() -> Parts:
    return Parts()


PARTS = Parts() if os.name != "nt" else None


def plain(value: Any) -> Any:
    """A Lua table as JSON has it: a list where its keys count from 1, else an object."""
    if lua53.lua_type(value) != "table":
        return value
    keys = list(value.keys())
    if keys == list(range(1, len(keys) + 1)):
        return [plain(value[key]) for key in keys]
    return {key: plain(value[key]) for key in sorted(keys)}


texts = st.text(st.characters(exclude_categories=["Cs"]))
leaves = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | texts
documents = st.recursive(
    leaves, lambda inner: st.lists(inner, min_size=1) | st.dictionaries(texts.map("k".__add__), inner, min_size=1)
)


@given(documents, st.booleans())
def test_reads_every_json_document(document: Any, ascii_only: bool) -> None:
    assert PARTS is not None
    assert plain(PARTS.json.decode(json.dumps(document, ensure_ascii=ascii_only, indent=1))) == document


@pytest.mark.parametrize(
    "text", ["", "{", '{"a" 1}', "[1,]", '"a', '"\n"', '"\\x"', '"\\u12"', "nul", "tru", "1 2", "[" * 100, "--1"]
)
def test_refuses_what_is_no_json(parts: Parts, text: str) -> None:
    with pytest.raises(lua53.LuaError, match="not JSON at byte"):
        parts.json.decode(text)


def test_reads_a_delivery_as_the_reference_does(parts: Parts, tmp_path: Path) -> None:
    folder = deliver(tmp_path / 'It\'s — a "song"')
    ours, theirs = parts.delivery.read(str(folder)), importing.read(folder)
    assert (ours.job, ours.song, ours.take) == (theirs.job, theirs.song, theirs.take)
    assert ours.time_reference / ours.rate == theirs.origin_s
    assert [(stem.name, stem.path) for stem in ours.stems.values()] == [
        (stem.name, str(stem.path)) for stem in theirs.stems
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"schema": 2},
        {"job": ""},
        {"stems": []},
        {"stems": [{"name": "a", "file": "../b.wav", "channels": 2}]},
        {"stems": [{"name": "a", "file": "..", "channels": 2}]},
        {"stems": [{"name": "a", "file": "C:b.wav", "channels": 2}]},
        {"stems": [{"name": "a", "file": "a\0b", "channels": 2}]},
        {"stems": [{"name": "a", "file": "missing.wav", "channels": 2}]},
        {"source": {"file": "Mix.wav", "sample_rate": 0, "time_reference": 0}},
    ],
)
def test_follows_no_receipt_that_must_not_be_followed(parts: Parts, tmp_path: Path, changed: dict[str, Any]) -> None:
    found, sentence = parts.delivery.read(str(deliver(tmp_path / "song", **changed)))
    assert found is None
    assert sentence.endswith(".")


def test_a_folder_without_a_receipt_is_not_finished(parts: Parts, tmp_path: Path) -> None:
    assert parts.delivery.read(str(tmp_path))[0] is None


@pytest.mark.parametrize("stem", [*importing.COLOURS, "no_drums", "no_vocals", "no_zither", "zither"])
def test_paints_and_names_stems_as_every_importer_does(parts: Parts, stem: str) -> None:
    assert parts.delivery.colour(stem) == importing.colour(stem)
    assert parts.delivery.track_name("Song", stem) == importing.track_name("Song", stem)


def test_finds_deliveries_and_their_takes_but_not_what_is_hidden_in_staging(parts: Parts, tmp_path: Path) -> None:
    for name in ("it's one", "it's one/take 02", "two"):
        deliver(tmp_path / name)
    os.utime(tmp_path / "two" / "stems.json", (time.time() - 7200,) * 2)
    found = set(parts.files.deliveries(str(tmp_path), None).values())
    assert found == {str(tmp_path / name) for name in ("it's one", "it's one/take 02", "two")}
    assert set(parts.files.deliveries(str(tmp_path), 60).values()) == found - {str(tmp_path / "two")}


def test_the_newest_audio_file_of_a_folder_is_found(parts: Parts, tmp_path: Path) -> None:
    assert parts.files.newest_audio(str(tmp_path)) is None
    for age, name in enumerate(["notes.txt", "new one.WAV", "old.flac"]):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age * 60,) * 2)
    (tmp_path / "folder.wav").mkdir()
    assert parts.files.newest_audio(str(tmp_path)) == str(tmp_path / "new one.WAV")


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("*.lua")))
def test_a_script_without_its_folder_says_so_and_does_not_raise(script: str, tmp_path: Path) -> None:
    lua = lua53.LuaRuntime()
    said: list[str] = []
    lua.globals()["print"] = lambda *words: said.append(" ".join(words))
    lua.execute(f"""function ardour () end
        ARDOUR = {{user_config_directory = function () return "{tmp_path}" end,
            LuaAPI = {{build_filename = function (...) return table.concat ({{...}}, "/") end}}}}""")
    lua.execute((SCRIPTS / script).read_text("utf-8"))
    # As Ardour keeps it: compiled, without anything around it but the globals.
    lua.execute("load (string.dump (factory, true), nil, nil, _ENV) ({}) ()")
    assert said == [f"Stembridge: there is no folder {tmp_path}/scripts/stembridge."]
