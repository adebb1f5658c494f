"""Programs that others wrote each have a mix separated by a running bridge, and hear what becomes of it.

What they run are the examples of docs/osc.md and the files of scripts/osc themselves.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.osc_clients import PRESET, ROOT, Listening, example, examples, listening
from tests.ports import free_port

pytestmark = pytest.mark.slow

WORDS = ["accepted", "state", "progress", "stem", "done"]
MISSING = "bounce.missing"
SYSTEM_PYTHON = "/usr/bin/python3"
"""The one that Debian's python3-liblo belongs to."""


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    if sys.platform == "win32":
        pytest.skip("shell examples, and process groups: POSIX")
    with listening(tmp_path_factory.mktemp("osc") / "studio") as bridge:
        yield bridge


def in_order(lines: list[str], job: str) -> list[str]:
    """The words of this job's messages, each once, as they first came."""
    pattern = re.compile(rf"job[ /](\w+).*{job}")
    return list(dict.fromkeys(found[1] for line in lines if (found := pattern.search(line))))


def bounce_of(bridge: Listening, song: str) -> Path:
    return bridge.studio.root / "Bounces" / f"{song}.wav"


@pytest.mark.system("oscsend")
@pytest.mark.system("oscdump")
def test_oscsend_asks_and_oscdump_hears_over_udp(bridge: Listening) -> None:
    ears, song = free_port(), "Shell Song"
    bridge.bounce(song)
    with bridge.shell(bridge.told(example("sh", "oscdump"), song, ears)) as dump:
        dump.listens_at(ears)
        with bridge.shell(bridge.told(example("sh", "/stembridge/ping"), song, ears)) as send:
            assert send.code() == 0
        lines = dump.hears('/stembridge/pong ss "', "/stembridge/job/done")
        with bridge.shell(bridge.told(example("sh", "/stembridge/ping"), "No Such Song", ears)) as send:
            assert send.code() == 0
        dump.hears(f'/stembridge/error sss "/stembridge/separate" "{MISSING}"')
    assert in_order(lines, bridge.delivered(song)) == WORDS


@pytest.mark.system("oscdump")
def test_what_the_configuration_names_hears_of_jobs_that_nobody_asked_for_by_osc_and_is_poked(
    bridge: Listening,
) -> None:
    song = "Saved Song"
    with bridge.shell(bridge.told(example("sh", "oscdump"), song, bridge.daw)) as daw:
        daw.listens_at(bridge.daw)
        bridge.studio.bounce(f"{song}.wav", seconds=0.3, seed=99)
        lines = daw.hears("/stembridge/job/done", '/action/str s "_RS7d3c"')
    assert in_order(lines, bridge.delivered(song)) == WORDS


@pytest.mark.system("oscsend")
@pytest.mark.system("oscdump")
def test_oscsend_asks_over_tcp_with_a_preset_and_hangs_up_at_once(bridge: Listening) -> None:
    ears, song = free_port(), "Wired Song"
    bridge.bounce(song)
    subscribe = f"oscsend osc.tcp://127.0.0.1:{bridge.port} /stembridge/subscribe i {ears}"
    with bridge.shell(bridge.told(example("sh", "oscdump"), song, ears)) as dump:
        dump.listens_at(ears)
        for script in [subscribe, bridge.told(example("sh", "osc.tcp"), song)]:
            with bridge.shell(script) as send:
                assert send.code() == 0
        lines = dump.hears("/stembridge/job/done")
        with bridge.shell(bridge.told(example("sh", "osc.tcp"), "No Such Song")) as send:
            assert send.code() == 0
        dump.hears(f'/stembridge/error sss "/stembridge/separate" "{MISSING}"')
    job = bridge.delivered(song)
    assert in_order(lines, job) == WORDS
    assert bridge.studio.show(job)["preset"] == PRESET


@pytest.mark.system("pd")
def test_pure_data_asks_and_hears_with_its_own_objects_over_udp(bridge: Listening) -> None:
    song = "Vanilla Song, with a comma"
    bridge.bounce(song)
    spelled = song.replace(",", r"\,")
    with bridge.shell(bridge.told(example("sh", "stembridge.pd"), spelled)) as pd:
        lines = pd.hears("stembridge: job done")
    assert in_order(lines, bridge.delivered(song)) == WORDS
    with bridge.shell(bridge.told(example("sh", "stembridge.pd"), "No Such Song")) as pd:
        pd.hears(f"stembridge: error /stembridge/separate {MISSING}")


@pytest.mark.system("pd")
@pytest.mark.system("oscsend")
def test_the_pure_data_patch_hears_of_what_others_ask_and_has_all_buttons(bridge: Listening) -> None:
    song, ears = "Overheard Song", free_port()
    bridge.bounce(song)
    sends = [
        f"stembridge-connect 127.0.0.1 {bridge.port}",
        f"stembridge-hear {ears}",
        *(f"stembridge-{name} bang" for name in ("ping", "status", "pause", "resume")),
        f"stembridge-preset symbol {PRESET}",
        "stembridge-preset symbol",
        "stembridge-cancel symbol nosuchjob",
    ]
    command = ["pd", "-nogui", "-noaudio", "-stderr", "-open", "scripts/osc/stembridge.pd", "-send", ";".join(sends)]
    with bridge.client(command) as pd:
        pd.hears("stembridge: pong", *(f"ok /stembridge/{name}" for name in ("status", "pause", "resume", "preset")))
        pd.hears("ok /stembridge/subscribe", "error /stembridge/cancel job.not_found")
        with bridge.shell(f"oscsend 127.0.0.1 {bridge.port} /stembridge/separate s '{bounce_of(bridge, song)}'"):
            lines = pd.hears("stembridge: job done")
    assert in_order(lines, bridge.delivered(song)) == WORDS
    assert [line for line in lines if not line.startswith("stembridge: ")] == []


