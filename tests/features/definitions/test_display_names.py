"""Every built-in feature has a label that fits into a sentence."""

import pytest

from features.catalogue import BUILT_IN
from features.definitions.display_names import LABELS, label_of


def test_every_built_in_feature_has_a_label_of_its_own() -> None:
    assert LABELS.keys() == {feature.name for feature in BUILT_IN}
    assert len(set(LABELS.values())) == len(LABELS)


@pytest.mark.parametrize("label", LABELS.values())
def test_a_label_is_plain(label: str) -> None:
    assert not set(label) & set("_,;()")
    assert not label.endswith(".")


@pytest.mark.parametrize(
    ("name", "meaning", "label"),
    [
        ("age_years", "Age at day 0.", "age"),
        ("sleep", "Hours of sleep a night; by diary.", "hours of sleep a night"),
        ("eeg", "EEG at rest. Recorded before session 1.", "EEG at rest"),
        ("bare", "", "bare"),
    ],
)
def test_a_covariate_is_called_by_the_first_clause_of_its_meaning(name: str, meaning: str, label: str) -> None:
    assert label_of(name, meaning) == label
