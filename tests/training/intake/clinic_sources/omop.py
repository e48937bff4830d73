"""The cohort as tables of the OMOP Common Data Model 5.4, as CSV files or in PostgreSQL.

What OMOP has no column for are observations with local concepts: a patient's columns, events, and, linked to their drug
exposure or procedure by the event's id, what a session showed and what an earlier treatment achieved. Doses are in mg
beside a body weight; the blood pressure of a session is a measurement of its day, without a link.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pandas as pd
from sqlalchemy import URL, create_engine

from tests.serving.databases import disposed
from tests.training.intake.clinic_sources import omop_concepts as concepts
from tests.training.intake.clinic_sources.cells import is_date, records
from tests.training.intake.clinic_sources.dated_cohort import DatedCohort
from tests.training.intake.clinic_sources.exact_values import birth_date, dosing_weights, milligrams

_Row = dict[str, object]


@dataclass
class ClinicalTables:
    """The rows of each table so far; ids count from 1 in each."""

    rows: dict[str, list[_Row]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, **cells: object) -> int:
        """Add a row, and return its id."""
        number = len(self.rows[table]) + 1
        self.rows[table].append({f"{table}_id": number, **cells})
        return number


def omop_tables(dated: DatedCohort) -> dict[str, pd.DataFrame]:
    """The tables by name."""
    tables = ClinicalTables()
    sites = {site: number for number, site in enumerate(sorted(dated.cohort.patients["site_id"].unique()), start=1)}
    for site in sites:
        tables.add("care_site", care_site_name=f"Clinic {site}", care_site_source_value=site)
    persons = _add_persons(tables, dated, sites)
    weights = dosing_weights(dated, dated.rng(52))
    _add_weights(tables, dated, persons, weights)
    _add_sessions(tables, dated, persons, weights)
    _add_treatments(tables, dated, persons)
    for rating in records(dated.assessments):
        _add_measurement(tables, persons, rating, concepts.SCALES[str(rating["instrument"])], rating["score"])
    for event in records(dated.events):
        concept = concepts.EVENTS[str(event["event"])]
        _add_observation(tables, persons[str(event["patient_id"])], concept, event["date"], value_as_string=None)
    frames = {name: pd.DataFrame(rows).convert_dtypes() for name, rows in tables.rows.items()}
    return frames | {"concept": _concept_table()}


def write_omop(dated: DatedCohort, folder: Path) -> Path:
    """Write each table as a CSV file into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in omop_tables(dated).items():
        frame.to_csv(folder / f"{name}.csv", index=False, date_format="%Y-%m-%d")
    return folder


def load_omop(dated: DatedCohort, url: URL) -> str:
    """Load the tables into a database, and return its address as a person writes it."""
    with disposed(create_engine(url)) as engine, engine.begin() as connection:
        for name, frame in omop_tables(dated).items():
            frame.to_sql(name, connection, index=False, chunksize=2000, method="multi")
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _concept_table() -> pd.DataFrame:
    names = concepts.NAMES
    vocabularies = ["Local" if number > concepts.LOCAL else "Standard" for number in names]
    return pd.DataFrame({"concept_id": names.keys(), "concept_name": names.values(), "vocabulary_id": vocabularies})


def _add_persons(tables: ClinicalTables, dated: DatedCohort, sites: dict[str, int]) -> dict[str, int]:
    """Persons and what holds for them; their ids by the patient's."""
    rng, persons = dated.rng(51), {}
    for patient in records(dated.patients):
        day_0, age = pd.Timestamp(str(patient["day_0"])), patient["age_years"]
        born = None if pd.isna(age) else birth_date(float(str(age)), day_0, rng)
        person = tables.add(
            "person",
            gender_concept_id=concepts.SEXES.get(str(patient["sex"]), 0),
            year_of_birth=born and born.year,
            month_of_birth=born and born.month,
            day_of_birth=born and born.day,
            race_concept_id=0,
            ethnicity_concept_id=0,
            care_site_id=sites[str(patient["site_id"])],
            person_source_value=patient["patient_id"],
        )
        persons[str(patient["patient_id"])] = person
        _add_columns(tables, person, patient, day_0)
    return persons


def _add_columns(tables: ClinicalTables, person: int, patient: _Row, day_0: pd.Timestamp) -> None:
    day = day_0 - pd.Timedelta(days=7)
    for column, concept in concepts.PATIENT_NUMBERS.items():
        if not pd.isna(patient[column]):
            _add_observation(tables, person, concept, day, value_as_number=patient[column])
    for column, concept in concepts.PATIENT_FLAGS.items():
        if not pd.isna(patient[column]):
            _add_observation(tables, person, concept, day, value_as_concept_id=_yes_no(patient[column]))
    if not pd.isna(patient["body_mass_index"]):
        index = {"patient_id": "", "date": day}
        _add_measurement(tables, {"": person}, index, concepts.BODY_MASS_INDEX, patient["body_mass_index"])
    tables.add(
        "condition_occurrence",
        person_id=person,
        condition_concept_id=concepts.DIAGNOSES[str(patient["diagnosis"])],
        condition_start_date=day,
        condition_type_concept_id=concepts.FROM_RECORD,
    )


