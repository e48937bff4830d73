"""A model evaluated on patients of another cohort: breast cancer, developed in Rotterdam and evaluated in Germany."""

import json
from dataclasses import replace
from functools import cache

import pytest

from features.protocol.document import Protocol
from features.protocol.problems import InputRefusedError
from features.records.cohort import Cohort
from tests.cohorts import cohort_of
from tests.places import COHORTS
from tests.training.evidences import good_evidence, with_measure
from tests.training.trainings import QUICK
from training.cli.texts.evaluation_text import as_document, as_text, measures_of
from training.cohort.reader import read_cohort
from training.config import load_config
from training.evaluation.case_mix_comparison import as_json, compare_case_mix
from training.evidence.document import Estimate, Evidence, LandmarkEvidence, read_evidence
from training.experiment.external import evaluate
from training.experiment.train import Training, quietly, train
from training.provenance import collect_provenance

DRAWS = 40
needs_cohorts = pytest.mark.skipif(
    not COHORTS.is_dir(), reason="the real cohorts, ../shared/cohorts beside the repository, are absent"
)
CONFIG = replace(load_config(), candidates=("no_model", "logistic"), fewest_repeats=1, most_repeats=1, draws=DRAWS)


@cache
def rotterdam() -> Training:
    return train(read_cohort(COHORTS / "rotterdam"), CONFIG, collect_provenance(), quietly, workers=1)


@cache
def gbsg() -> Evidence:
    cohort = read_cohort(COHORTS / "gbsg")
    return evaluate(rotterdam().bundle, cohort, "gbsg", CONFIG, quietly, workers=1)


@needs_cohorts
@pytest.mark.slow
def test_what_was_fitted_in_rotterdam_holds_in_germany() -> None:
    (landmark,) = as_document(gbsg())["landmarks"]
    assert landmark["remission"] is None  # everybody is in remission at the landmark
    relapse = landmark["relapse"]
    assert relapse["c_index"]["estimate"] >= 0.665
    for name in ("c_index", "uno_c", "calibration_slope", "oe"):
        found = relapse[name]
        assert found["low"] < found["estimate"] < found["high"], name
    assert 0.5 < relapse["calibration_slope"]["estimate"] < 1.5
    assert 0.7 < relapse["oe"]["estimate"] < 1.5
    longest = [question for question in gbsg().landmarks[0].questions if question.head == "relapse"][-1]
    assert relapse["oe"] == relapse[f"oe_{longest.horizon_days}"]


@needs_cohorts
@pytest.mark.slow
def test_the_evidence_says_on_whom_it_was_evaluated_and_can_be_read_again() -> None:
    found = gbsg()
    assert (found.kind, found.cohort.patients, found.resampled, found.draws) == ("external", 686, "patients", DRAWS)
    assert read_evidence(found.as_json()) == found
    (head,) = found.landmarks[0].heads
    record = rotterdam().bundle.records[0]["relapse"]
    assert (head.winner, head.n) == (record.winner, 686)
    assert head.n != record.patients
    assert (head.sample_size, head.candidates) == (None, [])  # nothing was fitted here


@needs_cohorts
@pytest.mark.slow
def test_no_more_relapses_are_counted_than_the_curve_reaches() -> None:
    (head,) = gbsg().landmarks[0].heads
    (landmark,) = gbsg().landmarks
    box = {count.name: count.n for count in landmark.flow}
    assert max(question.events for question in landmark.questions if question.head == "relapse") <= head.events
    assert head.events <= box["ended_by.relapse"]


@needs_cohorts
@pytest.mark.slow
def test_the_development_cohort_of_a_model_is_refused() -> None:
    with pytest.raises(InputRefusedError) as refused:
        evaluate(rotterdam().bundle, rotterdam().cohort, "rotterdam", CONFIG, quietly, workers=1)
    (problem,) = refused.value.problems
    assert problem.required == "a cohort that the model never saw"


