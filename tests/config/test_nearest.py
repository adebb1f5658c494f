from __future__ import annotations

from bridge.config.nearest import did_you_mean, nearest


def test_a_slip_of_the_fingers_finds_its_name() -> None:
    assert nearest("prot", ["port", "host", "tcp"]) == "port"
    assert nearest("PORT", ["port", "host"]) == "port"
    assert nearest("flac", ["WAV", "FLAC"]) == "FLAC"


def test_a_name_like_no_other_finds_none() -> None:
    assert nearest("zzz", ["port", "host"]) == ""
    assert did_you_mean("zzz", ["port"]) == ""


def test_the_clause_dresses_the_name() -> None:
    assert did_you_mean("ocs", ["osc"], "[{}]") == ", did you mean [osc]?"
