"""The made-up REDCap export read by pandas alone."""

from pathlib import Path

import numpy as np
import pandas as pd

from features.protocol.columns import DIAGNOSES, EVENTS, ROUTES, SEXES, TREATMENT_OUTCOMES, TREATMENTS
from tests.training.intake.clinic_sources.redcap_dictionary import COMORBIDITIES, ITEMS, TOTALS, codes_of
from tests.training.intake.pandas_readings.tables import Tables, completed_years, days, decoded, numbered, numbers

DIAZEPAM = {"lorazepam": 10.0, "diazepam": 1.0, "": 1.0}


def read_redcap(folder: Path) -> Tables:
    """The tables of the format, from the data file of an export."""
    (path,) = folder.glob("*_DATA_*.csv")
    data = pd.read_csv(path, dtype=str, keep_default_na=False).replace("-99", "")
    data = data.rename(columns={"record_id": "patient_id"})
    form = data["redcap_repeat_instrument"]
    baseline = data[form == ""].set_index("patient_id", drop=False)
    doses = data[form == "dosing_session"]
    day_0 = pd.to_datetime(doses["session_date"]).groupby(doses["patient_id"]).min()
    return {
        "patients": _patients(baseline, day_0),
        "prior_treatments": _treatments(data[form == "prior_treatment"], day_0),
        "sessions": _sessions(doses, data[form == "therapy_session"], numbers(baseline["weight_kg"]), day_0),
        "assessments": _assessments(data[form == "questionnaires"], day_0),
        "events": _events(data[form == "clinical_event"], day_0),
    }


def _patients(rows: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    born = pd.to_datetime(rows["dob"].where(rows["dob"] != ""))
    boxes = {name: numbers(rows[f"comorb___{code}"]) for name, (code, _) in COMORBIDITIES.items()}
    return pd.DataFrame(
        {
            "patient_id": rows["patient_id"],
            "site_id": rows["redcap_data_access_group"],
            "age_years": completed_years(born, day_0),
            "sex": decoded(rows["sex"], codes_of(SEXES)),
            "diagnosis": decoded(rows["primary_dx"], codes_of(DIAGNOSES)),
            "illness_duration_years": numbers(rows["illness_years"]),
            **boxes,
            "family_history_alcohol": numbers(rows["fh_alcohol"]),
            "prior_treatments_recorded": numbers(rows["hx_asked"]),
            "body_mass_index": numbers(rows["bmi"]),
            "benzodiazepine_mg": numbers(rows["bzd_dose"]) * rows["bzd_name"].map(DIAZEPAM),
            "expectancy": numbers(rows["expectancy"]),
            "working_alliance": numbers(rows["alliance"]),
        }
    )


def _treatments(rows: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    patient, ended = rows["patient_id"], pd.to_datetime(rows["pt_end"].where(rows["pt_end"] != ""))
    return pd.DataFrame(
        {
            "patient_id": patient,
            "treatment": decoded(rows["pt_class"], codes_of(TREATMENTS)),
            "start_day": days(pd.to_datetime(rows["pt_start"]), patient, day_0),
            "end_day": days(ended, patient, day_0),
            "adequate": numbers(rows["pt_adequate"]),
            "outcome": decoded(rows["pt_outcome"], codes_of(TREATMENT_OUTCOMES)),
        }
    )


def _sessions(doses: pd.DataFrame, hours: pd.DataFrame, weights: pd.Series, day_0: pd.Series) -> pd.DataFrame:
    dosing = pd.DataFrame(
        {
            "patient_id": doses["patient_id"],
            "kind": "dosing",
            "day": days(pd.to_datetime(doses["session_date"]), doses["patient_id"], day_0),
            "route": decoded(doses["route"], codes_of(ROUTES)),
            "dose_mg_per_kg": numbers(doses["dose_mg"]) / doses["patient_id"].map(weights),
            "peak_dissociation": numbers(doses["cadss_peak"]),
            "peak_systolic_mmhg": numbers(doses["sbp_peak"]),
            "adverse_event": numbers(doses["ae_yn"]),
        }
    )
    day = days(pd.to_datetime(hours["therapy_date"]), hours["patient_id"], day_0)
    therapy = pd.DataFrame({"patient_id": hours["patient_id"], "kind": "psychotherapy", "day": day})
    return numbered(pd.concat([dosing, therapy]))


def _assessments(rows: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    """A total from its items; where there are none, as it stands. Both must agree."""
    day = days(pd.to_datetime(rows["q_date"]), rows["patient_id"], day_0)
    found = []
    for scale in (*ITEMS, *TOTALS):
        total = numbers(rows[f"{scale}_total"])
        if scale in ITEMS:
            items = rows[[f"{scale}_{number}" for number in range(1, ITEMS[scale] + 1)]].apply(numbers)
            added = items.sum(axis=1, skipna=False)
            assert (added.isna() | (added == total)).all()
            total = added.fillna(total)
        rated = pd.DataFrame({"patient_id": rows["patient_id"], "day": day, "instrument": scale, "score": total})
        self_harm = numbers(rows["phq9_9"]) if scale == "phq9" else np.nan
        found.append(rated.assign(suicidal_thoughts_item=self_harm))
    return pd.concat(found).dropna(subset="score")


def _events(rows: pd.DataFrame, day_0: pd.Series) -> pd.DataFrame:
    day = days(pd.to_datetime(rows["ev_date"]), rows["patient_id"], day_0)
    return pd.DataFrame(
        {"patient_id": rows["patient_id"], "day": day, "event": decoded(rows["ev_type"], codes_of(EVENTS))}
    )
