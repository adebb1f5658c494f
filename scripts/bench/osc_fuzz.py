"""Throw damaged OSC at the whole handling: the packet check, decoding, routing, answers; nothing may leave it.

    python -m scripts.bench.osc_fuzz [--packets 1000000] [--seed N]

from the repository's top. Begins with packets that are known to have stopped servers, goes on with damaged ones, some
of them through the framings of TCP. Says how long the slowest took, what left the room, and the memory before and
after. What took over 5 ms is handled some times more and the best counts, since a busy machine measures others, too.
Exit status 1 if an exception left the room or had to be caught at its edge.
"""

from __future__ import annotations

import argparse
import functools
import gc
import itertools
import logging
import random
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import psutil

from bridge.errors import PacketError
from bridge.osc.audience import Subscribers, Targets
from bridge.osc.broadcaster import Broadcaster
from bridge.osc.commands import Commands
from bridge.osc.counters import Counters
from bridge.osc.feedback import Feedback
from bridge.osc.framing import Detecting, LengthPrefixed, Slip
from bridge.osc.peers import Outlet
from bridge.osc.router import Lane, Router
from scripts.bench.osc_killers import GOOD, KILLERS, LARGE, damaged
from scripts.bench.osc_nothing import Nothing

WARM_UP = 20_000
LARGE_EVERY = 500
STREAM_EVERY = 4
SLOW_S = 0.005
REPEATS = 9


class Sink(NamedTuple):
    """A sender that takes every answer."""

    port: int

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def is_stream(self) -> bool:
        return self.port % 2 == 0

    def send(self, packet: bytes) -> bool:
        del packet
        return True


class AtOnce(Lane):
    """A lane without threads, so that what it does is measured, too."""

    def __init__(self) -> None:
        super().__init__("none", 0, 1)

    def submit(self, task: Callable[[], None]) -> None:
        task()


class Later(Feedback):
    """Feedback without its thread: what it is to tell waits until the packet is measured."""

    def __init__(self, broadcaster: Broadcaster, counters: Counters, clock: Callable[[], float]) -> None:
        super().__init__(broadcaster, counters, clock)
        self._tasks: list[Callable[[], None]] = []

    def _later(self, what: Callable[[], None]) -> None:
        self._tasks.append(what)

    def tell(self) -> None:
        """Tell it."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task()


class Raised(logging.Handler):
    """Collects what the room had to catch: it does not leave it, and still is a mistake."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{record.getMessage()}: {record.exc_info and record.exc_info[1]!r}")


@dataclass
class Outcome:
    """What a run has shown."""

    packets: int = 0
    slowest_s: float = 0.0
    slowest_cpu_s: float = 0.0
    slowest: bytes = b""
    repeated: int = 0
    escaped: list[str] = field(default_factory=list)
    caught: list[str] = field(default_factory=list)
    memory_before: int = 0
    memory_after: int = 0
    errors: dict[str, int] = field(default_factory=dict)


@contextmanager
def handling() -> Iterator[tuple[Router, Later, Counters]]:
    """Put the room together without its listening threads. Its clock runs ahead, so that no answer is spared."""
    ticks = itertools.count()

    def clock() -> float:
        return float(next(ticks))

    with ExitStack() as stack:
        datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        datagrams.bind(("127.0.0.1", 0))
        counters = Counters()
        outlet = Outlet(datagrams, counters)
        stack.callback(outlet.close)
        subscribers = Subscribers(clock)
        broadcaster = Broadcaster(subscribers, Targets(outlet, (), ()), (), counters, clock)
        feedback = Later(broadcaster, counters, clock)
        commands = Commands(Nothing(), feedback, subscribers, outlet)
        yield Router(commands.table("0", AtOnce(), AtOnce()), feedback, counters, clock), feedback, counters


