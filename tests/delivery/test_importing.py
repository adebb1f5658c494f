from __future__ import annotations

import ast
import dataclasses
import doctest
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.delivery import claim, importing, receipt

if TYPE_CHECKING:
    from tests.delivery.conftest import Studio

PAGE = Path("docs/importers.md")


def deliver(studio: Studio, folder: Path, **changes: object) -> Path:
    """A delivery of two stems, with some fields of its receipt changed."""
    folder.mkdir(parents=True)
    made = studio.receipt("j1")
    for stem in made.stems:
        (folder / stem.file).write_bytes(studio.content("j1", stem.name))
    row = {**json.loads(made.to_json()), **changes}
    (folder / "stems.json").write_text(json.dumps(row), encoding="utf-8")
    return folder


def test_a_delivery_is_read_as_the_bridge_wrote_it(studio: Studio, tmp_path: Path) -> None:
    folder = deliver(studio, tmp_path / "Mix", field_of_the_future={"a": 1})
    delivery = importing.read(folder)
    assert (delivery.job, delivery.song, delivery.take) == ("j1", "Mix", 1)
    assert delivery.origin_s == 2.0, "96,000 samples at 48 kHz"
    assert [(stem.name, stem.path, stem.silent) for stem in delivery.stems] == [
        ("vocals", folder / "Mix - vocals.wav", False),
        ("drums", folder / "Mix - drums.wav", False),
    ]


def test_a_bounce_without_a_time_reference_has_no_origin(studio: Studio, tmp_path: Path) -> None:
    source = dataclasses.asdict(dataclasses.replace(studio.receipt("j1").source, time_reference=0))
    assert importing.read(deliver(studio, tmp_path / "Mix", source=source)).origin_s is None


def test_a_folder_without_its_receipt_is_not_ready(studio: Studio, tmp_path: Path) -> None:
    folder = deliver(studio, tmp_path / "Mix")
    (folder / "stems.json").unlink()
    with pytest.raises(importing.NotReady, match="no finished delivery"):
        importing.read(folder)
    with pytest.raises(importing.NotReady, match="no finished delivery"):
        importing.read(tmp_path / "gone")


def test_a_delivery_whose_stem_is_gone_is_not_ready(studio: Studio, tmp_path: Path) -> None:
    folder = deliver(studio, tmp_path / "Mix")
    (folder / "Mix - drums.wav").unlink()
    with pytest.raises(importing.NotReady, match=r"Mix - drums\.wav is not there"):
        importing.read(folder)


@pytest.mark.parametrize("name", ["", ".", "..", "../x.wav", "/etc/passwd", "a\\b.wav", "C:x.wav", "a\0b"])
def test_a_stem_outside_the_folder_is_refused(studio: Studio, tmp_path: Path, name: str) -> None:
    folder = deliver(studio, tmp_path / "Mix", stems=[{"name": "vocals", "file": name}])
    with pytest.raises(importing.Unreadable):
        importing.read(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"schema": None},
        {"job": 7},
        {"job": ""},
        {"song": None},
        {"take": -1},
        {"take": True},
        {"stems": []},
        {"stems": None},
        {"stems": [7]},
        {"source": {"sample_rate": 0, "time_reference": 0}},
        {"source": {"sample_rate": 48_000, "time_reference": 1.5}},
        {"source": None},
    ],
)
def test_a_receipt_that_is_not_schema_1_is_refused(studio: Studio, tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(importing.Unreadable, match="cannot be followed"):
        importing.read(deliver(studio, tmp_path / "Mix", **changes))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe{}", b"[" * 200_000, b'"text"'])
def test_a_damaged_receipt_is_refused_with_a_sentence(studio: Studio, tmp_path: Path, content: bytes) -> None:
    folder = deliver(studio, tmp_path / "Mix")
    (folder / "stems.json").write_bytes(content)
    with pytest.raises(importing.Unreadable, match="The receipt in"):
        importing.read(folder)


def test_importers_and_the_bridge_speak_of_the_same_receipt() -> None:
    assert (importing.RECEIPT, importing.SCHEMA) == (receipt.RECEIPT_NAME, receipt.SCHEMA)


def test_the_page_for_importers_gives_the_colours_of_the_reference() -> None:
    page = PAGE.read_text(encoding="utf-8").partition("**Colours**")[2]
    names, _, values = [line for line in page.splitlines() if line.startswith("| ")]
    table = dict(
        zip(re.findall(r"\w+", names.replace(", and all else", "")), re.findall("#(\\w+)", values), strict=True)
    )
    assert {name: int(value, 16) for name, value in table.items()} == importing.COLOURS
    assert f"`no_drums`: `#{importing.colour('no_drums'):06X}`" in page
    assert f"{claim.STALE_S:.0f} s" in PAGE.read_text(encoding="utf-8")


def test_what_nobody_knows_is_grey() -> None:
    grey = importing.COLOURS["other"]
    assert importing.colour("kazoo") == grey
    assert importing.colour("no_kazoo") == importing.colour("no_other")
    assert importing.colour("no_other") > grey


def test_names_and_colours_are_as_their_examples_say() -> None:
    assert importing.track_name("Mix", "vocals") == "Mix - vocals"
    assert doctest.testmod(importing).failed == 0


@pytest.mark.parametrize("module", [claim, importing])
def test_what_a_daw_carries_reads_with_the_oldest_python_in_one_and_imports_nothing_of_ours(module: object) -> None:
    text = Path(str(module.__file__)).read_text(encoding="utf-8")  # type: ignore[attr-defined]
    ast.parse(text, feature_version=(3, 7))
    assert "import bridge" not in text
    assert "from bridge" not in text
