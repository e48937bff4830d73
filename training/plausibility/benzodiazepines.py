"""Findings about benzodiazepines: a treatment that still runs beside a dose of none, and a dose without a treatment.

An import warns of them. No check does: the synthetic cohort draws treatments and doses apart from each other.
"""

from collections.abc import Iterator

import numpy as np

from features.records.cohort import Cohort
from training.plausibility.finding import CohortFinding, counted


def benzodiazepine_findings(cohort: Cohort) -> Iterator[CohortFinding]:
    """Patients whose treatments and daily dose contradict each other: one of the two features is then wrong."""
    rows = cohort.prior_treatments
    taken = rows["treatment"] == cohort.protocol.code("prior_treatments", "treatment", "benzodiazepine")
    runs = rows.where(taken & np.isnan(rows.numbers("end_day"))).exists_for_patient()
    dose, asked = cohort.number("benzodiazepine_mg"), cohort.number("prior_treatments_recorded") == 1
    without_dose = int((runs & (dose == 0)).sum())
    if without_dose:
        sentence = f"a benzodiazepine still runs for {counted(without_dose, 'patient')} whose daily dose is 0 mg."
        remedy = "Record the last day of a treatment that has ended (end_day, 0 at the latest), or correct the dose."
        yield CohortFinding(
            "warning",
            "benzodiazepine_without_dose",
            "prior_treatments",
            "end_day",
            sentence,
            remedy,
            (("patients", without_dose),),
        )
    not_running = int((asked & ~runs & (dose > 0)).sum())
    if not_running:
        sentence = f"{counted(not_running, 'patient')} with a daily dose above 0 mg have no benzodiazepine that runs."
        remedy = "Add the treatment without an end_day, or correct the dose."
        yield CohortFinding(
            "warning",
            "benzodiazepine_not_running",
            "prior_treatments",
            "treatment",
            sentence,
            remedy,
            (("patients", not_running),),
        )
