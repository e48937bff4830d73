"""Parts of the evidence that describe: the patients at baseline, the models in full, and what was seen of relapse.

`document` holds them. Counts of fewer than ten patients are null in all of them.
"""

from typing import Literal

from pydantic import Field

from training.evidence.parts import EvidencePart, Number


class BaselineColumn(EvidencePart):
    """A group of patients of a baseline table, and how many they are."""

    name: str
    n: int


class BaselineCell(EvidencePart):
    """One characteristic in one group; what ``figures`` are is said by the row, and an empty list is suppressed.

    ``missing`` counts patients without a value, rounded to 5; null for one to nine of them.
    """

    figures: list[Number] = Field(default_factory=list)
    missing: int | None = None


class BaselineRow(EvidencePart):
    """One characteristic: a cell for all patients, then one per column.

    ``kind`` says what the figures of a cell are: the count of yes, rounded to 5, and its share of those recorded;
    mean and standard deviation; or median, lower and upper quartile. ``difference`` is the standardised difference of
    the first two columns, first minus second, in pooled standard deviations; null if either is suppressed.
    """

    feature: str
    label: str
    unit: str
    kind: Literal["yes/no", "mean", "median"]
    cells: list[BaselineCell]
    difference: Number = None


class BaselineTable(EvidencePart):
    """The characteristics of the patients analysed at a landmark, by a grouping in which each patient is once.

    ``note`` names the characteristics that are the same in all patients, which have no row; empty if there are none.
    """

    landmark: str
    by: Literal["outcome", "site"]
    n: int
    columns: list[BaselineColumn]
    rows: list[BaselineRow]
    note: str = ""


class LinearTerm(EvidencePart):
    """One feature's part of a linear predictor, in log-odds.

    A value is clipped to ``lower`` and ``upper``; less ``centre``, it counts ``weight`` per ``unit``. A missing value
    adds ``missing_weight`` instead. The slope of a recalibration is part of both. ``low`` and ``high`` are the 95%
    limits of the weight. ``sd`` is the standard deviation of the clipped values among the patients fitted on; null for
    fewer than ten values. ``sign`` is the declared one, which the weight keeps.
    """

    feature: str
    label: str
    unit: str
    lower: float
    upper: float
    centre: float
    weight: float
    low: Number = None
    high: Number = None
    missing_weight: float = 0.0
    sd: Number = None
    sign: Literal[-1, 0, 1] = 0


class FeatureImportance(EvidencePart):
    """How much a model that is no sum of terms depends on one feature.

    ``loss_increase`` is the increase of the held-out loss, in nats per patient, when the feature's values are shuffled
    among the patients of a fold. ``gain_share`` is its share of the gain of all splits of trees, from 0 to 1.
    """

    feature: str
    label: str
    loss_increase: Number = None
    gain_share: Number = None


class Dependence(EvidencePart):
    """Partial dependence: the mean probability of the patients fitted on, if all had each of ``values``."""

    feature: str
    label: str
    unit: str
    values: list[float]
    probability: list[float]


class ModelSpecification(EvidencePart):
    """A fitted head in full, so that a probability can be computed by hand.

    ``intercepts`` are the log-odds where all terms are 0: one for remission, for relapse one per band of weeks, whose
    bounds are ``weeks``, from 0. ``competing_hazards`` are probabilities in a week per band, for a patient whose
    ``competing_terms`` add up to 0. ``form`` "average" has no terms, "other" is no sum of terms, such as trees: then
    there are importances and dependence, the latter on the probability of remission or of relapse by
    ``dependence_day``. ``competing_by_hand`` is false if competing events are predicted by a score that is no sum of
    terms. ``limits_from`` says where the limits of the weights come from; empty if there are none.
    """

    head: Literal["remission", "relapse"]
    form: Literal["average", "linear", "other"]
    intercepts: list[float]
    terms: list[LinearTerm] = Field(default_factory=list)
    recalibration_slope: float = 1.0
    limits_from: str = ""
    weeks: list[int] = Field(default_factory=list)
    horizons_days: list[int] = Field(default_factory=list)
    competing_hazards: list[float] = Field(default_factory=list)
    competing_terms: list[LinearTerm] = Field(default_factory=list)
    competing_by_hand: bool = True
    importances: list[FeatureImportance] = Field(default_factory=list)
    dependence: list[Dependence] = Field(default_factory=list)
    dependence_day: int | None = None

    @property
    def by_hand(self) -> bool:
        """Whether a probability can be computed from the numbers here."""
        return self.form != "other" and self.competing_by_hand


class IncidenceGroup(EvidencePart):
    """Patients at risk of relapse, all or a third by predicted risk; lists are over the days of `RelapseIncidence`.

    ``relapse`` is the observed cumulative incidence with competing events (Aalen-Johansen), with 95% limits;
    ``competing`` that of competing events; ``predicted`` the mean predicted incidence of relapse, empty without a
    prediction. The observed ones end on the first day with fewer than ten at risk. ``at_risk`` counts those followed to
    ``at_risk_days``.
    """

    name: str
    n: int
    at_risk: list[int | None]
    relapse: list[Number]
    low: list[Number]
    high: list[Number]
    competing: list[Number]
    predicted: list[Number] = Field(default_factory=list)


class RelapseIncidence(EvidencePart):
    """Cumulative incidence of relapse: all patients at risk, then thirds by predicted risk if predictions differ.

    Days count from the start of the time at risk. ``note`` says why there are no thirds; empty if there are.
    """

    days: list[int]
    at_risk_days: list[int]
    groups: list[IncidenceGroup]
    note: str = ""
