from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.receipt import RECEIPT_NAME, Model, Normalise, Receipt, Source, Stem
from bridge.errors import UsageError
from bridge.jobs.states import State
from bridge.jobs.tracker import summary_of
from bridge.osc import outgoing
from bridge.osc.addresses import OUTGOING
from bridge.osc.options import Endpoint, Poke
from bridge.osc.packet import messages
from tests.osc.oscdesk import Jobs, read


def receipt(*names: str) -> Receipt:
    stems = tuple(Stem(name, f"Song - {name}.wav", 48000, 10, 2, "wav 24", 0.0, None, None, False) for name in names)
    source = Source("Song.wav", "00", 48000, 10, 2, 0)
    return Receipt(
        "abcdefgh", "Song", 1, "", source, "preview", Model(350, "x"), Normalise("song", 0.0), None, 0.0, stems
    )


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_pong_brings_back_what_the_ping_brought(echo: str) -> None:
    assert read(outgoing.Pong("1.2.3")(echo)) == ("/stembridge/pong", "1.2.3", echo)
    assert read(outgoing.Pong("1.2.3")()) == ("/stembridge/pong", "1.2.3")
    assert messages(outgoing.Pong("1.2.3")(echo))


@given(st.text(max_size=50))
def test_any_text_can_be_said(text: str) -> None:
    [found] = messages(outgoing.ok("/stembridge/preset", text))
    assert found.tags == "ss"


def test_a_byte_of_a_name_that_is_no_utf8_becomes_a_mark(make_job: Jobs) -> None:
    song = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert read(outgoing.accepted(make_job(song=song))) == ("/stembridge/job/accepted", "abcdefgh", "caf?")


def test_an_error_is_message_and_advice_and_stays_a_small_datagram() -> None:
    error = UsageError("What. " * 1000, code="usage", advice="Do.")
    packet = outgoing.error("/a" * 20_000, error)
    assert len(packet) < 1500
    assert read(outgoing.error("/a", UsageError("No.", advice="Do."))) == (
        "/stembridge/error",
        "/a",
        "usage",
        "No. Do.",
    )


def test_a_delivery_names_each_stem_by_its_absolute_path_and_then_is_done(
    make_job: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Song").mkdir()
    (tmp_path / "Song" / RECEIPT_NAME).write_bytes(receipt("vocals", "drums").to_bytes())
    folder = tmp_path / "Song"
    assert [read(packet) for packet in outgoing.ending(make_job(State.DELIVERED, folder=Path("Song")))] == [
        ("/stembridge/job/stem", "abcdefgh", "vocals", str(folder / "Song - vocals.wav")),
        ("/stembridge/job/stem", "abcdefgh", "drums", str(folder / "Song - drums.wav")),
        ("/stembridge/job/done", "abcdefgh", str(folder), 2),
    ]


@pytest.mark.parametrize("content", [None, b"{", b"\xff"])
def test_a_delivery_whose_receipt_is_gone_or_damaged_is_done_all_the_same(
    make_job: Jobs, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / RECEIPT_NAME).write_bytes(content)
    packets = outgoing.ending(make_job(State.DELIVERED, folder=tmp_path))
    assert [read(packet) for packet in packets] == [("/stembridge/job/done", "abcdefgh", str(tmp_path), 0)]


def test_a_job_that_waits_without_a_reason_is_told_by_its_state(make_job: Jobs) -> None:
    [packet] = outgoing.ending(make_job(State.NEEDS_REVIEW))
    assert read(packet)[:3] == ("/stembridge/job/error", "abcdefgh", "needs_review")


def test_progress_that_is_no_number_or_out_of_range_is_told_as_one_that_is_not(make_job: Jobs) -> None:
    for strange, told in ((float("nan"), 0.0), (-1.0, 0.0), (7.0, 1.0), (float("inf"), 0.0)):
        job = make_job(State.SEPARATING, progress=strange)
        assert read(outgoing.packets(summary_of(job))[1]) == ("/stembridge/job/progress", "abcdefgh", told, "")


def test_a_poke_has_its_argument_or_none() -> None:
    reaper = Endpoint("127.0.0.1", 8000)
    assert read(outgoing.poke(Poke(reaper, "/action/str", "_RS1"))) == ("/action/str", "_RS1")
    assert read(outgoing.poke(Poke(reaper, "/action/40"))) == ("/action/40",)


def test_what_is_said_is_what_the_table_has(make_job: Jobs, tmp_path: Path) -> None:
    (tmp_path / RECEIPT_NAME).write_bytes(receipt("vocals").to_bytes())
    job = make_job(State.DELIVERED, folder=tmp_path)
    said = [
        outgoing.Pong("1")(),
        outgoing.Pong("1")("echo"),
        outgoing.ok("/a", "b"),
        outgoing.error("/a", UsageError("b")),
    ]
    said += [
        outgoing.accepted(job),
        outgoing.state(job),
        *outgoing.packets(summary_of(make_job())),
        *outgoing.ending(job),
    ]
    said += outgoing.ending(make_job(State.FAILED))
    seen = set()
    for found in (found for packet in said for found in messages(packet)):
        row = OUTGOING[found.address]
        required = "".join(argument.types for argument in row.arguments if not argument.optional)
        assert found.tags in (required, "".join(argument.types for argument in row.arguments))
        seen.add(found.address)
    assert seen == OUTGOING.keys()
