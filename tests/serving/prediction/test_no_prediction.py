"""A patient without a prediction gets the reason, and a remedy if there is one."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from features.definitions.display_names import LABELS, recorded_as
from features.eligibility.eligibility import Ineligible
from features.protocol.document import Landmark, Protocol
from features.protocol.shortening import MOST_NAMED
from models.bundle import Bundle
from serving.contract.response import NotPredictable, Reason
from serving.prediction.no_prediction import ineligible
from serving.prediction.predictor import Predictor
from tests.serving.bundles import AT_LANDMARK, toy_bundle, with_applicability, without
from tests.serving.requests import changed, example, read

DAY_14 = Protocol(landmarks=(Landmark("day 14", day=14),))
LATE = Protocol(landmarks=(Landmark("week 9", day=63),))
DECIDED = replace(Protocol(), remission=replace(Protocol().remission, anchor="index", window_days=(1, 9)))


def why(document: dict[str, Any], bundle: Bundle) -> Reason:
    root = Predictor(bundle, "3").predict(read(document)).root
    assert isinstance(root, NotPredictable), root
    (reason,) = root.reasons
    return reason


@pytest.mark.parametrize(
    ("changes", "bundle", "code", "remedy"),
    [
        (
            {},
            toy_bundle(LATE),
            "landmark_not_reached",
            "send the record again when 'week 9' is reached, which needs as_of_day to be",
        ),
        (
            {"assessments": []},
            toy_bundle(),
            "no_baseline",
            "record a rating on or before day 0, if there was one, of gad7, hama, lsas, pdss, pcl5 or ybocs",
        ),
        ({"assessments": [{"day": 0, "instrument": "gad7", "score": 4}]}, toy_bundle(), "baseline_in_remission", None),
        ({"events": [{"day": 14, "event": "death"}]}, toy_bundle(), "died", None),
        ({"events": [{"day": 14, "event": "relapse"}]}, toy_bundle(AT_LANDMARK), "ended_before", None),
        ({}, toy_bundle(DECIDED), "already_decided", None),
        ({"as_of_day": 43}, toy_bundle(), "window_over", None),
        ({"events": [{"day": 14, "event": "withdrawal"}]}, toy_bundle(), "withdrew", None),
        ({"patient": {"patient_ref": "a", "age_years": 17}}, toy_bundle(), "age_outside", None),
        (
            {"sessions": []},
            toy_bundle(DAY_14),
            "no_dosing_session",
            "record the dosing sessions so far, if there were any",
        ),
        ({}, without(toy_bundle(), "remission", "relapse"), "not_learned", "use a model fitted on more patients"),
    ],
)
def test_every_reason_says_what_would_help(
    changes: dict[str, Any], bundle: Bundle, code: str, remedy: str | None
) -> None:
    reason = why(example(**changes), bundle)
    assert reason.code == code
    assert (reason.remedy is None) == (remedy is None)
    assert (reason.remedy or "").startswith(remedy or "")


@pytest.mark.parametrize("reason", Ineligible)
def test_a_record_that_leaves_nothing_to_predict_has_a_remedy_only_where_the_record_can_be_completed(
    reason: Ineligible,
) -> None:
    found = ineligible(reason, Protocol().landmarks[0], Protocol())
    can_be_completed = (Ineligible.NO_BASELINE, Ineligible.NO_DOSING_SESSION)
    assert (found["remedy"] is not None) == (reason in can_be_completed)


def sparing(bundle: Bundle, *usual: str) -> Bundle:
    """A model that answers only patients of whom a tenth at most is missing; most of its own had what is ``usual``."""
    models = []
    for model in with_applicability(bundle).models:
        assert model.applicability is not None
        recorded = np.where(
            [name in usual for name in bundle.features], np.linspace(1, 0.5, len(bundle.features)), 0.49
        )
        known = replace(model.applicability, recorded=recorded, edge=np.zeros(3), limit=np.array([1.0, 0.1, 1.0]))
        models.append(replace(model, applicability=known))
    return replace(bundle, models=tuple(models))


def test_a_patient_with_too_little_recorded_gets_what_most_training_patients_had() -> None:
    usual = ("adequate_failures", "age_years", "childhood_trauma", "prior_psychotherapies_not_failed")
    reason = why(example(prior_treatments=None), sparing(toy_bundle(), *usual))  # of which the age is recorded
    assert reason.code == "outside_training"
    needed = "earlier treatments with their outcomes, childhood trauma"
    assert reason.remedy == f"record more of what most training patients had: {needed}"


def test_where_training_patients_had_little_in_common_no_feature_is_named() -> None:
    reason = why(example(prior_treatments=None), sparing(toy_bundle()))
    assert reason.remedy == "record more of what most training patients had"


def test_three_facts_are_named_the_most_usual_first_and_the_others_counted() -> None:
    bundle = toy_bundle()
    reason = why(example(prior_treatments=None), sparing(bundle, *bundle.features))
    names, _, others = (reason.remedy or "").partition(": ")[2].partition(" and ")
    named = names.split(", ")
    assert len(named) == MOST_NAMED
    assert int(others.removesuffix(" more")) > 0
    facts = list(dict.fromkeys(recorded_as(LABELS[name]) for name in bundle.features))
    assert named == sorted(named, key=facts.index)


def test_no_two_facts_exclude_each_other() -> None:
    """A dose has one route, and a patient one main diagnosis."""
    usual = [name for name in toy_bundle().features if name.startswith(("route_", "diagnosis_"))]
    facts = [recorded_as(LABELS[name]) for name in usual]
    assert set(facts) == {"route of the last dose", "diagnosis"}
    document = changed(("patient", "diagnosis"), None, example(prior_treatments=None))
    found = why(document, sparing(toy_bundle(), *usual, "age_years")).remedy or ""
    assert found == "record more of what most training patients had: diagnosis"


def test_who_is_unlike_the_others_in_what_is_known_is_not_asked_to_record_more() -> None:
    assert (
        why(
            changed(("patient", "age_years"), 91, example(prior_treatments=None)),
            sparing(toy_bundle(), *toy_bundle().features),
        ).remedy
        is None
    )
    assert why(changed(("patient", "diagnosis"), "ocd"), with_applicability(toy_bundle())).remedy is None
