"""An OSC room behind which nothing happens, for the measurements.

    python -m scripts.bench.osc_nothing

says the port on its first line, and at the end of its input how many messages it has handled.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from bridge.jobs.arrival import Signature
from bridge.jobs.job import Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import State
from bridge.osc.options import OscOptions
from bridge.osc.server import OscServer

NO_JOB = Job(
    id="abcdefgh",
    song="Nothing",
    state=State.QUEUED,
    door="osc",
    watched=False,
    source=Path("nothing.wav"),
    spool=Path("nothing.wav"),
    sha256="",
    signature=Signature(0, 0, 0),
    key="",
    spec=JobSpec(output=Path("nowhere")),
    created=0.0,
    updated=0.0,
    attempt=0,
    progress=0.0,
    step="",
    cancelling=False,
    failure=None,
    plan="",
    folder=None,
    minutes=0,
)


class Nothing:
    """Actions that do nothing: there is always the same job, and it never begins."""

    def separate(self, path: str, choice: str = "", chosen: str = "") -> Job:
        del path, choice, chosen
        return NO_JOB

    def cancel(self, job: str) -> Job:
        del job
        return NO_JOB

    retry = job = cancel

    def recent(self) -> Sequence[Job]:
        return (NO_JOB,)

    def summary(self) -> str:
        return "Nothing is under way."

    def preset(self, name: str) -> None:
        del name

    def chosen(self) -> str:
        return ""

    def pause(self) -> None:
        return

    def resume(self) -> None:
        return


def main() -> None:
    with OscServer(OscOptions(port=0), Nothing(), "0") as room:
        print(room.port, flush=True)
        sys.stdin.read()
        print(room.counters.messages)


if __name__ == "__main__":
    main()
