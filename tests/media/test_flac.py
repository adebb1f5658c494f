from __future__ import annotations

import pytest

from bridge.media.judgement import Verdict
from tests.media.test_completeness import encoded, verdict


def with_total(content: bytes, total: int) -> bytes:
    packed = int.from_bytes(content[18:26], "big")
    return content[:18] + (packed >> 36 << 36 | total).to_bytes(8, "big") + content[26:]


def test_a_total_that_is_too_small_is_no_cut_and_not_trusted() -> None:
    assert verdict(with_total(encoded("FLAC", "PCM_16", 9000), 4096)) is Verdict.UNSETTLED


def test_a_total_that_is_too_large_is_cut() -> None:
    assert verdict(with_total(encoded("FLAC", "PCM_16", 9000), 9001)) is Verdict.CUT


def test_a_total_that_is_unknown_is_not_settled() -> None:
    assert verdict(with_total(encoded("FLAC", "PCM_16", 9000), 0)) is Verdict.UNSETTLED


def test_another_block_before_the_stream_information_is_stepped_over() -> None:
    content = encoded("FLAC", "PCM_16", 9000)
    assert verdict(b"fLaC" + b"\x01\0\0\x08" + bytes(8) + content[4:]) is Verdict.COMPLETE
    assert verdict(b"fLaC" + b"\x01\0\0\x08" + bytes(8) + content[4:-9]) is not Verdict.COMPLETE


@pytest.mark.parametrize(
    "behind",
    [
        b"TAG" + bytes(125),
        b"some text that somebody appended",
        b"APETAGEX" + bytes([0xD0, 7, 0, 0, 32, 0, 0, 0]) + bytes(7) + b"\0" + bytes(8),
    ],
)
def test_what_other_programs_append_is_no_cut(behind: bytes) -> None:
    assert verdict(encoded("FLAC", "PCM_16", 9000) + behind) is not Verdict.CUT


@pytest.mark.parametrize("missing", [1, 2, 3, 10, 500])
def test_a_last_frame_that_is_not_whole_is_cut(missing: int) -> None:
    assert verdict(encoded("FLAC", "PCM_16", 9000)[:-missing]) is Verdict.CUT


def test_blocks_of_several_sizes_may_be_counted_in_samples_as_before_2007() -> None:
    """Where the fixed form's bit is set and the sizes differ, the coded number may be the first sample's."""
    content = encoded("FLAC", "PCM_16", 100)  # a single frame, number 0: both ways of counting agree
    assert verdict(content[:8] + b"\x00\x10" + content[10:]) is Verdict.COMPLETE
