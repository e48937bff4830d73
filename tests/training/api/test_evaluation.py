"""Predictions of any model are compared with what was observed: right figures, and no contradictory input."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from features.protocol.problems import InputRefusedError
from training import evaluate_predictions
from training.api.evaluation import PredictionEvaluation
from training.metrics.reliability import ClippedWarning

RNG = np.random.default_rng(11)
RISK = RNG.uniform(0.05, 0.8, 300)
ANSWER = (RNG.random(300) < RISK).astype(float)
SITE = np.where(np.arange(300) < 200, "north", "south")
ONSET = np.ceil(RNG.exponential(120 / RISK))
LOST = np.ceil(RNG.uniform(30, 365, 300))
DAYS, EVENT = np.minimum(ONSET, LOST), (ONSET <= LOST).astype(int)


def figure(evaluated: PredictionEvaluation, measure: str, group: str = "all") -> pd.Series:
    frame = evaluated.frame().set_index(["group", "measure"])
    row: pd.Series = frame.loc[(group, measure)]
    return row


def test_the_figures_are_those_of_scikit_learn() -> None:
    evaluated = evaluate_predictions(ANSWER, RISK)
    assert figure(evaluated, "auc")["estimate"] == pytest.approx(roc_auc_score(ANSWER, RISK), abs=1e-12)
    assert figure(evaluated, "brier")["estimate"] == pytest.approx(brier_score_loss(ANSWER, RISK), abs=1e-12)
    assert figure(evaluated, "log_loss")["estimate"] == pytest.approx(log_loss(ANSWER, RISK), abs=1e-12)


def test_net_benefit_is_hits_less_false_alarms_at_the_odds_of_the_threshold() -> None:
    evaluated = evaluate_predictions(ANSWER, RISK, thresholds=[0.25])
    treated = RISK >= 0.25
    by_hand = (treated & (ANSWER == 1)).mean() - (treated & (ANSWER == 0)).mean() * 0.25 / 0.75
    everyone = ANSWER.mean() - (1 - ANSWER.mean()) / 3
    assert figure(evaluated, "net_benefit_0.25")["estimate"] == pytest.approx(by_hand)
    assert figure(evaluated, "net_benefit_gain_0.25")["estimate"] == pytest.approx(by_hand - max(everyone, 0))


def test_true_risks_are_calibrated_and_overstated_ones_are_not() -> None:
    log_odds = np.log(RISK / (1 - RISK))
    true, extreme = evaluate_predictions(ANSWER, RISK), evaluate_predictions(ANSWER, 1 / (1 + np.exp(-2 * log_odds)))
    assert figure(true, "calibration_slope")["low"] < 1 < figure(true, "calibration_slope")["high"]
    assert figure(extreme, "calibration_slope")["estimate"] == pytest.approx(
        figure(true, "calibration_slope")["estimate"] / 2, rel=1e-6
    )
    assert figure(true, "calibration_intercept")["low"] < 0 < figure(true, "calibration_intercept")["high"]
    assert figure(extreme, "ici")["low"] > figure(true, "ici")["estimate"]


def test_an_interval_is_of_the_draws_and_the_same_for_the_same_seed() -> None:
    once, again = evaluate_predictions(ANSWER, RISK, seed=3), evaluate_predictions(ANSWER, RISK, seed=3)
    pd.testing.assert_frame_equal(once.frame(), again.frame())
    auc = figure(once, "auc")
    assert auc["low"] < auc["estimate"] < auc["high"]
    assert np.isnan(figure(evaluate_predictions(ANSWER, RISK, draws=0), "auc")["low"])


def test_a_group_has_the_figures_of_its_patients_alone() -> None:
    evaluated, alone = evaluate_predictions(ANSWER, RISK, groups=SITE), evaluate_predictions(ANSWER[:200], RISK[:200])
    for measure in ("auc", "calibration_slope", "ici", "brier", "net_benefit_0.30"):
        assert figure(evaluated, measure, "north")["estimate"] == pytest.approx(figure(alone, measure)["estimate"])
    assert evaluated.frame()["group"].unique().tolist() == ["all", "north", "south"]
    assert figure(evaluated, "auc", "south")["patients"] == 100


def test_a_group_under_ten_patients_is_named_without_figures() -> None:
    few = evaluate_predictions(ANSWER, RISK, groups=np.where(np.arange(300) < 9, "few", "many"))
    assert few.frame().query("group == 'few'")["estimate"].isna().all()
    assert figure(few, "auc", "few")["patients"] == 9


def test_patients_without_outcome_or_prediction_are_left_out_and_counted() -> None:
    outcome, probability = ANSWER.copy(), RISK.copy()
    outcome[:10], probability[5:25] = np.nan, np.nan
    evaluated = evaluate_predictions(outcome, probability)
    assert (
        figure(evaluated, "auc")["estimate"] == figure(evaluate_predictions(ANSWER[25:], RISK[25:]), "auc")["estimate"]
    )
    assert "275 patients" in repr(evaluated)
    assert "10 left out (outcome not observed), 15 left out (no prediction)" in repr(evaluated)


def test_with_everyone_followed_a_survival_form_has_the_figures_of_yes_and_no() -> None:
    relapsed = evaluate_predictions((ONSET <= 90).astype(int), RISK)
    timed = evaluate_predictions(90, RISK, time=ONSET, event=np.ones(300))
    for measure in ("auc", "brier", "calibration_intercept", "calibration_slope", "oe", "log_loss", "net_benefit_0.30"):
        assert figure(timed, measure)["estimate"] == pytest.approx(figure(relapsed, measure)["estimate"], abs=1e-9)
    assert timed.events == int((ONSET <= 90).sum())


def test_patients_lost_early_are_represented_and_not_counted_as_event_free() -> None:
    """True risks, of which a third are lost before the day: counted as event-free they would look too high."""
    risk = 1 - np.exp(-90 * RISK / 120)
    timed = figure(evaluate_predictions(90, risk, DAYS, EVENT), "oe")
    careless = figure(evaluate_predictions((EVENT == 1) & (DAYS <= 90), risk), "oe")
    assert timed["low"] < 1 < timed["high"]
    assert careless["estimate"] < timed["estimate"] - 0.05


def test_a_competing_event_is_no_event_and_words_of_the_outcome_frame_are_understood() -> None:
    event = np.where(np.arange(300) % 7 == 0, 2, EVENT)
    words = pd.Series(event).map({0: "censored", 1: "relapse", 2: "competing"})
    by_code, by_word = (
        evaluate_predictions(90, RISK, DAYS, event),
        evaluate_predictions(90, RISK, DAYS, words.to_numpy()),
    )
    pd.testing.assert_frame_equal(by_code.frame(), by_word.frame())
    assert by_code.events == int(((event == 1) & (DAYS <= 90)).sum())


def test_patients_never_at_risk_are_left_out() -> None:
    days, event = DAYS.copy(), EVENT.astype(float)
    days[:40] = event[:40] = np.nan
    assert "260 patients" in repr(evaluate_predictions(90, RISK, days, event))
    assert "40 left out (not at risk)" in repr(evaluate_predictions(90, RISK, days, event))


SERIES = pd.Series(ANSWER, index=[f"p{number}" for number in range(300)])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"outcome": ANSWER[:-1]}, "argument outcome: required as many values as probability has"),
        ({"outcome": ANSWER * 2}, "argument outcome: required 1 with the outcome, 0 without, NaN where not observed"),
        ({"outcome": np.ones(300)}, "argument outcome: required patients with the outcome and patients without it"),
        ({"outcome": ["yes"] * 300}, "argument outcome: required numbers"),
        ({"outcome": 84}, "argument outcome: required one outcome per patient; a day needs time and event"),
        ({"probability": RISK * 100}, "argument probability: required probabilities from 0 to 1"),
        ({"probability": RISK[:, None]}, "argument probability: required one value per patient, in one dimension"),
        ({"time": DAYS}, "argument time: required both time and event, or neither"),
        ({"time": DAYS, "event": EVENT}, "argument outcome: required with time and event, the day by which"),
        ({"outcome": 84, "time": -DAYS, "event": EVENT}, "argument time: required days from 0 on"),
        ({"outcome": 84, "time": DAYS, "event": EVENT + 2}, "argument event: required 0 censored, 1 the event, 2 a"),
        ({"outcome": 84, "time": DAYS, "event": np.where(EVENT, 1, np.nan)}, "argument event: required both time and"),
        ({"outcome": 4000, "time": DAYS, "event": EVENT}, "argument outcome: required a day to which ten patients"),
        ({"groups": SITE[:-1]}, "argument groups: required as many values as probability has"),
        ({"groups": np.array(["all"] * 300)}, 'argument groups: required labels other than "all"'),
        ({"thresholds": [0.2, 1.0]}, "argument thresholds: required probabilities above 0 and below 1"),
        ({"outcome": SERIES, "probability": pd.Series(RISK, index=SERIES.index[::-1])}, "required the same index as"),
    ],
)  # fmt: skip
def test_contradictory_input_is_refused_in_one_sentence(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputRefusedError) as refused:
        evaluate_predictions(**{"outcome": ANSWER, "probability": RISK} | arguments)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_plot_shows_both_curves() -> None:
    left, right = evaluate_predictions(ANSWER, RISK).plot().axes
    assert [line.get_label() for line in left.get_lines()] == ["perfect", "observed, smoothed"]
    assert [line.get_label() for line in right.get_lines()] == ["by the model", "for all", "for none"]


def test_equal_predictions_have_no_calibration_curve() -> None:
    evaluated = evaluate_predictions(ANSWER, np.full(300, 0.4))
    assert figure(evaluated, "auc")["estimate"] == 0.5
    assert np.isnan(figure(evaluated, "ici")["estimate"])
    assert len(evaluated.plot().axes[0].get_lines()) == 1


def test_predictions_of_0_and_1_are_warned_of_once_whatever_the_groups() -> None:
    certain = np.where(np.arange(300) < 40, np.round(RISK), RISK)
    with pytest.warns(ClippedWarning) as warned:
        evaluate_predictions(ANSWER, certain, groups=SITE).plot()
    (said,) = (str(one.message) for one in warned)
    assert said.startswith("40 predictions are 0 or 1, which no outcome can correct")
    assert warned[0].filename == __file__


def test_small_groups_and_groups_with_one_kind_of_outcome_bring_no_warning() -> None:
    answer, place = ANSWER.copy(), np.repeat(["big", "nobody", "everybody", "tiny"], [250, 20, 20, 10])
    answer[250:270], answer[270:290], answer[290:] = 0, 1, [1, *[0] * 9]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate_predictions(answer, RISK, groups=place, draws=20).plot()
        evaluate_predictions(200, RISK, DAYS, answer.astype(int), groups=place, draws=20).plot()


@pytest.mark.parametrize(
    ("groups", "end"), [(None, " with the outcome>"), (["a"] * 300, ", 1 group>"), (SITE, ", 2 groups>")]
)
def test_groups_are_counted_where_there_are_some(groups: Any, end: str) -> None:
    assert repr(evaluate_predictions(ANSWER, RISK, groups=groups, draws=0)).endswith(end)
