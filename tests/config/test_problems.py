from __future__ import annotations

from collections.abc import Callable

import pytest

Problems = Callable[[str], list[tuple[int, str]]]

AUTO = ', did you mean "auto"?'
NETWORK = ' such as "192.168.1.0/24", not "me"'


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[ocs]\nport = 1", 1, "[ocs]: unknown section, did you mean [osc]?"),
        ("[zzz]", 1, "[zzz]: unknown section"),
        ("port = 1", 1, "port: stands outside of any section, did you mean [osc] port?"),
        ("zzz = 1", 1, "zzz: stands outside of any section"),
        ("[osc]\nfolder = 'x'", 2, "[osc] folder: unknown key, did you mean [inbox] folder?"),
        ("[osc]\nsettle_s = 1", 2, "[osc] settle_s: unknown key, did you mean [inbox] settle_s?"),
        ("[osc]\nallow = ['me']", 2, '[osc] allow item 1: must be an address or network' + NETWORK),
        ("[osc]\npoke = ['a:1 x']", 2, '[osc] poke item 1: must be "host:port /address argument", not "a:1 x"'),
        ("[osc]\nzzz = 1", 2, "[osc] zzz: unknown key"),
        ("[osc.deep]\nx = 1", 1, "[osc] deep: unknown key"),
        ("[osc]\n'odd key' = 1", 2, '[osc] "odd key": unknown key'),
        ("osc = 1", 1, "[osc]: must be a section, not a whole number"),
        ("presets = 1", 1, "[presets]: must hold sections, such as [presets.vocals], not a whole number"),
        ("[presets]\nmodel = 1", 2, "[presets.model]: must be a section, not a whole number"),
        ("[presets.v]\nmdoel = 1", 2, "[presets.v] mdoel: unknown key, did you mean model?"),
        ("[presets.'my mix']\nrate = true", 2, '[presets."my mix"] rate: must be a whole number, not true or false'),
        ("[osc]\nport = true", 2, "[osc] port: must be a whole number, not true or false"),
        ("[osc]\nport = 1.0", 2, "[osc] port: must be a whole number, not a number"),
        ("[osc]\nport = '1'", 2, "[osc] port: must be a whole number, not text"),
        ("[osc]\nport = 65536", 2, "[osc] port: must be at most 65535, not 65536"),
        ("[osc]\nport = -1", 2, "[osc] port: must be at least 0, not -1"),
        ("[osc]\ntcp = 1", 2, "[osc] tcp: must be true or false, not a whole number"),
        ("[osc]\nhost = ''", 2, "[osc] host: must not be empty"),
        ("[osc]\nhost = 2020-01-01", 2, "[osc] host: must be text, in quotes, not a date or time"),
        ("[osc]\nfeedback = 'a:1'", 2, '[osc] feedback: must be a list, such as ["one", "two"], not text'),
        ("[osc]\nfeedback = [\n'a:1',\n3]", 4, "[osc] feedback item 2: must be text, in quotes, not a whole number"),
        ("[inbox]\nsettle_s = true", 2, "[inbox] settle_s: must be a number, not true or false"),
        ("[inbox]\nsettle_s = 0", 2, "[inbox] settle_s: must be more than 0, not 0"),
        ("[inbox]\nscan_s = inf", 2, "[inbox] scan_s: must be a finite number, not inf"),
        ("[inbox]\nfolder = 3", 2, "[inbox] folder: must be the path of a folder, in quotes"),
        ("[inbox]\npolling = 1", 2, '[inbox] polling: must be true, false or "auto", not 1'),
        ("[inbox]\npolling = 'atuo'", 2, '[inbox] polling: must be true, false or "auto", not "atuo"' + AUTO),
        ("[normalise]\nmode = 3", 2, '[normalise] mode: must be "song", "stem" or "none", not 3'),
        ("[normalise]\nmode = [1]", 2, '[normalise] mode: must be "song", "stem" or "none", not a list'),
        ("[normalise]\ndepth = 32", 2, '[normalise] depth: must be "16", "24" or "32f", not 32, did you mean "32f"?'),
        ("[normalise]\npeak_dbtp = 0.5", 2, "[normalise] peak_dbtp: must be at most 0, not 0.5"),
        ("[normalise]\nlufs = nan", 2, "[normalise] lufs: must be a finite number, not nan"),
        (
            "[output]\nprojects = ['rpp', 'rpp2']", 2,
            '[output] projects item 2: must be "rpp", "rtracktemplate", "dawproject" or "dawproject-embedded", '
            'not "rpp2", did you mean "rpp"?',
        ),
        ("[output]\nprojects = 'rpp'", 2, '[output] projects: must be a list, such as ["one", "two"], not text'),
        ("[state]\nkeep_gb = -0.5", 2, "[state] keep_gb: must be at least 0, not -0.5"),
        ("[separation]\nmodel = 0", 2, "[separation] model: must be more than 0, not 0"),
    ],
)  # fmt: skip
def test_a_mistake_is_explained_where_it_stands(text: str, line: int, message: str, problems: Problems) -> None:
    assert problems(text) == [(line, message)]


def test_a_wrong_secret_is_never_repeated(problems: Problems) -> None:
    found = problems('[api]\nkey = ["hush-hush"]\nkye = "hush-hush"\n')
    assert [line for line, _ in found] == [2, 3]
    assert "hush" not in str(found)
