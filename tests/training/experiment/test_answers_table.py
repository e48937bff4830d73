"""A reader of the table of held-out answers can compute the figures of the evidence without this software.

`recomputed` does so by scikit-learn, scikit-survival and lifelines. A part of the evidence without a recomputation
fails here, unless it is named below with the reason.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.training.experiment import recomputed
from tests.training.trainings import QUICK
from training.evaluation.questions import questions
from training.evaluation.sites import by_site
from training.evaluation.subgroups import FEWEST_EVENTS
from training.evidence.document import Estimate, Evidence, LandmarkEvidence
from training.evidence.parts import Question
from training.experiment.answers_table import held_out_answers
from training.experiment.evidence import build_evidence, evaluated_at
from training.experiment.train import Training, quietly
from training.metrics.disclosure import FEWEST
from training.metrics.draws import draw
from training.metrics.hazard_curve import hazard_curve

pytestmark = pytest.mark.slow
COMPUTED = {
    "n", "events", "not_observed", "observed_rate", "measures", "calibration", "decision", "sites", "across_sites",
    "subgroups", "sensitivity",
}  # fmt: skip
DECLARED = {"name", "head", "horizon_days", "subgroup_threshold"}
OF_HEADS = {
    "c_index": recomputed.c_index,
    "uno_c": recomputed.uno_c,
    "integrated_brier": recomputed.integrated_brier,
    "calibration_slope": lambda rows, _: recomputed.hazard_slope(rows),
}
DISTANCES = {"ici", "e50", "e90"}


@pytest.fixture(scope="module")
def evidence(trained: Training) -> Evidence:
    return build_evidence(replace(trained, config=replace(QUICK, quick=True, draws=3)), "simulated", quietly, workers=1)


@pytest.fixture(scope="module")
def table(trained: Training, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """As a reader of the run has it."""
    path = tmp_path_factory.mktemp("table") / "held_out_answers.parquet"
    held_out_answers(trained).to_parquet(path, index=False)
    return pd.read_parquet(path)


def landmarks(evidence: Evidence, table: pd.DataFrame) -> Iterator[tuple[LandmarkEvidence, pd.DataFrame]]:
    for landmark in evidence.landmarks:
        yield landmark, table[table["landmark"] == landmark.name]


def asked(evidence: Evidence, table: pd.DataFrame) -> Iterator[tuple[Question, str, pd.DataFrame]]:
    for landmark, rows in landmarks(evidence, table):
        for question in landmark.questions:
            days = question.horizon_days
            yield question, question.head if days is None else f"{question.head}_{days}", rows


def same(recorded: Estimate | float | None, found: float, rel: float = 1e-6) -> None:
    value = recorded.estimate if isinstance(recorded, Estimate) else recorded
    assert (np.nan if value is None else value) == pytest.approx(found, rel=rel, abs=1e-9, nan_ok=True)


def test_every_part_of_a_question_is_computed_or_named() -> None:
    assert set(Question.model_fields) == COMPUTED | DECLARED


def test_counts_and_rates(evidence: Evidence, table: pd.DataFrame) -> None:
    for question, name, rows in asked(evidence, table):
        found = recomputed.question_rows(rows, name)
        assert (question.n, question.events) == (len(found), int(found["y"].sum()))
        assert question.not_observed == rows[f"weight.{name}"].notna().sum() - len(found)
        same(question.observed_rate, recomputed.rate(found))


def test_every_measure_of_a_question(evidence: Evidence, table: pd.DataFrame) -> None:
    for question, name, rows in asked(evidence, table):
        found = recomputed.question_measures(recomputed.question_rows(rows, name))
        assert set(question.measures) == set(found) | DISTANCES
        for measure, value in found.items():
            same(question.measures[measure], value)


def test_the_curves_of_calibration_and_the_distances_from_them(evidence: Evidence, table: pd.DataFrame) -> None:
    seen = set()
    for question, name, rows in asked(evidence, table):
        if question.calibration is None:
            assert all(question.measures[measure].estimate is None for measure in DISTANCES)
            continue
        seen.add(question.head)
        if question.head == "relapse":
            held = rows[rows["followed_days"].notna()].assign(p=rows[name])
            curve = recomputed.hazard_curve(held, float(question.horizon_days or 0))
            weights, tolerance = np.ones(len(held)), 2e-3
        else:
            held = recomputed.question_rows(rows, name)
            curve, weights, tolerance = recomputed.smooth_curve(held), held["w"].to_numpy(), 1e-5
        for measure, value in recomputed.distances(curve(held["p"].to_numpy()), held, weights).items():
            same(question.measures[measure], value, tolerance)
        points = np.array(question.calibration.predicted)
        np.testing.assert_allclose(question.calibration.observed, curve(points), rtol=tolerance)
    assert seen >= {"remission", "sustained"}  # relapse has a curve where patients are told apart


def test_the_curve_of_relapse_is_that_of_fine_and_gray() -> None:
    """For the training above everybody has the average risk; so the curve is computed for drawn patients too."""
    rng = np.random.default_rng(3)
    p = rng.uniform(0.05, 0.6, 300)
    relapsed, other = rng.exponential(60 / p), rng.exponential(900, 300)
    lost = rng.uniform(30, 250, 300)
    first = np.minimum(np.minimum(relapsed, other), lost)
    ended_by = np.where(first == lost, 0, np.where(first == relapsed, 1, 2)).astype(np.int8)
    rows = pd.DataFrame({"followed_days": np.ceil(first), "ended_by": ended_by, "p": p})
    ours = hazard_curve(np.ceil(first), ended_by, p, np.ones((1, 300)), 84)
    points = np.linspace(0.1, 0.5, 9)
    np.testing.assert_allclose(ours.observed_at(points)[0], recomputed.hazard_curve(rows, 84)(points), rtol=2e-3)


def test_net_benefit_at_every_threshold(evidence: Evidence, table: pd.DataFrame) -> None:
    for question, name, rows in asked(evidence, table):
        assert question.decision is not None
        held = recomputed.question_rows(rows, name)
        relapse = rows[rows["followed_days"].notna()].assign(p=rows[name]) if question.head == "relapse" else None
        decision = question.decision
        shown = zip(decision.thresholds, decision.model, decision.treat_all, strict=True)
        for threshold, model, of_all in list(shown)[:: 1 if relapse is None else 8]:  # lifelines takes its time
            odds = threshold / (1 - threshold)
            if relapse is None:
                base, value = recomputed.rate(held), recomputed.net_benefit(held, threshold)
            else:
                day = float(question.horizon_days or 0)
                base, value = (
                    recomputed.incidence(relapse, day),
                    recomputed.net_benefit_of_relapse(relapse, threshold, day),
                )
            same(of_all, base - (1 - base) * odds)
            if model is not None:
                same(model, value)


def test_every_measure_of_a_head(evidence: Evidence, table: pd.DataFrame) -> None:
    for landmark, rows in landmarks(evidence, table):
        at_risk = rows[rows["followed_days"].notna()]
        days = [int(name.removeprefix("relapse_")) for name in rows if name.removeprefix("relapse_").isdigit()]
        weeks = [day for day in sorted(days) if day % 7 == 0]
        for head in landmark.heads:
            assert set(head.measures) == (set(OF_HEADS) if head.head == "relapse" else set())
            for measure, estimate in head.measures.items():
                same(estimate, OF_HEADS[measure](at_risk, weeks), 1e-5)


def test_the_observed_incidence_of_relapse(evidence: Evidence, table: pd.DataFrame) -> None:
    for landmark, rows in landmarks(evidence, table):
        assert landmark.incidence is not None
        everybody = landmark.incidence.groups[0]
        at_risk = rows[rows["followed_days"].notna()]
        for day, value in list(zip(landmark.incidence.days, everybody.relapse, strict=True))[::4]:
            same(value, recomputed.incidence(at_risk, day))


def test_the_gain_over_the_landmark_before(evidence: Evidence, table: pd.DataFrame) -> None:
    named = {landmark.name: rows for landmark, rows in landmarks(evidence, table)}
    for landmark, rows in landmarks(evidence, table):
        for gain in landmark.gains:
            if gain.head != "remission":
                continue
            late = recomputed.question_rows(rows, "remission").set_index("patient")
            early = recomputed.question_rows(named[gain.before], "remission").set_index("patient")
            both = late.index.intersection(early.index)
            late, early = late.loc[both], early.loc[both].assign(w=late["w"])
            for measure, value in gain.measures.items():
                found = [recomputed.question_measures(one)[measure] for one in (early, late)]
                same(value, found[1] - found[0], 1e-5)


def test_each_sites_figures(evidence: Evidence, table: pd.DataFrame) -> None:
    for question, name, rows in asked(evidence, table):
        for site in question.sites:
            held = recomputed.question_rows(rows[rows["site"] == site.site], name)
            assert (site.n, site.events) == (len(held), int(held["y"].sum()))
            same(site.calibration_in_the_large, recomputed.calibration_intercept(held), 1e-5)
            same(site.discrimination, recomputed.auc(held))
            same(site.calibration_slope, recomputed.calibration_slope(held), 1e-5)


def test_each_subgroups_figures(evidence: Evidence, table: pd.DataFrame) -> None:
    """A group of fewer than ten has none, and one that hides such a group is named with it: "female or unknown"."""
    seen = set()
    for question, name, rows in asked(evidence, table):
        for group in question.subgroups:
            column = "site" if group.variable == "site" else f"group.{group.variable}"
            merged = group.group.split(" or ")
            held = recomputed.question_rows(rows[rows[column].isin([group.group, *merged])], name)
            if group.n is None:
                assert len(held) < FEWEST
                continue
            assert (group.n, group.events) == (len(held), int(held["y"].sum()) if group.events is not None else None)
            assert group.events is not None or held["y"].sum() < FEWEST_EVENTS
            same(group.mean_predicted, float(np.average(held["p"], weights=held["w"])))
            same(group.observed, recomputed.rate(held))
            same(group.discrimination, recomputed.auc(held))
            same(group.calibration_in_the_large, recomputed.calibration_intercept(held), 1e-5)
            same(group.net_benefit, recomputed.net_benefit(held, question.subgroup_threshold))
            seen.add(group.variable)
    assert seen >= {"sex", "age", "diagnosis", "site"}


def test_the_summary_across_sites(trained: Training, table: pd.DataFrame) -> None:
    """Within what two sets of draws differ by: the sites' standard errors are drawn."""
    draws = draw(trained.cohort, by_sites=False, number=400, seed=1)
    landmark = trained.landmarks[0]
    evaluated = evaluated_at(landmark, trained.folds, trained.cohort.protocol.horizons_days)
    remission = next(one for one in questions(evaluated) if one.name == "remission")
    _, across = by_site(remission, trained.cohort, draws.patients, fewest_sites=3)
    rows = recomputed.question_rows(table[table["landmark"] == landmark.outcomes.landmark.name], "remission")
    assert {one.measure for one in across} == set(recomputed.OF_SITES)
    for one in across:
        found = recomputed.across_sites(rows, one.measure, draws=200)
        assert one.sites == found["sites"] == 3
        assert one.mean.estimate == pytest.approx(found["mean"], abs=0.02)
        assert one.tau == pytest.approx(found["tau"], abs=0.06)
        assert one.new_site_low == pytest.approx(found["new_site_low"], rel=0.2, abs=0.1)


