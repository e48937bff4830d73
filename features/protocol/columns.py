"""The five tables as declared columns: the only place with the ranges, categories and units of the intake.

Reading, checking, the request contract and the data dictionary all read these declarations.
"""

from dataclasses import dataclass
from typing import Literal

ColumnKind = Literal["identifier", "category", "number", "whole", "day", "flag"]

DAY_LIMIT = 40_000
"""Days count from day 0 within a lifetime (about 110 years) either way."""


@dataclass(frozen=True)
class Column:
    """One column of the intake: what it may hold, in which unit.

    ``whole`` and ``day`` hold whole numbers; ``flag`` holds true or false. ``required`` means that the cell may not
    be empty. ``minimum`` and ``maximum`` are inclusive. ``screening`` marks a fact for the clinician to weigh, which
    no feature may read.
    """

    name: str
    kind: ColumnKind
    meaning: str
    required: bool = False
    categories: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    screening: bool = False

    def requirement(self) -> str:
        """What a cell of this column must hold, for an error message."""
        if self.kind == "category":
            return "one of " + ", ".join(self.categories)
        if self.kind == "flag":
            return "true or false"
        if self.kind == "identifier":
            return "a text that is not blank"
        kind = "a number" if self.kind == "number" else "a whole number"
        if self.minimum is None or self.maximum is None:
            return kind
        return f"{kind} from {self.minimum:g} to {self.maximum:g}{' ' + self.unit if self.unit else ''}"


SEXES = ("female", "male", "intersex")
DIAGNOSES = (
    "gad",
    "social_anxiety",
    "panic",
    "agoraphobia",
    "ptsd",
    "ocd",
    "mixed_anxiety_depression",
    "depression",
    "substance_use",
    "other",
)
TREATMENTS = (
    "ssri",
    "snri",
    "tricyclic",
    "maoi",
    "benzodiazepine",
    "buspirone",
    "pregabalin",
    "antipsychotic",
    "beta_blocker",
    "other_medication",
    "cbt",
    "other_psychotherapy",
    "tms",
    "ect",
    "ketamine",
    "inpatient",
    "substance_use_treatment",
)
TREATMENT_OUTCOMES = ("no_response", "partial_response", "response", "remission", "intolerance")
SESSION_KINDS = ("dosing", "psychotherapy", "preparation")
BEFORE_DAY_0 = "preparation"
"""The kind of session that may be before day 0."""
NO_DOSE_BEFORE_DAY_0 = f"a whole number from 0 to {DAY_LIMIT} days; only a {BEFORE_DAY_0} session may be before day 0"
FIRST_DOSE_ON_DAY_0 = (
    "a first dosing session on day 0; count every day of the record, in every table, from that session"
)
"""What is required of the days of sessions, for an error message."""
ROUTES = ("sublingual", "intramuscular", "intravenous", "subcutaneous", "intranasal", "oral")
EVENTS = (
    "relapse",
    "hospitalisation",
    "rescue_ketamine",
    "medication_increase",
    "new_treatment",
    "withdrawal",
    "death",
    "end_of_follow_up",
)
COMPETING_EVENTS = ("death", "new_treatment")
"""Events that end the time in which a relapse could happen, other than by relapse."""

_PATIENT_ID = Column("patient_id", "identifier", "pseudonym of the patient", required=True)


def _resting(name: str, meaning: str, *, minimum: float, maximum: float) -> Column:
    return Column(name, "number", meaning, minimum=minimum, maximum=maximum, unit="mmHg", screening=True)


# From exclusion lists of ketamine clinics and the esketamine label; the cautions cite the sources.
_SCREENING = (
    Column("psychosis_history", "flag", "a psychotic disorder, now or ever", screening=True),
    Column("mania_history", "flag", "a manic episode, now or ever", screening=True),
    Column("family_history_psychosis", "flag", "a first-degree relative with a psychotic disorder", screening=True),
    Column("suicidal_intent", "flag", "a specific suicidal intent now, or a recent attempt", screening=True),
    Column("active_substance_use", "flag", "alcohol or drugs used harmfully in the last three months", screening=True),
    Column("opioid_use", "flag", "an opioid taken now, prescribed or not", screening=True),
    Column("pregnant_or_breastfeeding", "flag", "pregnant or breastfeeding now", screening=True),
    _resting("resting_systolic_mmhg", "last systolic blood pressure at rest, before a dose", minimum=60, maximum=300),
    _resting("resting_diastolic_mmhg", "last diastolic blood pressure at rest, before a dose", minimum=30, maximum=200),
    Column(
        "aneurysm_or_brain_haemorrhage",
        "flag",
        "aneurysmal vascular disease, an arteriovenous malformation or a haemorrhage in the brain, now or ever",
        screening=True,
    ),
    Column("raised_intracranial_pressure", "flag", "raised intracranial pressure", screening=True),
    Column(
        "uncontrolled_heart_disease",
        "flag",
        "angina, an arrhythmia, a recent infarction or another heart disease that is not under control",
        screening=True,
    ),
    Column("severe_liver_disease", "flag", "a severe liver disease", screening=True),
    Column("bladder_disease", "flag", "cystitis or another disease of the bladder, now or ever", screening=True),
    Column("ketamine_allergy", "flag", "an allergy to ketamine or esketamine", screening=True),
)


def _day(name: str, meaning: str, *, minimum: float = -DAY_LIMIT, maximum: float = DAY_LIMIT, required: bool) -> Column:
    return Column(name, "day", meaning, required=required, minimum=minimum, maximum=maximum, unit="days")


