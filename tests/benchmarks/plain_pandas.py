"""Every feature once more, for one patient at a time in plain pandas, written from the meanings in the catalogue.

Slow and easy to read: what `build_features` is measured against and, independently, checked by
(`tests/features/test_plain_pandas.py`). Only numbers are taken from `features`: cut-offs, ranges and the lists of
treatments and scales. For complete records; one that ends today is not covered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.definitions.treatment_history import ANTIDEPRESSANTS, INTENSIVE, OTHER_MEDICATIONS, PSYCHOTHERAPIES
from features.protocol.columns import CHILD_TABLES
from features.protocol.document import Landmark, Protocol
from features.protocol.instruments import DEPRESSION_SCALES, LATER_DEPRESSION_SCALES, Instrument
from features.records.cohort import Cohort

Frames = Mapping[str, pd.DataFrame]
NAN = float("nan")
USUAL_DOSE = {"sublingual": 5.0, "intramuscular": 0.9, "subcutaneous": 1.0, "intravenous": 0.6, "intranasal": 1.0}
DOSE_LIMIT = {
    "sublingual": 10.0,
    "oral": 10.0,
    "intramuscular": 2.0,
    "subcutaneous": 2.0,
    "intravenous": 1.5,
    "intranasal": 3.0,
}
INJECTED = ["intravenous", "intramuscular", "subcutaneous"]
DIAGNOSES = {
    "diagnosis_gad": ["gad"],
    "diagnosis_social_anxiety": ["social_anxiety"],
    "diagnosis_panic": ["panic"],
    "diagnosis_agoraphobia": ["agoraphobia"],
    "diagnosis_ptsd": ["ptsd"],
    "diagnosis_ocd": ["ocd"],
    "diagnosis_mixed_anxiety_depression": ["mixed_anxiety_depression"],
    "diagnosis_depression": ["depression"],
    "diagnosis_substance_use": ["substance_use"],
    "diagnosis_other": ["other"],
}
AS_RECORDED = (
    "age_years",
    "comorbid_depression",
    "comorbid_ptsd",
    "comorbid_substance_use",
    "comorbid_personality_disorder",
    "family_history_alcohol",
    "body_mass_index",
    "childhood_trauma",
    "insomnia",
    "expectancy",
    "working_alliance",
)


def frames_of(cohort: Cohort) -> Frames:
    """The tables of a cohort as an analyst holds them: ids and categories as text, and when each rating is known."""
    frames = {"patients": pd.DataFrame({"patient_id": cohort.patient_ids.astype(object)} | dict(cohort.patients))}
    for name in CHILD_TABLES:
        rows = cohort.table(name)
        ids = cohort.patient_ids[rows.patient].astype(object)
        frames[name] = pd.DataFrame({"patient_id": ids} | dict(rows.columns))
    ratings = frames["assessments"]
    ratings["known"] = ratings.day + (ratings.after_dose == 1)
    for name, frame in frames.items():
        for column in cohort.protocol.tables[name]:
            if column.kind == "category":
                frame[column.name] = np.array([*column.categories, None], dtype=object)[frame[column.name]]
    return frames


def plain_features(frames: Frames, protocol: Protocol, landmark: Landmark) -> pd.DataFrame:
    """One row per patient, one column per feature, by groupby and apply."""
    groups = {name: dict(iter(frames[name].groupby("patient_id"))) for name in CHILD_TABLES}

    def row(patient: pd.DataFrame) -> pd.Series:
        mine = {name: groups[name].get(str(patient.name), frames[name].iloc[:0]) for name in CHILD_TABLES}
        return pd.Series(features_of_patient(patient.iloc[0], mine, protocol, landmark), dtype=float)

    return pd.DataFrame(frames["patients"].groupby("patient_id").apply(row))


def features_of_patient(patient: pd.Series, tables: Frames, protocol: Protocol, landmark: Landmark) -> dict[str, float]:
    """All features of one patient by name; all missing where the landmark was not reached."""
    day = landmark_day(tables, landmark)
    sessions = tables["sessions"].sort_values("day")
    sessions = sessions[sessions.kind != "preparation"]
    ratings = tables["assessments"].sort_values(["day", "known"])
    record = PatientRecord(
        protocol,
        day,
        patient,
        tables["prior_treatments"],
        sessions[(sessions.day < day) | ((landmark.day is not None) & (sessions.day == day))],
        ratings[ratings.known <= day],
    )
    values = severity(record) | history(record) | response(record) | course(record) | dosage(record) | context(record)
    return dict.fromkeys(values, NAN) if np.isnan(day) else values


def landmark_day(tables: Frames, landmark: Landmark) -> float:
    """The fixed day; or the day of the session, at the latest ``else_days`` after the one before."""
    if landmark.day is not None:
        return landmark.day if still_followed(tables, landmark.day) else NAN
    sessions = tables["sessions"]
    days = sessions[sessions.kind == "dosing"].set_index("session_number").day
    number = landmark.before_session or 1
    if not set(range(1, number)) <= set(days.index):
        return NAN
    before = days.get(number - 1, -1)
    latest = NAN if landmark.else_days is None else before + landmark.else_days
    day = min((one for one in (days.get(number, NAN), latest) if not np.isnan(one)), default=NAN)
    return day if day > before else NAN


def still_followed(tables: Frames, day: int) -> bool:
    """Neither dead nor withdrawn before a day, and no end of follow-up before it that nothing followed by then."""
    events = tables["events"][tables["events"].day < day]
    if events.event.isin(["death", "withdrawal"]).any():
        return False
    ends = events[events.event == "end_of_follow_up"].day
    ratings = tables["assessments"]
    recorded = pd.concat([tables["sessions"].day, ratings[ratings.known <= day].day, tables["events"].day])
    return ends.empty or recorded[recorded <= day].max() > ends.max()


@dataclass(frozen=True)
class PatientRecord:
    """One patient's record, cut at the landmark; ratings and sessions in the order of their days."""

    protocol: Protocol
    day: float
    patient: pd.Series
    treatments: pd.DataFrame
    sessions: pd.DataFrame
    ratings: pd.DataFrame

    def is_rated(self, name: str) -> bool:
        """Whether there is a rating on the scale by day 0; by the landmark where everyone is in remission there."""
        until = self.day if self.protocol.remission.at_landmark else 0
        return bool(((self.ratings.instrument == name) & (self.ratings.known <= until)).any())

    @cached_property
    def primary(self) -> Instrument | None:
        """The first scale of the remission rule that was rated in time."""
        rated = [name for name in self.protocol.remission.instruments if self.is_rated(name)]
        return self.protocol.instruments[rated[0]] if rated else None

    @cached_property
    def others(self) -> list[str]:
        """Every scale but the primary one and the experiences, those of depression first."""
        own = {scale.name for scale in self.protocol.own_instruments}
        depression = [*DEPRESSION_SCALES, *(name for name in LATER_DEPRESSION_SCALES if name not in own)]
        outcomes = [name for name, scale in self.protocol.instruments.items() if scale.kind == "outcome"]
        order = [*depression, *(name for name in outcomes if name not in depression)]
        return [name for name in order if self.primary is None or name != self.primary.name]

    @cached_property
    def second(self) -> Instrument | None:
        """The first other scale rated in time, depression scales first."""
        rated = [name for name in self.others if self.is_rated(name)]
        return self.protocol.instruments[rated[0]] if rated else None

    @cached_property
    def second_now(self) -> Instrument | None:
        """The second scale, or the first other one rated by the landmark where none was rated at baseline."""
        if self.second is not None:
            return self.second
        rated = [name for name in self.others if (self.ratings.instrument == name).any()]
        return self.protocol.instruments[rated[0]] if rated else None

    @cached_property
    def primary_ratings(self) -> pd.DataFrame:
        """Ratings on the primary scale; none without one."""
        return self.ratings[self.ratings.instrument == (self.primary.name if self.primary else None)]

    @cached_property
    def before(self) -> pd.DataFrame:
        """Baseline ratings on the primary scale."""
        return self.primary_ratings[self.primary_ratings.known <= 0]

    @cached_property
    def since(self) -> pd.DataFrame:
        """Ratings on the primary scale after the first dose."""
        return self.primary_ratings[self.primary_ratings.known > 0]

    @cached_property
    def doses(self) -> pd.DataFrame:
        """Dosing sessions."""
        return self.sessions[self.sessions.kind == "dosing"]

    @cached_property
    def remission_criterion(self) -> float:
        """Highest score that counts as remission for this patient, NaN without a primary scale."""
        if self.primary is None:
            return NAN
        numbers = self.primary.severity_numbers
        drop = last(self.before.score) - points(numbers["reliable_change"])
        band = points(numbers["remission_at_most"])
        return min(band, drop) if not np.isnan(drop) and self.protocol.remission.require_reliable_drop else band


