"""What a training leaves for people: held-out figures under pseudonyms, and no patient."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from models.outcomes import expit
from models.score import LinearScore
from tests.cohorts import cohort_of
from tests.training.trainings import QUICK
from training.evaluation.candidate_figures import figures, recalibrated
from training.evaluation.predictions import evaluate_held_out, weights_of
from training.evidence.document import Evidence
from training.experiment.evidence import build_evidence
from training.experiment.records import held_out_table, importances, pseudonyms, summary
from training.experiment.train import Training, quietly, train
from training.learning.held_out import measures
from training.provenance import collect_provenance


@pytest.fixture(scope="module")
def table(trained: Training) -> pd.DataFrame:
    return held_out_table(trained)


def test_no_patients_id_stands_anywhere_in_the_table(trained: Training, table: pd.DataFrame) -> None:
    ids = set(trained.cohort.patient_ids.tolist())
    assert len(ids) == 400
    for column in table:
        assert not ids & set(table[column].astype(str)), column
    assert table["patient"].str.fullmatch(r"p\d{7}").all()


def test_pseudonyms_are_as_many_as_patients_and_not_in_their_order(trained: Training) -> None:
    names = pseudonyms(trained.cohort)
    assert len(set(names.tolist())) == len(trained.cohort)
    assert not (np.sort(names) == names).all()
    np.testing.assert_array_equal(names, pseudonyms(trained.cohort))


def test_every_patient_is_held_out_once_per_candidate_and_repeat(table: pd.DataFrame) -> None:
    keys = ["landmark", "head", "candidate", "repeat", "patient"]
    assert not table.duplicated(keys).any()
    patients = table.groupby(["landmark", "head", "candidate", "repeat"])["patient"].nunique()
    assert patients.groupby(["landmark", "head"]).nunique().eq(1).all()


@pytest.fixture(scope="module")
def evidence(trained: Training) -> Evidence:
    """The evidence of the training, with few draws and without refits."""
    return build_evidence(replace(trained, config=replace(QUICK, quick=True, draws=3)), "simulated", quietly, workers=1)


def threads_of_linear_algebra(_: object) -> str:
    return str([pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"])


def test_the_evidence_is_about_the_bundle_as_it_is_saved(trained: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle holds answers whose last digits depend on the threads: its digest is taken on as many as it is saved."""
    monkeypatch.setattr("training.experiment.evidence.bundle_digest", threads_of_linear_algebra)
    settings = replace(QUICK, quick=True, draws=3)
    with threadpool_limits(limits=2):
        made = build_evidence(replace(trained, config=settings), "simulated", quietly, workers=1)
        assert made.bundle_digest == threads_of_linear_algebra(trained.bundle)


def test_the_winners_figures_are_the_evidences_to_the_last_digit(trained: Training, evidence: Evidence) -> None:
    for landmark in summary(trained, evidence):
        found = evidence.landmark(landmark["name"])
        (asked,) = (question.measures for question in found.questions if question.head == "remission")
        (curve,) = (head.measures for head in found.heads if head.head == "relapse")
        for head, seen in (("remission", asked), ("relapse", curve)):
            figure = landmark[head]["candidates"][landmark[head]["winner"]]
            assert figure == {name: seen[name].estimate for name in figure}
            assert {name for name, value in figure.items() if value is None} <= {"calibration_slope"}


def test_a_candidates_measures_are_those_of_the_evidence_about_the_same_predictions(
    trained: Training, evidence: Evidence
) -> None:
    """The winner is evaluated as the candidates are, on its predictions after recalibration."""
    for landmark in trained.landmarks:
        for fit in landmark.heads.values():
            assert fit.winner is not None
            winner = fit.candidates[fit.winner]
            shipped = [
                [recalibrated(fit, repeat, fold, out) for fold, out in enumerate(outs)]
                for repeat, outs in enumerate(winner.held_out)
            ]
            figure = figures(fit, winner, evidence.landmark(landmark.outcomes.landmark.name))
            assert measures(fit.task, shipped) == pytest.approx(figure, rel=1e-9, nan_ok=True)


def test_the_summarised_figures_can_be_recomputed_from_the_table(
    trained: Training, table: pd.DataFrame, evidence: Evidence
) -> None:
    """The winner's from its recalibrated predictions, which the evidence evaluates."""
    for landmark in summary(trained, evidence):
        for name, figure in landmark["remission"]["candidates"].items():
            where = (table["landmark"] == landmark["name"]) & (table["head"] == "remission")
            rows = table[where & (table["candidate"] == name)]
            assert len(rows) == landmark["remission"]["n"]
            column = "recalibrated" if name == landmark["remission"]["winner"] else "probability"
            error = (rows[column] - rows["observed"]) ** 2
            assert np.average(error, weights=rows["weight"]) == pytest.approx(figure["brier"])


