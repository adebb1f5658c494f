from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest

from bridge.errors import StembridgeError, StoreError
from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import State
from bridge.jobs.store import JobStore


def opened(path: Path) -> JobStore:
    return JobStore(path, key_of=lambda arrival: f"key-{arrival.sha256}")


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a store with some jobs, closed."""
    path = tmp_path_factory.mktemp("store") / "stembridge.db"
    store = opened(path)
    for at in range(20):
        spec = JobSpec(output=Path("/out"))
        signature = Signature(at, 100, 17)
        source, spool = Path(f"/inbox/{at}.wav"), Path(f"/spool/{at}")
        store.accept(Arrival(source, spool, f"{at:064x}", signature, f"song {at}", "inbox", spec, watched=True))
    store.close()
    return path.read_bytes()


def use(path: Path) -> None:
    """Open the store and read all that is in it, as the commands do."""
    with contextlib.closing(opened(path)) as store:
        for job in store.jobs():
            store.events(job.id)
        store.in_states(frozenset(State))
        store.seen()
        store.counts()


@pytest.mark.parametrize("seed", range(80))
def test_flipped_bytes_are_one_clear_error_or_harmless_and_never_a_crash(
    tmp_path: Path, intact: bytes, seed: int
) -> None:
    chance = random.Random(seed)
    content = bytearray(intact)
    for _ in range(chance.choice([1, 8, 64, 512])):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path = tmp_path / "stembridge.db"
    path.write_bytes(content)
    with contextlib.suppress(StembridgeError):  # any other error fails the test
        use(path)


def test_damaged_pages_are_told_at_open_with_the_way_out(tmp_path: Path, intact: bytes) -> None:
    path = tmp_path / "stembridge.db"
    path.write_bytes(intact[:4096] + b"\xa5" * (len(intact) - 4096))
    with pytest.raises(StoreError, match="is damaged") as caught:
        opened(path)
    assert str(path) in caught.value.message
    assert "Move that file away" in caught.value.advice
    assert "\n" not in caught.value.message


def test_a_value_that_this_program_never_writes_is_told_as_damage(tmp_path: Path, intact: bytes) -> None:
    path = tmp_path / "stembridge.db"
    path.write_bytes(intact.replace(b"queued", b"qufued"))
    with pytest.raises(StoreError, match="damaged"):
        use(path)