def points(number: float | None) -> float:
    """A cut-off of a scale, which every scale that decides outcomes has."""
    return NAN if number is None else number


def last(values: pd.Series) -> float:
    """The last value, NaN of none."""
    return values.iloc[-1] if len(values) else NAN


def first(values: pd.Series) -> float:
    """The first value, NaN of none."""
    return values.iloc[0] if len(values) else NAN


def _scale(record: PatientRecord) -> tuple[float, float, float, float]:
    """Lowest score, range, remission band and reliable change of the primary scale."""
    scale = record.primary
    if scale is None:
        return NAN, NAN, NAN, NAN
    span, numbers = scale.maximum - scale.minimum, scale.severity_numbers
    return scale.minimum, span, points(numbers["remission_at_most"]), points(numbers["reliable_change"])


def severity(record: PatientRecord) -> dict[str, float]:
    """How ill the patient was at day 0."""
    lowest, span, band, reliable = _scale(record)
    baseline = last(record.before.score)
    second, second_now = NAN, NAN
    if record.second_now is not None:
        ratings = record.ratings[record.ratings.instrument == record.second_now.name]
        scaled = (ratings.score - record.second_now.minimum) / (record.second_now.maximum - record.second_now.minimum)
        second, second_now = last(scaled[ratings.known <= 0]), last(scaled)
    return {
        "baseline_severity_share": (baseline - lowest) / span,
        "baseline_distance_to_remission": (baseline - band) / reliable,
        "drop_needed": (baseline - record.remission_criterion) / reliable,
        "second_scale_severity_share": second,
        "second_scale_severity_now": second_now,
        "illness_duration_years": record.patient.illness_duration_years,
        "baseline_ratings": len(record.before),
        "mean_baseline_distance_to_remission": (record.before.score.mean() - band) / reliable,
    }


