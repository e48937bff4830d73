"""Settings are read again as they were recorded, also those of a version that had fewer of them."""

from dataclasses import replace

import pytest

from models.settings.sections import TuningSettings
from training.config import TrainingConfig, load_config
from training.evidence.document import Acknowledgement
from training.settings.sections import FeatureSettings
from training.settings.values import flattened

OF_0_8_0 = {
    "seed": 3,
    "candidates": ["no_model", "logistic"],
    "folds": 4,
    "fewest_repeats": 1,
    "most_repeats": 2,
    "site_events": 20,
    "fewest_site_folds": 3,
    "events_to_fit": 20,
    "largest_weight": 10.0,
    "draws": 40,
    "quick": True,
}


def test_a_record_without_sections_has_the_defaults_for_what_became_a_setting_later() -> None:
    found = TrainingConfig.from_parameters(OF_0_8_0)
    asked = replace(load_config(), seed=3, candidates=("no_model", "logistic"), folds=4, fewest_repeats=1)
    assert found == replace(asked, most_repeats=2, draws=40, quick=True)


def test_what_is_recorded_is_read_again() -> None:
    answered = (Acknowledgement(check="shuffled outcomes", by="Ada", reason="known"),)
    config = replace(
        load_config(),
        tuning=TuningSettings(search="optuna", depths=(2, 4)),
        features=FeatureSettings(exclude=("sex_female",)),
        acknowledged=answered,
    )
    assert TrainingConfig.from_parameters(config.as_parameters()) == config


@pytest.mark.parametrize("change", [{"colour": 1}, {"tuning": {"colour": 1}}])
def test_a_setting_of_a_later_version_is_not_passed_over(change: dict[str, object]) -> None:
    with pytest.raises(KeyError):
        TrainingConfig.from_parameters(OF_0_8_0 | change)


def test_a_setting_is_recorded_under_its_section() -> None:
    named = flattened(load_config().as_parameters())
    assert named["tuning.depths"] == [1, 2, 3]
    assert named["seed"] == 7
    assert named["quick"] is False
