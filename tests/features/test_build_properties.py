"""What must hold for every row: the future, other patients, the order of reading and the way it came leave no trace.

Rows are compared by their bytes: the clinic's row has to be the row that the model was fitted on, not one close to it.
"""

from collections.abc import Callable

import numpy as np
import pytest

from features.build import FeatureRows, build_features
from features.protocol.document import Landmark, Protocol
from features.records.landmark import landmark_days
from tests.cohorts import DEFAULT, CohortRecords, Record, random_cohort, random_protocol, random_records

SEEDS = range(6)
FIXED = Landmark("day 20", day=20)
LANDMARKS = (*DEFAULT.landmarks, FIXED)

Keep = Callable[[str, Record], bool]


def rows_by_patient(records: CohortRecords, landmark: Landmark, protocol: Protocol = DEFAULT) -> dict[str, bytes]:
    cohort = records.cohort(protocol)
    rows = build_features(cohort, landmark)
    return {name: rows.values[i].tobytes() for i, name in enumerate(cohort.patient_ids.tolist())}


def days_by_patient(records: CohortRecords, landmark: Landmark) -> dict[str, float]:
    cohort = records.cohort()
    return dict(zip(cohort.patient_ids.tolist(), landmark_days(cohort, landmark).tolist(), strict=True))


def is_known(table: str, row: Record, day: float, landmark: Landmark) -> bool:
    """Whether a row may be used at a landmark on ``day``, or is the session of that day that it is named after."""
    if table == "prior_treatments" or np.isnan(day):
        return True
    if table == "sessions" and row["kind"] == "dosing" and row["session_number"] == landmark.before_session:
        return float(row["day"]) <= day
    if table == "assessments":
        return float(row["day"]) + is_after_dose(row) <= day
    return float(row["day"]) <= day if landmark.day is not None else float(row["day"]) < day


def is_after_dose(row: Record) -> bool:
    return row.get("after_dose") == 1


def with_another_future(
    records: CohortRecords, landmark: Landmark, rng: np.random.Generator, keep: bool
) -> CohortRecords:
    """The records with random later ones added, after dropping the later ones that there were unless ``keep``."""
    days = days_by_patient(records, landmark)
    tables = {
        name: [row for row in rows if keep or is_known(name, row, days[str(row["patient_id"])], landmark)]
        for name, rows in records.tables.items()
    }
    for patient_id, day in days.items():
        if not np.isnan(day):
            for name, row in _later_rows(tables, patient_id, int(day), landmark, rng):
                tables[name].append({"patient_id": patient_id} | row)
    alive = {patient_id: _lifetime(tables, patient_id) for patient_id in days}
    for name in ("sessions", "assessments", "events"):
        tables[name] = [row for row in tables[name] if float(row["day"]) <= alive[str(row["patient_id"])]]
    return CohortRecords(records.patients, tables).shuffled(rng)


def _lifetime(tables: dict[str, list[Record]], patient_id: str) -> float:
    """The day of a patient's death: a cohort with later rows is refused."""
    deaths = [row for row in tables["events"] if row["event"] == "death" and row["patient_id"] == patient_id]
    return min((float(row["day"]) for row in deaths), default=np.inf)


def _later_rows(
    tables: dict[str, list[Record]], patient_id: str, day: int, landmark: Landmark, rng: np.random.Generator
) -> list[tuple[str, Record]]:
    """Ratings, an event, a dosing and a psychotherapy session, on the first day that is not known or later.

    The first of the ratings are from the landmark day itself, after the dose.
    """
    mine = {name: [row for row in rows if row["patient_id"] == patient_id] for name, rows in tables.items()}
    from_day = day if landmark.before_session else day + 1
    later: list[tuple[str, Record]] = []
    for kind in ("dosing", "psychotherapy"):
        own = [row for row in mine["sessions"] if row["kind"] == kind]
        if kind == "dosing" and not own:
            continue  # a first dosing session is on day 0, so none comes later
        least = (landmark.before_session or 0) if kind == "dosing" else 0
        number = max([least, *(int(row["session_number"]) for row in own)]) + 1
        first = max([from_day, *(int(row["day"]) for row in own)])
        session: Record = {"kind": kind, "session_number": number, "day": first + int(rng.integers(0, 3))}
        later.append(("sessions", session | {"dose_mg_per_kg": 9.0, "adverse_event": 1.0, "peak_dissociation": 90.0}))
    rated = {(row["day"], row["instrument"], is_after_dose(row)) for row in mine["assessments"]}
    for instrument in ("gad7", "hama", "phq9", "cgi_s"):
        for rating_day, after_dose in ((day, True), (day + 1 + int(rng.integers(0, 3)), bool(rng.integers(2)))):
            if day >= 0 and (rating_day, instrument, after_dose) not in rated:
                rating: Record = {"day": rating_day, "instrument": instrument, "score": float(rng.integers(1, 8))}
                later.append(("assessments", rating | {"after_dose": float(after_dose)}))
    event = str(rng.choice(["relapse", "death", "withdrawal"]))
    later.append(("events", {"day": from_day + int(rng.integers(0, 3)), "event": event}))
    return later


