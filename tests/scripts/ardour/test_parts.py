"""The parts of the Ardour scripts that need no Ardour, in the Lua that Ardour has, on the real file system."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lupa import lua53

from bridge.delivery import claim as reference
from bridge.delivery import importing
from tests.scripts.ardour.ardour_desk import SCRIPTS

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts for Ardour ask a POSIX shell for folders")

FOLDER = SCRIPTS / "stembridge"


def _run(command: str, user: int | None = None) -> tuple[str, bool]:
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, user=user)
    return done.stdout, done.returncode == 0


def _run_as_nobody(command: str) -> tuple[str, bool]:
    """Run as somebody whom permissions bind: root may write anywhere, whatever the mode says."""
    return _run(command, 65534 if os.geteuid() == 0 else None)


class Parts:
    """The parts, loaded as in Ardour: without require, dofile and package."""

    def __init__(self, run: Callable[[str], tuple[str, bool]] = _run) -> None:
        self.lua = lua53.LuaRuntime(encoding="utf-8", unpack_returned_tuples=True)
        # This build of Lua cannot start programs; Ardour's can.
        popen = self.lua.execute("""
            require, dofile, package, debug = nil
            return function (run)
                io.popen = function (command)
                    local said, well = run (command)
                    return { read = function () return said end, close = function () return well or nil end }
                end
            end""")
        popen(run)
        self.use = self.lua.execute(f"""
            local parts = {{}}
            local function use (name)
                parts[name] = parts[name] or assert (loadfile ("{FOLDER}/" .. name .. ".lua")) (use)
                return parts[name]
            end
            return use""")

    def __getattr__(self, name: str) -> Any:
        return self.use(name)


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


def deliver(folder: Path, **changed: Any) -> Path:
    """Write a delivery as the bridge does, with some fields changed."""
    folder.mkdir(parents=True)
    source = {"file": "Mix.wav", "sample_rate": 44100, "time_reference": 88200}
    stems = [
        {"name": "vocals", "file": "Mix - vocals.wav", "channels": 2},
        {"name": "no_drums", "file": "b.wav", "channels": 2},
    ]
    row = {
        "schema": 1,
        "job": "abc",
        "song": "Mix",
        "take": 1,
        "created": "2026-11-23T10:00:00Z",
        "source": source,
        "stems": stems,
        "new": None,
    }
    for stem in stems:
        (folder / str(stem["file"])).write_bytes(b"RIFF")
    (folder / "stems.json").write_text(json.dumps(row | changed), "utf-8")
    return folder


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


def test_the_lock_keeps_the_reference_out_and_leaves_nothing_behind(parts: Parts, tmp_path: Path) -> None:
    folder = deliver(tmp_path / "it's a song")
    before = sorted(folder.iterdir())
    taken = parts.claim.take(str(folder), "Ardour", "/sessions/Evening\nof\nJune")
    assert taken is not None
    assert reference.claim(folder, "other", "project") is None
    assert parts.claim.take(str(folder), "Ardour", "again") is None
    name, project, since, *_ = (folder / ".importing" / "by").read_text("utf-8").split("\n")
    assert (name, project) == ("Ardour", "/sessions/Evening of June")
    assert abs(time.time() - int(since)) < 60
    parts.claim.refresh(taken)
    assert parts.claim.held(taken)
    parts.claim.release(taken)
    assert sorted(folder.iterdir()) == before


def test_the_lock_waits_for_the_reference_and_takes_over_when_that_has_crashed(parts: Parts, tmp_path: Path) -> None:
    folder = deliver(tmp_path / "song")
    theirs = reference.claim(folder, "other", "project")
    assert theirs is not None
    assert parts.claim.take(str(folder), "Ardour", "Evening") is None
    theirs.release()
    assert reference.claim(folder, "other", "project", clock=lambda: time.time() - 121) is not None
    ours = parts.claim.take(str(folder), "Ardour", "Evening")
    assert ours is not None
    assert parts.claim.held(ours)
    parts.claim.release(ours)
    assert not list(folder.glob(".importing*"))


def test_a_lock_that_was_taken_over_is_not_given_back(parts: Parts, tmp_path: Path) -> None:
    folder = deliver(tmp_path / "song")
    ours = parts.claim.take(str(folder), "Ardour", "Evening")
    by = folder / ".importing" / "by"
    by.write_text("another\nproject\n1\n", "utf-8")
    parts.claim.release(ours)
    assert by.exists()


def test_a_lock_of_somebody_who_wrote_nothing_into_it_counts_by_its_age(parts: Parts, tmp_path: Path) -> None:
    folder = deliver(tmp_path / "song")
    lock = folder / ".importing"
    lock.mkdir()
    assert parts.claim.take(str(folder), "Ardour", "Evening") is None
    os.utime(lock, (time.time() - 300,) * 2)
    assert parts.claim.take(str(folder), "Ardour", "Evening") is not None


def make_old(folder: Path) -> None:
    os.utime(folder, (time.time() - 300,) * 2)


def test_a_takeover_that_was_killed_holds_the_next_up_only_once(parts: Parts, tmp_path: Path) -> None:
    folder = deliver(tmp_path / "song")
    reference.claim(folder, "other", "project", clock=lambda: 1.0)
    takeover = folder / ".importing-takeover"
    takeover.mkdir()
    (takeover / "by").write_text("REAPER\n\n1\n")
    assert parts.claim.take(str(folder), "Ardour", "Evening") is None, "it may still be at it"
    make_old(takeover)
    assert parts.claim.take(str(folder), "Ardour", "Evening") is None
    assert parts.claim.take(str(folder), "Ardour", "Evening") is not None
    assert [path.name for path in folder.glob(".importing*")] == [".importing"]


def test_a_takeover_says_whose_it_is_so_that_nobody_can_be_renamed_onto_it(parts: Parts, tmp_path: Path) -> None:
    folder = deliver(tmp_path / "song")
    reference.claim(folder, "other", "project", clock=lambda: 1.0)
    seen = []

    def rename(old: str, new: str) -> bool | None:
        if new.endswith("-takeover"):
            seen.append((Path(old) / "by").read_text("utf-8").splitlines()[0])
            assert not Path(new).exists()
        try:
            Path(old).rename(new)
        except OSError:
            return None
        return True

    parts.lua.globals()["os"]["rename"] = rename
    assert parts.claim.take(str(folder), "Ardour", "Evening") is not None
    assert seen == ["Ardour"]


@pytest.fixture
def read_only() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.mark.parametrize("age_s", [None, 10, 121])
def test_on_a_folder_that_can_only_be_read_only_a_young_lock_holds_us_up(read_only: Path, age_s: int | None) -> None:
    if age_s is not None:
        reference.claim(read_only, "other", "project", clock=lambda: time.time() - age_s)
    read_only.chmod(0o555)
    before = sorted(read_only.rglob("*"))
    parts = Parts(_run_as_nobody)
    taken = parts.claim.take(str(read_only), "Ardour", "Evening")
    assert (taken is None) == (age_s == 10)
    if taken is not None:
        assert parts.claim.held(taken)
        parts.claim.release(taken)
    assert sorted(read_only.rglob("*")) == before


def test_what_is_wanted_is_remembered_and_forgotten(parts: Parts, tmp_path: Path) -> None:
    session = tmp_path / "Evening, it's late"
    session.mkdir()
    assert parts.wanted.add(str(session), "/a b/Mix.wav", 96000)
    assert parts.wanted.add(str(session), "/a b/Zwö.wav", -5)
    first, second = parts.wanted.read(str(session)).values()
    assert (first.path, first.start, second.path, second.start) == ("/a b/Mix.wav", 96000, "/a b/Zwö.wav", -5)
    parts.wanted.remove(str(session), first)
    parts.wanted.remove(str(session), second)
    assert list(session.iterdir()) == []


def test_a_delivery_answers_the_newest_request_before_it_for_a_bounce_of_its_name(parts: Parts) -> None:
    noon = 1_795_435_200
    entry_for = parts.lua.eval(
        "function (entry_for, list, bounce, created) return entry_for (list, {bounce = bounce, created = created}) end"
    )
    rows = [(noon, "/x/Mix.wav"), (noon + 60, "/y/Mix.wav"), (noon + 600, "/x/Mix.wav"), (noon, "/x/Other.wav")]
    waiting = parts.lua.table_from(
        [parts.lua.table_from({"since": since, "start": 0, "path": path}) for since, path in rows]
    )
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(noon + 100))
    assert entry_for(parts.wanted.entry_for, waiting, "Mix.wav", created).since == noon + 60
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(noon - 1))
    assert entry_for(parts.wanted.entry_for, waiting, "Mix.wav", before) is None
    assert entry_for(parts.wanted.entry_for, waiting, "ix.wav", created) is None


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
