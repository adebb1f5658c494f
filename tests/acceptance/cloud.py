"""A studio with a separation service: our own server as a process of its own, seen from outside."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.acceptance.chaos import Chaos
from tests.acceptance.program import Bounce, Document, Running, Studio, wait_for
from tests.ports import free_port

RESTING = frozenset({"delivered", "failed", "cancelled", "needs_credit", "needs_review"})
CREDIT = 100


class Server:
    """`stembridge serve` on a port that stays its own over restarts, and one key with `CREDIT` minutes."""

    def __init__(self, root: Path) -> None:
        self.studio = Studio(root)
        self.port = free_port()
        # Polls of many jobs at once must not meet the limit for strangers.
        self.studio.configure(
            "[server]", f"port = {self.port}", f"storage = '{root / 'store'}'", "calls_per_minute = 0"
        )
        self.key: str = self.keys("create", "anna")["key"]
        self.keys("credit", "anna", str(CREDIT))

    def keys(self, action: str, *arguments: str) -> Document:
        command = [sys.executable, "-m", "bridge.cli.main", "keys", action]
        config = ["--config", str(self.studio.root / "config.toml")]
        told = subprocess.run([*command, *config, "--json", *arguments], check=True, capture_output=True)
        document: Document = json.loads(told.stdout)
        return document

    @contextlib.contextmanager
    def serving(self) -> Iterator[Running]:
        with self.studio.start("serve") as running:
            wait_for("the server to listen", lambda: b"Serving on" in running.said() or running.over())
            assert not running.over(), running.finish()
            yield running

    def spent(self) -> int:
        """The minutes that the ledger has taken for good; nothing may still be held."""
        (account,) = self.keys("list")["keys"]
        assert (account["reserved"], account["under_way"]) == (0, 0), account
        assert account["balance"] + account["spent"] == CREDIT, account
        return int(account["spent"])


def connect(studio: Studio, server: Server, chaos: Chaos, *more: str) -> None:
    """Configure the studio to use the server by way of the proxy; `more` are lines for the section of the API."""
    os.environ["STEMBRIDGE_API_KEY"] = server.key
    publish = ["[publish]", 'method = "own_server"']
    studio.configure(*publish, "[separation]", 'engine = "api"', "[api]", f'base_url = "{chaos.url}"', *more)


def wait_until_resting(studio: Studio, count: int) -> list[str]:
    """Wait until so many jobs are there and none moves; a failure that is tried again by itself does move."""

    def resting() -> list[str] | None:
        rows = studio.query("SELECT state, retry_at FROM jobs ORDER BY number")
        done = len(rows) >= count and all(state in RESTING and retry_at is None for state, retry_at in rows)
        return [state for state, _ in rows] if done else None

    return wait_for("all jobs to rest", resting)


def assert_delivered_and_paid_once(studio: Studio, server: Server, bounces: list[Bounce]) -> None:
    """Each bounce was delivered once and whole, and each cost its one started minute, in both sides' books."""
    studio.assert_delivered(*bounces)
    assert server.spent() == len(bounces)
    assert [job["billed_minutes"] for job in studio.jobs()] == [1] * len(bounces)
    assert {job["engine"] for job in studio.jobs()} == {"api"}


def assert_hidden(secret: str, *folders: Path) -> None:
    """No file below these folders holds the secret."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if secret.encode() in path.read_bytes()] == []
