"""The MEDS dataset: the standard's schemas accept it, its times say what was known when, and nothing is lost."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import meds
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from features.protocol.columns import CHILD_TABLES, SCREENING_COLUMNS
from features.protocol.document import Landmark, Protocol
from features.protocol.problems import InputRefusedError
from features.records.assemble import assemble_cohort
from features.records.cohort import Cohort, RawCohort, RawTable, Values, is_missing
from features.records.landmark import known_at
from features.records.severity import as_recorded
from features.records.timeline import Rows
from tests.cohorts import cohort_of, random_cohort
from training.cli.app import main
from training.exports import meds_dataset
from training.exports.meds_dataset import write_dataset
from training.exports.meds_events import prediction_times
from training.exports.meds_subjects import SPLITS, split_table, subject_ids
from training.outcomes.table import outcomes_frame
from training.simulation.cohort import simulate_cohort, write_cohort

PROTOCOL = replace(
    Protocol(), landmarks=(*Protocol().landmarks, Landmark("day 30", day=30), Landmark("day 60", day=60))
)


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return random_cohort(np.random.default_rng(21), 60, PROTOCOL)


@pytest.fixture(scope="module")
def dataset(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("meds") / "dataset"
    write_dataset(cohort, folder)
    return folder


def events(folder: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in sorted((folder / "data").glob("*.parquet"))])


def test_the_schemas_of_the_standard_accept_every_file(dataset: Path) -> None:
    for path in (dataset / meds.data_subdirectory).glob("*.parquet"):
        meds.DataSchema.validate(pq.read_table(path))
    labels = list((dataset / "labels").rglob("*.parquet"))
    assert len(labels) == len(PROTOCOL.landmarks) * 3
    for path in labels:
        meds.LabelSchema.validate(pq.read_table(path))
    meds.CodeMetadataSchema.validate(pq.read_table(dataset / meds.code_metadata_filepath))
    meds.SubjectSplitSchema.validate(pq.read_table(dataset / meds.subject_splits_filepath))
    meds.DatasetMetadataSchema.validate(json.loads((dataset / meds.dataset_metadata_filepath).read_text()))


def test_a_subject_is_in_one_file_in_one_piece_and_in_the_order_of_time(
    cohort: Cohort, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meds_dataset, "SHARD", 7)
    write_dataset(cohort, tmp_path / "parts")
    files = sorted((tmp_path / "parts" / "data").glob("*.parquet"), key=lambda path: int(path.stem))
    parts = [pd.read_parquet(path) for path in files]
    assert len(parts) == 9
    seen: set[int] = set()
    for part in parts:
        runs = part["subject_id"].ne(part["subject_id"].shift()).sum()
        assert runs == part["subject_id"].nunique(), "in one piece"
        assert not seen & set(part["subject_id"]), "in one file"
        seen |= set(part["subject_id"])
        for _, own in part.groupby("subject_id"):
            assert own["time"].isna().to_numpy().argmin() == own["time"].isna().sum(), "those without a time first"
            assert own["time"].dropna().is_monotonic_increasing
    assert len(seen) == len(cohort)
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), events(dataset))
    for name in ("kap/screening.parquet", "kap/relapse.parquet", "metadata/codes.parquet"):
        assert pq.read_table(tmp_path / "parts" / name).equals(pq.read_table(dataset / name))


def cells(name: str, rows: Rows, protocol: Protocol) -> Iterator[tuple[int, str, float | None]]:
    """The recorded cells of a table, as (patient, code, value), written down here a second time."""
    if name == "assessments":
        rows = as_recorded(rows, protocol)
        scores = zip(rows.patient, np.asarray(rows["instrument"], np.intp), rows.numbers("score"), strict=True)
        yield from ((p, f"KAP//assessments//{protocol.instrument_names[code]}", score) for p, code, score in scores)
        return
    for column in protocol.tables[name]:
        if column.kind == "identifier" or (column.name == "day" and name != "prior_treatments"):
            continue
        values = rows[column.name]
        for row in np.flatnonzero(~is_missing(values)):
            code, value = f"KAP//{name}//{column.name}", float(values[row])
            if column.kind == "category":
                word = column.categories[int(value)]
                code = f"{code}//{word}" if name != "events" else f"KAP//events//{word}"
                code, value = "MEDS_DEATH" if word == "death" else code, None
            yield int(rows.patient[row]), code, value


@pytest.mark.parametrize("landmark", PROTOCOL.landmarks, ids=lambda landmark: landmark.name)
def test_what_is_known_at_a_landmark_and_nothing_else_is_before_its_time(
    cohort: Cohort, dataset: Path, landmark: Landmark
) -> None:
    known = known_at(cohort, landmark)
    reached = np.flatnonzero(~np.isnan(known.day))
    assert len(reached) > 20
    ids = subject_ids(cohort.patient_ids.tolist())
    expected: Counter[tuple[int, str, float | None]] = Counter()
    everyone = Rows(len(cohort), np.arange(len(cohort)), {name: cohort.patients[name] for name in known.patients})
    shown = [column for column in PROTOCOL.tables["patients"] if column.name not in SCREENING_COLUMNS]
    part = replace(PROTOCOL)
    part.__dict__["tables"] = PROTOCOL.tables | {"patients": tuple(shown)}
    for name, rows in {"patients": everyone, **{name: getattr(known, name) for name in CHILD_TABLES}}.items():
        expected.update(cell for cell in cells(name, rows, part) if cell[0] in set(reached.tolist()))
    when = pd.Series(prediction_times(landmark, known.day[reached]), index=ids[reached])
    found = events(dataset)
    prepared = found.loc[found["code"] == "KAP//sessions//kind//preparation", "source_row"]
    assert len(prepared) > 20, "known, and no feature reads them"
    found = found[~(found["code"].str.startswith("KAP//sessions//") & found["source_row"].isin(prepared))]
    found = found[found["subject_id"].isin(ids[reached])]
    found = found[found["time"].isna() | (found["time"] <= found["subject_id"].map(when))]
    position = {number: index for index, number in enumerate(ids.tolist())}
    given = Counter(
        (position[number], code, None if np.isnan(value) else value)
        for number, code, value in zip(found["subject_id"], found["code"], found["exact_value"], strict=True)
    )
    assert given == expected
    assert len(found) < len(events(dataset)), "something is later"


def test_times_are_those_of_the_documentation(tmp_path: Path) -> None:
    small = cohort_of(
        assessments="patient_id day instrument score\na -3 gad7 15\na 0 gad7 14\na 7 gad7 9.1",
        sessions="patient_id session_number day kind\na 1 0 dosing\na 2 7 dosing",
        events="patient_id day event\na 7 hospitalisation\na 90 death",
        prior_treatments="patient_id treatment start_day\na ssri -400",
    )
    write_dataset(small, tmp_path / "d")
    found = events(tmp_path / "d")
    shown = found[found["code"].str.contains("assess|kind|events|DEATH|treatment//|start")]
    assert [(str(t), c, v) for t, c, v in zip(shown["time"], shown["code"], shown["exact_value"], strict=True)] == [
        ("NaT", "KAP//prior_treatments//treatment//ssri", pytest.approx(np.nan, nan_ok=True)),
        ("NaT", "KAP//prior_treatments//start_day", -400),
        ("1999-12-29 08:00:00", "KAP//assessments//gad7", 15),
        ("2000-01-01 08:00:00", "KAP//assessments//gad7", 14),
        ("2000-01-01 12:00:00", "KAP//sessions//kind//dosing", pytest.approx(np.nan, nan_ok=True)),
        ("2000-01-08 08:00:00", "KAP//assessments//gad7", 9.1),
        ("2000-01-08 12:00:00", "KAP//sessions//kind//dosing", pytest.approx(np.nan, nan_ok=True)),
        ("2000-01-08 12:00:00", "KAP//events//hospitalisation", pytest.approx(np.nan, nan_ok=True)),
        ("2000-03-31 12:00:00", "MEDS_DEATH", pytest.approx(np.nan, nan_ok=True)),
    ]


def test_a_rating_after_the_dose_is_later_than_the_session_and_any_prediction_of_its_day(tmp_path: Path) -> None:
    small = cohort_of(
        assessments="patient_id day instrument score\na 0 gad7 14\na 7 gad7 9",
        sessions="patient_id session_number day kind\na 1 0 dosing\na 2 7 dosing",
    )
    rows = small.assessments
    columns = dict(rows.columns) | {"after_dose": np.array([np.nan, 1.0])}
    write_dataset(replace(small, assessments=Rows(1, rows.patient, columns)), tmp_path / "d")
    found = events(tmp_path / "d").set_index("exact_value")["time"]
    day_7 = np.array([7.0])
    assert found[9.0] == pd.Timestamp("2000-01-08 18:00")
    assert found[14.0] == pd.Timestamp("2000-01-01 08:00")
    assert found[9.0] > events(tmp_path / "d").set_index("code")["time"]["KAP//sessions//kind//dosing"].max()
    for landmark in (Landmark("b", before_session=2), Landmark("d", day=7)):
        assert found[9.0] > prediction_times(landmark, day_7)[0]


def rebuilt(folder: Path, protocol: Protocol) -> Cohort:
    """The cohort again, from the files of a dataset."""
    subjects = pd.read_parquet(folder / "kap" / "subjects.parquet")
    index = {number: place for place, number in enumerate(subjects["subject_id"])}
    codes = pd.read_parquet(folder / "metadata" / "codes.parquet").set_index("code").to_dict("index")
    all_events = pd.concat([events(folder), pd.read_parquet(folder / "kap" / "screening.parquet")])
    tables: dict[str, dict[int, dict[str, float]]] = {name: {} for name in ("patients", *CHILD_TABLES)}
    owner: dict[tuple[str, int], int] = {}
    for event in all_events.itertuples():
        place = codes[event.code]
        name, column = place["table"], place["column"]
        row = tables[name].setdefault(event.source_row, {})
        owner[name, event.source_row] = index[event.subject_id]
        by_category = isinstance(place["category"], str)
        row[column] = protocol.code(name, column, place["category"]) if by_category else event.exact_value
        if name == "assessments" and column == "instrument":
            row["score"] = event.exact_value
            if event.time.hour == 18:
                row["after_dose"] = 1.0
        if not pd.isna(event.time):
            row["day"] = (event.time.normalize() - pd.Timestamp("2000-01-01")).days
    raw: dict[str, dict[str, Values]] = {}
    for name, rows in tables.items():
        raw[name] = {
            column.name: np.array(
                [rows[row].get(column.name, -1 if column.kind == "category" else np.nan) for row in sorted(rows)],
                dtype=np.int16 if column.kind == "category" else np.float64,
            )
            for column in protocol.tables[name]
            if column.kind != "identifier"
        }
    again = RawCohort(
        patient_ids=subjects["patient_id"].to_numpy(dtype=np.str_),
        sites=[None if pd.isna(site) else site for site in subjects["site_id"]],
        patients=raw["patients"],
        tables={
            name: RawTable(np.array([owner[name, row] for row in sorted(tables[name])], dtype=np.intp), raw[name])
            for name in CHILD_TABLES
        },
    )
    found, problems = assemble_cohort(again, protocol)
    assert not problems
    return found


def test_nothing_is_lost(cohort: Cohort, dataset: Path) -> None:
    assert rebuilt(dataset, PROTOCOL).digest == cohort.digest


def test_screening_facts_stand_apart_so_that_no_feature_can_read_them(dataset: Path) -> None:
    codes = pd.read_parquet(dataset / "metadata" / "codes.parquet").set_index("code")
    assert not codes.loc[events(dataset)["code"], "screening"].any()
    apart = pd.read_parquet(dataset / "kap" / "screening.parquet")
    assert len(apart) > 100
    assert codes.loc[apart["code"], "screening"].all()


def test_every_code_is_described_once_with_its_unit(dataset: Path) -> None:
    codes = pd.read_parquet(dataset / "metadata" / "codes.parquet")
    assert codes["code"].is_unique
    assert set(events(dataset)["code"]) <= set(codes["code"])
    assert (codes["description"].str.len() > 2).all()
    described = codes.set_index("code")
    assert described.loc["KAP//sessions//dose_mg_per_kg", "unit"] == "mg/kg"
    gad7 = described.loc["KAP//assessments//gad7"]
    assert (gad7["unit"], gad7["description"]) == (
        "points",
        "Generalised Anxiety Disorder scale, 7 items, total score from 0 to 21, higher is worse",
    )


def test_labels_are_the_observed_outcomes(cohort: Cohort, dataset: Path) -> None:
    frame = outcomes_frame(cohort)
    ids = dict(zip(cohort.patient_ids.tolist(), subject_ids(cohort.patient_ids.tolist()).tolist(), strict=True))
    listed = json.loads((dataset / "labels" / "labels.json").read_text())
    assert [one["question"] for one in listed[:3]] == ["remission", "sustained_84", "sustained_182"]
    for one in listed:
        rows = frame[(frame["landmark"] == one["landmark"]) & frame["eligible"]]
        seen = rows[rows[one["question"]] != "not_observed"]
        labels = pd.read_parquet(dataset / "labels" / one["file"])
        assert labels["subject_id"].tolist() == [ids[patient] for patient in seen["patient_id"]]
        assert labels["boolean_value"].tolist() == (seen[one["question"]] == "yes").tolist()
        assert (labels["prediction_time"].dt.normalize() - pd.Timestamp("2000-01-01")).dt.days.tolist() == seen[
            "landmark_day"
        ].tolist()
        counts = (one["yes"], one["no"], one["not_observed"])
        assert counts == (labels["boolean_value"].sum(), (~labels["boolean_value"]).sum(), len(rows) - len(seen))


def test_relapse_is_survival_data(cohort: Cohort, dataset: Path) -> None:
    frame = outcomes_frame(cohort)
    at_risk = frame[frame["eligible"] & (frame["remission"] == "yes") & (frame["followed_days"] >= 1)]
    table = pd.read_parquet(dataset / "kap" / "relapse.parquet")
    key = ["landmark", "risk_start_day", "followed_days", "ended_by"]
    assert sorted(table[key].itertuples(index=False, name=None)) == sorted(
        at_risk[key].itertuples(index=False, name=None)
    )


def test_where_all_are_in_remission_it_is_no_question(tmp_path: Path) -> None:
    protocol = replace(PROTOCOL, remission=replace(PROTOCOL.remission, at_landmark=True))
    write_dataset(random_cohort(np.random.default_rng(2), 12, protocol), tmp_path / "d")
    listed = json.loads((tmp_path / "d" / "labels" / "labels.json").read_text())
    assert {one["question"] for one in listed} == {"sustained_84", "sustained_182"}


def test_a_patient_has_the_same_number_and_split_in_every_export() -> None:
    names = [f"p{number}" for number in range(500)]
    ids = subject_ids(names)
    assert len(set(ids.tolist())) == 500
    assert (ids >= 0).all()
    assert (ids < 2**53).all(), "R and JavaScript read them without loss"
    assert subject_ids(["other", *names[::-1]]).tolist() == [*subject_ids(["other"]), *ids[::-1]]
    assert subject_ids(["p0"])[0] == int(hashlib.sha256(b"p0").hexdigest()[:16], 16) >> 64 - 53 == 795408352119894
    split = split_table(names, ids).column("split").to_pylist()
    assert split_table(names[::-1], ids[::-1]).column("split").to_pylist() == split[::-1]
    assert {name: split.count(name) / 500 for name, _ in SPLITS} == pytest.approx(dict(SPLITS), abs=0.05)
    assert {name for name, _ in SPLITS} == {meds.train_split, meds.tuning_split, meds.held_out_split}


def test_two_patients_never_share_a_number() -> None:
    names = [f"p{number}" for number in range(15)]
    assert len(set(subject_ids(names, bits=4).tolist())) == 15
    assert subject_ids(names[::-1], bits=4).tolist() == subject_ids(names, bits=4).tolist()[::-1]


def test_a_folder_with_files_is_refused_and_a_failure_leaves_nothing(
    cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    with pytest.raises(InputRefusedError):
        write_dataset(cohort, tmp_path / "full")

    def fails(*_: object) -> pa.Table:
        raise OSError("no space left on device")

    monkeypatch.setattr(meds_dataset, "relapse_table", fails)
    with pytest.raises(OSError, match="no space left"):
        write_dataset(cohort, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_equal_cohorts_give_equal_bytes(cohort: Cohort, dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    write_dataset(cohort, tmp_path / "again")
    files = [path.relative_to(dataset) for path in sorted(dataset.rglob("*")) if path.is_file()]
    assert len(files) == 10 + 3 * len(PROTOCOL.landmarks)
    assert not [name for name in files if (tmp_path / "again" / name).read_bytes() != (dataset / name).read_bytes()]


def test_the_command_says_what_it_wrote_and_that_no_date_is_real(tmp_path: Path) -> None:
    write_cohort(simulate_cohort(20, 2, 7), tmp_path / "cohort")
    arguments = ["cohort", "export", str(tmp_path / "cohort"), "--to", "meds", "--out", str(tmp_path / "d")]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("wrote 20 patients and ")
    assert "day 0 became 2000-01-01, which is no real date" in done.output
    assert "SYNTHETIC" in (tmp_path / "d" / "README.md").read_text()
    described = json.loads((tmp_path / "d" / "metadata" / "dataset.json").read_text())
    assert (described["synthetic"], described["day_0"]) == (True, "2000-01-01")
    assert CliRunner().invoke(main, arguments).exit_code == 2, "the folder has files now"
