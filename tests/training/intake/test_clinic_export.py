"""A clinic's export as it was sent, with its letter: every figure of the imported cohort, derived by pandas alone."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from features.protocol.instruments import INSTRUMENTS
from tests.places import SHARED
from tests.training.intake.draft_answers import changed
from tests.training.intake.pandas_readings.tables import completed_years, numbers
from tests.training.intake.study_folder import StudyFolder
from training.cohort.reader import read_cohort
from training.intake.conversion.pseudonyms import PseudonymKey
from training.outcomes.table import outcomes_frame

EXPORT = SHARED / "clinic-export"
ROUTES = {"1": "sublingual", "2": "intramuscular", "3": "intravenous"}
"""As the letter says."""
UNTICKED = 'candidates = ["no", "not_recorded"], answer = '
ANSWERS = {
    'values = {1 = "?", 2 = "?"}': 'values = {1 = "sublingual", 2 = "intramuscular", 3 = "intravenous"}',
    f'has none.", {UNTICKED}"?"': f'has none.", {UNTICKED}"no"',
    f'recorded?", {UNTICKED}"?"': f'recorded?", {UNTICKED}"not_recorded"',
    'candidates = ["yes", "no"], answer = "?"': 'candidates = ["yes", "no"], answer = "yes"',
}
"""Nothing ticked means no comorbidity, and that earlier treatments were not asked for; what is ticked had ended."""
ITEMS = {"gad7": 7, "phq9": 9}
TOTALS = ("pcl5", "lsas", "hama", "ybocs", "pdss")
LORAZEPAM = 10
"""Milligrams of diazepam for one of lorazepam."""
PRIMARY = ("gad7", "hama", "lsas", "pdss", "pcl5", "ybocs")
"""The instruments of the default protocol that decide remission, in its order."""

pytestmark = pytest.mark.skipif(not EXPORT.is_dir(), reason="the clinic's export is not there")


@pytest.fixture(scope="module")
def export() -> pd.DataFrame:
    (path,) = EXPORT.glob("*_DATA_*.csv")
    return pd.read_csv(path, dtype=str, keep_default_na=False).rename(columns={"record_id": "patient_id"})


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    study = StudyFolder(tmp_path_factory.mktemp("clinic"))
    study.map(EXPORT, 4, lambda text: changed(text, ANSWERS))
    study.imported(EXPORT)
    return study


@pytest.fixture(scope="module")
def day_0(export: pd.DataFrame) -> pd.Series:
    doses = rows_of(export, "dosing_session")
    return pd.to_datetime(doses["session_date"]).groupby(doses["patient_id"]).min()


def rows_of(export: pd.DataFrame, form: str) -> pd.DataFrame:
    return export[export["redcap_repeat_instrument"] == form]


def table(study: StudyFolder, name: str) -> pd.DataFrame:
    """A table of the imported cohort, with the ids of the export in place of the pseudonyms."""
    key = PseudonymKey(study.mapping.with_suffix(".key"))
    names = {key.pseudonym("patient", str(number)): str(number) for number in range(1, 601)}
    read = pd.read_csv(study.path / "cohort" / f"{name}.csv")
    return read.assign(patient_id=read["patient_id"].map(names))


def days_since(dates: pd.Series, patients: pd.Series, day_0: pd.Series) -> pd.Series:
    return (pd.to_datetime(dates) - patients.map(day_0)).dt.days


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Both have the same rows, whatever their order."""
    order = [name for name in expected if expected[name].dtype != float] or list(expected)
    both = [frame[list(expected)].sort_values(order, ignore_index=True) for frame in (found, expected)]
    pd.testing.assert_frame_equal(*both, check_dtype=False, check_exact=True)


