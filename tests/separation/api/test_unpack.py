from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import ProtocolError, StepCancelled
from bridge.protocol.messages import TaskData
from bridge.separation.api import unpack as unpacking
from bridge.separation.api.names import LONGEST, stem_names
from bridge.separation.api.results import Results, Wanted
from bridge.separation.api.unpack import unpack

if TYPE_CHECKING:
    from tests.separation.api.conftest import Connect, Onlooker, Service

WANTED = ("lead_vocals", "backing_vocals", "vocals", "other")
LIMIT = 1 << 20


def go_on() -> None:
    pass


def zipped(entries: Iterable[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


def run(tmp_path: Path, content: bytes, limit: int = LIMIT) -> dict[str, bytes]:
    """Unpack, and show that nothing lies outside of the folder."""
    (tmp_path / "results.zip").write_bytes(content)
    folder = tmp_path / "deep" / "folder"
    folder.mkdir(parents=True)
    files = unpack(tmp_path / "results.zip", folder, WANTED, limit, go_on)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {tmp_path / "results.zip", *files.values()}
    assert all(path.parent == folder and not path.is_symlink() for path in files.values())
    return {name: path.read_bytes() for name, path in files.items()}


def test_entries_are_known_by_the_stem_that_their_name_ends_in(tmp_path: Path) -> None:
    entries = [
        ("177_before_lead_vocals.wav", b"lead"),
        ("a/177 Before Vocals.WAV", b"v"),
        ("177-other.flac", b"o"),
        ("readme.txt", b"hello"),
        ("__MACOSX/._177_other.wav", b"junk"),
        ("folder/", b""),
        ("crowd.mp3", b"c"),
    ]
    assert run(tmp_path, zipped(entries)) == {"lead_vocals": b"lead", "vocals": b"v", "other": b"o", "crowd": b"c"}


@pytest.mark.parametrize(
    "name",
    [
        "../../vocals.wav",
        "/vocals.wav",
        "..\\..\\vocals.wav",
        "C:\\Windows\\vocals.wav",
        "C:vocals.wav",
        "//host/share/vocals.wav",
        "\\\\?\\C:\\vocals.wav",
        "a/../../../../vocals.wav",
        "./././vocals.wav",
    ],
)
def test_no_name_in_a_zip_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    assert list(run(tmp_path, zipped([(name, b"v")])).values()) == [b"v"]


def test_names_that_mean_a_device_or_the_same_file_stay_apart(tmp_path: Path) -> None:
    names = ["NUL.wav", "nul.flac", "con.wav", "a/vocals.wav", "b/vocals.wav", "B/VOCALS.wav"]
    found = run(tmp_path, zipped([(name, name.encode()) for name in names]))
    assert sorted(found.values()) == sorted(name.encode() for name in names)
    assert not {"nul", "con"} & set(found)


def test_a_symbolic_link_is_no_stem(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("vocals.wav")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    assert run(tmp_path, zipped([(link, b"/etc/passwd"), ("other.wav", b"o")])) == {"other": b"o"}


def test_a_bomb_by_size_is_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="more than 1 MiB"):
        run(tmp_path, zipped([(f"{at}_vocals.wav", bytes(LIMIT // 2)) for at in range(3)]))
    assert list((tmp_path / "deep" / "folder").iterdir()) == []


def test_a_bomb_by_ratio_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "UNJUDGED_BYTES", 1 << 16)
    with pytest.raises(ProtocolError, match="no music"):
        run(tmp_path, zipped([("vocals.wav", bytes(LIMIT))]), 2 * LIMIT)


def test_a_bomb_that_lies_about_its_size_writes_no_more_than_it_said(tmp_path: Path) -> None:
    content = bytearray(zipped([("vocals.wav", bytes(LIMIT))]))
    size = struct.pack("<I", LIMIT)
    for at in (content.index(size), content.rindex(size)):
        content[at : at + 4] = struct.pack("<I", 1000)
    with pytest.raises(ProtocolError, match="damaged"):
        run(tmp_path, bytes(content))
    assert sum(path.stat().st_size for path in (tmp_path / "deep" / "folder").iterdir()) <= 1000


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="1000 entries"):
        run(tmp_path, zipped([(f"{at}.txt", b"") for at in range(1000)], zipfile.ZIP_STORED))


@pytest.mark.parametrize("count", [0, 33])
def test_what_is_no_set_of_stems_is_refused(tmp_path: Path, count: int) -> None:
    with pytest.raises(ProtocolError, match=f"{count} audio files"):
        run(tmp_path, zipped([("readme.txt", b""), *((f"{at}.wav", b"") for at in range(count))]))


def test_a_zip_in_a_zip_is_left_alone(tmp_path: Path) -> None:
    inner = zipped([("vocals.wav", b"v")])
    assert run(tmp_path, zipped([("inner.zip", inner), ("other.wav", b"o")])) == {"other": b"o"}


@given(data=st.data())
def test_no_damage_can_do_more_than_be_a_protocol_error(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(zipped([("a_vocals.wav", b"v" * 300), ("../other.wav", bytes(100))]))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("damaged")
    try:
        files = run(folder, bytes(content[: data.draw(st.integers(0, len(content)))]))
    except ProtocolError:
        return
    assert all(name == Path(name).name for name in files)


def test_a_locked_zip_says_so(tmp_path: Path) -> None:
    content = bytearray(zipped([("vocals.wav", b"v")]))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ProtocolError, match="cannot be read"):
        run(tmp_path, bytes(content))


def test_a_cancel_ends_the_unpacking(tmp_path: Path) -> None:
    def cancelled() -> None:
        raise StepCancelled("cancelled")

    (tmp_path / "results.zip").write_bytes(zipped([("vocals.wav", b"v")]))
    with pytest.raises(StepCancelled):
        unpack(tmp_path / "results.zip", tmp_path, WANTED, LIMIT, cancelled)


def test_a_task_without_links_is_brought_by_its_zip(
    service: Service, connect: Connect, watch: Onlooker, tmp_path: Path
) -> None:
    service.always(zipped([("1_vocals.wav", b"v"), ("1_other.wav", b"o")]))
    results = Results(connect(service.url).wire, Wanted(WANTED, tmp_path, LIMIT), watch, lambda: 0.5)
    files = results.bring(TaskData("success", zip_url=f"{service.url}/all.zip"), lambda: TaskData("success"))
    assert {name: path.read_bytes() for name, path in files.items()} == {"vocals": b"v", "other": b"o"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.wav", "vocals.wav"]


KEYS = st.lists(st.text() | st.sampled_from(["vocals", "VOCALS", "nul", "../x", "com¹", "ﬁ", "ß", "SS"]), max_size=8)


@given(KEYS.map(lambda keys: list(dict.fromkeys(keys))))
def test_names_are_safe_and_apart_whatever_the_keys(keys: list[str]) -> None:
    names = stem_names(keys)
    assert list(names) == keys
    assert len({name.casefold() for name in names.values()}) == len(keys)
    for name in names.values():
        assert name.replace("_", "a").isalnum()
        assert len(name.encode()) <= LONGEST + 4
        assert name.upper() not in {"NUL", "CON", "AUX", "PRN", "COM1"}


def test_the_documented_keys_are_the_names_of_the_stems() -> None:
    documented = ["vocals", "lead_vocals", "backing_vocals", "other", "drums", "bass", "piano", "guitar", "synthesizer"]
    assert list(stem_names(documented).values()) == documented
