"""Which delivery answers what a session asked for, and how the hook goes about it (with a simulated session)."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.scripts.ardour.ardour_hook import Hook, Waiting
from tests.scripts.ardour.ardour_parts import Parts, deliver

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts for Ardour ask a POSIX shell for folders")


@pytest.fixture
def parts() -> Parts:
    return Parts()


def bounce(path: Path, content: int = 1, frames: int = 4410) -> Path:
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, np.full((frames, 2), content / 100), 44100)
    return path


def receipt_of(path: Path, created_s: float) -> dict[str, Any]:
    """What the bridge writes of a bounce that it delivers."""
    source = {
        "file": path.name,
        "sample_rate": 44100,
        "frames": soundfile.info(path).frames,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "time_reference": 0,
    }
    return {"source": source, "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(created_s))}


@pytest.fixture
def waiting(parts: Parts, tmp_path: Path) -> Waiting:
    return Waiting(parts, tmp_path / "Evening")


def test_what_is_wanted_is_remembered_and_forgotten(parts: Parts, tmp_path: Path) -> None:
    session = tmp_path / "Evening, it's late"
    session.mkdir()
    path = bounce(tmp_path / "a b" / "Mix.wav")
    assert parts.wanted.add(str(session), str(path), 96000)
    assert parts.wanted.add(str(session), "/a b/Zwö.wav", -5)
    entries = parts.wanted.read(str(session))
    first, second = entries.values()
    assert (first.path, first.start, first.frames, first.rate) == (str(path), 96000, 4410, 44100)
    assert (second.path, second.start, second.frames, second.rate) == ("/a b/Zwö.wav", -5, 0, 0)
    parts.wanted.remove(str(session), entries)
    assert list(session.iterdir()) == []


@pytest.mark.parametrize("form", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_wav_file_says_how_long_it_is(parts: Parts, tmp_path: Path, form: str, subtype: str) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((1001, 3)), 48000, format=form, subtype=subtype)
    assert parts.wav.length(str(tmp_path / "a.wav")) == (1001, 48000)


@pytest.mark.parametrize("content", [b"", b"RIFF\0\0\0\0WAVE", b"fLaC" * 9, b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd"])
def test_of_what_is_no_wav_file_no_length_is_known(parts: Parts, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    assert parts.wav.length(str(tmp_path / "a.wav")) == (0, 0)
    assert parts.wav.length(str(tmp_path / "missing.wav")) == (0, 0)


def test_a_bounce_that_was_delivered_after_it_was_asked_for_is_ours(waiting: Waiting, tmp_path: Path) -> None:
    path = bounce(tmp_path / "export" / "Mix.wav")
    waiting.ask(path, ago_s=60)
    assert waiting.answered(receipt_of(path, time.time())) == [str(path)]
    assert waiting.answered(receipt_of(path, time.time() - 90)) == []
    other = receipt_of(path, time.time())
    other["source"]["file"] = "ix.wav"
    assert waiting.answered(other) == []


@pytest.mark.parametrize("frames", [4410, 4411])
@pytest.mark.parametrize("gone", [False, True])
def test_another_sessions_bounce_of_the_same_name_is_not(
    waiting: Waiting, tmp_path: Path, frames: int, gone: bool
) -> None:
    ours, theirs = bounce(tmp_path / "A" / "Mix.wav", 1), bounce(tmp_path / "B" / "Mix.wav", 2, frames)
    waiting.ask(ours, ago_s=3600)
    if gone:
        ours.unlink()
    answered = waiting.answered(receipt_of(theirs, time.time()))
    # Where our file is gone and both are equally long, nobody can tell.
    assert answered == ([str(ours)] if gone and frames == 4410 else [])


def test_a_bounce_that_was_overwritten_meanwhile_is_still_answered(waiting: Waiting, tmp_path: Path) -> None:
    path = bounce(tmp_path / "Mix.wav", 1)
    waiting.ask(path, ago_s=60)
    first = receipt_of(path, time.time())
    waiting.ask(bounce(path, 2), ago_s=30)
    second = receipt_of(path, time.time())
    assert len(waiting.answered(first)) == 1
    assert len(waiting.answered(second)) == 2


def test_who_asks_again_just_after_the_delivery_is_answered_by_it(waiting: Waiting, tmp_path: Path) -> None:
    path = bounce(tmp_path / "Mix.wav")
    waiting.ask(path)
    assert waiting.answered(receipt_of(path, time.time() - 12)) == [str(path)]
    assert waiting.answered(receipt_of(path, time.time() - 60)) == []
    other = receipt_of(path, time.time() - 12)
    other["source"]["sha256"] = "0" * 64
    assert waiting.answered(other) == [], "the mix was changed and exported again"


def test_the_hook_brings_again_what_was_removed_and_asked_for_again_and_nothing_else(
    parts: Parts, waiting: Waiting, tmp_path: Path
) -> None:
    path = bounce(tmp_path / "Mix.wav")
    waiting.ask(path, ago_s=30)
    deliver(waiting.deliveries / "Mix", job="first", **receipt_of(path, time.time() - 12))
    hook = Hook(parts, waiting)
    hook.look()
    assert hook.imported == ["first"]
    hook.there.clear()
    hook.look()
    assert hook.imported == ["first"], "the musician has removed them"
    waiting.ask(path)
    hook.look()
    hook.look()
    assert hook.imported == ["first", "first"]
    hook.save()
    assert not (waiting.session / "stembridge-wanted.txt").exists()


def test_what_was_asked_for_again_is_forgotten_where_its_stems_are_in_the_session(
    parts: Parts, waiting: Waiting, tmp_path: Path
) -> None:
    path = bounce(tmp_path / "Mix.wav")
    deliver(waiting.deliveries / "Mix", job="first", **receipt_of(path, time.time() - 5))
    hook = Hook(parts, waiting)
    hook.there.add("first")
    waiting.ask(path)
    hook.look()
    hook.save()
    assert hook.imported == []
    assert not (waiting.session / "stembridge-wanted.txt").exists()