def test_every_patient_of_the_baseline_is_there_and_nobody_is_left_out(
    study: StudyFolder, export: pd.DataFrame, day_0: pd.Series
) -> None:
    baseline = rows_of(export, "")["patient_id"]
    assert set(table(study, "patients")["patient_id"]) == set(baseline)
    assert set(day_0.index) == set(baseline), "everybody was dosed"
    record = json.loads((study.path / "cohort" / "import.json").read_text(encoding="utf-8"))
    assert not [one for one in record["conversions"] if one["what"].startswith("patients without")]


def test_every_session_has_its_day_from_the_first_dose(
    study: StudyFolder, export: pd.DataFrame, day_0: pd.Series
) -> None:
    kinds = {"dosing_session": "dosing", "therapy_session": "psychotherapy"}
    rows = export[export["redcap_repeat_instrument"].isin(kinds)]
    expected = pd.DataFrame(
        {
            "patient_id": rows["patient_id"],
            "kind": rows["redcap_repeat_instrument"].map(kinds),
            "day": days_since(rows["session_date"], rows["patient_id"], day_0),
        }
    )
    found = table(study, "sessions")
    same(found, expected)
    assert found.loc[found["kind"] == "dosing"].groupby("patient_id")["day"].min().eq(0).all()
    numbered = found.sort_values("day").groupby(["patient_id", "kind"])["session_number"].agg(list)
    assert all(numbers_ == list(range(1, len(numbers_) + 1)) for numbers_ in numbered)


def test_doses_are_those_in_mg_over_the_weight_of_the_baseline(
    study: StudyFolder, export: pd.DataFrame, day_0: pd.Series
) -> None:
    """To 1e-12: a quotient may be rounded. Without a weight, a dose is not recorded."""
    rows, baseline = rows_of(export, "dosing_session"), rows_of(export, "").set_index("patient_id")
    day = days_since(rows["session_date"], rows["patient_id"], day_0)
    dose = numbers(rows["dose_mg"]) / rows["patient_id"].map(numbers(baseline["weight_kg"]))
    cells = {"dose": dose, "route": rows["route"].map(ROUTES), "cadss": numbers(rows["cadss_peak"])}
    expected = pd.DataFrame({"patient_id": rows["patient_id"], "day": day, **cells}).set_index(["patient_id", "day"])
    found = table(study, "sessions").query("kind == 'dosing'").set_index(["patient_id", "day"]).loc[expected.index]
    np.testing.assert_allclose(found["dose_mg_per_kg"], expected["dose"], rtol=1e-12)
    assert expected["dose"].isna().sum() > (rows["dose_mg"] == "").sum()
    assert found["route"].fillna("").tolist() == expected["route"].fillna("").tolist()
    np.testing.assert_array_equal(found["peak_dissociation"], expected["cadss"])


@pytest.mark.parametrize("instrument", [*ITEMS, *TOTALS])
def test_ratings_have_the_total_of_their_items(
    instrument: str, study: StudyFolder, export: pd.DataFrame, day_0: pd.Series
) -> None:
    """One missing item counts as the mean of the others; a total may then be rounded to a whole number or not."""
    rows = rows_of(export, "questionnaires")
    expected = numbers(rows[f"{instrument}_total"])
    if instrument in ITEMS:
        items = rows[[f"{instrument}_{number}" for number in range(1, ITEMS[instrument] + 1)]].apply(numbers)
        answered = items.notna().sum(axis=1)
        assert expected.isna().sum() > (answered == 0).sum(), "totals are empty where an item is missing"
        expected = (items.mean(axis=1) * ITEMS[instrument]).where(answered >= ITEMS[instrument] - 2)
    rated = expected.notna()
    day = days_since(rows["q_date"], rows["patient_id"], day_0)
    there = pd.DataFrame({"patient_id": rows["patient_id"], "day": day, "expected": expected})[rated]
    found = table(study, "assessments").query("instrument == @instrument")
    both = found.merge(there, on=["patient_id", "day"], how="outer")
    assert len(both) == len(found) == len(there)
    whole = both["expected"] == both["expected"].round()
    assert (both["score"] - both["expected"])[whole].abs().max() < 1e-9
    assert (both["score"] - both["expected"]).abs().max() <= 0.5


