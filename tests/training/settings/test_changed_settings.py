"""Every setting does what the page says: changed once, what it decides changes in the way that the setting means."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from models.settings.declaration import frozen
from tests.training.documents.subjects import decision_with
from tests.training.evidences import NO_CHAMPION, good_evidence
from tests.training.settings import observed_fits as fits
from tests.training.settings.observed_trainings import TrainingObservations, update
from training.config import DECLARED, PromotionPolicy, TrainingConfig, load_config
from training.experiment.train import Training
from training.policy.evidence_policy import check_policy
from training.registry.approvals import approvals_needed

Expected = Callable[[Any, Any], bool]


@dataclass(frozen=True)
class SettingChange:
    """A setting's new value, what is looked at (a function, or a name of `TrainingObservations`), and what is expected.

    ``expected`` gets what was seen by default and what is seen with the value.
    """

    value: Any
    observed: Any
    expected: Expected


def to(seen: Any) -> Expected:
    """By default something else is seen, and with the changed value this."""
    return lambda before, after: before != seen and after == seen


def less(before: Any, after: Any) -> bool:
    return bool(after < before)


def more(before: Any, after: Any) -> bool:
    return bool(after > before)


def other(before: Any, after: Any) -> bool:
    return bool(after != before)


def only(low: float, high: float) -> Expected:
    """By default not all of the values are within, and with the changed value all are."""
    return lambda before, after: not _within(before, low, high) and _within(after, low, high)


def _within(values: list[float], low: float, high: float) -> bool:
    return all(low <= value <= high for value in values)


def item(number: int, expected: Expected) -> Expected:
    """The same of one item of what is seen."""
    return lambda before, after: expected(before[number], after[number])


CHANGES = {
    "training.seed": SettingChange(8, fits.folds_of(60), item(3, other)),
    "training.candidates": SettingChange(["no_model", "logistic"], fits.candidates, to(("no_model", "logistic"))),
    "training.folds": SettingChange(4, fits.folds_of(60), item(2, to(4))),
    "training.fewest_repeats": SettingChange(3, fits.folds_of(4000), item(1, to(3))),
    "training.most_repeats": SettingChange(4, fits.folds_of(60), item(1, to(4))),
    "training.patients_held_out": SettingChange(1000, fits.folds_of(200), item(1, to(5))),
    "training.site_events": SettingChange(5, fits.folds_of(60, sites=3), item(0, to("sites"))),
    "training.fewest_site_folds": SettingChange(4, fits.folds_of(240, sites=3), item(0, to("patients"))),
    "training.events_to_fit": SettingChange(41, fits.candidates, to(("no_model",))),
    "training.largest_weight": SettingChange(1.0, "weights", less),
    "training.weights_from": SettingChange(400, "weights", to(1.0)),
    "training.draws": SettingChange(11, "draws", to(11)),
    "features.exclude": SettingChange(["patient_context"], "recorded", lambda a, b: a - b == {"patient context"}),
    "features.only": SettingChange(
        ["baseline_severity", "early response"], "recorded", lambda a, b: a - b >= {"treatment history"}
    ),
    "tuning.search": SettingChange("optuna", lambda config: len(fits.logistic(config).trials), to(30)),
    "tuning.trials": SettingChange(4, fits.searched_logistic, to(4)),
    "tuning.time_limit_seconds": SettingChange(1e-9, fits.searched_logistic, to(1)),
    "tuning.inner_folds": SettingChange(3, lambda config: fits.logistic(config).parameters, other),
    "tuning.strengths": SettingChange([0.05], lambda config: fits.logistic(config).parameters["C"], to(0.05)),
    "tuning.unsigned": SettingChange([0.5], lambda config: fits.logistic(config).parameters["unsigned"], to(0.5)),
    "tuning.clip_percentiles": SettingChange([10, 90], fits.lower_limits, more),
    "tuning.indicator_from": SettingChange(0.5, fits.missing_weights, to(0)),
    "tuning.depths": SettingChange([2], lambda config: fits.tuned_trees(config)["max_depth"], to(2)),
    "tuning.learning_rate": SettingChange(0.01, fits.spread_of_trees, less),
    "tuning.most_rounds": SettingChange(3, fits.boosted_rounds, to(3)),
    "tuning.patience": SettingChange(2, fits.boosted_rounds, less),
    "tuning.min_child_weight": SettingChange(12.0, fits.splits_of_trees, less),
    "tuning.subsample": SettingChange(0.4, fits.spread_of_trees, other),
    "tuning.colsample_bynode": SettingChange(1.0, fits.spread_of_trees, other),
    "tuning.reg_lambda": SettingChange(100.0, fits.spread_of_trees, less),
    "tuning.max_bin": SettingChange(4, fits.splits_of_trees, less),
    "tuning.search_learning_rate": SettingChange([0.5, 0.6], fits.searched("learning_rate"), only(0.5, 0.6)),
    "tuning.search_min_child_weight": SettingChange([40, 50], fits.searched("min_child_weight"), only(40, 50)),
    "tuning.search_subsample": SettingChange([0.1, 0.2], fits.searched("subsample"), only(0.1, 0.2)),
    "tuning.search_colsample_bynode": SettingChange([0.1, 0.2], fits.searched("colsample_bynode"), only(0.1, 0.2)),
    "tuning.search_reg_lambda": SettingChange([50, 60], fits.searched("reg_lambda"), only(50, 60)),
    "selection.rule": SettingChange("best", fits.winner_of_a_weak_signal, to("logistic")),
    "selection.level": SettingChange(0.5, fits.winner_of_a_weak_signal, to("logistic")),
    "selection.fewest_sites": SettingChange(5, fits.units_of_the_test, to(5)),
    "relapse.events_per_band": SettingChange(5, "bands", more),
    "relapse.most_bands": SettingChange(2, "bands_of_three", to(2)),
    "relapse.fewest_followed": SettingChange(80, "last_day", less),
    "recalibration.significance": SettingChange(0.999, fits.recalibrated, to(True)),
    "recalibration.refit_from": SettingChange(1000, lambda config: update(config)[0] == "refit", to(False)),
    "intervals.refits": SettingChange(20, fits.refits, item(0, to(20))),
    "intervals.expected_misfit": SettingChange(0.02, fits.refits, item(1, less)),
    "intervals.misfits": SettingChange([0.6], fits.refits, item(1, lambda before, after: after > before)),
    "intervals.even_importance": SettingChange(50.0, fits.refits, item(1, other)),
    "applicability.far_beyond": SettingChange(9.0, "limit_0", to(9.0)),
    "applicability.times_worst": SettingChange(40.0, "limit_0", more),
    "applicability.most_lacking": SettingChange(0.99, "limit_1", to(0.99)),
    "applicability.little_lacking": SettingChange(0.9, "little_lacking", to(0.9)),
    "applicability.farthest": SettingChange(3.0, "limit_2", lambda before, after: abs(after / before - 2) < 1e-9),
    "applicability.rare_patients": SettingChange(30, "rare_of_a_tenth", more),
    "applicability.rare_share": SettingChange(0.0, "rare", to(0)),
    "evaluation.age_bands": SettingChange([40], "ages", to(["under 40", "40 and over"])),
    "evaluation.worse_by": SettingChange([2.0], "treatments", to(["weights", "all-no", "excluded", "worse by 2.0"])),
    "evaluation.fewest_sites": SettingChange(4, "summarised", to(False)),
    "evaluation.direction_margin": SettingChange(0.1, "margins", to({0.1})),
    "evaluation.learning_curve_fractions": SettingChange([0.5], fits.smaller_fits, item(0, to(2))),
    "evaluation.learning_curve_folds": SettingChange(2, fits.smaller_fits, item(1, to(2))),
    "policy.slope": SettingChange([0.9, 1.1], None, other),
    "policy.slope_outermost": SettingChange([0.9, 1.1], None, other),
    "policy.in_the_large": SettingChange(0.1, None, other),
    "policy.remission_thresholds": SettingChange([0.5], None, other),
    "policy.relapse_thresholds": SettingChange([0.5], None, other),
    "policy.sustained_thresholds": SettingChange([0.5], None, other),
    "policy.net_benefit_margin": SettingChange(0.001, None, other),
    "policy.average_margin": SettingChange(0.05, None, other),
    "policy.subgroup_patients": SettingChange(20, None, other),
    "policy.subgroup_in_the_large": SettingChange(0.1, None, other),
    "policy.direction_margin": SettingChange(0.0001, None, other),
    "policy.direction_patients": SettingChange(9, None, other),
    "policy.leakage_checks": SettingChange(["a further check"], None, other),
    "policy.champion_log_loss_margin": SettingChange(0.1, None, other),
    "policy.champion_brier_margin": SettingChange(0.1, None, other),
    "policy.approvals": SettingChange(2, None, other),
}


@pytest.fixture(scope="module")
def observations(trained: Training) -> TrainingObservations:
    return TrainingObservations(trained)


def test_every_setting_has_a_row() -> None:
    assert CHANGES.keys() == {f"{section}.{one.name}" for section, settings in DECLARED.items() for one in settings}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_setting_changes_what_it_says(name: str, observations: TrainingObservations) -> None:
    change = CHANGES[name]
    section, _, key = name.partition(".")
    (declared,) = (one for one in DECLARED[section] if one.name == key)
    assert declared.requirement.holds(change.value), "the page would refuse the value"
    if section == "policy":
        policy = replace(PromotionPolicy(), **{key: frozen(change.value, declared.default)})
        assert change.expected(_checks(PromotionPolicy()), _checks(policy))
        return
    before, after = load_config(), _with(load_config(), section, key, frozen(change.value, declared.default))
    observe = change.observed
    if isinstance(observe, str):
        which = observe.partition("_")
        observe = observations.limit(int(which[2])) if which[0] == "limit" else getattr(observations, observe)
    assert change.expected(observe(before), observe(after)), (observe(before), observe(after))


def _with(config: TrainingConfig, section: str, key: str, value: Any) -> TrainingConfig:
    if section == "training":
        return replace(config, **{key: value})
    changed = replace(getattr(config, section), **{key: value})
    candidates = tuple(name for name in config.candidates if section != "features" or name != "one_variable")
    return replace(config, **{section: changed}, candidates=candidates)


def _checks(policy: PromotionPolicy) -> list[tuple[str, bool, str, str]]:
    found = check_policy(good_evidence(), policy, NO_CHAMPION)
    needed = approvals_needed(decision_with(action="promote", policy=policy.as_document()), [])
    checks = [(check.name, check.passed, check.required, check.seen) for check in found]
    return [*checks, ("approvals", True, f"{needed}", "")]
