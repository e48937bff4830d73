"""The settings of a training and the policy of promotions: frozen objects, read from TOML and passed down.

Every setting is declared once, at its field. `training.settings_page` writes training/default.toml and
training/SETTINGS.md from the declarations.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from features.protocol.nearest_word import did_you_mean
from features.protocol.problems import InputRefusedError, Problem
from models.settings.declaration import (
    Requirement,
    SettingDeclaration,
    bounds,
    number,
    setting,
    several,
    texts,
    whole,
)
from models.settings.sections import ApplicabilitySettings, TimeSettings, TuningSettings
from training.evidence.document import Acknowledgement
from training.settings.file import given_values
from training.settings.sections import (
    EvaluationSettings,
    FeatureSettings,
    IntervalSettings,
    RecalibrationSettings,
    SelectionSettings,
)
from training.settings.values import declared_sections, from_values, plain_values

CANDIDATES = ("no_model", "one_variable", "logistic", "xgboost")
"""Candidates by rising complexity; the first one can't be left out."""
CANDIDATE_GROUP = "kap.candidates"
"""The group of entry points that name candidates of other packages."""


def _wrong_candidates(value: Any) -> str | None:
    """What is wrong with a list of candidates: built-in ones, entry points, or addresses of classes; else ``None``."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return "another value"
    unknown = [one for one in value if one not in CANDIDATES and not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", one)]
    named = {point.name for point in entry_points(group=CANDIDATE_GROUP)} if unknown else set()
    for one in unknown:
        if one not in named:
            return f"{one[:60]!r}, which is no candidate{did_you_mean(one, (*CANDIDATES, *named))}"
    if "no_model" not in value:
        return "a list without no_model"
    return None if len(set(value)) == len(value) else "a candidate twice"


_CANDIDATES = Requirement(
    f"a list with no_model and any of {', '.join(CANDIDATES[1:])}, package.module:Class, or an entry point of the "
    f"group {CANDIDATE_GROUP}",
    lambda value: _wrong_candidates(value) is None,
    lambda value: _wrong_candidates(value) or "",
)


_AROUND_ONE = Requirement(
    "two numbers above 0, the first up to 1, the second from 1 on",
    lambda value: bounds(0, 1e6, above=True).holds(value) and value[0] <= 1 <= value[1],
)


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training. A ``quick`` training needs an override to promote.

    ``acknowledged`` are the acknowledged leakage checks.
    """

    seed: int = setting(7, whole(0), "the same seed gives the same model; `--seed` overrides it", "arbitrary")
    candidates: tuple[str, ...] = setting(
        CANDIDATES, _CANDIDATES, "what is compared on held-out patients", "models/README.md"
    )
    folds: int = setting(5, whole(2), "number of the repeated stratified folds, where sites are too few")
    fewest_repeats: int = setting(2, whole(1), "repeats of these folds in large cohorts")
    most_repeats: int = setting(20, whole(1), "repeats of these folds in small cohorts")
    patients_held_out: int = setting(
        2000, whole(1), "these folds are repeated until about as many patients were held out in all"
    )
    site_events: int = setting(20, whole(1), "a site is a fold of its own from this many outcomes of either kind on")
    fewest_site_folds: int = setting(3, whole(1), "with fewer such sites, folds are drawn at random instead")
    events_to_fit: int = setting(
        20, whole(1), "outcomes of either kind below which a head gives every patient the average risk"
    )
    largest_weight: float = setting(
        10.0,
        number(1),
        "cap on the weight of a patient, who represents those without an observed outcome; 1: no patient counts more "
        "than one",
        "[judgement]; Cole & Hernan 2008 [recalled] compare caps",
    )
    weights_from: int = setting(
        20, whole(5), "patients with and without an observed outcome, each, below which all weights are 1"
    )
    draws: int = setting(
        200,
        whole(1),
        "bootstrap draws behind every 95% interval of a figure",
        "[judgement]; percentile method: Efron & Tibshirani 1986, doi:10.1214/ss/1177013815",
    )
    features: FeatureSettings = field(default=FeatureSettings())
    tuning: TuningSettings = field(default=TuningSettings())
    selection: SelectionSettings = field(default=SelectionSettings())
    relapse: TimeSettings = field(default=TimeSettings())
    recalibration: RecalibrationSettings = field(default=RecalibrationSettings())
    intervals: IntervalSettings = field(default=IntervalSettings())
    applicability: ApplicabilitySettings = field(default=ApplicabilitySettings())
    evaluation: EvaluationSettings = field(default=EvaluationSettings())
    quick: bool = False
    acknowledged: tuple[Acknowledgement, ...] = ()

    def as_parameters(self) -> dict[str, Any]:
        """The settings as plain values, sections nested, for the record; acknowledgements only if there are any."""
        nested = {name: plain_values(getattr(self, name)) for name in _SECTIONS}
        answered = [each.model_dump() for each in self.acknowledged]
        return plain_values(self) | nested | {"quick": self.quick} | ({"acknowledged": answered} if answered else {})

    @staticmethod
    def from_parameters(recorded: Mapping[str, Any]) -> "TrainingConfig":
        """The settings of a record, also of a version that had fewer: see `training.settings.values`.

        Raises ``KeyError`` for a setting that this installation does not have.
        """
        own = dict(recorded)
        sections: dict[str, Any] = {name: from_values(kind, own.pop(name, {})) for name, kind in _SECTIONS.items()}
        quick = own.pop("quick", False)
        acknowledged = tuple(Acknowledgement.model_validate(each) for each in own.pop("acknowledged", ()))
        return replace(from_values(TrainingConfig, own), quick=quick, acknowledged=acknowledged, **sections)