def test_ages_body_mass_and_benzodiazepines_are_those_of_the_baseline(
    study: StudyFolder, export: pd.DataFrame, day_0: pd.Series
) -> None:
    baseline = rows_of(export, "").set_index("patient_id")
    found = table(study, "patients").set_index("patient_id").loc[baseline.index]
    born = pd.to_datetime(baseline["dob"].where(baseline["dob"] != ""))
    np.testing.assert_array_equal(found["age_years"], completed_years(born, day_0.loc[baseline.index]))
    index = numbers(baseline["weight_kg"]) / (numbers(baseline["height_cm"]) / 100) ** 2
    np.testing.assert_allclose(found["body_mass_index"], index, rtol=1e-12)
    np.testing.assert_allclose(found["benzodiazepine_mg"], numbers(baseline["bzd_dose"]) * LORAZEPAM, rtol=1e-12)
    assert found["site_id"].tolist() == baseline["redcap_data_access_group"].tolist()
    sexes = baseline["sex"].map({"1": "male", "2": "female", "3": "intersex"})
    assert found["sex"].fillna("").tolist() == sexes.fillna("").tolist()


def test_ticked_boxes_are_treatments_and_comorbidities(study: StudyFolder, export: pd.DataFrame) -> None:
    baseline = rows_of(export, "").set_index("patient_id")
    boxes = baseline[[name for name in baseline if name.startswith("prior_tx___")]] == "1"
    assert boxes.shape[1] == 17
    ticked = table(study, "prior_treatments")
    assert len(ticked) == boxes.sum().sum()
    assert ticked["end_day"].eq(0).all(), "ended, and nobody knows when"
    found = table(study, "patients").set_index("patient_id").loc[baseline.index]
    assert found["prior_treatments_recorded"].tolist() == boxes.any(axis=1).tolist()
    comorbid = {"depression": "1", "ptsd": "2", "substance_use": "3", "personality_disorder": "4"}
    for name, number in comorbid.items():
        assert found[f"comorbid_{name}"].tolist() == (baseline[f"comorb___{number}"] == "1").tolist()


def test_nobody_but_patients_without_symptoms_is_left_out_before_session_1(
    study: StudyFolder,
) -> None:
    """The reason is derived anew, from the last total by day 0 of the first instrument of the protocol's list."""
    ratings = table(study, "assessments").query("day <= 0").sort_values("day")
    last = ratings.groupby(["patient_id", "instrument"])["score"].last().unstack()
    primary = last[list(PRIMARY)].notna().idxmax(axis=1)
    in_remission = {
        patient
        for patient, scale in primary.items()
        if last.loc[patient, scale] <= INSTRUMENTS[scale].remission_at_most
    }
    outcomes = outcomes_frame(read_cohort(study.path / "cohort"))
    first = outcomes[outcomes["landmark"] == "before session 1"]
    assert (~first["eligible"].astype(bool)).sum() == len(in_remission)
    assert set(first["reason"].dropna()) == {"the baseline is already in the remission band"}


def test_dates_and_dates_of_birth_stay_out_of_the_cohort(study: StudyFolder) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (study.path / "cohort").glob("*.csv"))
    assert not re.search(r"\d{4}-\d{2}-\d{2}", text)


def test_the_imported_cohort_is_accepted_by_the_check(study: StudyFolder) -> None:
    assert "600 patients" in study.kap("cohort", "check", study.path / "cohort")


def test_ids_are_pseudonyms_whose_key_lies_beside_the_mapping(study: StudyFolder, export: pd.DataFrame) -> None:
    written = pd.read_csv(study.path / "cohort" / "patients.csv", dtype=str)["patient_id"]
    assert written.str.fullmatch(r"P-[0-9a-f]{16}").all()
    assert not set(written) & set(export["patient_id"])
    assert study.mapping.with_suffix(".key").stat().st_mode & 0o777 == 0o600