SLIP_PATCH = """#N canvas 0 0 400 300 12;
#X declare -path mrpeach;
#X obj 10 10 r ask;
#X obj 10 40 packOSCstream;
#X obj 10 70 list prepend send;
#X obj 10 100 list trim;
#X obj 10 130 netsend -b;
#X obj 200 10 loadbang;
#X msg 200 40 connect 127.0.0.1 9123;
#X obj 100 160 unpackOSCstream;
#X obj 100 190 print heard;
#X connect 0 0 1 0;
#X connect 1 0 2 0;
#X connect 2 0 3 0;
#X connect 3 0 4 0;
#X connect 5 0 6 0;
#X connect 6 0 4 0;
#X connect 4 1 7 0;
#X connect 7 0 8 0;
"""


@pytest.mark.system("pd")
def test_pure_data_asks_and_hears_with_mrpeach_over_tcp_with_slip(bridge: Listening, tmp_path: Path) -> None:
    if not list(Path("/usr/lib").glob("p*d*/extra/mrpeach")) and "CI" not in os.environ:
        pytest.skip("not installed: pd-mrpeach")
    song = "Slippery Song"
    bridge.bounce(song)
    patch = tmp_path / "slip.pd"
    patch.write_text(bridge.told(SLIP_PATCH, song))
    paths = [str(bounce_of(bridge, name)).replace(" ", r"\ ") for name in (song, "No Such Song")]
    asks = [f"ask /stembridge/separate {path}" for path in paths]
    command = ["pd", "-nogui", "-noaudio", "-stderr", "-open", str(patch), "-send", ";".join(asks)]
    with bridge.client(command) as pd:
        lines = pd.hears("heard: /stembridge/job/done", f"heard: /stembridge/error /stembridge/separate {MISSING}")
    assert in_order(lines, bridge.delivered(song)) == WORDS


@pytest.mark.system("sclang")
def test_sclang_asks_and_hears_over_udp_and_ends_with_the_job(bridge: Listening) -> None:
    song, block = "Synth Song", example("sh", "sclang")
    bridge.bounce(song)
    with bridge.shell(bridge.told(block, song), STEMBRIDGE_OSC_PORT=str(bridge.port)) as sclang:
        assert sclang.code() == 0
    job = bridge.delivered(song)
    assert f"{song}: accepted, job {job}" in sclang.said
    assert f"{song}: separating" in sclang.said
    assert re.search(r"^\d+ % ", sclang.said, flags=re.MULTILINE)
    assert re.search(r"^vocals: .*Synth Song - vocals.wav$", sclang.said, flags=re.MULTILINE)
    assert f"4 stems in {bridge.studio.output / song}" in sclang.said
    with bridge.shell(bridge.told(block, "No Such Song"), STEMBRIDGE_OSC_PORT=str(bridge.port)) as sclang:
        assert sclang.code() == 1
    assert f"error {MISSING}: There is no file" in sclang.said


@pytest.mark.system("sclang")
def test_sclang_asks_and_hears_over_tcp(bridge: Listening, tmp_path: Path) -> None:
    song, code = "Patched Song", tmp_path / "example.scd"
    bridge.bounce(song)
    block = example("supercollider", "connect")
    last = block.rstrip().removesuffix(")").splitlines()[-1]
    assert "/stembridge/separate" in last
    code.write_text(bridge.told(block.replace(last, f"{last}\n{last.replace('My Song', 'No Such Song')}"), song))
    with bridge.client(["sclang", str(code)]) as sclang:
        lines = sclang.hears("[ /stembridge/job/done", f"[ /stembridge/error, /stembridge/separate, {MISSING}")
    assert in_order(lines, bridge.delivered(song)) == ["accepted", "progress", "done"]


@pytest.mark.system(SYSTEM_PYTHON)
@pytest.mark.parametrize("protocol", ["UDP", "TCP"])
def test_python_liblo_asks_and_hears(bridge: Listening, protocol: str) -> None:
    with bridge.client([SYSTEM_PYTHON, "-c", "import liblo"]) as probe:
        if probe.code() and "CI" not in os.environ:
            pytest.skip("not installed: python3-liblo")
    song = f"Snake Song {protocol}"
    bridge.bounce(song)
    block = example("python", "liblo").replace("= liblo.UDP", f"= liblo.{protocol}")
    with bridge.client([SYSTEM_PYTHON, "-c", bridge.told(block, song)]) as liblo:
        assert liblo.code() == 0, liblo.said
    assert in_order(liblo.said.splitlines(), bridge.delivered(song)) == WORDS
    with bridge.client([SYSTEM_PYTHON, "-c", bridge.told(block, "No Such Song")]) as liblo:
        assert liblo.code() == 0, liblo.said
    assert f"/stembridge/error /stembridge/separate {MISSING}" in liblo.said


def test_every_example_of_the_page_is_run_here() -> None:
    text = Path(__file__).read_text("utf-8")
    wanted = set(re.findall(r'example\("(\w+)", "([^"]+)"\)', text))
    run = {block for language, having in wanted for block in examples(language, having)}
    assert run == {block for language in ("sh", "supercollider", "python") for block in examples(language)}
    assert all((ROOT / name).is_file() for block in run for name in re.findall(r"scripts/osc/\S+", block))
