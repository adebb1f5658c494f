"""The catalogue of models."""

from __future__ import annotations

import pytest

from bridge.errors import UsageError
from bridge.separation.catalogue import model, models


def test_there_are_the_eleven_models_of_the_audioseparation_api() -> None:
    assert set(models()) == {350, 490, 340, 360, 380, 390, 491, 492, 493, 501, 320}


def test_a_model_knows_its_own_id() -> None:
    assert all(row.id == key for key, row in models().items())


@pytest.mark.parametrize(
    ("model_id", "delivered"),
    [
        (350, ("vocals", "no_vocals")),
        (340, ("drums", "no_drums")),
        (360, ("bass", "no_bass")),
        (490, ("lead_vocals", "backing_vocals", "other")),
        (501, ("bass", "drums", "vocals", "other")),
        (320, ("bass", "drums", "vocals", "piano", "guitar", "other")),
    ],
)
def test_a_model_delivers_its_stems_and_a_single_stem_its_complement(model_id: int, delivered: tuple[str, ...]) -> None:
    assert model(model_id).delivered == delivered


def test_exactly_the_single_stem_models_have_a_complement() -> None:
    assert all((row.complement == f"no_{row.stems[0]}") == (len(row.stems) == 1) for row in models().values())
    assert all((row.complement is None) == (len(row.stems) > 1) for row in models().values())


def test_an_unknown_model_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        model(999)
    assert "999" in caught.value.message
    assert all(str(key) in caught.value.advice for key in models())


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        models()[1] = model(501)  # type: ignore[index]  # that this fails is what is tested