@dataclass(frozen=True)
class PromotionPolicy:
    """What the evidence of a model must show before it may answer, for every question at every landmark."""

    slope: tuple[float, float] = setting(
        (0.8, 1.25),
        _AROUND_ONE,
        "refused if the 95% interval of the calibration slope lies wholly outside; 1 is right, below 1 the predictions "
        "are too extreme. 0.8 to 1.25 is up to a quarter too extreme or too timid",
        "Van Calster 2016, doi:10.1016/j.jclinepi.2015.12.005; limits: [judgement]",
    )
    slope_outermost: tuple[float, float] = setting(
        (0.5, 2.0),
        _AROUND_ONE,
        "refused if the slope itself lies outside, however wide its interval is",
    )
    in_the_large: float = setting(
        0.3,
        number(0),
        "calibration in the large: the shift in log-odds that the predictions lack, 0 is right. 0.3 takes 30% to 24% "
        "or 37%; a larger shift would change the advice to a patient",
    )
    remission_thresholds: tuple[float, ...] = setting(
        (0.2, 0.3, 0.4),
        several(number(0, 1, above=True, below=True)),
        "net benefit of acting at these probabilities must not lie clearly below the better of acting for all and for "
        "none: here, of continuing the course at this probability of remission or more",
        "Vickers & Elkin 2006, doi:10.1177/0272989X06295361; no guideline has thresholds, these span one to four false "
        "alarms per hit [judgement]",
    )
    relapse_thresholds: tuple[float, ...] = setting(
        (0.2, 0.3, 0.4),
        several(number(0, 1, above=True, below=True)),
        "the same, of planning closer follow-up at this probability of relapse or more",
    )
    sustained_thresholds: tuple[float, ...] = setting(
        (0.1, 0.2, 0.3),
        several(number(0, 1, above=True, below=True)),
        "the same, of relying on lasting benefit at this probability of sustained remission or more",
    )
    net_benefit_margin: float = setting(
        0.02,
        number(0),
        "clearly below: the upper 95% limit of the difference is below 0, or the difference is below by more than "
        "this, in net hits per patient. 0.02 is two hits in 100 patients, about two standard errors with 600",
    )
    average_margin: float = setting(
        0.1,
        number(0, 1, above=True),
        "a head that gives every patient the average risk has no parameters that would need patients: refused only if "
        "the 95% margin of error of the average is wider than this, or fewer than 10 patients had the outcome or did "
        "not. Every answer shows its interval, which is as wide",
        "Riley 2020, doi:10.1136/bmj.m441, third criterion, there with 0.05 for a model that tells patients apart; "
        "0.1 and 10: [judgement]",
    )
    subgroup_patients: int = setting(
        100, whole(1), "worst subgroup: only groups with at least as many answers count; see the next setting"
    )
    subgroup_in_the_large: float = setting(
        0.4,
        number(0),
        "refused if the 95% interval of a group's calibration in the large lies wholly beyond this many log-odds. With "
        "100 patients the standard error is about 0.2, so that only a group off by 0.8 is refused; with 1,000 one off "
        "by 0.55 is. A limit of 0 would refuse one in twenty groups of a perfect model",
    )
    direction_margin: float = setting(
        0.005,
        number(0),
        "one step of a clinical fact (a worse rating, one more adequate failure, depression besides, a longer illness, "
        "more of a benzodiazepine) must not change any answer against the sign declared in features/clinical_facts.py "
        "by more than this probability. Half a percentage point is less than any answer shows",
    )
    direction_patients: int = setting(0, whole(0), "for more than this many patients of a fact")
    leakage_checks: tuple[str, ...] = setting(
        ("shuffled outcomes", "future perturbation", "positive control", "duplicated patients", "implausible features"),
        texts("names of checks", fewest=1),
        "leakage checks that must be present; these and any other must have passed",
        "training/leakage",
    )
    champion_log_loss_margin: float = setting(
        0.005,
        number(0),
        "on the same patients as the champion: refused if the log loss (nats) for remission is worse by more than "
        "this, beyond its one-sided 95% limit",
        "[judgement]: about a tenth of what separates a useful model from the overall rate",
    )
    champion_brier_margin: float = setting(
        0.002, number(0), "the same for relapse, of the squared error at the end of the curve"
    )
    approvals: int = setting(
        0,
        Requirement("0, 1 or 2", lambda value: type(value) is int and value in (0, 1, 2)),
        "so many other people must approve a proposal before it is promoted (`kap propose`, `kap approve`); once "
        "promoted under it, the number holds for the next ones until an override with as many approvals lowers it",
    )

    def as_document(self) -> dict[str, Any]:
        """The policy as plain values."""
        return plain_values(self)


