"""Ctrl-C and SIGTERM while the real program starts, sent by itself to itself at moments that are no matter of time."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="on Windows os.kill ends a process")

PROGRAM = """
import os, re, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
moment, number = re.compile(sys.argv[1]), int(sys.argv[2])
del sys.argv[1:3]
sent = []

def send(event, arguments):
    if not sent and moment.match(f"{event} {arguments[0] if arguments else ''}"):
        sent.append(number)
        os.kill(os.getpid(), number)

sys.addaudithook(send)
from bridge.cli.main import run
try:
    run()
finally:
    print("sent:", *sent, file=sys.stderr)
"""

UP = [
    "import bridge.cli.arguments",
    "import bridge.errors",
    "import pydantic",
    "import bridge.daemon.daemon",
    "open .*config.toml",
    "open .*lock.json",
    "sqlite3.connect",
    "socket.bind",
    "open .*stembridge.log",
    "os.rename .*status.json.partial",
    "import bridge.publish.publisher",
    "pathlib.Path.glob .*spool",
]
SERVE = [
    "import bridge.cli.arguments",
    "import pydantic",
    "import uvicorn",
    "socket.bind",
    "open .*lock.json",
    "sqlite3.connect",
    "shutil.rmtree",
    "sys.set_asyncgen_hook",
]


def _moments(command: str, moments: list[str]) -> list[tuple[str, str, signal.Signals]]:
    return list(
        zip(
            itertools.repeat(command),
            moments,
            itertools.cycle([signal.SIGINT, signal.SIGTERM, signal.SIGHUP]),
            strict=False,
        )
    )


@pytest.mark.parametrize(("command", "moment", "number"), [*_moments("up", UP), *_moments("serve", SERVE)])
def test_a_signal_during_the_start_is_a_clean_stop(
    command: str, moment: str, number: signal.Signals, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        '[inbox]\nfolder = "in"\n[output]\nfolder = "out"\n[state]\nfolder = "state"\n'
        "[osc]\nport = 0\n[server]\nport = 0\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, moment, str(int(number)), command, "--config", str(config)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert f"sent: {int(number)}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(tmp_path.rglob("lock.json"))


def test_a_closed_terminal_does_not_stop_a_program_under_nohup() -> None:
    program = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from bridge.cli.stop_signals import stop_signals; print(sorted(map(int, stop_signals())))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str(sorted([int(signal.SIGINT), int(signal.SIGTERM)]))