def history(record: PatientRecord) -> dict[str, float]:
    """What was tried before day 0; missing where nobody asked."""
    treatments = record.treatments
    ketamine = treatments.treatment == "ketamine"
    failed = (treatments.adequate == 1) & treatments.outcome.isin(["no_response", "partial_response"])
    responded = treatments.outcome.isin(["response", "remission"])
    other = treatments.treatment[~failed]
    values = {
        "prior_antidepressants_not_failed": other.isin(ANTIDEPRESSANTS).sum(),
        "prior_other_medications_not_failed": other.isin(OTHER_MEDICATIONS).sum(),
        "prior_psychotherapies_not_failed": other.isin(PSYCHOTHERAPIES).sum(),
        "prior_stimulations_not_failed": other.isin(["tms", "ect"]).sum(),
        "prior_intensive_treatments_not_failed": other.isin(INTENSIVE).sum(),
        "adequate_failures": failed.sum(),
        "earlier_response": responded.any(),
        "prior_ketamine_not_failed": (ketamine & ~failed).sum(),
        "ketamine_failures": (ketamine & failed).sum(),
        "ketamine_responses": (ketamine & responded).sum(),
        "benzodiazepine_running": ((treatments.treatment == "benzodiazepine") & treatments.end_day.isna()).any(),
    }
    recorded = values if record.patient.prior_treatments_recorded == 1 else dict.fromkeys(values, NAN)
    return recorded | {"benzodiazepine_mg": record.patient.benzodiazepine_mg}


