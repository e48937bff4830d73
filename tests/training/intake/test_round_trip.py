"""A cohort made into what clinics have, and imported back: the same outcomes, features and tables, bit for bit.

A mapping is drafted from the first month's export, answered as a person would, and used again for the next month.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest

from features.build import build_features
from features.protocol.columns import TABLES
from features.records.cohort import Cohort
from tests.serving.databases import postgresql_database
from tests.training.intake.clinic_sources.dated_cohort import DatedCohort, dated_cohort
from tests.training.intake.clinic_sources.health_record import universal_time, write_health_record
from tests.training.intake.clinic_sources.omop import load_omop
from tests.training.intake.draft_answers import KEEP_IDS, PROTOCOL, answered_concepts, changed
from tests.training.intake.made_up_sources import SOURCES, original_tables
from tests.training.intake.pandas_readings.tables import Tables, canonical, differences
from tests.training.intake.study_folder import StudyFolder
from training.cohort.reader import read_cohort
from training.intake.conversion.pseudonyms import PseudonymKey
from training.outcomes.table import outcomes_frame


@dataclass(frozen=True)
class RoundTrip:
    """How many questions the draft of a source asks, and how a person answers them in it."""

    questions: int
    answered: Callable[[str], str] = str


MISSING_CODES = {'candidates = ["[\\"-99\\"]", "[]"], answer = "?"': 'answer = ["-99"]'}
OTHER_ILLNESS = {'"F48.9" = "?"': '"F48.9" = "other"'}
LAST_RATING = {'candidates = ["last", "first", "refuse"], answer = "?"': 'answer = "last"'}
TIME_ZONE = {'"another name of this kind"], answer = "?"': '"another name of this kind"], answer = "Europe/Berlin"'}
ROUND_TRIPS = {
    "redcap": RoundTrip(1, lambda text: changed(text, MISSING_CODES)),
    "spss": RoundTrip(0),
    "workbook": RoundTrip(0),
    "health record": RoundTrip(2, lambda text: changed(text, OTHER_ILLNESS | LAST_RATING)),
    "omop": RoundTrip(27, answered_concepts),
}


def draft_and_answer(study: StudyFolder, source: str | Path, name: str, dated: DatedCohort) -> None:
    """Draft the mapping of a source, answer its questions, name the protocol, and keep the ids."""
    (study.path / "protocol.toml").write_text(dated.cohort.protocol_toml, encoding="utf-8")
    trip = ROUND_TRIPS[name]
    study.map(source, trip.questions, lambda text: changed(trip.answered(text), PROTOCOL | KEEP_IDS))


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return StudyFolder(tmp_path)


@pytest.fixture(scope="module")
def dated() -> DatedCohort:
    return dated_cohort(40, 4, 5)


@pytest.fixture(scope="module")
def first_month(dated: DatedCohort) -> DatedCohort:
    return dated.first_month()


def written_tables(folder: Path) -> Tables:
    """The tables of a cohort's folder."""
    read = {path.stem: pd.read_csv(path, keep_default_na=False, dtype=str) for path in folder.glob("*.csv")}
    empty = {name: frame.replace({"": None, "true": "1", "false": "0"}) for name, frame in read.items()}
    return canonical({name: empty[name] for name in TABLES})


def feature_frame(cohort: Cohort) -> pd.DataFrame:
    """Every feature of every patient at every landmark."""
    parts = []
    for landmark in cohort.protocol.landmarks:
        rows = build_features(cohort, landmark)
        columns = {"patient_id": cohort.patient_ids, "landmark": landmark.name, "day": rows.day}
        parts.append(pd.DataFrame(columns | dict(zip(rows.names, rows.values.T, strict=True))))
    return pd.concat(parts)


def lost(found: Path, original: Path, renamed: Callable[[str], str] = str) -> Iterator[str]:
    """What of a cohort is not the same, to the last bit, in another; ``renamed`` gives the id there."""
    cohorts = read_cohort(found), read_cohort(original)
    for frame_of in (outcomes_frame, feature_frame):
        there, here = (frame_of(cohort).set_index(["patient_id", "landmark"]) for cohort in cohorts)
        here = here.rename(index=renamed, level="patient_id")
        if not there.sort_index().equals(here.sort_index()):
            yield frame_of.__name__


