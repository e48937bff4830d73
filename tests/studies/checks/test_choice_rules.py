"""The arithmetic of the study of rules: outcomes drawn again, what each rule chooses, the stack, and the tables."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.calibration import BinomialCounts
from tests.studies.choice_rules import rows_on_pool
from tests.studies.pools import NOT_OBSERVED, WEEKS, Pool, draw, weekly_curve
from tests.studies.rules import IN_USE, RULES, chosen, level, simplest_by_level
from tests.studies.rules_table import choice_table, clear
from tests.studies.settings import Row
from tests.studies.stack import PENALTY, FoldScores, StackedScore, stack_weights
from training.config import load_config
from training.outcomes.labels import EndedBy

CONFIG = load_config(seed=3)
QUICK = replace(CONFIG, candidates=("no_model", "one_variable"), most_repeats=2)
ONE_SITE = np.zeros(400, dtype=np.int32)


def pool_of(patients: int, remission: float = 0.4, by_week: float = 0.01) -> Pool:
    """Patients with two features: remission grows with the first, the weekly hazard of relapse is the same for all."""
    rows = np.random.default_rng(1).standard_normal((patients, 2))
    odds = remission / (1 - remission) * np.exp(rows[:, 0])
    curve = 1 - (1 - by_week) ** np.arange(1, WEEKS + 1)
    return Pool(
        landmark="before session 1",
        names=("baseline_distance_to_remission", "distance_to_remission"),
        signs=((0, 0), (0, 0)),
        rows=rows,
        site=np.zeros(patients, dtype=np.int32),
        site_names=("A",),
        remission=odds / (1 + odds),
        relapse=np.tile(curve, (patients, 1)),
    )


def test_outcomes_drawn_again_follow_the_true_probabilities() -> None:
    pool = pool_of(20_000)
    remission, relapse = draw(pool, 10_000, np.random.default_rng(2), CONFIG).tasks
    observed = ~np.isnan(remission.remission)
    assert observed.mean() == pytest.approx(1 - NOT_OBSERVED, abs=0.015)
    assert remission.remission[observed].mean() == pytest.approx(pool.remission.mean(), abs=0.02)
    assert np.array_equal(relapse.at_risk, remission.remission == 1)
    weeks_at_risk = relapse.followed_days[relapse.at_risk].sum() / 7
    assert relapse.events / weeks_at_risk == pytest.approx(0.01, abs=0.0015)


def test_a_relapse_falls_on_the_end_of_its_week_unless_the_patient_was_lost_before() -> None:
    pool = pool_of(2000)
    pool = replace(pool, relapse=np.tile((np.arange(1, WEEKS + 1) >= 3).astype(float), (2000, 1)))
    relapse = draw(pool, 1000, np.random.default_rng(2), CONFIG).tasks[1]
    relapsed = relapse.ended_by == EndedBy.RELAPSE
    assert set(relapse.followed_days[relapsed]) == {21.0}
    assert set(relapse.followed_days[~relapsed]) == {7.0, 14.0}


def test_those_drawn_and_those_left_out_are_everybody_once() -> None:
    pool = pool_of(300)
    drawn = draw(pool, 200, np.random.default_rng(2), CONFIG)
    both = np.concatenate([drawn.tasks[0].training_data.rows, drawn.rest.rows])
    assert len(drawn.rest.rows) == 100
    assert np.array_equal(np.sort(both, axis=0), np.sort(pool.rows, axis=0))


def test_without_signal_everybody_has_the_mean_of_the_pool() -> None:
    pool = pool_of(50)
    flat = pool.without_signal()
    assert np.unique(flat.remission) == pytest.approx([pool.remission.mean()])
    assert np.ptp(flat.relapse, axis=0).max() == 0


def test_the_weekly_curve_passes_through_the_horizons() -> None:
    relapse = np.array([[0.1, 0.3], [0.0, 0.0], [0.2, 1.0]])
    curve = weekly_curve(relapse)
    assert curve.shape == (3, WEEKS)
    np.testing.assert_allclose(curve[:, [84 // 7 - 1, 182 // 7 - 1]], relapse, atol=1e-6)
    np.testing.assert_allclose(curve[0, 5], 1 - np.sqrt(0.9))
    assert (np.diff(curve, axis=1) >= 0).all()


def test_a_level_by_hand() -> None:
    """Losses 1 and 3 on as many patients: mean 2, variance 2, widened by 1/2 + 1/(2 - 1)."""
    assert level(np.array([[1.0, 3.0]]), np.array([[5.0, 5.0]])) == pytest.approx((2, np.sqrt(2 * 1.5)))
    assert level(np.array([[1.0, 3.0]]), np.array([[3.0, 1.0]]))[0] == pytest.approx(1.5)
    assert np.isnan(level(np.array([[np.nan, 3.0]]), np.array([[5.0, 5.0]]))).all()


@pytest.mark.parametrize(("average", "expected"), [(0.60, "average"), (0.61, "line")])
def test_a_level_is_tolerated_within_one_standard_error_of_the_best(average: float, expected: str) -> None:
    levels = {"average": (average, 0.5), "line": (0.55, 0.2), "trees": (0.5, 0.1)}
    assert simplest_by_level(levels) == expected
    assert simplest_by_level({"average": (np.nan, np.nan), "line": (np.nan, np.nan)}) == "average"


def fit_of(losses: dict[str, np.ndarray], patients: int) -> Any:
    """A head whose candidates lost so much on each patient, in two folds; their levels are those of the losses."""
    task = SimpleNamespace(fitted_on=np.ones(patients, dtype=np.bool_))
    return SimpleNamespace(task=task, candidates={name: SimpleNamespace(losses=loss) for name, loss in losses.items()})


def test_the_rules_choose_differently_where_a_simpler_candidate_is_nearly_as_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Gains over the average of 0.100, 0.110 and, for the stack, 0.05; the two best differ by less than by chance."""
    noise = np.tile([1.0, -1.0], 200)
    average = np.full(400, 0.7)
    losses = {"average": average, "line": average - 0.100 + 0.3 * noise, "trees": average - 0.110}
    monkeypatch.setattr("tests.studies.rules.candidate_level", lambda _, found: (found.losses.mean(), 0.2))
    found = chosen(fit_of(losses, 400), average - 0.05, ONE_SITE)
    assert list(found) == list(RULES)
    assert found == {
        "level": "average",
        "simplest": "line",
        "least loss": "trees",
        "average or best": "trees",
        "stack": "stack",
        "average or stack": "stack",
    }


