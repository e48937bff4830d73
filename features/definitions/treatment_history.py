"""Treatments before day 0. A feature of the history is missing, not zero, if earlier treatments were not asked about.

One more adequate failure changes only the counts of failures, for any class and days: the other counts leave
failures out, so that no model can fit a failure as a favourable fact.
"""

from typing import NamedTuple

import numpy as np

from features.compilation.decorator import compiled
from features.definitions.known_patient import NOT_RECORDED, KnownPatient, KnownTreatments
from features.protocol.columns import TREATMENT_OUTCOMES, TREATMENTS
from features.records.compiled_rows import categories_of, numbers_of, patient_of
from features.records.timeline import Categories, Floats, Indices, Rows

ANTIDEPRESSANTS = ("ssri", "snri", "tricyclic", "maoi")
OTHER_MEDICATIONS = ("benzodiazepine", "buspirone", "pregabalin", "antipsychotic", "beta_blocker", "other_medication")
PSYCHOTHERAPIES = ("cbt", "other_psychotherapy")
STIMULATIONS = ("tms", "ect")
INTENSIVE = ("inpatient", "substance_use_treatment")
KETAMINE = ("ketamine",)


CLASSES = (ANTIDEPRESSANTS, OTHER_MEDICATIONS, PSYCHOTHERAPIES, STIMULATIONS, INTENSIVE, KETAMINE)
"""The classes of treatments; the place of each is its number."""
_ANTIDEPRESSANT, _OTHER_MEDICATION, _PSYCHOTHERAPY, _STIMULATION, _INTENSIVE, _KETAMINE = range(len(CLASSES))


def _class_of(treatment: str) -> int:
    return next((number for number, names in enumerate(CLASSES) if treatment in names), -1)


class TreatmentRows(NamedTuple):
    """The earlier treatments of every patient; a patient's rows follow one another."""

    patient: Indices
    treatment: Categories
    outcome: Categories
    adequate: Floats
    end_day: Floats


_CLASS = np.array([_class_of(name) for name in (*TREATMENTS, "")], dtype=np.int16)
_BENZODIAZEPINE = np.array([name == "benzodiazepine" for name in (*TREATMENTS, "")])
_NO_RESPONSE = np.array([name in ("no_response", "partial_response") for name in (*TREATMENT_OUTCOMES, "")])
_RESPONSE = np.array([name in ("response", "remission") for name in (*TREATMENT_OUTCOMES, "")])
"""By code; the code -1, not recorded, picks the end."""


def treatment_rows(treatments: Rows) -> TreatmentRows:
    """The treatments of a table."""
    return TreatmentRows(
        patient_of(treatments),
        categories_of(treatments, "treatment"),
        categories_of(treatments, "outcome"),
        numbers_of(treatments, "adequate"),
        numbers_of(treatments, "end_day"),
    )


@compiled
def treatment_summary(rows: TreatmentRows, start: int, end: int, asked: float) -> KnownTreatments:
    """The treatments in rows ``start`` to ``end``; ``asked`` is 1 where they were asked about."""
    zero = 0.0 if asked == 1 else NOT_RECORDED
    antidepressants, medications, psychotherapies = zero, zero, zero
    stimulations, intensive, ketamine = zero, zero, zero
    failures, responses, ketamine_failures, ketamine_responses, running = zero, zero, zero, zero, zero
    for row in range(start, end):
        kind, outcome = _CLASS[rows.treatment[row]], rows.outcome[row]
        failed = rows.adequate[row] == 1 and _NO_RESPONSE[outcome]
        failures += failed
        responses += _RESPONSE[outcome]
        running += _BENZODIAZEPINE[rows.treatment[row]] and np.isnan(rows.end_day[row])
        antidepressants += kind == _ANTIDEPRESSANT and not failed
        medications += kind == _OTHER_MEDICATION and not failed
        psychotherapies += kind == _PSYCHOTHERAPY and not failed
        stimulations += kind == _STIMULATION and not failed
        intensive += kind == _INTENSIVE and not failed
        ketamine += kind == _KETAMINE and not failed
        ketamine_failures += kind == _KETAMINE and failed
        ketamine_responses += kind == _KETAMINE and _RESPONSE[outcome]
    return KnownTreatments(
        antidepressants,
        medications,
        psychotherapies,
        stimulations,
        intensive,
        ketamine,
        failures,
        responses,
        ketamine_failures,
        ketamine_responses,
        running,
    )


@compiled
def _whether(number: float) -> float:
    """1 for one or more, 0 for none; missing where not asked."""
    return 1.0 if number > 1 else number


@compiled
def prior_antidepressants_not_failed(known: KnownPatient) -> float:
    """Number of earlier antidepressants, other than adequate failures."""
    return known.treatments.antidepressants_not_failed


@compiled
def prior_other_medications_not_failed(known: KnownPatient) -> float:
    """Number of earlier medications that are not antidepressants, other than adequate failures."""
    return known.treatments.other_medications_not_failed


@compiled
def prior_psychotherapies_not_failed(known: KnownPatient) -> float:
    """Number of earlier psychotherapies, other than adequate failures."""
    return known.treatments.psychotherapies_not_failed


@compiled
def prior_stimulations_not_failed(known: KnownPatient) -> float:
    """Number of earlier courses of magnetic or electroconvulsive stimulation, other than adequate failures."""
    return known.treatments.stimulations_not_failed


@compiled
def prior_intensive_treatments_not_failed(known: KnownPatient) -> float:
    """Number of earlier inpatient stays and substance use treatments, other than adequate failures."""
    return known.treatments.intensive_not_failed


@compiled
def adequate_failures(known: KnownPatient) -> float:
    """Number of adequate treatments of any class that brought no more than a partial response."""
    return known.treatments.failures


@compiled
def earlier_response(known: KnownPatient) -> float:
    """Whether an earlier treatment of any class brought a response or remission (1) or none is known to have (0)."""
    return _whether(known.treatments.responses)


@compiled
def prior_ketamine_not_failed(known: KnownPatient) -> float:
    """Number of earlier courses of ketamine, other than adequate failures."""
    return known.treatments.ketamine_not_failed


@compiled
def ketamine_failures(known: KnownPatient) -> float:
    """Number of earlier courses of ketamine that were adequate and brought no more than a partial response."""
    return known.treatments.ketamine_failures


@compiled
def ketamine_responses(known: KnownPatient) -> float:
    """Number of earlier courses of ketamine that brought a response or remission."""
    return known.treatments.ketamine_responses


@compiled
def benzodiazepine_running(known: KnownPatient) -> float:
    """Whether a benzodiazepine is still being taken (1) or not (0)."""
    return _whether(known.treatments.running_benzodiazepines)


@compiled
def benzodiazepine_mg(known: KnownPatient) -> float:
    """Benzodiazepine taken daily, as diazepam equivalent."""
    return known.benzodiazepine_mg