def differences_of(found: Path, dated: DatedCohort) -> list[str]:
    """What of the cohort that a source was made from is not the same after its import."""
    original = dated.write_original(found.with_name(f"{found.name}-original"))
    return [*lost(found, original), *differences(written_tables(found), original_tables(dated))]


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_an_import_gives_the_cohort_back_and_the_next_month_takes_one_command(
    name: str, dated: DatedCohort, first_month: DatedCohort, study: StudyFolder
) -> None:
    made_up = SOURCES[name]
    source = made_up.write(first_month, study.path / "october")
    draft_and_answer(study, source, name, first_month)
    assert differences_of(study.imported(source, "first"), first_month) == []
    source = made_up.write(dated, study.path / "november")
    second = study.imported(source, "second")
    assert differences_of(second, dated) == []
    assert differences(written_tables(second), canonical(made_up.read(source))) == []


@pytest.mark.parametrize(
    ("table", "column", "category"),
    [
        ("events", "event", "withdrawal"),
        ("prior_treatments", "treatment", "ssri"),
        ("assessments", "instrument", "phq9"),
    ],
)
@pytest.mark.parametrize("name", ["health record", "omop"])
def test_what_no_record_held_at_first_is_read_or_refused_later_and_never_lost(
    name: str, table: str, column: str, category: str, dated: DatedCohort, study: StudyFolder
) -> None:
    frame, made_up = getattr(dated, table), SOURCES[name]
    early = replace(dated, **{table: frame[frame[column] != category].reset_index(drop=True)})
    source = made_up.write(early, study.path / "early")
    study.map(source, None, lambda text: changed(ROUND_TRIPS[name].answered(text), KEEP_IDS))
    source = made_up.write(dated, study.path / "late")
    result = study.run("cohort", "import", source, study.path / "cohort", "--map", study.mapping)
    if result.exit_code == 0:
        assert differences(written_tables(study.path / "cohort"), original_tables(dated)) == []
    assert result.exit_code in (0, 2), result.output


def test_times_in_utc_give_the_days_of_the_clinic(dated: DatedCohort, study: StudyFolder) -> None:
    """A rating at half past midnight in Berlin has the date of the day before in UTC."""
    (study.path / "protocol.toml").write_text(dated.cohort.protocol_toml, encoding="utf-8")
    source = write_health_record(dated, study.path / "source", universal_time)
    study.map(
        source, 3, lambda text: changed(ROUND_TRIPS["health record"].answered(text), PROTOCOL | KEEP_IDS | TIME_ZONE)
    )
    assert differences_of(study.imported(source, "cohort"), dated) == []


def test_pseudonyms_change_the_ids_and_nothing_else(dated: DatedCohort, study: StudyFolder) -> None:
    source = SOURCES["health record"].write(dated, study.path / "source")
    draft_and_answer(study, source, "health record", dated)
    kept = study.mapping.read_text(encoding="utf-8")
    study.mapping.write_text(kept.replace("pseudonyms = false", "pseudonyms = true"), encoding="utf-8")
    found = study.imported(source, "cohort")
    key = PseudonymKey(study.mapping.with_suffix(".key"))
    original = dated.write_original(study.path / "original")
    assert list(lost(found, original, lambda name: key.pseudonym("patient", name))) == []
    text = "".join(path.read_text(encoding="utf-8") for path in found.iterdir())
    assert "SYN-0" not in text
    again = study.imported(source, "again")
    assert written_tables(again)["patients"].equals(written_tables(found)["patients"])


def test_an_omop_set_in_postgresql_gives_the_cohort_back(dated: DatedCohort, study: StudyFolder) -> None:
    with postgresql_database() as url:
        address = load_omop(dated, url)
        draft_and_answer(study, address, "omop", dated)
        assert differences_of(study.imported(address, "cohort"), dated) == []


@pytest.mark.long
@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_600_patients_come_back_from_each_source(name: str, study: StudyFolder) -> None:
    dated, made_up = dated_cohort(600, 4, 12), SOURCES[name]
    first = dated.first_month()
    source = made_up.write(first, study.path / "october")
    draft_and_answer(study, source, name, first)
    assert differences_of(study.imported(source, "first"), first) == []
    source = made_up.write(dated, study.path / "november")
    assert differences_of(study.imported(source, "second"), dated) == []


@pytest.mark.long
def test_600_patients_come_back_from_postgresql(study: StudyFolder) -> None:
    dated = dated_cohort(600, 4, 12)
    with postgresql_database() as url:
        address = load_omop(dated, url)
        draft_and_answer(study, address, "omop", dated)
        assert differences_of(study.imported(address, "cohort"), dated) == []
