"""Losses of candidate and champion are paired by patient; what can't be compared is said."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import log, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from models.bundle import Bundle
from tests.serving.bundles import toy_bundle, without
from tests.training.decisions.stores import own_keys, rewritten
from tests.training.evidences import good_evidence
from tests.training.registries import Registry, held_out_of, in_use
from training.cli.decisions.promotion import promote
from training.cohort.reader import read_cohort
from training.experiment.champion_comparison import (
    compare,
    end_of_curve,
    lacking_columns,
    unanswered,
    winners_predictions,
)
from training.experiment.records import pseudonyms
from training.registry.decisions import Decision

HERE = ("before session 1", "remission")
LATER = ("before session 1", "relapse")


def frame(probability: list[float], observed: list[float], **columns: list[float]) -> pd.DataFrame:
    names = [f"p{number}" for number in range(len(probability))]
    return pd.DataFrame({"probability": probability, "observed": observed, "weight": 1.0} | columns, index=names)


def test_the_difference_of_log_loss_and_its_standard_error_are_those_of_pairs() -> None:
    """Five patients: -ln .8 less -ln .5, five: -ln .6 less -ln .5."""
    candidate = frame([0.8] * 5 + [0.6] * 5, [1.0] * 10)
    champion = frame([0.5] * 10, [1.0] * 10)
    (found,) = compare({HERE: candidate}, {HERE: champion}, "1").heads
    first, second = -log(0.8) + log(0.5), -log(0.6) + log(0.5)
    half = abs(first - second) / 2  # each patient's distance from the mean
    assert (found.patients, found.loss) == (10, "log loss")
    assert found.difference == pytest.approx((first + second) / 2)
    assert found.standard_error == pytest.approx(half / sqrt(10))
    assert found.at_least == pytest.approx(found.difference - 1.645 * found.standard_error)


def test_patients_weigh_as_they_do_for_the_candidate() -> None:
    candidate = frame([0.8] * 5 + [0.6] * 5, [1.0] * 10).assign(weight=[3.0] * 5 + [1.0] * 5)
    (found,) = compare({HERE: candidate}, {HERE: frame([0.5] * 10, [1.0] * 10)}, "1").heads
    assert found.difference == pytest.approx((3 * -log(0.8) + -log(0.6)) / 4 + log(0.5))


def test_who_left_early_counts_through_those_who_stayed() -> None:
    """Four of twenty relapse on day 7, eight of the sixteen others leave on day 14: the eight who stay count twice."""
    followed = [7.0] * 4 + [14.0] * 8 + [84.0] * 8
    observed = [1.0] * 4 + [0.0] * 16
    candidate = frame([0.2] * 20, observed, followed_days=followed, ended_by=observed)
    champion = frame([0.3] * 20, observed, followed_days=followed, ended_by=observed)
    (found,) = compare({LATER: candidate}, {LATER: champion}, "1").heads
    relapsed, stayed = 0.8**2 - 0.7**2, 0.2**2 - 0.3**2
    assert (found.patients, found.loss) == (12, "squared error")
    assert found.difference == pytest.approx((4 * relapsed + 8 * 2 * stayed) / (4 + 8 * 2))


def test_a_risk_inflated_by_taking_competing_events_for_censored_is_worse_than_the_true_incidence() -> None:
    """Of forty, twenty have a competing event on day 7, ten relapse on day 14 and ten stay: 10 / 40 relapse.

    Without those who had a competing event it would be 10 / 20. Nobody is censored, so that everybody counts once.
    """
    ended_by = [2.0] * 20 + [1.0] * 10 + [0.0] * 10
    observed = [float(end == 1) for end in ended_by]
    followed = [7.0] * 20 + [14.0] * 10 + [84.0] * 10
    inflated = frame([10 / 20] * 40, observed, followed_days=followed, ended_by=ended_by)
    true = frame([10 / 40] * 40, observed, followed_days=followed, ended_by=ended_by)
    (found,) = compare({LATER: inflated}, {LATER: true}, "1").heads
    assert found.patients == 40
    assert found.difference == pytest.approx((10 * (0.5**2 - 0.75**2) + 30 * (0.5**2 - 0.25**2)) / 40)
    assert found.difference > 0  # 0.0625: the inflated risk is worse


def test_repeats_are_averaged_and_only_the_winner_counts() -> None:
    table = held_out_of(skill=1.0, patients=20)
    doubled = pd.concat([table, table.assign(candidate="xgboost", recalibrated=np.nan)])
    doubled.loc[doubled["repeat"] == 1, "recalibrated"] = 0.0
    rows = winners_predictions(doubled, {HERE: "logistic", LATER: None})
    assert set(rows) == {HERE}
    once = table[(table["head"] == "remission") & (table["landmark"] == HERE[0]) & (table["repeat"] == 0)]
    expected = once.set_index("patient")["probability"] / 2
    np.testing.assert_allclose(rows[HERE]["probability"], expected.loc[rows[HERE].index])


@pytest.mark.parametrize(
    ("champion", "reason"),
    [
        ({}, "has no predictions"),
        ({HERE: frame([0.5] * 9, [1.0] * 9)}, "fewer than 10 patients"),
        ({HERE: frame([0.5] * 12, [1.0] * 11 + [0.0])}, "other outcomes"),
    ],
    ids=["none", "few", "other"],
)
def test_what_can_not_be_compared_is_said(champion: dict[tuple[str, str], pd.DataFrame], reason: str) -> None:
    found = compare({HERE: frame([0.5] * 12, [1.0] * 12)}, champion, "1")
    assert found.heads == ()
    assert reason in str(found.impossible[0])


def test_relapse_ended_by_another_cause_is_another_outcome() -> None:
    rows = frame([0.5] * 12, [0.0] * 12, followed_days=[84.0] * 12, ended_by=[0.0] * 12)
    found = compare({LATER: rows}, {LATER: rows.assign(ended_by=[2.0] + [0.0] * 11)}, "1")
    assert "other outcomes" in str(found.impossible[0])


def test_what_is_compared_is_the_prediction_of_the_recalibrated_head_that_is_shipped() -> None:
    """The head as fitted predicts .9 for all and is recalibrated to the .5 that the champion says: no difference."""
    predicted = frame([0.9] * 12, [1.0, 0.0] * 6).rename_axis("patient").reset_index()
    table = predicted.assign(landmark=HERE[0], head=HERE[1], candidate="logistic", repeat=0, recalibrated=0.5)
    ours = winners_predictions(table, {HERE: "logistic"})
    (found,) = compare(ours, {HERE: frame([0.5] * 12, [1.0, 0.0] * 6)}, "1").heads
    assert (found.difference, found.standard_error) == (0.0, 0.0)


def test_a_table_of_an_earlier_release_lacks_columns_by_name() -> None:
    table = held_out_of(skill=1.0, patients=20)
    assert lacking_columns(table) == ()
    assert lacking_columns(table.drop(columns=["recalibrated", "ended_by"])) == ("recalibrated", "ended_by")
    assert lacking_columns(table[table["head"] == "remission"].drop(columns="ended_by")) == ()


def test_relapse_is_evaluated_at_the_end_of_the_week_in_which_follow_up_is_cut() -> None:
    assert [end_of_curve(pd.Series([10.0, days])) for days in (181.0, 182.0, 183.0)] == [182, 182, 189]


def test_a_head_that_only_the_champion_predicts_is_named_and_can_not_be_compared() -> None:
    rows = frame([0.5] * 12, [1.0] * 12)
    found = compare({HERE: rows}, {HERE: rows, LATER: rows}, "1")
    assert len(found.heads) == 1
    assert [str(one) for one in found.impossible] == [
        "before session 1, relapse: the champion answers this and the candidate does not"
    ]


def asking(bundle: Bundle, *days: int) -> Bundle:
    """The same bundle with other horizons."""
    return replace(bundle, models=tuple(replace(model, horizons_days=days) for model in bundle.models))


def test_a_landmark_a_head_or_a_horizon_that_only_the_champion_answers_is_named() -> None:
    """The relapse heads reach day 182, so that nothing is said of day 364 by either."""
    champion = asking(toy_bundle(), 91, 182, 364)
    last = champion.models[-1].landmark.name
    fewer = replace(champion, models=champion.models[:-1])
    assert unanswered(champion, champion) == ()
    assert unanswered(champion, asking(champion, 91)) == ()
    missing = [f"{last}, {question}" for question in ("remission", "relapse by day 91", "relapse by day 182")]
    assert [str(one).split(":")[0] for one in unanswered(fewer, champion)] == missing
    assert len(unanswered(without(champion, "relapse"), champion)) == 2 * len(champion.models)
    assert all("relapse by day 182:" in str(one) for one in unanswered(asking(champion, 91), champion))
    assert len(unanswered(asking(champion, 91), champion)) == len(champion.models)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """A registry whose first version is champion."""
    own = Registry(tmp_path)
    with in_use(own, tmp_path / "serving"):
        own.register(good_evidence(), held_out_of(skill=0.9))
        exit_code, said = promoted("1")
        assert exit_code == 0, said
        yield own


def promoted(version: str, *arguments: str) -> tuple[int, str]:
    """Exit code and what is said, on one line."""
    done = CliRunner().invoke(promote, [version, "--reason", "newer", *arguments], catch_exceptions=False)
    return done.exit_code, " ".join(done.stdout.split())


@pytest.mark.slow
def test_a_candidate_with_a_table_of_an_earlier_release_must_be_trained_again(registry: Registry) -> None:
    old = held_out_of(skill=1.0).drop(columns=["recalibrated", "ended_by"])
    exit_code, said = promoted(registry.register(good_evidence(), old))
    assert exit_code == 4
    assert "held_out_predictions.parquet of the version's run lacks recalibrated, ended_by; train again" in said


def granting_besides(question: str) -> Callable[[Decision], Decision]:
    """The same decision, which grants one more question for the clinic."""

    def more(decision: Decision) -> Decision:
        granted = {landmark: tiers | {question: "clinic"} for landmark, tiers in (decision.granted or {}).items()}
        return decision.model_copy(update={"granted": granted})

    return more


@pytest.mark.slow
def test_a_candidate_that_answers_less_than_the_champion_is_refused(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    better = registry.register(good_evidence(), held_out_of(skill=1.0))
    monkeypatch.setattr("training.promotion.checks.load_bundle", lambda _: asking(toy_bundle(), 28, 84, 182))
    rewritten(registry, granting_besides("relapse_28"), own_keys)
    exit_code, said = promoted(better)
    assert exit_code == 4
    assert "relapse by day 28: the champion answers this and the candidate does not" in said


@pytest.mark.slow
def test_only_a_comparison_of_the_same_cohort_held_out_by_both_favours_nobody(
    registry: Registry, simulated: Path, tmp_path: Path
) -> None:
    favoured = "shared patients favour the champion"
    exit_code, said = promoted(registry.register(good_evidence(), held_out_of(skill=1.0)))
    assert exit_code == 0
    assert "favour" not in said
    clinics = tmp_path / "clinics"  # without the columns that only the synthetic cohort's own protocol knows
    shutil.copytree(simulated, clinics, ignore=shutil.ignore_patterns("protocol.toml", "truth.parquet"))
    patients = pd.read_csv(clinics / "patients.csv", dtype=str, keep_default_na=False)
    patients.drop(columns=["expectancy", "working_alliance"]).to_csv(clinics / "patients.csv", index=False)
    cohort = read_cohort(clinics, toy_bundle().protocol)
    names = pseudonyms(cohort)
    held_out = held_out_of(1.0, len(names))
    held_out["patient"] = names[held_out["patient"].str[1:].astype(int)]
    elsewhere = registry.register(good_evidence(), held_out, cohort.digest)
    exit_code, said = promoted(elsewhere, "--cohort", str(clinics))
    assert exit_code == 0, said
    assert f"was fitted on another cohort, which may share patients with this one: {favoured}" in said
