"""The sections of settings about choosing and evaluating a model; those of what is fitted are in `models`."""

from dataclasses import dataclass

from models.settings.declaration import number, one_of, setting, several, texts, whole

RULES = ("average_or_best", "best", "simplest", "one_standard_error")
"""The rules for the winner; `training/learning/choice.py` has them."""


@dataclass(frozen=True)
class FeatureSettings:
    """Section `[features]`: which features the candidates see."""

    exclude: tuple[str, ...] = setting(
        (),
        texts("features, groups of the catalogue such as patient_context, or categories such as diagnosis"),
        "left out: for every candidate, refit and applicability check they count as never recorded. The record, the "
        "follow-up weights, the patient flow and the drift watch still have them",
        "the study's choice",
    )
    only: tuple[str, ...] = setting(
        (),
        texts("the same names"),
        "if not empty, all features but these are left out; exclude counts besides",
        "the study's choice",
    )


@dataclass(frozen=True)
class SelectionSettings:
    """Section `[selection]`: which candidate wins."""

    rule: str = setting(
        "average_or_best",
        one_of(*RULES),
        "average_or_best: the average risk, unless the best candidate beats it significantly; best: the least held-out "
        "loss; simplest: the simplest candidate that the best one does not beat significantly; one_standard_error: the "
        "simplest one whose mean loss is within a standard error of the best one's",
        "compared in tests/studies/README.md; one_standard_error: Breiman 1984 [recalled]",
    )
    level: float = setting(
        0.1,
        number(0, 0.5, above=True),
        "one-sided level of the paired t test of average_or_best and simplest. It is nominal, because the best of "
        "several candidates is tested",
        "in 100 cohorts without signal the average was kept by 91 heads of either kind (tests/studies/no_signal.py); "
        "test: Student 1908, doi:10.1093/biomet/6.1.1",
    )
    fewest_sites: int = setting(
        8, whole(2), "sites from which on sites, and not patients, are the units of the standard error"
    )


@dataclass(frozen=True)
class RecalibrationSettings:
    """Section `[recalibration]`: when a winner is recalibrated, and what `kap recalibrate` offers."""

    significance: float = setting(
        0.05,
        number(0, 1, below=True),
        "level of the likelihood-ratio test below which the winner is recalibrated on held-out predictions, and of "
        "the closed test of an update; 0: never",
        "tests: Cox 1958, doi:10.1093/biomet/45.3-4.562; Vergouwe 2017, doi:10.1002/sim.7179; level: convention",
    )
    refit_from: int = setting(
        100,
        whole(20),
        "outcomes of either kind from which on an update offers a refit",
        "Vergouwe 2005, doi:10.1016/j.jclinepi.2004.06.017",
    )


@dataclass(frozen=True)
class IntervalSettings:
    """Section `[intervals]`: the refits behind every patient's 90% interval."""

    refits: int = setting(60, whole(20, 1000), "refits per head; with 60 the width of an interval is known to a tenth")
    expected_misfit: float = setting(
        0.45,
        number(0, above=True),
        "scale of the half-normal prior of what no linear score explains, on the log-odds: errors by half of the odds "
        "are usual, by a factor of two rare",
        "[judgement], on synthetic cohorts of the project's own mechanism (seeds 11 to 16); Kennedy & O'Hagan 2001, "
        "doi:10.1111/1467-9868.00294",
    )
    misfits: tuple[float, ...] = setting(
        (0.0, 0.1, 0.2, 0.3, 0.45, 0.6),
        several(number(0), ascending=True),
        "standard deviations that are tried for it",
    )
    even_importance: float = setting(
        0.25,
        number(0, above=True),
        "how evenly thresholds are drawn over the features: part of the average importance that each has besides its "
        "own",
        "[judgement]; heredity: Chipman 1996, doi:10.2307/3315687",
    )


@dataclass(frozen=True)
class EvaluationSettings:
    """Section `[evaluation]`: what the evidence shows of a model; no prediction depends on it."""

    age_bands: tuple[int, ...] = setting(
        (30, 45, 60),
        several(whole(1, 150), ascending=True),
        "years at which the second age group and the next ones begin",
    )
    worse_by: tuple[float, ...] = setting(
        (0.5, 1.0),
        several(number(0, above=True), ascending=True),
        "sensitivity analysis: how much less often patients without an observed outcome were in remission, on the "
        "log-odds. Half a unit takes 40% to 29%, a whole one to 20%",
        "[judgement]; delta-based imputation: Cro 2020, doi:10.1002/sim.8569",
    )
    learning_curve_fractions: tuple[float, ...] = setting(
        (0.25, 0.5, 0.75),
        several(number(0, 1, above=True, below=True), ascending=True),
        "parts of the training patients that the learning curve is fitted on",
    )
    learning_curve_folds: int = setting(5, whole(2, 100), "folds held out for the learning curve, at most")
    fewest_sites: int = setting(3, whole(3), "sites from which on figures are summarised over sites by random effects")
    direction_margin: float = setting(
        0.005,
        number(0, 1),
        "probability by which an answer must change to count as changed, if one clinical fact changes",
        "[judgement]: half a percentage point, less than any answer shows",
    )