def test_the_average_is_kept_where_no_gain_is_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.tile([1.0, -1.0], 200)
    average = np.full(400, 0.7)
    losses = {"average": average, "line": average - 0.01 + 0.3 * noise}
    monkeypatch.setattr("tests.studies.rules.candidate_level", lambda _, found: (found.losses.mean(), 0.2))
    found = chosen(fit_of(losses, 400), average - 0.01 + 0.3 * noise, ONE_SITE)
    assert {rule for rule, name in found.items() if name == "average"} == {
        "level",
        "simplest",
        "average or best",
        "average or stack",
    }
    assert found["least loss"] == "line"


def part_of(away: np.ndarray, happened: np.ndarray) -> FoldScores:
    patients = len(happened)
    binomial = BinomialCounts(
        np.arange(patients), np.zeros(patients, dtype=np.intp), happened * 1.0, 1.0 - happened, patients, 1
    )
    return FoldScores(binomial, np.zeros(patients), away)


def test_a_stack_takes_what_is_true_and_leaves_what_says_nothing() -> None:
    rng = np.random.default_rng(4)
    true, idle = rng.standard_normal((2, 20_000))
    happened = rng.random(20_000) < 1 / (1 + np.exp(-true))
    weights = stack_weights([part_of(np.column_stack([2 * true, idle]), happened)])
    assert weights[0] == pytest.approx(0.5, abs=0.03)
    assert weights[1] == pytest.approx(0, abs=0.03)


def test_a_candidate_that_is_wrong_way_round_gets_no_weight() -> None:
    true = np.repeat([1.0, -1.0], 100)
    assert stack_weights([part_of(-true[:, None], true > 0)]) == pytest.approx([0])