@pytest.mark.parametrize("landmark", LANDMARKS, ids=lambda landmark: landmark.name)
@pytest.mark.parametrize("keep", [True, False], ids=["more of it", "another one"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_future_never_changes_a_row(landmark: Landmark, keep: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    records = random_records(rng, 25)
    changed = with_another_future(records, landmark, rng, keep)
    assert days_by_patient(changed, landmark) == pytest.approx(days_by_patient(records, landmark), nan_ok=True)
    assert rows_by_patient(changed, landmark) == rows_by_patient(records, landmark)


def test_what_is_known_does_change_rows() -> None:
    """The comparison above can fail: one more rating on the landmark day changes the row."""
    rng = np.random.default_rng(1)
    records = random_records(rng, 25)
    for patient_id in [str(patient["patient_id"]) for patient in records.patients]:
        ratings = records.tables["assessments"]
        for instrument in DEFAULT.remission.instruments:
            new = (patient_id, 20, instrument)
            kept = [row for row in ratings if (row["patient_id"], row["day"], row["instrument"]) != new]
            ratings[:] = [*kept, {"patient_id": patient_id, "day": 20, "instrument": instrument, "score": 1.0}]
    before = random_records(np.random.default_rng(1), 25)
    changed, unchanged = rows_by_patient(records, FIXED), rows_by_patient(before, FIXED)
    assert sum(changed[patient_id] != unchanged[patient_id] for patient_id in changed) > 15


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_reading_never_changes_anything(seed: int) -> None:
    rng = np.random.default_rng(seed)
    records = random_records(rng, 40)
    shuffled = records.shuffled(rng)
    assert shuffled.cohort().digest == records.cohort().digest
    for landmark in LANDMARKS:
        assert rows_by_patient(shuffled, landmark) == rows_by_patient(records, landmark)


def same_rows(one: FeatureRows, other: FeatureRows) -> bool:
    return (
        one.values.tobytes() == other.values.tobytes()
        and one.day.tobytes() == other.day.tobytes()
        and one.ineligible.tolist() == other.ineligible.tolist()
    )


def one_of(rows: FeatureRows, patient: int) -> FeatureRows:
    one = [patient]
    return FeatureRows(rows.names, rows.values[one], rows.day[one], rows.ineligible[one])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_patient_alone_gets_the_same_bits_as_among_many(seed: int) -> None:
    rng = np.random.default_rng(seed)
    protocol = random_protocol(rng)
    cohort = random_cohort(rng, 40, protocol)
    for landmark in protocol.landmarks:
        together = build_features(cohort, landmark)
        for patient in range(len(cohort)):
            alone = build_features(cohort.take(np.array([patient])), landmark)
            assert same_rows(alone, one_of(together, patient))


def cut_at(records: CohortRecords, days: dict[str, float]) -> CohortRecords:
    """The records as far as they had been written on a day of each patient."""
    tables = {
        name: [row for row in rows if name == "prior_treatments" or float(row["day"]) <= days[str(row["patient_id"])]]
        for name, rows in records.tables.items()
    }
    return CohortRecords(records.patients, tables)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_record_that_ends_today_gets_the_same_bits_among_many_that_end_on_other_days(seed: int) -> None:
    rng = np.random.default_rng(seed)
    protocol = random_protocol(rng)
    records = random_records(rng, 40, protocol)
    ids = [str(patient["patient_id"]) for patient in records.patients]
    todays = dict(zip(ids, rng.integers(-3, 60, len(ids)).astype(float).tolist(), strict=True))
    records = cut_at(records, todays)
    together = records.cohort(protocol, as_of_day=np.array([todays[patient_id] for patient_id in ids]))
    for landmark in protocol.landmarks:
        rows = build_features(together, landmark)
        assert not np.isnan(rows.day).all()
        for position, patient_id in enumerate(together.patient_ids.tolist()):
            own = {name: [r for r in table if r["patient_id"] == patient_id] for name, table in records.tables.items()}
            one = CohortRecords([p for p in records.patients if p["patient_id"] == patient_id], own)
            alone = build_features(one.cohort(protocol, as_of_day=todays[patient_id]), landmark)
            assert same_rows(alone, one_of(rows, position))
            assert same_rows(build_features(together.take(np.array([position])), landmark), one_of(rows, position))


@pytest.mark.parametrize("landmark", LANDMARKS, ids=lambda landmark: landmark.name)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_record_that_ends_at_the_landmark_gives_the_row_of_the_complete_one(landmark: Landmark, seed: int) -> None:
    """Whether the session of the landmark is on record already, is not yet, or never came."""
    records = random_records(np.random.default_rng(seed), 25)
    rows, days = rows_by_patient(records, landmark), days_by_patient(records, landmark)
    compared = 0
    for patient in records.patients:
        patient_id = str(patient["patient_id"])
        day = days[patient_id]
        if np.isnan(day):
            continue
        known = {
            name: [row for row in table if row["patient_id"] == patient_id and is_known(name, row, day, landmark)]
            for name, table in records.tables.items()
        }
        expected = [known]
        if landmark.before_session:
            earlier = [row for row in known["sessions"] if float(row["day"]) < day]
            expected.append(known | {"sessions": earlier})
        for tables in expected:
            today = CohortRecords([patient], tables).cohort(as_of_day=day)
            assert build_features(today, landmark).values[0].tobytes() == rows[patient_id]
            compared += 1
    assert compared


@pytest.mark.parametrize("seed", SEEDS)
def test_a_landmark_that_has_passed_keeps_its_row(seed: int) -> None:
    """Ten days later, with all that was recorded since, the row of that landmark is the same."""
    records = random_records(np.random.default_rng(seed), 25)
    for landmark in LANDMARKS:
        rows, days = rows_by_patient(records, landmark), days_by_patient(records, landmark)
        for patient in records.patients:
            patient_id = str(patient["patient_id"])
            as_of = days[patient_id] + 10
            if np.isnan(as_of):
                continue
            cut = {
                name: [
                    row
                    for row in table
                    if row["patient_id"] == patient_id and (name == "prior_treatments" or float(row["day"]) <= as_of)
                ]
                for name, table in records.tables.items()
            }
            today = CohortRecords([patient], cut).cohort(as_of_day=as_of)
            assert build_features(today, landmark).values[0].tobytes() == rows[patient_id]


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_ineligible_is_known_at_the_landmark(seed: int) -> None:
    rng = np.random.default_rng(seed)
    protocol = random_protocol(rng)
    records = random_records(rng, 40, protocol)
    for landmark in protocol.landmarks:
        cohort = records.cohort(protocol)
        rows = build_features(cohort, landmark)
        days = dict(zip(cohort.patient_ids.tolist(), rows.day.tolist(), strict=True))
        for names in (["events"], ["assessments"], ["sessions"], ["events", "assessments", "sessions"]):
            without = {
                name: [row for row in records.tables[name] if not float(row["day"]) > days[str(row["patient_id"])]]
                for name in names
            }
            cut = CohortRecords(records.patients, records.tables | without).cohort(protocol)
            assert same_rows(rows, build_features(cut, landmark)), names


def test_a_row_holds_one_zero() -> None:
    """A zero that was read as -0.0 is the same number; it must be the same bits too."""
    for zero in (0.0, -0.0):
        records = CohortRecords([{"patient_id": "a", "benzodiazepine_mg": zero}], {"assessments": []})
        rows = build_features(records.cohort(), FIXED)
        value = rows.values[0, rows.names.index("benzodiazepine_mg")]
        assert value == 0
        assert not np.signbit(value)
