"""docs/osc.md is held against the code here; its examples are run in tests/acceptance/test_osc_clients.py."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.config.load import load
from bridge.config.settings import Osc
from bridge.errors import BounceError, CloudError, EngineError, PublishError, StembridgeError, StorageError
from bridge.jobs.states import State
from bridge.osc.addresses import INCOMING, OUTGOING
from scripts.docs import OSC, ROOT, with_messages

PAGE = OSC.read_text("utf-8")
OURS = [
    *(ROOT / "bridge" / "osc").glob("*.py"),
    *(ROOT / "bridge" / "daemon" / name for name in ("places.py", "requests.py", "choices.py")),
    ROOT / "bridge" / "inbox" / "ingest.py",
]
AT_THE_START = {"osc", "osc.host", "osc.port", "osc.allow"}
"""Why the bridge cannot listen at all: told by `stembridge up`, and to nobody by OSC."""
COUNTED = {"osc.outgoing"}
"""Never answered, or two bridges would talk for ever."""


def test_the_tables_of_messages_are_those_of_the_code() -> None:
    assert with_messages(PAGE) == PAGE, "run python scripts/docs.py"


def test_every_address_on_the_page_and_in_the_files_for_controllers_exists() -> None:
    pages = [OSC, *(path for path in (ROOT / "scripts" / "osc").iterdir() if path.suffix in (".md", ".scd", ".py"))]
    for page in pages:
        named = set(re.findall(r"/stembridge/[a-z]+(?:/[a-z]+)*", page.read_text("utf-8")))
        assert named <= {*INCOMING, *OUTGOING}, page


@pytest.mark.parametrize("example", re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL))
def test_each_configuration_on_the_page_loads(example: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(example, "utf-8")
    assert load(path, os.environ).origin.file == path


def test_every_code_of_an_error_answer_is_explained() -> None:
    explained = set(re.findall(r"^\| `([a-z_.]+)` \|", PAGE, flags=re.MULTILINE))
    written = {code for path in OURS for code in re.findall(r'code="([a-z_.]+)"', path.read_text("utf-8"))}
    tree = {kind.default_code for kind in _errors(StembridgeError)}
    assert written - explained == COUNTED | AT_THE_START & written
    assert explained <= written | tree


def test_every_family_of_reasons_for_a_failed_job_is_named() -> None:
    for kind in (BounceError, EngineError, CloudError, PublishError, StorageError):
        assert f"`{kind.default_code.partition('.')[0]}.…`" in PAGE


def test_the_examples_ask_at_the_port_at_which_the_bridge_listens() -> None:
    assert f"port {Osc().port}, UDP and TCP" in PAGE
    for path in (ROOT / "scripts" / "osc").iterdir():
        if path.suffix in (".pd", ".scd", ".maxpat"):
            assert str(Osc().port) in path.read_text("utf-8"), path


def test_the_states_are_all_named() -> None:
    sentence = PAGE.partition("`state` is one of ")[2].partition(";")[0]
    assert sentence == ", ".join(f"`{state}`" for state in State)


def _errors(kind: type[StembridgeError]) -> Iterator[type[StembridgeError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _errors(each)