@needs_cohorts
@pytest.mark.slow
def test_cohorts_that_differ_are_compared_feature_by_feature() -> None:
    found = gbsg()
    compared = compare_case_mix(found, found)
    assert compared
    assert all(row.standardised_difference in (0.0, None) for row in compared)
    assert len(json.loads(as_json(compared))) == len(compared)
    said = as_text(found, compared, "3", ["in MLflow: here"])
    assert "\nin MLflow: here\n" in said
    assert "version 3 on the cohort gbsg: 686 patients\n" in said
    assert "C-index" in said
    assert "SYNTHETIC" not in said


def test_measures_of_a_day_carry_it_and_the_ratio_of_a_head_is_that_of_its_longest_horizon() -> None:
    evidence = with_measure(good_evidence(Protocol()), "oe", Estimate(estimate=1.1, low=0.9, high=1.3))
    landmark: LandmarkEvidence = evidence.landmarks[0]
    relapse = measures_of(landmark, "relapse")
    assert {"c_index", "auc_84", "auc_182", "oe_84", "oe_182", "oe"} <= set(relapse)
    assert "auc" not in relapse
    remission = measures_of(landmark, "remission")
    assert {"auc", "calibration_slope", "oe"} <= set(remission)
    document = as_document(evidence)
    assert [found["name"] for found in document["landmarks"]] == [found.name for found in evidence.landmarks]
    assert document["landmarks"][0]["remission"]["oe"] == {"estimate": 1.1, "low": 0.9, "high": 1.3}
    json.dumps(document, allow_nan=False)


ONE_PATIENT = {
    "patients": """
        patient_id  age_years  sex
        A           43         female
        """,
    "sessions": """
        patient_id  day  kind    session_number
        A           0    dosing  1
        A           7    dosing  2
        A           14   dosing  3
        A           21   dosing  4
        """,
    "assessments": """
        patient_id  day  instrument  score
        A           -2   gad7        16
        A           7    gad7        13
        A           14   gad7        11
        A           39   gad7        1
        A           81   gad7        4
        A           137  gad7        2
        """,
}


def one_patient(trained: Training, **changed: str) -> Cohort:
    """A hand-written cohort, read under the protocol of a model that was fitted on a synthetic one."""
    return cohort_of(trained.bundle.protocol, **(ONE_PATIENT | changed))


def test_a_real_cohort_is_not_called_synthetic_because_the_model_was_fitted_on_one(trained: Training) -> None:
    found = evaluate(trained.bundle, one_patient(trained), "clinic", QUICK, quietly, workers=1)
    assert not found.cohort.synthetic
    assert found.model_synthetic
    assert any("fitted on a synthetic cohort" in caveat for caveat in found.caveats)
    assert any(caveat.startswith("No event is recorded: relapse rests on scores alone") for caveat in found.caveats)
    said = as_text(found, [], "1", ["here"])
    assert said.startswith("version 1, developed on a SYNTHETIC cohort, on the cohort clinic: 1 patient\n")


def test_a_synthetic_cohort_is_called_so_under_any_model(trained: Training) -> None:
    tables = {name: text.replace("A  ", "SYN-1") for name, text in ONE_PATIENT.items()}
    found = evaluate(trained.bundle, one_patient(trained, **tables), "drawn", QUICK, quietly, workers=1)
    assert found.cohort.synthetic
    assert "on the SYNTHETIC cohort drawn" in as_text(found, [], "1", ["here"])


def test_of_one_patient_there_are_figures_and_no_intervals(trained: Training) -> None:
    found = evaluate(trained.bundle, one_patient(trained), "clinic", QUICK, quietly, workers=1)
    document = found.model_dump()
    estimates = 0
    for landmark in document["landmarks"]:
        for part in [*landmark["heads"], *landmark["questions"], *landmark["gains"]]:
            treated = [row["measures"] for row in part.get("sensitivity", [])]
            for measures in [part["measures"], *treated]:
                estimates += sum(figure["estimate"] is not None for figure in measures.values())
                assert all(figure["low"] is None and figure["high"] is None for figure in measures.values())
    assert estimates > 10
    assert "[" not in as_text(found, [], "1", ["here"])
