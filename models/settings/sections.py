"""The settings of what is fitted: tuning, the bands of time, and who counts as like the training patients."""

from dataclasses import dataclass, replace

from models.settings.declaration import bounds, number, one_of, setting, several, whole

XGBOOST = "parameter of XGBoost, doi:10.1145/2939672.2939785; value: [judgement]"
SEARCHED = "[judgement]: a range around the value of the grid"


@dataclass(frozen=True)
class TuningSettings:
    """Section `[tuning]`: what the candidates `logistic` and `xgboost` try on their inner folds."""

    search: str = setting(
        "grid",
        one_of("grid", "optuna"),
        "how logistic and xgboost are tuned: the grid tries every value of the lists below; optuna searches between "
        "the least and the greatest of them and in the ranges search_*, by the tree-structured Parzen estimator",
        "the grid: [judgement]; optuna: Akiba 2019, doi:10.1145/3292500.3330701; Bergstra 2011 [recalled]",
    )
    trials: int = setting(30, whole(1, 10_000), "Optuna: settings tried in each fit of a candidate")
    time_limit_seconds: float = setting(
        0.0,
        number(0),
        "Optuna: after this time a fit begins no further trial, but makes at least one; 0: no limit. How many trials "
        "fit into a time depends on the machine, so that a training cut short can't be repeated",
    )
    inner_folds: int = setting(
        5, whole(2, 20), "folds over a candidate's training patients, to tune it; also the fewest outcomes to tune by"
    )
    strengths: tuple[float, ...] = setting(
        (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
        several(number(0, above=True), ascending=True),
        "logistic: inverse penalties (C) of the coefficients with a declared sign; larger is weaker",
        "thirds of powers of ten, from nearly nothing to hardly penalised [judgement]",
    )
    unsigned: tuple[float, ...] = setting(
        (1.0, 0.25, 0.0625),
        several(number(0, 1, above=True)),
        "logistic: factors of the inverse penalty of a coefficient without a declared sign: a feature without a "
        "direction in the literature is less likely to matter",
        "ridge with differential penalties, Zollinger 2016 [recalled]; values: [judgement]",
    )
    clip_percentiles: tuple[float, ...] = setting(
        (0.5, 99.5), bounds(0, 100), "logistic: percentiles of the training values to which a value is clipped"
    )
    indicator_from: float = setting(
        0.02, number(0, 1), "logistic: share of missing values from which on missingness has a weight of its own"
    )
    depths: tuple[int, ...] = setting((1, 2, 3), several(whole(1, 12), ascending=True), "xgboost: depths of the trees")
    learning_rate: float = setting(
        0.05, number(0, 1, above=True), "xgboost: the part of each tree that counts", XGBOOST
    )
    most_rounds: int = setting(400, whole(1, 100_000), "xgboost: most trees; the inner folds choose how many")
    patience: int = setting(25, whole(1, 10_000), "xgboost: rounds without a gain after which boosting ends")
    min_child_weight: float = setting(
        3.0, number(0), "xgboost: least sum of the Hessian in a leaf: 3 are about 12 patients of even odds", XGBOOST
    )
    subsample: float = setting(
        0.8, number(0, 1, above=True), "xgboost: part of the patients drawn for each tree", XGBOOST
    )
    colsample_bynode: float = setting(
        0.5, number(0, 1, above=True), "xgboost: part of the features drawn for each split", XGBOOST
    )
    reg_lambda: float = setting(3.0, number(0), "xgboost: ridge penalty of the leaves", XGBOOST)
    max_bin: int = setting(64, whole(2, 1024), "xgboost: bins into which a feature's values are put", XGBOOST)
    search_learning_rate: tuple[float, ...] = setting(
        (0.01, 0.2), bounds(0, 1, above=True), "Optuna: range of learning_rate, on a logarithmic scale", SEARCHED
    )
    search_min_child_weight: tuple[float, ...] = setting(
        (1.0, 20.0), bounds(0, 1e6, above=True), "Optuna: range of min_child_weight, on a logarithmic scale", SEARCHED
    )
    search_subsample: tuple[float, ...] = setting(
        (0.5, 1.0), bounds(0, 1, above=True), "Optuna: range of subsample", SEARCHED
    )
    search_colsample_bynode: tuple[float, ...] = setting(
        (0.3, 1.0), bounds(0, 1, above=True), "Optuna: range of colsample_bynode", SEARCHED
    )
    search_reg_lambda: tuple[float, ...] = setting(
        (0.3, 30.0), bounds(0, 1e6, above=True), "Optuna: range of reg_lambda, on a logarithmic scale", SEARCHED
    )

    @property
    def by_grid(self) -> "TuningSettings":
        """The same with the grid, for fits that no prediction comes from, such as those behind the weights."""
        return replace(self, search="grid")


@dataclass(frozen=True)
class TimeSettings:
    """Section `[relapse]`: the bands of time of the baseline hazard, and how far a curve reaches."""

    events_per_band: int = setting(
        15, whole(1), "fewest relapses in a band of time in which the baseline hazard is constant"
    )
    most_bands: int = setting(10, whole(1, 1000), "most bands of time")
    fewest_followed: int = setting(
        10,
        whole(10),
        "patients followed into the last week of a relapse curve, at least; ten is also the fewest of whom a figure "
        "is given, so that it can't be less",
    )


@dataclass(frozen=True)
class ApplicabilitySettings:
    """Section `[applicability]`: when a patient is at the edge of the training patients, and when outside."""

    far_beyond: float = setting(
        1.0, number(0), "outside: a value beyond the training range by more than this many of its widths, and"
    )
    times_worst: float = setting(
        2.0, number(1), "by more than this many times the distance of the worst held-out training patient"
    )
    most_lacking: float = setting(
        0.5, number(0, 1), "outside: more than this part is not recorded, and more than for any held-out patient"
    )
    little_lacking: float = setting(
        0.1, number(0, 1), "a record in which up to this part is not recorded is not at the edge"
    )
    farthest: float = setting(
        1.5, number(1), "outside: a combination of values this many times as far as the farthest held-out patient's"
    )
    rare_patients: int = setting(
        5, whole(1), "a category is rare if fewer training patients had it, and also a smaller part than rare_share"
    )
    rare_share: float = setting(0.01, number(0, 1), "the part of the training patients below which a category is rare")
