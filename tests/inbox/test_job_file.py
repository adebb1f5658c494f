"""What a job file may say, and what it is answered."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import BounceError
from bridge.inbox.filters import is_bounce_name, is_job_file_name
from bridge.inbox.job_file import MOST_BYTES, JobFileCut, JobFileError, Request, answer, parse

FOLDER = os.path.abspath("/in")  # noqa: PTH100 - with a drive on Windows
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@pytest.mark.parametrize("name", ["a.stembridge", "A.StemBridge", "a.wav.stembridge", "…ü.stembridge"])
def test_the_ending_makes_a_job_file(name: str) -> None:
    assert is_job_file_name(name)
    assert not is_bounce_name(name)


@pytest.mark.parametrize(
    "name", ["stembridge", "a.stembridge.error", "a.stembridge.tmp", ".stembridge", "._a.stembridge", "~$a.stembridge"]
)
def test_other_names_make_none(name: str) -> None:
    assert not is_job_file_name(name)


def test_a_request_names_a_file_and_perhaps_a_preset() -> None:
    path = os.path.join(FOLDER, "Für Élise.wav")  # noqa: PTH118
    whole = {"separate": path, "preset": "vocals"}
    assert parse(json.dumps(whole).encode(), FOLDER) == Request(path, "vocals")
    assert parse(json.dumps({"separate": path}, ensure_ascii=False).encode("utf-8-sig"), FOLDER) == Request(path)


def test_a_relative_path_counts_from_the_job_files_own_folder() -> None:
    assert parse(b'{"separate": "mixes/song.wav"}', FOLDER).path == os.path.join(FOLDER, "mixes/song.wav")  # noqa: PTH118


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"separate": "/a.wav", "model": 350}', '"model", which is not known'),
        (b'{"separate": "/a.wav", "separate": "/b.wav"}', "given twice"),
        (b'{"preset": "vocals"}', "does not name a file"),
        (b'{"separate": ""}', "does not name a file"),
        (b'{"separate": ["/a.wav"]}', '"separate" is not a text'),
        (b'{"separate": "/a.wav", "preset": null}', '"preset" is not a text'),
        (b'{"separate": "/a\\u0000.wav"}', "no path"),
        (b'{"separate": "/a\\ud800.wav"}', "no path"),
        (b'{"separate": "/a.wav", "preset": "\\udc00"}', "no path"),
        (b'["/a.wav"]', "not an object"),
        (b'"/a.wav"', "not an object"),
        (b"NaN", "NaN is not JSON"),
        (b"[" * MOST_BYTES, "nested too deeply"),
        (b" " * (MOST_BYTES + 1), "longer than 64 KiB"),
    ],
)
def test_a_whole_file_that_asks_wrongly_is_told_what_is_wrong(content: bytes, sentence: str) -> None:
    with pytest.raises(JobFileError, match=sentence) as told:
        parse(content, FOLDER)
    assert not isinstance(told.value, JobFileCut)
    assert (told.value.code, '{"separate": ' in told.value.advice) == ("job_file", True)


@pytest.mark.parametrize(
    "content", [b"", b" \n", b"\0" * 100, b"RIFF\xff\xfe\x00", b'{"separate": "C:\\Users\\a.wav"}']
)
def test_what_is_no_json_may_still_be_written(content: bytes) -> None:
    with pytest.raises(JobFileCut, match="It is not"):
        parse(content, FOLDER)


@given(path=plain, preset=plain, ascii_only=st.booleans(), part=st.floats(0, 1, exclude_max=True))
def test_no_beginning_of_a_job_file_is_a_job_file(path: str, preset: str, ascii_only: bool, part: float) -> None:
    whole = json.dumps({"separate": path, "preset": preset}, ensure_ascii=ascii_only).encode()
    assert parse(whole, FOLDER) == Request(os.path.join(FOLDER, path), preset)  # noqa: PTH118
    with pytest.raises(JobFileCut):
        parse(whole[: int(len(whole) * part)], FOLDER)


@given(
    st.binary(max_size=200) | st.recursive(st.none() | plain | st.floats(), st.lists).map(json.dumps).map(str.encode)
)
def test_nothing_that_a_file_can_hold_does_harm(content: bytes) -> None:
    with pytest.raises(JobFileError):
        parse(content, FOLDER)


def test_the_answer_is_a_code_and_a_sentence_with_the_way_out() -> None:
    error = BounceError("There is no file /ü\udcff.wav.", code="bounce.missing", advice="Check the path.")
    assert json.loads(answer(error)) == {
        "error": "bounce.missing",
        "message": "There is no file /ü?.wav. Check the path.",
    }