DECLARED: Mapping[str, tuple[SettingDeclaration, ...]] = {
    name: found
    for kind, own in ((TrainingConfig, "training"), (PromotionPolicy, "policy"))
    for name, (_, found) in declared_sections(kind, own).items()
}
"""Every setting by its section; a file may have all of them, whichever command reads it."""
_SECTIONS = {name: kind for name, (kind, _) in declared_sections(TrainingConfig, "").items() if name}


def load_config(override: Path | None = None, seed: int | None = None) -> TrainingConfig:
    """The defaults, overridden by a file and by a seed; raises ``InputRefusedError`` naming every wrong key.

    The file may also have a policy, which is checked and not used here.
    """
    given = _given(override, ("training", *_SECTIONS))
    own = given.get("training", {}) | ({} if seed is None else {"seed": seed})
    sections: dict[str, Any] = {name: from_values(kind, given.get(name, {})) for name, kind in _SECTIONS.items()}
    return replace(from_values(TrainingConfig, own), **sections)


def _given(override: Path | None, used: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The checked values of a file; a file that has sections, and none of those used, is another one."""
    given = {} if override is None else given_values(override, DECLARED)
    if override is not None and given and not given.keys() & set(used):
        required = f"at least one of the sections {', '.join(f'[{name}]' for name in used)}"
        found = f"only {', '.join(f'[{name}]' for name in given)}, which this command does not use"
        raise InputRefusedError([Problem(override.name, None, None, required, found)])
    return given


def quickened(config: TrainingConfig) -> TrainingConfig:
    """The settings of a quick training: no trees, few repeats and draws."""
    return replace(
        config,
        quick=True,
        candidates=tuple(name for name in config.candidates if name != "xgboost"),
        fewest_repeats=1,
        most_repeats=min(config.most_repeats, 2),
        draws=min(config.draws, 40),
    )


def load_policy(override: Path | None = None) -> PromotionPolicy:
    """The promotion policy, overridden by a file; raises ``InputRefusedError`` naming every wrong key.

    The file may also have settings of a training, which are checked and not used here.
    """
    given = _given(override, ("policy",))
    return from_values(PromotionPolicy, given.get("policy", {}))


def looser_keys(policy: PromotionPolicy, than: PromotionPolicy) -> list[str]:
    """The keys by which a policy accepts a model that another refuses; none if it is as strict or stricter."""
    looser = []
    for key, value in policy.as_document().items():
        other = getattr(than, key)
        if key in ("slope", "slope_outermost"):
            strict = other[0] <= value[0] and value[1] <= other[1]
        elif isinstance(value, list):
            strict = set(value) >= set(other)
        elif key == "approvals":
            strict = value >= other
        else:
            strict = value <= other
        if not strict:
            looser.append(key)
    return looser
