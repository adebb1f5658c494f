from __future__ import annotations

import pytest

from bridge.media.judgement import Judgement, Verdict
from tests.media.test_completeness import encoded, judged, muxed


def pages(content: bytes) -> list[bytes]:
    starts = [at for at in range(len(content)) if content[at : at + 5] == b"OggS\0"]
    return [content[start:end] for start, end in zip(starts, [*starts[1:], len(content)], strict=True)]


@pytest.mark.parametrize("behind", [b"TAG" + bytes(125), b"junk", bytes(5000), b"\xff" * 70_000])
def test_what_other_programs_append_is_no_cut(behind: bytes) -> None:
    assert judged(encoded("OGG", "VORBIS") + behind) == Judgement(Verdict.COMPLETE)


def test_a_file_without_the_end_of_stream_flag_is_only_not_settled() -> None:
    content = encoded("OGG", "VORBIS", 200_000)
    assert judged(content[: -len(pages(content)[-1])]).verdict is Verdict.UNSETTLED


@pytest.mark.parametrize("missing", [1, 100, 1000])
def test_a_page_that_has_begun_and_does_not_end_is_cut(missing: int) -> None:
    assert judged(encoded("OGG", "VORBIS", 200_000)[:-missing]).verdict is Verdict.CUT


def test_half_the_name_of_a_page_is_cut() -> None:
    content = encoded("OGG", "VORBIS", 200_000)
    start = len(content) - len(pages(content)[-1])
    assert all(judged(content[: start + count]).verdict is Verdict.CUT for count in (1, 2, 3, 4, 20))


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_several_streams_one_after_the_other_are_recognised(subtype: str) -> None:
    one, other = encoded("OGG", subtype, 90_000), encoded("OGG", subtype, 120_000)
    assert not judged(one).chained
    assert judged(one + other).chained
    assert judged(other + one).chained


def test_a_stream_appended_to_itself_is_recognised() -> None:
    one = encoded("OGG", "VORBIS", 400_000)
    assert judged(one + one).chained


def test_a_video_with_its_streams_side_by_side_is_not_chained() -> None:
    video = muxed(".ogv", "-f", "lavfi", "-i", "testsrc=d=0.2:s=64x64:r=10")
    assert judged(video) == Judgement(Verdict.COMPLETE)