TABLES: dict[str, tuple[Column, ...]] = {
    "patients": (
        _PATIENT_ID,
        Column("site_id", "identifier", "pseudonym of the clinic"),
        Column("age_years", "number", "age at day 0", minimum=10, maximum=110, unit="years"),
        Column("sex", "category", "sex", categories=SEXES),
        Column("diagnosis", "category", "main diagnosis", categories=DIAGNOSES),
        Column(
            "illness_duration_years", "number", "years since onset of the illness", minimum=0, maximum=90, unit="years"
        ),
        Column("comorbid_depression", "flag", "a depressive disorder besides"),
        Column("comorbid_ptsd", "flag", "post-traumatic stress disorder besides"),
        Column("comorbid_substance_use", "flag", "a substance use disorder besides"),
        Column("comorbid_personality_disorder", "flag", "a personality disorder besides"),
        Column("family_history_alcohol", "flag", "a first-degree relative with alcohol use disorder"),
        Column("prior_treatments_recorded", "flag", "earlier treatments were asked for; none listed then means none"),
        Column("body_mass_index", "number", "body mass index", minimum=10, maximum=90, unit="kg/m2"),
        Column(
            "benzodiazepine_mg",
            "number",
            "benzodiazepine taken daily, as diazepam equivalent",
            minimum=0,
            maximum=200,
            unit="mg/day",
        ),
        Column("childhood_trauma", "flag", "abuse or neglect in childhood"),
        Column("insomnia", "flag", "insomnia before session 1"),
        Column(
            "expectancy",
            "number",
            "patient's expectation of benefit before session 1",
            minimum=0,
            maximum=10,
            unit="points",
        ),
        Column(
            "working_alliance",
            "number",
            "patient's rating of the working alliance before session 1",
            minimum=0,
            maximum=10,
            unit="points",
        ),
        *_SCREENING,
    ),
    "prior_treatments": (
        _PATIENT_ID,
        Column("treatment", "category", "class of treatment", required=True, categories=TREATMENTS),
        _day("start_day", "first day of the treatment", maximum=0, required=False),
        _day("end_day", "last day of the treatment; not recorded means still running", maximum=0, required=False),
        Column("adequate", "flag", "dose and duration were adequate"),
        Column("outcome", "category", "what it achieved", categories=TREATMENT_OUTCOMES),
    ),
    "sessions": (
        _PATIENT_ID,
        Column(
            "session_number", "whole", "number of the session within its kind", required=True, minimum=1, maximum=1000
        ),
        _day("day", "day of the session; only a preparation session may be before day 0", required=True),
        Column("kind", "category", "dosing, psychotherapy or preparation", required=True, categories=SESSION_KINDS),
        Column("route", "category", "route of administration", categories=ROUTES),
        Column("dose_mg_per_kg", "number", "ketamine dose", minimum=0, maximum=10, unit="mg/kg"),
        Column(
            "peak_dissociation",
            "number",
            "highest dissociation (CADSS) of the session",
            minimum=0,
            maximum=92,
            unit="points",
        ),
        Column(
            "peak_systolic_mmhg",
            "number",
            "highest systolic blood pressure of the session",
            minimum=60,
            maximum=300,
            unit="mmHg",
        ),
        Column(
            "peak_distress",
            "number",
            "highest anxiety or distress during the dose, from 0 (none) to 100 (extreme)",
            minimum=0,
            maximum=100,
            unit="points",
        ),
        Column("adverse_event", "flag", "an adverse event was recorded at the session"),
    ),
    "assessments": (
        _PATIENT_ID,
        _day(
            "day",
            "day of the rating; on the day of a session, before the dose unless after_dose is true",
            required=True,
        ),
        Column("instrument", "category", "rating scale", required=True),
        Column("score", "number", "total score, within the range of the instrument", required=True, unit="points"),
        Column(
            "after_dose",
            "flag",
            "rated after the dose of that day, from day 0 on; the rating is known from the next day on",
        ),
        Column(
            "suicidal_thoughts_item",
            "whole",
            "item 9 of the PHQ-9 or the BDI-II, about thoughts of death or suicide",
            minimum=0,
            maximum=3,
            unit="points",
            screening=True,
        ),
    ),
    "events": (
        _PATIENT_ID,
        _day("day", "day of the event", required=True),
        Column("event", "category", "what happened", required=True, categories=EVENTS),
    ),
}
"""Every table's columns in the order of the format; ``assessments.instrument`` takes its categories from the protocol,
and ``patients`` is followed by one column per covariate that the protocol declares. Anxiety during a dose is counted
to 100, as on the visual analogue items of the 5D-ASC that Aust 2019 used [recalled]."""

SCREENING_COLUMNS = frozenset(column.name for column in TABLES["patients"] if column.screening)
"""Facts of ``patients`` that an answer returns as cautions. What is known at a landmark leaves them out, so that no
feature can read them."""

STUDY_COLUMNS = frozenset({"childhood_trauma", "insomnia", "expectancy", "working_alliance"})
"""Columns of ``patients`` that a study may declare as a covariate, because studies use different scales: the
declaration then replaces the one here."""

SCREENING_ITEMS = frozenset(column.name for column in TABLES["assessments"] if column.screening)
"""Facts of ``assessments`` that an answer returns as cautions, and that are left out in the same way."""

LATER_COLUMNS = SCREENING_COLUMNS | STUDY_COLUMNS | SCREENING_ITEMS | {"peak_distress", "after_dose"}
"""Columns added to the format later: a cohort without values in them is the same as before."""

CHILD_TABLES = ("prior_treatments", "sessions", "assessments", "events")
