"""What was tried before day 0. A feature of the history is missing, not zero, where nobody asked for it."""

import numpy as np

from features.landmark import Known
from features.timeline import Floats, Mask, Rows, is_among

DAYS_PER_YEAR = 365.25
ANTIDEPRESSANTS = ("ssri", "snri", "tricyclic", "maoi")
OTHER_MEDICATIONS = (
    "benzodiazepine",
    "buspirone",
    "pregabalin",
    "antipsychotic",
    "beta_blocker",
    "other_medication",
)
PSYCHOTHERAPIES = ("cbt", "other_psychotherapy")
INTERVENTIONS = ("tms", "ect", "ketamine")
INTENSIVE = ("inpatient", "substance_use_treatment")


def _is_one_of(known: Known, treatments: tuple[str, ...]) -> Mask:
    codes = [known.protocol.code("prior_treatments", "treatment", name) for name in treatments]
    return is_among(known.prior_treatments["treatment"], codes)


def _where_recorded(known: Known, values: Floats) -> Floats:
    return np.where(known.treatments_asked_for, values, np.nan)


def _count(known: Known, treatments: tuple[str, ...]) -> Floats:
    return _where_recorded(known, known.prior_treatments.count_where(_is_one_of(known, treatments)))


def prior_treatments(known: Known) -> Floats:
    """Number of earlier treatments of any class."""
    return _where_recorded(known, known.prior_treatments.count_for_patient())


def prior_antidepressants(known: Known) -> Floats:
    """Number of earlier antidepressants."""
    return _count(known, ANTIDEPRESSANTS)


def prior_other_medications(known: Known) -> Floats:
    """Number of earlier medications that are not antidepressants."""
    return _count(known, OTHER_MEDICATIONS)


def prior_psychotherapies(known: Known) -> Floats:
    """Number of earlier psychotherapies."""
    return _count(known, PSYCHOTHERAPIES)


def prior_interventions(known: Known) -> Floats:
    """Number of earlier courses of magnetic or electroconvulsive stimulation or ketamine."""
    return _count(known, INTERVENTIONS)


def prior_intensive_treatments(known: Known) -> Floats:
    """Number of earlier inpatient stays and substance use treatments."""
    return _count(known, INTENSIVE)


def adequate_failures(known: Known) -> Floats:
    """Number of adequate treatments that brought no more than a partial response."""
    failed = [known.protocol.code("prior_treatments", "outcome", name) for name in ("no_response", "partial_response")]
    rows = known.prior_treatments
    failures = (rows.numbers("adequate") == 1) & is_among(rows["outcome"], failed)
    return _where_recorded(known, rows.count_where(failures))


def best_earlier_outcome(known: Known) -> Floats:
    """Best effect of any earlier treatment: 0 none, 1 partial, 2 response, 3 remission.

    An intolerance tells nothing of the effect and is passed over.
    """
    rank = np.full(len(known.prior_treatments), np.nan)
    for value, name in enumerate(("no_response", "partial_response", "response", "remission")):
        rank[known.prior_treatments["outcome"] == known.protocol.code("prior_treatments", "outcome", name)] = value
    ranked = Rows(len(known), known.prior_treatments.patient, {"rank": rank})
    return _where_recorded(known, ranked.maximum_for_patient("rank"))


def psychotherapy_ever(known: Known) -> Floats:
    """Whether there was an earlier psychotherapy (1) or not (0)."""
    had = known.prior_treatments.count_where(_is_one_of(known, PSYCHOTHERAPIES)) > 0
    return _where_recorded(known, had.astype(np.float64))


def benzodiazepine_running(known: Known) -> Floats:
    """Whether a benzodiazepine is still being taken (1) or not (0)."""
    rows = known.prior_treatments
    running = rows.count_where(_is_one_of(known, ("benzodiazepine",)) & np.isnan(rows.numbers("end_day"))) > 0
    return _where_recorded(known, running.astype(np.float64))


def benzodiazepine_mg(known: Known) -> Floats:
    """Benzodiazepine taken daily, as diazepam equivalent."""
    return known.patients["benzodiazepine_mg"]


def years_since_last_treatment(known: Known) -> Floats:
    """Years from the end of the last earlier treatment to day 0; 0 while one is running."""
    end = known.prior_treatments.numbers("end_day")
    ended = Rows(len(known), known.prior_treatments.patient, {"end_day": np.where(np.isnan(end), 0.0, end)})
    return _where_recorded(known, -ended.maximum_for_patient("end_day") / DAYS_PER_YEAR + 0.0)
