from __future__ import annotations

from pathlib import Path

import pytest

from bridge.compute.progress import FileProgress, Span, clear, describe, read_progress, request_stop
from bridge.errors import StopRequested
from bridge.units import BYTES, Progress, StepProgress, report


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "progress"


def test_a_plain_fraction_is_read_back(path: Path) -> None:
    FileProgress(path)(0.25)
    assert read_progress(path) == StepProgress(0.25)


def test_stage_and_amounts_are_read_back(path: Path) -> None:
    progress = StepProgress(0.375, "fetching weights", 120, 320, "MB")
    FileProgress(path).report(progress)
    assert read_progress(path) == progress


def test_an_engine_reports_details_through_the_simple_callback(path: Path) -> None:
    progress: Progress = FileProgress(path)
    report(progress, StepProgress(0.5, "loading"))
    assert read_progress(path).stage == "loading"


def test_a_simple_callback_gets_the_fraction_of_a_report_with_details() -> None:
    got: list[float] = []
    report(got.append, StepProgress(0.5, "loading"))
    assert got == [0.5]


def test_a_second_report_within_a_tenth_of_a_second_is_left_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    progress = FileProgress(path)
    read = []
    for now[0], fraction in ((0.0, 0.1), (0.09, 0.2), (0.11, 0.3)):
        progress(fraction)
        read.append(read_progress(path).fraction)
    assert read == [0.1, 0.1, 0.3]


@pytest.mark.parametrize(
    ("content", "fraction"),
    [
        (b"", 0.0),
        (b"{", 0.0),
        (b"\xff\xfe", 0.0),
        (b"[" * 100_000, 0.0),
        (b"0.5", 0.5),
        (b"NaN", 0.0),
        (b"null", 0.0),
        (b'{"fraction": 7}', 1.0),
        (b'{"fraction": -1}', 0.0),
        (b'{"fraction": "half"}', 0.0),
        (b'{"fraction": true}', 0.0),
        (b'{"fraction": 0.5, "stage": 3, "done": "x", "total": Infinity, "unit": null, "new": 1}', 0.5),
    ],
)
def test_whatever_is_in_the_file_the_reader_returns_a_fraction(path: Path, content: bytes, fraction: float) -> None:
    path.write_bytes(content)
    assert read_progress(path) == StepProgress(fraction)


def test_no_file_reads_as_not_begun(path: Path) -> None:
    assert read_progress(path) == StepProgress(0.0)


def test_a_report_into_a_folder_that_is_gone_does_not_fail_the_work(tmp_path: Path) -> None:
    FileProgress(tmp_path / "gone" / "progress")(0.5)


def test_the_next_report_after_a_stop_request_raises(path: Path) -> None:
    request_stop(path)
    with pytest.raises(StopRequested):
        FileProgress(path)(0.5)


def test_what_an_earlier_task_left_is_cleared(path: Path) -> None:
    FileProgress(path)(0.5)
    request_stop(path)
    clear(path)
    FileProgress(path)(0.1)
    assert read_progress(path) == StepProgress(0.1)


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (StepProgress(0.4, "fetching weights", 120, 320, "MB"), "fetching weights, 120 of 320 MB"),
        (StepProgress(0.4, "fetching weights", 120_400_000, 320_000_000, BYTES), "fetching weights, 120 of 320 MB"),
        (StepProgress(0.4, "fetching", 999, 1000, BYTES), "fetching, 1 of 1 kB"),
        (StepProgress(0.4, "fetching", 12, 999, BYTES), "fetching, 12 of 999 bytes"),
        (StepProgress(0.4, "fetching", 3_000_000_000, None, BYTES), "fetching, 3 GB"),
        (StepProgress(0.4, "segment", 3, 12), "segment, 3 of 12"),
        (StepProgress(0.4, "", 3, 12, "segments"), "3 of 12 segments"),
        (StepProgress(0.4, "loading", None, 12), "loading"),
        (StepProgress(0.4), ""),
    ],
)
def test_progress_in_words(progress: StepProgress, text: str) -> None:
    assert describe(progress) == text


def test_a_span_is_a_part_of_the_whole_job() -> None:
    span = Span(0.2, 0.6, "separating")
    whole: list[float] = []
    span.part_of(whole.append)(0.5)
    assert whole == [span.at(0.5)] == [pytest.approx(0.4)]


def test_the_stage_of_a_task_takes_the_place_of_the_span_s_text() -> None:
    span = Span(0.2, 0.6, "separating")
    texts = [span.describe(one) for one in (StepProgress(0.5), StepProgress(0.5, "loading"), StepProgress(0, "", 1, 2))]
    assert texts == ["separating", "loading", "separating, 1 of 2"]