def test_unobserved_answers_treated_another_way(evidence: Evidence, table: pd.DataFrame) -> None:
    for question, name, rows in asked(evidence, table):
        everyone = rows[rows[f"weight.{name}"].notna()]
        answer, p = everyone[f"observed.{name}"], everyone[name]
        as_no = everyone.assign(y=answer.fillna(0), p=p, w=1.0)
        treated = {
            "weights": recomputed.question_rows(rows, name),
            "all-no": as_no,
            "excluded": as_no[answer.notna()],
        }
        for sensitivity in question.sensitivity:
            held = treated.get(sensitivity.treatment)
            if held is None:
                assert sensitivity.treatment.startswith("worse by ")
                shift = float(sensitivity.treatment.removeprefix("worse by "))
                worse = recomputed.expit(recomputed.logit(p) - shift)
                lost = [
                    as_no.assign(y=float(end), w=weight)[answer.isna()] for end, weight in ((1, worse), (0, 1 - worse))
                ]
                held = pd.concat([as_no[answer.notna()], *lost])
            found = recomputed.question_measures(held) | {"observed_rate": recomputed.rate(held)}
            for measure, value in sensitivity.measures.items():
                same(value, found[measure], 1e-5)


def test_the_three_answers_after_remission_add_up_to_one(trained: Training, table: pd.DataFrame) -> None:
    for day in trained.cohort.protocol.horizons_days:
        total = table[f"relapse_{day}"] + table[f"event_free_{day}"] + table[f"competing_{day}"]
        np.testing.assert_allclose(total.dropna(), 1)


def test_no_patients_id_stands_in_the_table(trained: Training, table: pd.DataFrame) -> None:
    ids = set(trained.cohort.patient_ids.tolist())
    for column in table:
        assert not ids & set(table[column].astype(str)), column
    assert table["patient"].str.fullmatch(r"p\d{7}").all()


def test_every_question_of_the_evidence_has_its_columns(trained: Training, table: pd.DataFrame) -> None:
    for landmark in trained.landmarks:
        evaluated = evaluated_at(landmark, trained.folds, trained.cohort.protocol.horizons_days)
        for one in questions(evaluated):
            name = one.head if one.horizon_days is None else f"{one.head}_{one.horizon_days}"
            assert {name, f"observed.{name}", f"weight.{name}"} <= set(table)
