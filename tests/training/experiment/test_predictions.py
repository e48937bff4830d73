"""Models are compared on a cohort by what they say of its patients, and by what was observed of them."""

import numpy as np
import pandas as pd
import pytest

from features.records.cohort import Cohort
from tests.serving.bundles import toy_bundle
from training.config import load_config
from training.experiment.predictions import observed_outcomes, predictions_of
from training.experiment.records import pseudonyms
from training.outcomes.labels import derive_outcomes


def test_what_was_observed_is_what_the_outcomes_say_of_those_in_whom_it_was(cohort_of_clinics: Cohort) -> None:
    names, landmark = pseudonyms(cohort_of_clinics), cohort_of_clinics.protocol.landmarks[0]
    found = observed_outcomes(cohort_of_clinics, names, load_config())
    assert len(found) == 2 * len(cohort_of_clinics.protocol.landmarks)
    outcomes = derive_outcomes(cohort_of_clinics, landmark)
    seen = outcomes.eligible & ~np.isnan(outcomes.remission)
    remission = found[landmark.name, "remission"]
    assert dict(remission["observed"]) == dict(zip(names[seen], outcomes.remission[seen], strict=True))
    assert (remission["weight"] > 0).all()
    relapse = found[landmark.name, "relapse"]
    assert set(relapse.index) == set(names[outcomes.at_risk])
    within = outcomes.followed_days[outcomes.at_risk] <= relapse["followed_days"].max()
    assert relapse["ended_by"].tolist() == np.where(within, outcomes.ended_by[outcomes.at_risk], 0).tolist()
    assert set(relapse["ended_by"]) == {0, 1, 2}


def test_a_champion_predicts_for_a_cohort_that_it_never_saw(cohort_of_clinics: Cohort) -> None:
    names = pseudonyms(cohort_of_clinics)
    rows = pd.DataFrame({"followed_days": np.full(len(names), 182.0)}, index=names)
    landmark = toy_bundle(cohort_of_clinics.protocol).models[0].landmark.name
    asked = {(landmark, "remission"): rows, (landmark, "relapse"): rows, ("another landmark", "relapse"): rows}
    found = predictions_of(toy_bundle(cohort_of_clinics.protocol), cohort_of_clinics, names, asked)
    assert set(found) == {(landmark, "remission"), (landmark, "relapse")}
    for predicted in found.values():
        assert predicted["probability"].between(0, 1).all()
        assert predicted["probability"].nunique() > 1
        assert set(predicted.index) <= set(names)
    beyond = {(landmark, "relapse"): rows.assign(followed_days=3650.0)}
    assert predictions_of(toy_bundle(cohort_of_clinics.protocol), cohort_of_clinics, names, beyond) == {}


@pytest.fixture(scope="module")
def cohort_of_clinics(simulated: object) -> Cohort:
    from training.cohort.reader import read_cohort

    return read_cohort(simulated)  # type: ignore[arg-type]
