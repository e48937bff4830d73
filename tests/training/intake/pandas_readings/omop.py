"""The made-up OMOP set read by pandas alone."""

from pathlib import Path

import pandas as pd

from tests.training.intake.clinic_sources import omop_concepts as concepts
from tests.training.intake.pandas_readings.tables import Tables, completed_years, days, numbered

YES_NO = {concepts.YES: 1.0, concepts.NO: 0.0}


def read_omop(folder: Path) -> Tables:
    """The tables of the format, from the files of the set."""
    files = {path.stem: pd.read_csv(path) for path in sorted(folder.glob("*.csv"))}
    ids = files["person"].set_index("person_id")["person_source_value"]
    for frame in files.values():
        if "person_id" in frame:
            frame["patient_id"] = frame["person_id"].map(ids)
    drugs = files["drug_exposure"]
    drugs["started"] = pd.to_datetime(drugs["drug_exposure_start_date"])
    doses = drugs[drugs["drug_concept_id"] == concepts.KETAMINE].set_index("drug_exposure_id")
    day_0 = doses.groupby("patient_id")["started"].min()
    return {
        "patients": _patients(files, day_0),
        "prior_treatments": _treatments(files, day_0),
        "sessions": _sessions(files, doses, day_0),
        "assessments": _assessments(files["measurement"], day_0),
        "events": _events(files["observation"], day_0),
    }


def _named(cells: pd.Series, ids: dict[str, int]) -> pd.Series:
    return cells.map({number: name for name, number in ids.items()})


def _patients(files: Tables, day_0: pd.Series) -> pd.DataFrame:
    person = files["person"].set_index("patient_id", drop=False)
    born = {part: person[f"{part}_of_birth"] for part in ("year", "month", "day")}
    sites = files["care_site"].set_index("care_site_id")["care_site_source_value"]
    seen = files["observation"].set_index("patient_id")
    measured = files["measurement"].set_index("patient_id")

    def observed(concept: int, column: str) -> pd.Series:
        return seen.loc[seen["observation_concept_id"] == concept, column]

    diagnosis = files["condition_occurrence"].set_index("patient_id")["condition_concept_id"]
    columns = {name: observed(concept, "value_as_number") for name, concept in concepts.PATIENT_NUMBERS.items()}
    for name, concept in concepts.PATIENT_FLAGS.items():
        columns[name] = observed(concept, "value_as_concept_id").map(YES_NO)
    index = measured.loc[measured["measurement_concept_id"] == concepts.BODY_MASS_INDEX, "value_as_number"]
    return pd.DataFrame(
        {
            "patient_id": person["patient_id"],
            "site_id": person["care_site_id"].map(sites),
            "age_years": completed_years(pd.to_datetime(pd.DataFrame(born)), day_0),
            "sex": _named(person["gender_concept_id"], concepts.SEXES),
            "diagnosis": _named(diagnosis, concepts.DIAGNOSES),
            "body_mass_index": index,
            **columns,
        }
    )


def _linked(rows: pd.DataFrame, concept: int, of: int) -> pd.Series:
    """The answers of the observations about events of a kind, by the event's id."""
    asked = (rows["observation_concept_id"] == concept) & (rows["obs_event_field_concept_id"] == of)
    return rows[asked].set_index("observation_event_id")["value_as_concept_id"]


def _treatments(files: Tables, day_0: pd.Series) -> pd.DataFrame:
    found = []
    for name, kinds, of in (
        ("drug_exposure", concepts.DRUGS, concepts.OF_DRUG),
        ("procedure_occurrence", concepts.PROCEDURES, concepts.OF_PROCEDURE),
    ):
        rows = files[name].rename(columns=lambda title: title.replace("drug_exposure_start_date", "procedure_date"))
        rows = rows.rename(columns={"drug_exposure_end_date": "procedure_end_date"}).set_index(f"{name}_id")
        kind = _named(rows["drug_concept_id" if name == "drug_exposure" else "procedure_concept_id"], kinds)
        result = _named(_linked(files["observation"], concepts.RESULT, of), concepts.RESULTS)
        cells = {
            "patient_id": rows["patient_id"],
            "treatment": kind,
            "start_day": days(pd.to_datetime(rows["procedure_date"]), rows["patient_id"], day_0),
            "end_day": days(pd.to_datetime(rows["procedure_end_date"]), rows["patient_id"], day_0),
            "adequate": _linked(files["observation"], concepts.ADEQUATE, of).map(YES_NO).reindex(rows.index),
            "outcome": result.reindex(rows.index),
        }
        found.append(pd.DataFrame(cells)[kind.notna()])
    return pd.concat(found)


def _sessions(files: Tables, doses: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    measured = files["measurement"].assign(day=pd.to_datetime(files["measurement"]["measurement_date"]))

    def values(concept: int, *keys: str) -> pd.Series:
        rows = measured[measured["measurement_concept_id"] == concept]
        return rows.set_index(list(keys))["value_as_number"]

    events = _linked(files["observation"], concepts.ADVERSE_EVENT, concepts.OF_DRUG).map(YES_NO)
    of_day = pd.MultiIndex.from_frame(doses[["patient_id", "started"]])
    pressure = values(concepts.SYSTOLIC, "patient_id", "day").reindex(of_day)
    dosing = pd.DataFrame(
        {
            "patient_id": doses["patient_id"],
            "day": days(doses["started"], doses["patient_id"], day_0),
            "kind": "dosing",
            "route": _named(doses["route_concept_id"], concepts.ROUTES),
            "dose_mg_per_kg": doses["quantity"] / doses["patient_id"].map(values(concepts.BODY_WEIGHT, "patient_id")),
            "peak_dissociation": values(concepts.DISSOCIATION, "measurement_event_id").reindex(doses.index),
            "peak_systolic_mmhg": pressure.to_numpy(),
            "adverse_event": events.reindex(doses.index),
        }
    )
    hours = files["procedure_occurrence"].query(f"procedure_concept_id == {concepts.PSYCHOTHERAPY}")
    day = days(pd.to_datetime(hours["procedure_date"]), hours["patient_id"], day_0)
    therapy = pd.DataFrame({"patient_id": hours["patient_id"], "day": day, "kind": "psychotherapy"})
    return numbered(pd.concat([dosing, therapy]))


def _assessments(rows: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    scale = _named(rows["measurement_concept_id"], concepts.SCALES)
    day = days(pd.to_datetime(rows["measurement_date"]), rows["patient_id"], day_0)
    cells = {"patient_id": rows["patient_id"], "day": day, "instrument": scale, "score": rows["value_as_number"]}
    return pd.DataFrame(cells)[scale.notna()]


def _events(rows: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    event = _named(rows["observation_concept_id"], concepts.EVENTS)
    day = days(pd.to_datetime(rows["observation_date"]), rows["patient_id"], day_0)
    return pd.DataFrame({"patient_id": rows["patient_id"], "day": day, "event": event})[event.notna()]