def _yes_no(value: object) -> int:
    return concepts.YES if value else concepts.NO


def _add_observation(tables: ClinicalTables, person: int, concept: int, day: object, **value: object) -> None:
    cells = {"value_as_number": None, "value_as_concept_id": None, "value_as_string": None}
    cells |= {"observation_event_id": None, "obs_event_field_concept_id": None}
    tables.add(
        "observation",
        person_id=person,
        observation_concept_id=concept,
        observation_date=day,
        observation_type_concept_id=concepts.FROM_RECORD,
        **cells | value,
    )


def _add_measurement(
    tables: ClinicalTables, persons: dict[str, int], row: _Row, concept: int, value: object, event: int | None = None
) -> None:
    tables.add(
        "measurement",
        person_id=persons[str(row["patient_id"])],
        measurement_concept_id=concept,
        measurement_date=row["date"],
        measurement_type_concept_id=concepts.FROM_RECORD,
        value_as_number=float(str(value)),
        measurement_event_id=event,
        meas_event_field_concept_id=None if event is None else concepts.OF_DRUG,
    )


def _add_weights(
    tables: ClinicalTables, dated: DatedCohort, persons: dict[str, int], weights: dict[str, Decimal]
) -> None:
    for patient in records(dated.patients):
        name, day = patient["patient_id"], pd.Timestamp(str(patient["day_0"])) - pd.Timedelta(days=7)
        row = {"patient_id": name, "date": day}
        _add_measurement(tables, persons, row, concepts.BODY_WEIGHT, weights[str(name)])


def _add_sessions(
    tables: ClinicalTables, dated: DatedCohort, persons: dict[str, int], weights: dict[str, Decimal]
) -> None:
    for session in records(dated.sessions):
        person, date = persons[str(session["patient_id"])], session["date"]
        if session["kind"] == "psychotherapy":
            _add_procedure(tables, person, concepts.PSYCHOTHERAPY, date, date)
            continue
        route = concepts.ROUTES.get(str(session["route"]), 0)
        dose = session["dose_mg_per_kg"]
        given = None if pd.isna(dose) else float(milligrams(float(str(dose)), weights[str(session["patient_id"])]))
        exposure = _add_exposure(tables, person, concepts.KETAMINE, (date, date), (given, "mg", route))
        if not pd.isna(session["peak_dissociation"]):
            dissociation = session["peak_dissociation"]
            _add_measurement(tables, persons, session, concepts.DISSOCIATION, dissociation, exposure)
        if not pd.isna(session["peak_systolic_mmhg"]):
            _add_measurement(tables, persons, session, concepts.SYSTOLIC, session["peak_systolic_mmhg"])
        if not pd.isna(session["adverse_event"]):
            linked = {"observation_event_id": exposure, "obs_event_field_concept_id": concepts.OF_DRUG}
            answer = _yes_no(session["adverse_event"])
            _add_observation(tables, person, concepts.ADVERSE_EVENT, date, value_as_concept_id=answer, **linked)


def _add_treatments(tables: ClinicalTables, dated: DatedCohort, persons: dict[str, int]) -> None:
    for treatment in records(dated.prior_treatments):
        person, name = persons[str(treatment["patient_id"])], str(treatment["treatment"])
        first, last = treatment["start_date"], treatment["end_date"] if is_date(treatment["end_date"]) else None
        if name in concepts.DRUGS:
            of = concepts.OF_DRUG
            event = _add_exposure(tables, person, concepts.DRUGS[name], (first, last), (None, None, 0))
        else:
            of = concepts.OF_PROCEDURE
            event = _add_procedure(tables, person, concepts.PROCEDURES[name], first, last)
        linked = {"observation_event_id": event, "obs_event_field_concept_id": of}
        answer = _yes_no(treatment["adequate"])
        _add_observation(tables, person, concepts.ADEQUATE, first, value_as_concept_id=answer, **linked)
        result = concepts.RESULTS[str(treatment["outcome"])]
        _add_observation(tables, person, concepts.RESULT, first, value_as_concept_id=result, **linked)


def _add_exposure(
    tables: ClinicalTables, person: int, concept: int, dates: tuple[object, object], given: tuple[object, object, int]
) -> int:
    dose, unit, route = given
    return tables.add(
        "drug_exposure",
        person_id=person,
        drug_concept_id=concept,
        drug_exposure_start_date=dates[0],
        drug_exposure_end_date=dates[1],
        drug_type_concept_id=concepts.FROM_RECORD,
        quantity=dose,
        route_concept_id=route,
        dose_unit_source_value=unit,
    )


def _add_procedure(tables: ClinicalTables, person: int, concept: int, first: object, last: object) -> int:
    return tables.add(
        "procedure_occurrence",
        person_id=person,
        procedure_concept_id=concept,
        procedure_date=first,
        procedure_end_date=last,
        procedure_type_concept_id=concepts.FROM_RECORD,
    )
