"""The cohort as a longitudinal REDCap export, raw, with its data dictionary beside it.

One baseline row per patient, one row per instance of the repeating forms. GAD-7 and PHQ-9 have items and a calculated
total; some older ones only the total. Doses are in mg, benzodiazepines in mg of what is taken, -99 is a missing-data
code, and checkboxes tell which classes of treatment there were besides the form that tells everything about each.
"""

import csv
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd

from features.protocol.columns import DIAGNOSES, EVENTS, ROUTES, SEXES, TREATMENT_OUTCOMES, TREATMENTS
from tests.training.intake.clinic_sources.cells import coded, iso_date, records, sometimes, text_of_number, yes_no
from tests.training.intake.clinic_sources.dated_cohort import DatedCohort
from tests.training.intake.clinic_sources.exact_values import birth_date, dosing_weights, milligrams
from tests.training.intake.clinic_sources.items import split_total
from tests.training.intake.clinic_sources.redcap_dictionary import (
    COMORBIDITIES,
    ITEMS,
    codes_of,
    exported_columns,
    write_dictionary,
)

MISSING = "-99"
FIRST = (
    "record_id",
    "redcap_event_name",
    "redcap_repeat_instrument",
    "redcap_repeat_instance",
    "redcap_data_access_group",
)
BASELINE, TREATMENT, FOLLOW_UP = "baseline_arm_1", "treatment_arm_1", "followup_arm_1"
WITHOUT_ITEMS = 0.05
LORAZEPAM_PER_DIAZEPAM = 10
"""Milligrams of diazepam for one of lorazepam, by which the clinic's letter has them too."""

_Row = dict[str, str]


