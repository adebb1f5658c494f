from __future__ import annotations

from pathlib import Path

import pytest

from bridge.inbox.first_look import RECENT_S, FirstLook
from bridge.inbox.options import Existing, InboxOptions
from bridge.jobs.arrival import Signature
from bridge.jobs.spec import JobSpec
from tests.inbox.conftest import MemoryLedger

NOW = 1_000_000_000.0
OLD, NEW = NOW - 2 * RECENT_S, NOW - 60


def looked(
    tmp_path: Path, existing: Existing, engine: str, ledger: MemoryLedger
) -> tuple[list[str], dict[str, Signature]]:
    spec = JobSpec(output=tmp_path / "out", engine=engine)
    options = InboxOptions(tmp_path / "in", tmp_path / "out", tmp_path / "state", spec, existing=existing)
    known = ledger.seen()
    look = FirstLook(options, ledger)
    assert look.is_due(known)
    found = [(str(tmp_path / "in" / name), Signature(1, 2, int(at * 1e9))) for name, at in (("old", OLD), ("new", NEW))]
    taken = look.take(found, known, NOW)
    assert not look.is_due(known)
    assert not look.is_due(ledger.seen())
    return [Path(path).name for path, _ in taken], known


@pytest.mark.parametrize(
    ("existing", "engine", "names"),
    [
        ("auto", "preview", ["new"]),
        ("auto", "api", []),
        ("take", "preview", ["old", "new"]),
        ("take", "api", ["old", "new"]),
        ("leave", "preview", []),
    ],
)
def test_what_was_there_before_is_taken_as_configured_and_the_rest_is_remembered(
    tmp_path: Path,
    existing: Existing,
    engine: str,
    names: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger = MemoryLedger()
    taken, known = looked(tmp_path, existing, engine, ledger)
    assert taken == names
    left = {"old", "new"} - set(names)
    assert {Path(path).name for path in known} == {*left, "in"}
    assert (f"{len(left)} are left alone" in caplog.text) is bool(left)


def test_an_inbox_that_an_older_version_has_worked_on_has_been_seen(tmp_path: Path) -> None:
    options = InboxOptions(tmp_path / "in", tmp_path / "out", tmp_path / "state", JobSpec(output=tmp_path / "out"))
    known = {str(tmp_path / "in" / "a.wav"): Signature(1, 2, 3)}
    assert not FirstLook(options, MemoryLedger()).is_due(known)
    assert FirstLook(options, MemoryLedger()).is_due({str(tmp_path / "other" / "a.wav"): Signature(1, 2, 3)})


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_killed_during_the_first_look_the_next_start_looks_again(tmp_path: Path, after: int) -> None:
    class Dying(MemoryLedger):
        def remember(self, source: Path, signature: Signature) -> None:
            if len(self.signatures) > after:
                raise KeyboardInterrupt
            super().remember(source, signature)

    ledger = Dying()
    spec = JobSpec(output=tmp_path / "out", engine="api")
    options = InboxOptions(tmp_path / "in", tmp_path / "out", tmp_path / "state", spec)
    found = [(str(tmp_path / "in" / f"{n}.wav"), Signature(1, n, int(NEW * 1e9))) for n in range(5)]
    with pytest.raises(KeyboardInterrupt):
        FirstLook(options, ledger).take(found, {}, NOW)
    known = ledger.seen()
    again = FirstLook(options, MemoryLedger(signatures=dict(known)))
    assert again.is_due(known)
    assert again.take([each for each in found if each[0] not in known], known, NOW) == []
    assert not again.is_due(known)
