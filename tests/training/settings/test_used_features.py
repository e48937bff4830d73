"""Features that a study leaves out: no model, interval or refusal depends on them, and the record says so."""

from dataclasses import replace

import numpy as np
import pytest

from features.build import build_features
from features.catalogue import catalogue
from features.protocol.document import Protocol
from features.protocol.problems import InputRefusedError
from models.applicability import Applicable
from tests.training.trainings import QUICK
from training.config import TrainingConfig
from training.experiment.train import Training, applicability_of
from training.learning.used_features import excluded_features, without_excluded
from training.settings.sections import FeatureSettings

PROTOCOL = Protocol()


def config_of(exclude: tuple[str, ...] = (), only: tuple[str, ...] = (), *, candidates: int = 3) -> TrainingConfig:
    names = ("no_model", "logistic", "one_variable")[:candidates]
    return replace(QUICK, candidates=names, features=FeatureSettings(exclude, only))


def left_out(config: TrainingConfig) -> set[str]:
    flags = excluded_features(PROTOCOL, config)
    return {one.name for one, out in zip(catalogue(PROTOCOL), flags, strict=True) if out}


def refusal(config: TrainingConfig) -> str:
    with pytest.raises(InputRefusedError) as refused:
        excluded_features(PROTOCOL, config)
    (problem,) = refused.value.problems
    return f"{problem.column}: required {problem.required}; found {problem.found}"


def test_a_feature_a_group_and_a_category_are_left_out_by_name() -> None:
    context = {one.name for one in catalogue(PROTOCOL) if one.group == "patient context"}
    diagnoses = {name for name in context if name.startswith("diagnosis_")}
    assert left_out(config_of(("age_years",))) == {"age_years"}
    assert left_out(config_of(("patient_context",))) == left_out(config_of(("patient context",))) == context
    assert left_out(config_of(("diagnosis",))) == diagnoses
    assert left_out(config_of(only=("patient_context",), candidates=2)).isdisjoint(context)
    both = left_out(config_of(("diagnosis",), ("patient_context",), candidates=2))
    assert {one.name for one in catalogue(PROTOCOL)} - both == context - diagnoses


def test_a_name_that_the_catalogue_lacks_is_named_with_the_nearest() -> None:
    assert "features.exclude" in refusal(config_of(("age_year",)))
    assert "did you mean age_years?" in refusal(config_of(("age_year",)))
    assert "did you mean patient_context?" in refusal(config_of(("patient_contxt",)))


def test_the_feature_of_one_variable_stays_unless_the_candidate_is_dropped() -> None:
    assert "distance_to_remission" in refusal(config_of(("distance_to_remission",)))
    assert left_out(config_of(("distance_to_remission",), candidates=2)) == {"distance_to_remission"}


def test_not_all_features_can_be_left_out() -> None:
    groups = tuple(sorted({one.group for one in catalogue(PROTOCOL)}))
    assert "none is left" in refusal(config_of(groups, candidates=2))


def test_nobody_is_at_the_edge_because_of_a_feature_that_is_left_out(trained: Training) -> None:
    """Age and dose beyond all training patients are outside; they are nothing where both features are left out."""
    cohort, landmark = trained.cohort, trained.landmarks[1]
    features = build_features(cohort, landmark.outcomes.landmark)
    names, odd = features.names, features.values[landmark.fitted_on][:20].copy()
    odd[:, names.index("age_years")] = 10_000.0
    odd[:, names.index("dose_of_route_limit")] = 10_000.0
    found = {}
    for without in ((), ("age_years", "dose_of_route_limit")):
        config = config_of(without)
        seen = without_excluded(features, cohort.protocol, config).values
        domain = applicability_of(seen[landmark.fitted_on], cohort, config)
        assert domain is not None
        found[without] = domain.assess(odd).verdict
    assert (found[()] == Applicable.OUTSIDE).all()
    assert (found["age_years", "dose_of_route_limit"] != Applicable.OUTSIDE).all()
    assert np.mean(found["age_years", "dose_of_route_limit"] == Applicable.INSIDE) > 0.8