@pytest.mark.parametrize(("patients", "kept"), [(6, True), (10, False)])
def test_a_gain_below_the_penalty_leaves_everybody_with_the_average(patients: int, kept: bool) -> None:
    """At weight 0 each patient rightly told by a log-odds of 0.5 gains a quarter of a nat per unit of weight."""
    assert (patients * 0.25 < PENALTY) == kept
    happened = np.ones(patients)
    weights = stack_weights([part_of(np.full((patients, 1), 0.5), happened)])
    assert (weights == 0).all() == kept


def test_repeats_count_every_patient_once() -> None:
    happened = np.ones(10)
    part = part_of(np.full((10, 1), 0.5), happened)
    assert stack_weights([part, part], share=0.5) == pytest.approx(stack_weights([part]), rel=1e-3)


def test_a_stack_without_candidates_has_no_weights_and_the_average_loss() -> None:
    part = part_of(np.zeros((4, 0)), np.ones(4))
    assert len(stack_weights([part])) == 0
    assert part.losses(np.zeros(0)) == pytest.approx(np.log(2))


def test_a_stacked_score_is_the_weighted_sum() -> None:
    scores = tuple(SimpleNamespace(predict=lambda rows, j=j: rows[:, j]) for j in range(2))
    assert StackedScore(scores, np.array([0.5, 2.0])).predict(np.array([[2.0, 1.0]])) == pytest.approx([3.0])


def test_every_rule_has_a_row_per_head_and_gains_nothing_where_it_keeps_the_average() -> None:
    rows = list(rows_on_pool(pool_of(2000), 500, QUICK, workers=1))
    assert [(row["head"], row["rule"]) for row in rows] == [
        (head, rule) for head in ("remission", "relapse") for rule in RULES
    ]
    assert all(row["gain"] == 0 for row in rows if row["chosen"] == "no_model")
    assert all(row["share"] is None for row in rows if row["head"] == "relapse")  # the same for everybody
    best = next(row for row in rows if (row["head"], row["rule"]) == ("remission", IN_USE))
    assert best["chosen"] == "one_variable"
    assert float(str(best["share"])) > 0.8


def test_a_mark_stands_where_enough_runs_make_a_difference_clear() -> None:
    assert clear(np.array([0.1, 0.1, 0.2, 0.1, 0.2]))
    assert not clear(np.array([0.1, 0.1, 0.2, 0.1]))
    assert not clear(np.array([-0.1, 0.1, 0.2, -0.1, 0.1]))
    assert not clear(np.zeros(5))


def table_rows(mechanism: str, runs: int, proportions: bool) -> list[Row]:
    """Runs with proportions of 0.1, 0.2 and so on and hardly a gain; by levels 1 more, and gains of 3, 5, 3, 5..."""
    about: Row = {"mechanism": mechanism, "head": "remission", "patients": 200, "landmark": "A", "kept": 0.0}
    return [
        about
        | {"seed": seed, "rule": rule, "share": 0.1 * seed + (rule == "level") if proportions else None}
        | {"gain": 3.0 + 2 * (seed % 2 == 0) if rule == "level" else -0.001}
        for seed in range(1, runs + 1)
        for rule in RULES
    ]


def test_the_tables_have_a_row_per_pool_and_a_column_per_rule() -> None:
    shown = choice_table(table_rows("own", 5, proportions=True) + table_rows("null", 1, proportions=False))
    assert "| own | remission | 200 | 5 | 1.30* | 0.30 | 0.30 | 0.30 | 0.30 | 0.30 | 0.07 |" in shown
    assert "| null | remission | 200 | 1 | 3.00 | 0.00 | 0.00 | 0.00 | 0.00 | 0.00 | - |" in shown
    assert "| own | remission | 200 | 5 | 0.00 | 0.00 | 0.00 | 0.00 | 0.00 | 0.00 | 0.00 |" in shown


def test_over_the_sizes_rules_are_compared_run_by_run_with_the_one_in_use() -> None:
    """Gains of 3 and 5 against nothing: 4 in the mean, with a standard error of sqrt(2 / 2)."""
    shown = choice_table(table_rows("own", 2, proportions=True))
    assert "| own | remission | 2 | 4.0 (1.0) | 0.0 (0.0) | 0.0 (0.0) | 0.0 (0.0) | 0.0 (0.0) |" in shown
