"""Parts of the evidence: a figure with its interval, and one yes/no question with all its measures.

`document` holds them, and exports these names too.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict


def _finite(value: object) -> object:
    """NaN and infinities become null: JSON has neither."""
    return None if isinstance(value, float | np.floating) and not np.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite)]
"""A figure; null if it is not defined."""


class EvidencePart(BaseModel):
    """A part of the evidence."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Estimate(EvidencePart):
    """A figure with its 95% interval."""

    estimate: Number
    low: Number = None
    high: Number = None


class CalibrationCurve(EvidencePart):
    """Observed against predicted probability, smoothed, with 95% limits; all lists have the same length.

    ``counts`` (20 bins of equal width from 0 to 1) is the distribution of the predictions; bins of fewer than ten
    patients are null, and if there is only one, the next smallest too.
    """

    predicted: list[float]
    observed: list[Number]
    low: list[Number]
    high: list[Number]
    counts: list[int | None]


class DecisionCurve(EvidencePart):
    """Net benefit per patient at each threshold probability; lists of the same length.

    ``difference`` is the model's minus that of the better of treating all and treating none, with 95% limits from the
    same draws; larger is better. Empty if it was not computed.
    """

    thresholds: list[float]
    model: list[Number]
    low: list[Number]
    high: list[Number]
    treat_all: list[Number]
    difference: list[Number] = []
    difference_low: list[Number] = []
    difference_high: list[Number] = []


class SiteEstimate(EvidencePart):
    """One site's own figures."""

    site: str
    n: int
    events: int
    discrimination: Estimate
    calibration_in_the_large: Estimate
    calibration_slope: Estimate


class SiteMetaAnalysis(EvidencePart):
    """A measure across sites: the random-effects mean, its interval, and the range for a new site."""

    measure: str
    sites: int
    mean: Estimate
    tau: Number
    new_site_low: Number
    new_site_high: Number


class Subgroup(EvidencePart):
    """Figures of one group of patients. Those of fewer than ten are suppressed: ``n`` and all figures are null.

    ``events`` is null below five.
    """

    variable: str
    group: str
    n: int | None
    events: int | None = None
    mean_predicted: Number = None
    observed: Estimate | None = None
    discrimination: Estimate | None = None
    calibration_in_the_large: Estimate | None = None
    net_benefit: Estimate | None = None


class Sensitivity(EvidencePart):
    """The measures when unobserved outcomes are treated another way: "weights", "all-no" or "excluded".

    For remission also "worse by 0.5" and "worse by 1.0": as predicted, but worse by that on the log-odds.
    ``observed_rate`` is the rate of yes.
    """

    treatment: str
    n: int
    measures: dict[str, Estimate]


class Question(EvidencePart):
    """One yes/no question: remission, relapse by a day, or sustained remission to a day.

    ``head`` is remission, relapse or sustained; ``horizon_days`` is null for remission. ``n`` patients have an answer
    (``events`` of them yes), ``not_observed`` have none. For relapse the patients are those at risk. ``observed_rate``
    is weighted. ``subgroup_threshold`` is the threshold probability of the subgroups' net benefit.
    """

    name: str
    head: Literal["remission", "relapse", "sustained"]
    horizon_days: int | None
    n: int
    events: int
    not_observed: int
    observed_rate: Number = None
    measures: dict[str, Estimate]
    calibration: CalibrationCurve | None
    decision: DecisionCurve | None
    sites: list[SiteEstimate]
    across_sites: list[SiteMetaAnalysis]
    subgroups: list[Subgroup]
    subgroup_threshold: Number = None
    sensitivity: list[Sensitivity]
