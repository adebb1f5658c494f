from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import ProtocolError
from bridge.protocol.codes import MESSAGES, Code
from bridge.protocol.messages import CreateData, CreateRequest, Envelope, GetRequest, Phase, TaskData

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
TASK_FIELDS = ["status", "file_type", "video_url", "output", "zip_url", "progress", "duration", "captcha"]

DOCUMENTED_GET = """{
"code": 100000,
"data": {
"status": "success",
"file_type": "audio",
"video_url": "https://files.example/before.wav",
"output": {
"vocals": "https://files.example/before_vocals.wav",
"other": "https://files.example/before_other.wav"
},
"zip_url": "https://files.example/before.zip"
},
"message": "Request Success"
}"""


def test_the_documented_answer_of_get_is_read_and_written_as_it_stands() -> None:
    envelope = Envelope.from_wire(json.loads(DOCUMENTED_GET))
    task = TaskData.from_wire(envelope.data)
    assert envelope.success
    assert (task.phase, list(task.output), task.duration) == (Phase.SUCCESS, ["vocals", "other"], None)
    assert json.dumps(Envelope.of(Code.SUCCESS, task.to_wire()).to_wire()) == json.dumps(json.loads(DOCUMENTED_GET))


@pytest.mark.parametrize("code", Code)
def test_an_answer_of_each_code_has_three_fields_in_the_documented_order(code: Code) -> None:
    wire = Envelope.of(code).to_wire()
    assert list(wire.items()) == [("code", int(code)), ("data", {}), ("message", MESSAGES[code])]


def test_our_own_fields_follow_the_documented_ones_where_they_are_known() -> None:
    wire = TaskData("processing", progress=0.25, duration=61.5).to_wire()
    assert list(wire) == ["status", "file_type", "video_url", "output", "zip_url", "progress", "duration"]
    assert TaskData.from_wire(wire) == TaskData("processing", progress=0.25, duration=61.5)


@pytest.mark.parametrize("status", ["waiting", "queued", "etc.", "Processing", "0"])
def test_an_unknown_status_is_still_in_progress(status: str) -> None:
    assert TaskData(status).phase is Phase.WORKING


def test_unknown_fields_are_kept_to_be_shown() -> None:
    envelope = Envelope.from_wire({"code": 100000, "data": {"status": "waiting", "queue": 7}, "trace": "x"})
    assert envelope.extra == {"trace": "x"}
    assert TaskData.from_wire(envelope.data).extra == {"queue": 7}


def test_a_refusal_means_what_its_code_says_whatever_its_data_is() -> None:
    answers: list[object] = [None, "", [], {}]
    for data in answers:
        assert Envelope.from_wire({"code": 100100, "data": data, "message": None}) == Envelope(100100, {}, "")


def test_a_success_without_its_data_is_no_success() -> None:
    with pytest.raises(ProtocolError, match="data should be an object"):
        Envelope.from_wire({"code": 100000, "data": [1]})
    with pytest.raises(ProtocolError, match="job_id"):
        CreateData.from_wire(Envelope.from_wire({"code": 100000}).data)


@pytest.mark.parametrize("code", [10**30, 1e300, "9" * 16, -(10**20), True, 1.5, "", "1e5"])
def test_a_code_that_is_no_plain_number_is_a_protocol_error(code: object) -> None:
    with pytest.raises(ProtocolError, match="code should be a whole number"):
        Envelope.from_wire({"code": code, "data": {}})


@pytest.mark.parametrize("code", [100100, 100100.0, "100100"])
def test_a_code_may_be_written_in_any_way_that_means_the_same(code: object) -> None:
    assert Envelope.from_wire({"code": code}).code == Code.INSUFFICIENT_CREDIT


def test_stems_without_a_link_are_left_out() -> None:
    task = TaskData.from_wire({"status": "success", "output": {"vocals": "https://x/v", "other": None, "piano": ""}})
    assert task.output == {"vocals": "https://x/v"}


@pytest.mark.parametrize(
    "wrong", [None, [], "text", {}, {"model_type": True, "inputurl": "u"}, {"model_type": 350, "inputurl": " "}]
)
def test_a_request_of_the_wrong_shape_is_a_protocol_error(wrong: object) -> None:
    with pytest.raises(ProtocolError):
        CreateRequest.from_wire(wrong)


@given(st.integers(0, 10**6), st.text(min_size=1).filter(str.strip))
def test_requests_survive_the_wire(number: int, text: str) -> None:
    create, get = CreateRequest(number, text), GetRequest(text)
    assert CreateRequest.from_wire(json.loads(json.dumps(create.to_wire()))) == create
    assert GetRequest.from_wire(json.loads(json.dumps(get.to_wire()))) == get


@given(JSON)
def test_no_json_at_all_can_do_more_than_be_a_protocol_error(anything: Any) -> None:
    for read in (Envelope.from_wire, CreateRequest.from_wire, GetRequest.from_wire):
        with contextlib.suppress(ProtocolError):
            read(anything)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(TASK_FIELDS, JSON)))
def test_no_task_can_do_more_than_be_a_protocol_error(data: dict[str, Any]) -> None:
    try:
        task = TaskData.from_wire(data)
    except ProtocolError:
        return
    assert task.progress is None or 0 <= task.progress <= 1
    assert task.duration is None or task.duration >= 0
    assert all(url.strip() for url in task.output.values())
    assert set(task.extra) == set(data) - set(TASK_FIELDS[:-1])


def test_what_a_stranger_sent_is_shown_on_one_line() -> None:
    with pytest.raises(ProtocolError) as raised:
        Envelope.from_wire({"code": "line\nbreak" * 100})
    assert "\n" not in raised.value.message
    assert len(raised.value.message) < 200