def write_redcap(dated: DatedCohort, folder: Path) -> Path:
    """Write the export and its dictionary into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_dictionary(folder / f"KAPStudy_DataDictionary_{dated.exported}.csv")
    weights = dosing_weights(dated, dated.rng(11))
    rows = [
        *_baseline(dated, weights),
        *_treatments(dated),
        *_questionnaires(dated),
        *_sessions(dated, weights),
        *_events(dated),
    ]
    sites = dict(zip(dated.patients["patient_id"], dated.patients["site_id"], strict=True))
    instances: dict[tuple[str, str, str], int] = {}
    with (folder / f"KAPStudy_DATA_{dated.exported}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*FIRST, *exported_columns()], restval="")
        writer.writeheader()
        for row in sorted(rows, key=lambda row: row["record_id"]):
            place = row["record_id"], row["redcap_event_name"], row["redcap_repeat_instrument"]
            instances[place] = instances.get(place, 0) + 1
            instance = str(instances[place]) if row["redcap_repeat_instrument"] else ""
            group = sites[row["record_id"]]
            writer.writerow(row | {"redcap_repeat_instance": instance, "redcap_data_access_group": group})
    return folder


def _row(patient: object, event: str, form: str, **cells: str) -> _Row:
    instrument = "" if form == "baseline" else form
    first = {"record_id": str(patient), "redcap_event_name": event, "redcap_repeat_instrument": instrument}
    return first | cells | {f"{form}_complete": "2"}


def _baseline(dated: DatedCohort, weights: dict[str, Decimal]) -> Iterator[_Row]:
    rng = dated.rng(12)
    classes = dated.prior_treatments.groupby("patient_id")["treatment"].agg(set)
    for patient in records(dated.patients):
        name, day_0 = str(patient["patient_id"]), pd.Timestamp(str(patient["day_0"]))
        age = patient["age_years"]
        had = classes.get(name, set())
        boxes = {f"prior_tx___{code}": yes_no(treatment in had) for treatment, code in codes_of(TREATMENTS).items()}
        boxes = boxes if patient["prior_treatments_recorded"] else {}
        comorbid = {f"comorb___{code}": yes_no(patient[column]) for column, (code, _) in COMORBIDITIES.items()}
        yield _row(
            name,
            BASELINE,
            "baseline",
            consent_date=iso_date(day_0 - pd.Timedelta(days=int(rng.integers(1, 40)))),
            initials="".join(rng.choice(list("ABCDEFGH"), 2)),
            dob="" if pd.isna(age) else iso_date(birth_date(float(str(age)), day_0, rng)),
            sex=sometimes(rng.random, 0.5, MISSING, coded(codes_of(SEXES), patient["sex"])),
            primary_dx=coded(codes_of(DIAGNOSES), patient["diagnosis"]),
            illness_years=sometimes(rng.random, 0.5, MISSING, text_of_number(patient["illness_duration_years"])),
            weight_kg=str(weights[name]),
            bmi=text_of_number(patient["body_mass_index"]),
            **_benzodiazepine(patient["benzodiazepine_mg"], rng),
            **comorbid,
            fh_alcohol=yes_no(patient["family_history_alcohol"]),
            hx_asked=yes_no(patient["prior_treatments_recorded"]),
            **boxes,
            expectancy=sometimes(rng.random, 0.5, MISSING, text_of_number(patient["expectancy"])),
            alliance=text_of_number(patient["working_alliance"]),
            remarks=str(rng.choice(["", "", 'said "fine", went home', "two lines\nof text", "=SUM(A1:A9)"])),
        )


def _benzodiazepine(diazepam_mg: object, rng: np.random.Generator) -> _Row:
    """What is taken, and how much of it: lorazepam or diazepam; every dose in use is exact in both."""
    mg = text_of_number(diazepam_mg)
    if mg in ("", "0"):
        return {"bzd_name": "", "bzd_dose": mg}
    if rng.random() < 0.5:
        return {"bzd_name": "diazepam", "bzd_dose": mg}
    return {"bzd_name": "lorazepam", "bzd_dose": text_of_number(float(mg) / LORAZEPAM_PER_DIAZEPAM)}


def _treatments(dated: DatedCohort) -> Iterator[_Row]:
    for treatment in records(dated.prior_treatments):
        yield _row(
            treatment["patient_id"],
            BASELINE,
            "prior_treatment",
            pt_class=coded(codes_of(TREATMENTS), treatment["treatment"]),
            pt_start=iso_date(treatment["start_date"]),
            pt_end=iso_date(treatment["end_date"]),
            pt_adequate=yes_no(treatment["adequate"]),
            pt_outcome=coded(codes_of(TREATMENT_OUTCOMES), treatment["outcome"]),
        )


def _questionnaires(dated: DatedCohort) -> Iterator[_Row]:
    """One row per patient and date, with every scale rated on it."""
    rng = dated.rng(13)
    visits = records(dated.assessments.sort_values(["patient_id", "date", "instrument"], kind="stable"))
    for (patient, date), ratings in groupby(visits, key=lambda rating: (rating["patient_id"], rating["date"])):
        cells, event = {}, ""
        for rating in ratings:
            scale, score, day = str(rating["instrument"]), int(str(rating["score"])), int(str(rating["day"]))
            event = BASELINE if day <= 0 else TREATMENT if day <= 60 else FOLLOW_UP
            cells[f"{scale}_total"] = str(score)
            if scale in ITEMS and rng.random() >= WITHOUT_ITEMS:
                items = split_total(score, ITEMS[scale], rng)
                cells |= {f"{scale}_{number}": str(item) for number, item in enumerate(items, start=1)}
        place = str(rng.integers(1, 3))
        yield _row(patient, event, "questionnaires", q_date=iso_date(date), **cells, q_place=place)


def _sessions(dated: DatedCohort, weights: dict[str, Decimal]) -> Iterator[_Row]:
    rng = dated.rng(14)
    for session in records(dated.sessions):
        patient, date, dose = str(session["patient_id"]), iso_date(session["date"]), session["dose_mg_per_kg"]
        if session["kind"] == "psychotherapy":
            yield _row(patient, TREATMENT, "therapy_session", therapy_date=date, therapist=f"T{rng.integers(1, 6)}")
            continue
        yield _row(
            patient,
            TREATMENT,
            "dosing_session",
            session_date=date,
            route=coded(codes_of(ROUTES), session["route"]),
            dose_mg="" if pd.isna(dose) else milligrams(float(str(dose)), weights[patient]),
            cadss_peak=sometimes(rng.random, 0.4, MISSING, text_of_number(session["peak_dissociation"])),
            sbp_peak=sometimes(rng.random, 0.4, MISSING, text_of_number(session["peak_systolic_mmhg"])),
            ae_yn=yes_no(session["adverse_event"]),
            room=f"R{rng.integers(1, 4)}",
        )


def _events(dated: DatedCohort) -> Iterator[_Row]:
    for event in records(dated.events):
        yield _row(
            event["patient_id"],
            FOLLOW_UP,
            "clinical_event",
            ev_date=iso_date(event["date"]),
            ev_type=coded(codes_of(EVENTS), event["event"]),
        )