def packets(count: int, seed: int) -> Iterator[bytes]:
    """Give the killers as they are, then damaged packets."""
    chance = random.Random(seed)
    small, large = [*KILLERS.values(), *GOOD], list(LARGE.values())
    plain = [*small, *large]
    yield from plain[:count]
    for number in range(max(0, count - len(plain))):
        yield damaged(chance, large if number % LARGE_EVERY == 0 else small)


def in_chunks(packet: bytes, chance: random.Random) -> tuple[bytes, bytes]:
    """Return a packet as a stream carries it, sometimes damaged on its way, in two chunks."""
    framed = chance.choice((Slip(), LengthPrefixed())).frame(packet)
    if chance.randrange(2):
        framed = damaged(chance, [framed])
    cut = chance.randrange(len(framed) + 1)
    return framed[:cut], framed[cut:]


def through_a_stream(chunks: Iterable[bytes], handle: Callable[[bytes], None]) -> None:
    """Handle what a stream brings."""
    stream = Detecting()
    try:
        for chunk in chunks:
            for packet in stream.feed(chunk):
                handle(packet)
    except PacketError:
        return  # the room answers that, and closes the connection


def fuzz(count: int, seed: int, warm_up: int = WARM_UP) -> Outcome:
    """Handle `count` packets and say what came of it; memory is counted from after the first `warm_up`."""
    outcome, raised, chance = Outcome(), Raised(), random.Random(seed)
    log = logging.getLogger("bridge.osc")
    log.addHandler(raised)
    try:
        with handling() as (router, feedback, counters):
            for number, packet in enumerate(packets(count, seed)):
                if number == warm_up:
                    outcome.memory_before = memory()
                peer = Sink(1024 + number % 60000)
                task = functools.partial(router.handle, packet, peer)
                if number % STREAM_EVERY == 0:
                    handle = functools.partial(router.handle, peer=peer)
                    task = functools.partial(through_a_stream, in_chunks(packet, chance), handle)
                one(task, packet, outcome)
                feedback.tell()
            outcome.memory_after = memory()
            outcome.errors = dict(counters.now().errors)
    finally:
        log.removeHandler(raised)
    outcome.caught = raised.texts
    return outcome


def one(task: Callable[[], None], packet: bytes, outcome: Outcome) -> None:
    """Handle one packet and measure it."""

    def handled() -> tuple[float, float]:
        begin, begin_cpu = time.perf_counter(), time.thread_time()
        try:
            task()
        except Exception as error:  # what this is here to find
            outcome.escaped.append(f"{error!r} at {packet[:200]!r}")
        return time.perf_counter() - begin, time.thread_time() - begin_cpu

    took, cpu = handled()
    if took > SLOW_S:
        outcome.repeated += 1
        took, cpu = min((took, cpu), *(handled() for _ in range(REPEATS)))
    outcome.packets += 1
    if took > outcome.slowest_s:
        outcome.slowest_s, outcome.slowest = took, packet
    outcome.slowest_cpu_s = max(outcome.slowest_cpu_s, cpu)


def memory() -> int:
    """Return the bytes of memory that this process has."""
    gc.collect()
    return int(psutil.Process().memory_info().rss)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    begin = time.perf_counter()
    outcome = fuzz(arguments.packets, arguments.seed)
    print(f"{outcome.packets} packets in {time.perf_counter() - begin:.0f} s")
    print(f"slowest {outcome.slowest_s * 1e3:.2f} ms ({outcome.repeated} measured again): {outcome.slowest[:80]!r}")
    print(f"memory {outcome.memory_before / 2**20:.1f} MiB before, {outcome.memory_after / 2**20:.1f} MiB after")
    print(f"slowest {outcome.slowest_cpu_s * 1e3:.2f} ms of processor time")
    print("refused:", ", ".join(f"{code} {many}" for code, many in sorted(outcome.errors.items())))
    print(f"{len(outcome.escaped)} exceptions left the room, {len(outcome.caught)} were caught in it")
    for text in [*outcome.escaped, *outcome.caught][:20]:
        print(text)
    return 1 if outcome.escaped or outcome.caught else 0


if __name__ == "__main__":
    sys.exit(main())
