from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.receipt import Model, Normalise, Receipt, Source, Stem, read, read_if_whole
from bridge.errors import ReceiptUnreadable

if TYPE_CHECKING:
    from tests.delivery.conftest import Studio

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
COUNT = st.integers(0, 2**53)
FILE = st.text(st.sampled_from("abé -_."), min_size=3, max_size=12).map(lambda name: f"x{name}.wav")

RECEIPTS = st.builds(
    Receipt,
    job=TEXT,
    song=TEXT,
    take=st.integers(1, 99),
    created=TEXT,
    source=st.builds(Source, TEXT, TEXT, COUNT, COUNT, COUNT, COUNT, NUMBER | st.none()),
    engine=TEXT,
    model=st.builds(Model, COUNT, TEXT),
    normalise=st.builds(Normalise, TEXT, NUMBER | st.none()),
    null_depth_db=NUMBER | st.none(),
    billed_minutes=NUMBER,
    stems=st.lists(
        st.builds(
            Stem, TEXT, FILE, COUNT, COUNT, COUNT, TEXT, NUMBER | st.none(), NUMBER | st.none(), NUMBER | st.none(),
            st.booleans(), st.just("") | FILE,
        ),
        max_size=3,
    ).map(tuple),
    preset=TEXT,
    engine_label=TEXT,
    notes=st.lists(TEXT, max_size=2).map(tuple),
    projects=st.lists(FILE, max_size=2).map(tuple),
)  # fmt: skip


@given(RECEIPTS)
def test_a_receipt_is_read_as_it_was_written(receipt: Receipt) -> None:
    assert Receipt.from_json(receipt.to_bytes().decode("utf-8")) == receipt


def test_the_fields_are_those_importers_rely_on(studio: Studio) -> None:
    row = json.loads(studio.receipt("j1").to_json())
    assert row.pop("stems")[0] == {
        "name": "vocals", "file": "Mix - vocals.wav", "sample_rate": 48000, "frames": 100, "channels": 2,
        "format": "wav 24", "gain_db": -1.5, "peak_dbtp": -3.0, "lufs": -18.0, "silent": False, "listening_copy": "",
    }  # fmt: skip
    assert row == {
        "schema": 1,
        "job": "j1",
        "song": "Mix",
        "take": 1,
        "created": "2026-11-03T02:11:05Z",
        "source": {
            "file": "/bounces/Mix.wav", "sha256": "ab" * 32, "sample_rate": 48000, "frames": 100, "channels": 2,
            "time_reference": 96000,
        },
        "engine": "preview",
        "model": {"id": 501, "name": "Spliter 4 Stems"},
        "normalise": {"mode": "song", "gain_db": -1.5},
        "null_depth_db": -130.25,
        "billed_minutes": 0.0,
        "weights": [],
        "preset": "",
        "engine_label": "",
        "notes": [],
        "projects": [],
    }  # fmt: skip


def test_a_tempo_is_in_the_receipt_only_if_the_bounce_says_one(studio: Studio) -> None:
    receipt = studio.receipt("j1")
    source = dataclasses.replace(receipt.source, tempo=93.5)
    assert "tempo" not in json.loads(receipt.to_json())["source"]
    assert json.loads(dataclasses.replace(receipt, source=source).to_json())["source"]["tempo"] == 93.5


def test_project_files_belong_to_the_take_like_its_stems(studio: Studio) -> None:
    receipt = dataclasses.replace(studio.receipt("j1"), projects=("Mix.RPP",))
    assert receipt.files == ("Mix - vocals.wav", "Mix - drums.wav", "Mix.RPP")


@pytest.mark.parametrize("level", [float("-inf"), float("inf"), float("nan")])
def test_a_level_that_is_no_number_becomes_null(studio: Studio, level: float) -> None:
    receipt = studio.receipt("j1")
    silent = dataclasses.replace(receipt.stems[0], peak_dbtp=level, lufs=level)
    text = dataclasses.replace(receipt, stems=(silent,), null_depth_db=level).to_json()
    row = json.loads(text, parse_constant=pytest.fail)
    assert (row["null_depth_db"], row["stems"][0]["peak_dbtp"], row["stems"][0]["lufs"]) == (None, None, None)


def test_a_file_name_that_is_no_utf8_does_not_spoil_the_receipt(studio: Studio) -> None:
    receipt = studio.receipt("j1")
    source = dataclasses.replace(receipt.source, file="/bounces/caf\udce9.wav")
    text = dataclasses.replace(receipt, source=source).to_bytes().decode("utf-8")
    assert json.loads(text)["source"]["file"] == "/bounces/caf?.wav"


def test_fields_of_a_later_version_are_passed_over(studio: Studio) -> None:
    row = json.loads(studio.receipt("j1").to_json())
    row["mood"] = "sad"
    row["stems"][0]["colour"] = "red"
    assert Receipt.from_json(json.dumps(row)) == studio.receipt("j1")


def test_fields_that_came_later_may_be_missing(studio: Studio) -> None:
    row = json.loads(studio.receipt("j1").to_json())
    for name in ("preset", "engine_label", "notes", "projects"):
        del row[name]
    del row["stems"][0]["listening_copy"]
    assert Receipt.from_json(json.dumps(row)) == studio.receipt("j1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "schema 2"),
        ({"take": "one"}, 'take is "one", not int'),
        ({"take": True}, "take is true, not int"),
        ({"source": []}, "source is not an object"),
        ({"source": {"file": "x"}}, "source.sha256 is missing"),
        ({"stems": {}}, "stems is not a list"),
        ({"stems": [{"name": "vocals"}]}, r"stems\[0\].file is missing"),
        ({"null_depth_db": "deep"}, 'null_depth_db is "deep", not float or NoneType'),
    ],
)
def test_a_wrong_field_is_named(studio: Studio, change: dict[str, Any], message: str) -> None:
    row = {**json.loads(studio.receipt("j1").to_json()), **change}
    with pytest.raises(ReceiptUnreadable, match=message):
        Receipt.from_json(json.dumps(row))


@pytest.mark.parametrize("name", ["../Mix.wav", "/etc/passwd", "a\\b.wav", "..", "", "stems.json", "C:x.wav"])
def test_a_receipt_never_leads_out_of_its_folder(studio: Studio, name: str) -> None:
    row = json.loads(studio.receipt("j1").to_json())
    row["stems"][0]["file"] = name
    with pytest.raises(ReceiptUnreadable, match="not the name of a file"):
        Receipt.from_json(json.dumps(row))


@pytest.mark.parametrize("text", [b"", b'{"schema": 1', b"[]", b"\xff\xfe", b"null"])
def test_a_damaged_receipt_is_an_error_that_names_the_file(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "stems.json"
    path.write_bytes(text)
    with pytest.raises(ReceiptUnreadable, match=r"The receipt .*stems\.json cannot be read"):
        read(path)
    assert read_if_whole(path) is None
