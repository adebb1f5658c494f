"""`stembridge serve` and `stembridge keys`: the AudioSeparation API on a machine of your own, and who may use it."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.cli.common import local_time, settings_of
from bridge.cli.output import complain, flush, print_json, say
from bridge.cli.stop_signals import stop_signals
from bridge.config.settings import Settings
from bridge.daemon.capabilities import engine_options
from bridge.server.options import Limits, ServerOptions
from bridge.server.tables.keys import KeyState, KeyUsage
from bridge.server.tables.opening import Tables, open_tables

_STATES = {
    "enable": KeyState.ACTIVE,
    "disable": KeyState.DISABLED,
    "suspend": KeyState.SUSPENDED,
    "revoke": KeyState.REVOKED,
}


def serve(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM; with --status show the queue and the keys, and return."""
    if options.status:
        return _status(options)
    settings = settings_of(options)
    wanted = server_options(settings)
    # The web framework: half a second that no other command needs.
    from bridge.compute.executor import LocalExecutor
    from bridge.server.app import build_app
    from bridge.server.listen import open_socket, require_guarded, web_server
    from bridge.server.log import log_to
    from bridge.server.options import Engines
    from bridge.server.state import Outside, ServerState

    require_guarded(wanted)
    log_to(sys.stderr)
    executor = LocalExecutor(slots=wanted.workers)
    outside = Outside(executor, Engines.of(engine_options(settings)))
    try:
        with open_socket(wanted) as listening, ServerState(wanted, outside) as state:
            listener = web_server(build_app(state), wanted)
            listener.stop_at_signals(stop_signals())
            if options.stop.asked():  # before the listener could hear it
                return 0
            scheme = "https" if wanted.tls_cert else "http"
            host, port = listening.getsockname()[:2]
            say(f"Serving on {scheme}://{f'[{host}]' if ':' in host else host}:{port} - Ctrl-C stops it.")
            flush()
            listener.serve(listening)
    finally:
        executor.shutdown(cancel_futures=True)
    return 0


def create(options: argparse.Namespace) -> int:
    """Make a key and show it, this once."""
    with _opened(options) as tables:
        key = tables.keys.create(options.name)
    if options.json:
        print_json({"name": options.name, "key": key})
    else:
        say(key)
        complain("Keep it now: it is stored as a hash only and cannot be shown again.")
        complain(f"Give it minutes: stembridge keys credit {options.name} 60")
    return 0


def list_keys(options: argparse.Namespace) -> int:
    """List the keys with what they have used."""
    with _opened(options) as tables:
        usage = tables.keys.usage()
    if options.json:
        print_json({"keys": [_document(one) for one in usage]})
    else:
        _print_keys(usage)
    return 0


def credit(options: argparse.Namespace) -> int:
    """Give a key minutes."""
    with _opened(options) as tables:
        balance = tables.keys.credit(options.name, options.minutes)
    if options.json:
        print_json({"name": options.name, "balance": balance})
    else:
        say(f"{options.name} may spend {balance} minutes.")
    return 0


def change(options: argparse.Namespace) -> int:
    """Enable, disable, suspend or revoke a key."""
    state = _STATES[options.action]
    with _opened(options) as tables:
        tables.keys.set_state(options.name, state)
    if options.json:
        print_json({"name": options.name, "state": str(state)})
    else:
        say(f"{options.name} is {state}.")
    return 0


def server_options(settings: Settings) -> ServerOptions:
    """Return what the configuration says of the server."""
    server = settings.server
    return ServerOptions(
        storage=server.storage or settings.state.folder / "server",
        objects=server.objects,
        host=server.host,
        port=server.port,
        public_url=server.public_url,
        tls_cert=server.tls_cert,
        tls_key=server.tls_key,
        behind_proxy=server.behind_proxy,
        allow=server.allow,
        workers=server.workers,
        link_s=server.link_s,
        retention_s=server.retention_h * 3600,
        limits=Limits(
            calls_per_minute=server.calls_per_minute,
            tasks_at_once=server.tasks_at_once,
            file_bytes=server.max_mb * 10**6,
            minutes=server.max_minutes,
            fetch_s=server.fetch_s,
        ),
    )


@contextmanager
def _opened(options: argparse.Namespace) -> Iterator[Tables]:
    """Open the server's tables beside the running server; several processes may."""
    tables = open_tables(server_options(settings_of(options)).storage)
    try:
        yield tables
    finally:
        tables.database.close()


def _status(options: argparse.Namespace) -> int:
    with _opened(options) as tables:
        counts, usage = tables.tasks.counts(), tables.keys.usage()
    if options.json:
        queue = {str(state): count for state, count in counts.items()}
        print_json({"tasks": queue, "keys": [_document(one) for one in usage]})
        return 0
    say("tasks   " + (", ".join(f"{count} {state}" for state, count in counts.items()) or "none yet"))
    _print_keys(usage)
    return 0


def _document(usage: KeyUsage) -> dict[str, object]:
    return {**dataclasses.asdict(usage), "spent": usage.spent}


def _print_keys(usage: list[KeyUsage]) -> None:
    if not usage:
        say("There are no keys yet: stembridge keys create NAME")
    for one in usage:
        say(f"{one.name}  {one.state}  since {local_time(one.created)}")
        say(f"     {one.balance} minutes left, {one.reserved} held, {one.spent} spent; {one.tasks} tasks")