def response(record: PatientRecord) -> dict[str, float]:
    """How the primary scale moved."""
    lowest, span, band, reliable = _scale(record)
    criterion = record.remission_criterion
    baseline, score = last(record.before.score), record.since.score
    latest = last(score)
    current = latest if len(score) else baseline
    recent = record.since[record.since.known > last(record.doses.day)].score.mean()
    first_dose = record.doses[record.doses.session_number == 1].day
    after_first_dose = record.primary_ratings[record.primary_ratings.known > first(first_dose)].score
    return {
        "change_points": baseline - latest,
        "change_share": max((baseline - latest) / (baseline - lowest), -1) if baseline > lowest else NAN,
        "change_reliable": (baseline - latest) / reliable,
        "distance_to_remission": (current - band) / reliable,
        "distance_to_criterion": (current - criterion) / reliable,
        "mean_distance_to_criterion": (score.mean() - criterion) / reliable,
        "recent_distance_to_criterion": (recent - criterion) / reliable,
        "change_after_session_1": (baseline - first(after_first_dose)) / reliable,
        "slope_per_week": _slope_per_week(record) / reliable,
        "latest_severity_share": (last(record.primary_ratings.score) - lowest) / span,
        "best_share": (score.min() - lowest) / span,
        "worst_share": (score.max() - lowest) / span,
        "in_remission_band": float(latest <= band + 1e-9) if len(score) else NAN,
    }


def _slope_per_week(record: PatientRecord) -> float:
    """Least-squares slope from the baseline rating on, or from the first one without it, in points a week."""
    course_of_ratings = pd.concat([record.before.tail(1), record.since])
    if course_of_ratings.day.nunique() < 2:
        return NAN
    return np.polyfit(course_of_ratings.day / 7, course_of_ratings.score, 1)[0]


def course(record: PatientRecord) -> dict[str, float]:
    """What happened in the sessions, and how closely the course was followed."""
    doses, adverse = record.doses, record.sessions.adverse_event.dropna()
    return {
        "ratings_since_baseline": len(record.since),
        "days_since_last_rating": record.day - last(record.primary_ratings.day),
        "dosing_sessions": len(doses),
        "psychotherapy_sessions": (record.sessions.kind == "psychotherapy").sum(),
        "days_since_last_dose": record.day - last(doses.day),
        "days_between_doses": doses.day.diff().mean(),
        "peak_distress": doses.peak_distress.max(),
        "peak_dissociation": doses.peak_dissociation.max(),
        "adverse_events": adverse.sum() if len(adverse) else NAN,
    }


def dosage(record: PatientRecord) -> dict[str, float]:
    """What was given, by which route."""
    routed = record.doses[record.doses.route.notna()]
    dosed = routed[routed.dose_mg_per_kg.notna()]
    injected = dosed[dosed.route.isin(INJECTED)].dose_mg_per_kg
    shortfall = max(0.6 - injected.mean(), 0) if len(injected) else 0
    return {
        "route_parenteral": float(routed.route.iloc[-1] in INJECTED) if len(routed) else NAN,
        "route_intranasal": float(routed.route.iloc[-1] == "intranasal") if len(routed) else NAN,
        "dose_relative_to_usual": (dosed.dose_mg_per_kg / dosed.route.map(USUAL_DOSE).astype(float)).mean(),
        "parenteral_dose_shortfall": shortfall if len(dosed) else NAN,
        "dose_of_route_limit": (dosed.dose_mg_per_kg / dosed.route.map(DOSE_LIMIT).astype(float)).max(),
    }


def context(record: PatientRecord) -> dict[str, float]:
    """Who the patient is."""
    patient = record.patient
    values = {name: patient[name] for name in AS_RECORDED}
    values["sex_female"] = NAN if pd.isna(patient.sex) else float(patient.sex == "female")
    for name, diagnoses in DIAGNOSES.items():
        values[name] = NAN if pd.isna(patient.diagnosis) else float(patient.diagnosis in diagnoses)
    for covariate in record.protocol.covariates:
        own = patient[covariate.name]
        if covariate.kind != "category":
            values[covariate.name] = own
        for level in covariate.levels:
            values[f"{covariate.name}_{level}"] = NAN if pd.isna(own) else float(own == level)
    return values
