"""An OSC room behind which nothing happens, for the measurements.

    python -m scripts.bench.osc_nothing

says the port on its first line, and at the end of its input how many messages it has handled.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bridge.errors import JobNotFound
from bridge.jobs.job import Job
from bridge.osc.options import OscOptions
from bridge.osc.room import Room


class Nothing:
    """Actions that do nothing: there is never a job."""

    def separate(self, path: str, choice: str = "") -> Job:
        raise JobNotFound(f"{path} {choice}")

    def cancel(self, job: str) -> Job:
        raise JobNotFound(job)

    def retry(self, job: str) -> Job:
        raise JobNotFound(job)

    def job(self, job: str) -> Job:
        raise JobNotFound(job)

    def recent(self) -> Sequence[Job]:
        return ()

    def summary(self) -> str:
        return "Nothing is under way."

    def preset(self, name: str) -> None:
        return

    def pause(self) -> None:
        return

    def resume(self) -> None:
        return


def main() -> None:
    with Room(OscOptions(port=0), Nothing(), "0") as room:
        print(room.port, flush=True)
        sys.stdin.read()
        print(room.counters.messages)


if __name__ == "__main__":
    main()
