"""Treatments before day 0. A feature of the history is missing, not zero, if earlier treatments were not asked about.

One more adequate failure changes only the counts of failures, for any class and days: the other counts leave
failures out, so that no model can fit a failure as a favourable fact.
"""

import numpy as np

from features.records.landmark import KnownAtLandmark
from features.records.timeline import Floats, Mask, is_among

ANTIDEPRESSANTS = ("ssri", "snri", "tricyclic", "maoi")
OTHER_MEDICATIONS = ("benzodiazepine", "buspirone", "pregabalin", "antipsychotic", "beta_blocker", "other_medication")
PSYCHOTHERAPIES = ("cbt", "other_psychotherapy")
STIMULATIONS = ("tms", "ect")
INTENSIVE = ("inpatient", "substance_use_treatment")
KETAMINE = ("ketamine",)


def _is_one_of(known: KnownAtLandmark, treatments: tuple[str, ...]) -> Mask:
    codes = [known.protocol.code("prior_treatments", "treatment", name) for name in treatments]
    return is_among(known.prior_treatments["treatment"], codes)


def _achieved(known: KnownAtLandmark, *outcomes: str) -> Mask:
    codes = [known.protocol.code("prior_treatments", "outcome", name) for name in outcomes]
    return is_among(known.prior_treatments["outcome"], codes)


def _failed(known: KnownAtLandmark) -> Mask:
    """Which treatments were adequate and brought no more than a partial response."""
    adequate = known.prior_treatments.numbers("adequate") == 1
    return adequate & _achieved(known, "no_response", "partial_response")


def _count(known: KnownAtLandmark, rows: Mask) -> Floats:
    return np.where(known.treatments_asked_for, known.prior_treatments.count_where(rows), np.nan)


def _not_failed(known: KnownAtLandmark, treatments: tuple[str, ...]) -> Floats:
    return _count(known, _is_one_of(known, treatments) & ~_failed(known))


def prior_antidepressants_not_failed(known: KnownAtLandmark) -> Floats:
    """Number of earlier antidepressants, other than adequate failures."""
    return _not_failed(known, ANTIDEPRESSANTS)


def prior_other_medications_not_failed(known: KnownAtLandmark) -> Floats:
    """Number of earlier medications that are not antidepressants, other than adequate failures."""
    return _not_failed(known, OTHER_MEDICATIONS)


def prior_psychotherapies_not_failed(known: KnownAtLandmark) -> Floats:
    """Number of earlier psychotherapies, other than adequate failures."""
    return _not_failed(known, PSYCHOTHERAPIES)


def prior_stimulations_not_failed(known: KnownAtLandmark) -> Floats:
    """Number of earlier courses of magnetic or electroconvulsive stimulation, other than adequate failures."""
    return _not_failed(known, STIMULATIONS)


def prior_intensive_treatments_not_failed(known: KnownAtLandmark) -> Floats:
    """Number of earlier inpatient stays and substance use treatments, other than adequate failures."""
    return _not_failed(known, INTENSIVE)


def adequate_failures(known: KnownAtLandmark) -> Floats:
    """Number of adequate treatments of any class that brought no more than a partial response."""
    return _count(known, _failed(known))


def earlier_response(known: KnownAtLandmark) -> Floats:
    """Whether an earlier treatment of any class brought a response or remission (1) or none is known to have (0)."""
    return np.minimum(_count(known, _achieved(known, "response", "remission")), 1.0)


def prior_ketamine_not_failed(known: KnownAtLandmark) -> Floats:
    """Number of earlier courses of ketamine, other than adequate failures."""
    return _not_failed(known, KETAMINE)


def ketamine_failures(known: KnownAtLandmark) -> Floats:
    """Number of earlier courses of ketamine that were adequate and brought no more than a partial response."""
    return _count(known, _is_one_of(known, KETAMINE) & _failed(known))


def ketamine_responses(known: KnownAtLandmark) -> Floats:
    """Number of earlier courses of ketamine that brought a response or remission."""
    return _count(known, _is_one_of(known, KETAMINE) & _achieved(known, "response", "remission"))


def benzodiazepine_running(known: KnownAtLandmark) -> Floats:
    """Whether a benzodiazepine is still being taken (1) or not (0)."""
    running = _is_one_of(known, ("benzodiazepine",)) & np.isnan(known.prior_treatments.numbers("end_day"))
    return np.minimum(_count(known, running), 1.0)


def benzodiazepine_mg(known: KnownAtLandmark) -> Floats:
    """Benzodiazepine taken daily, as diazepam equivalent."""
    return known.patients["benzodiazepine_mg"]