def test_recalibrated_is_what_the_winner_predicts_as_the_evidence_evaluates_it(
    trained: Training, table: pd.DataFrame
) -> None:
    """Of remission through the log-odds, of relapse at the end of the curve, in every row of the evidence."""
    names = pseudonyms(trained.cohort)
    for landmark in trained.landmarks:
        remission, relapse = landmark.remission, landmark.relapse
        weights = weights_of([fit.task for fit in landmark.heads.values()])
        evaluated = evaluate_held_out(
            landmark.features, landmark.outcomes, weights, (remission, relapse), trained.folds, (7, 182)
        )
        assert remission is not None
        assert evaluated.remission_log_odds is not None
        here = table[table["landmark"] == landmark.outcomes.landmark.name]
        end = evaluated.on_day(int(relapse.task.days[-1]))  # type: ignore[attr-defined]
        assert end is not None
        said = {"remission": expit(evaluated.remission_log_odds), "relapse": evaluated.relapse[:, end]}
        for head, fit in (("remission", remission), ("relapse", relapse)):
            rows = here[here["head"] == head]
            won = rows["candidate"] == fit.winner
            assert rows.loc[~won, "recalibrated"].isna().all()
            expected = pd.Series(said[head], index=[names[evaluated.patient], evaluated.repeat])
            asked = pd.MultiIndex.from_frame(rows.loc[won, ["patient", "repeat"]])
            np.testing.assert_allclose(rows.loc[won, "recalibrated"], expected.loc[asked], rtol=1e-12)


def test_what_ended_the_time_at_risk_of_relapse_stands_beside_it(table: pd.DataFrame) -> None:
    relapse = table[table["head"] == "relapse"]
    assert set(relapse["ended_by"]) == {0, 1, 2}
    assert ((relapse["ended_by"] == 1) == (relapse["observed"] == 1)).all()
    assert table.loc[table["head"] == "remission", "ended_by"].isna().all()


def test_the_summary_is_plain_json_with_events_and_winner(trained: Training, evidence: Evidence) -> None:
    for landmark in json.loads(json.dumps(summary(trained, evidence), allow_nan=False)):
        for head in ("remission", "relapse"):
            assert 0 < landmark[head]["events"] < landmark[head]["n"] <= 400
            assert landmark[head]["winner"] in landmark[head]["candidates"]


def test_what_a_candidate_goes_by_has_the_names_of_features(trained: Training) -> None:
    fit = trained.landmarks[-1].remission
    assert fit is not None
    found = importances(fit.candidates["logistic"], trained.bundle.features)
    score = fit.candidates["logistic"].head.score
    assert isinstance(score, LinearScore)
    assert len(found) >= len(score.used)
    assert {name.removesuffix(" not recorded") for name in found} <= set(trained.bundle.features)
    assert importances(fit.candidates["no_model"], trained.bundle.features) == {}


def test_where_no_head_can_be_fitted_the_table_is_empty_and_the_summary_says_why() -> None:
    """Two patients, neither of them in remission at the end."""
    cohort = cohort_of(
        sessions="""
            patient_id  day  kind    session_number
            A           0    dosing  1
            B           0    dosing  1
            """,
        assessments="""
            patient_id  day  instrument  score
            A           0    gad7        16
            A           14   gad7        15
            B           0    gad7        18
            B           14   gad7        17
            """,
    )
    finished = train(cohort, QUICK, collect_provenance(), quietly, workers=1)
    assert len(held_out_table(finished)) == 0
    found = summary(finished, build_evidence(finished, "two patients", quietly, workers=1))
    heads = [landmark[head] for landmark in found for head in ("remission", "relapse")]
    assert all(head["winner"] is None and head["note"].endswith("nothing is predicted") for head in heads)


def test_a_run_alone_does_not_give_a_pseudonym_away(trained: Training) -> None:
    """All recorded digests together, and sorted ids, do not suffice to undo the shuffle."""
    recorded = [trained.cohort.digest, trained.cohort.protocol.digest]
    places = [int(name[1:]) for name in pseudonyms(trained.cohort)]
    for digest in recorded:
        for length in (8, 16, 32, 64):
            guess = np.random.default_rng(int(digest[:length], 16)).permutation(len(places))
            assert np.mean(guess == places) < 0.05


def test_who_has_the_cohort_can_resolve_a_pseudonym(trained: Training) -> None:
    assert pseudonyms(trained.cohort).tolist() == pseudonyms(trained.cohort).tolist()
    assert sorted(int(name[1:]) for name in pseudonyms(trained.cohort)) == list(range(len(trained.cohort)))
