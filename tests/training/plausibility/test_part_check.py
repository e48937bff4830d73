"""The check of a cohort in parts has the counts of the whole cohort, and names the file of what is wrong."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from features.protocol.problems import CohortRefusedError, Problem
from tests.training.cohorts_in_parts import in_parts
from tests.training.lost_worker import worker_lost_at_work
from training.cli.texts.check_text import as_document, as_text
from training.cohort.reader import read_with_repairs
from training.execution.cluster import on_cluster
from training.plausibility.checked_content import CheckedContent, checked_content
from training.plausibility.cohort_check import check_cohort
from training.plausibility.part_check import check_parts, with_findings_summarised

OF_FILES = ("findings", "repairs", "not_read", "import_digest", "import_agreement")
"""What is said of a folder and its files, not of the patients."""


@pytest.fixture(scope="module")
def parts(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return in_parts(simulated, tmp_path_factory.mktemp("parts"))


@pytest.fixture
def changed(parts: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(parts, tmp_path / "changed"))


def checked(folder: Path, workers: int = 1) -> CheckedContent:
    return check_parts(folder, workers, lambda *_: lambda: None, strict=False)


def problems_of(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(CohortRefusedError) as refused:
        checked(folder)
    return refused.value.problems


def first_file(folder: Path, table: str) -> Path:
    return min((folder / table).rglob("*.parquet"))


def test_its_counts_and_figures_are_those_of_the_whole_cohort(parts: Path, simulated: Path) -> None:
    reading = read_with_repairs(simulated)
    whole = as_document(checked_content(reading.cohort, check_cohort(reading, simulated)))
    found = as_document(checked(parts))
    assert {key: value for key, value in found.items() if key not in OF_FILES} == {
        key: value for key, value in whole.items() if key not in OF_FILES
    }


@pytest.mark.slow
def test_processes_and_a_cluster_that_loses_a_worker_say_the_same(parts: Path) -> None:
    here = as_text(checked(parts))
    assert as_text(checked(parts, workers=2)) == here
    with on_cluster("local", 2) as cluster, worker_lost_at_work(cluster.client):
        assert as_text(checked(parts)) == here


def test_the_problems_of_every_part_are_listed_by_file_and_row(changed: Path) -> None:
    paths = sorted((changed / "assessments").rglob("*.parquet"))[:2]
    for path in paths:
        rows = pd.read_parquet(path)
        rows.loc[3, "score"] = 1e6
        rows.to_parquet(path, index=False)
    found = [(problem.place, problem.row, problem.column) for problem in problems_of(changed)]
    assert found == [(str(path.relative_to(changed)), 3, "score") for path in paths]


def test_what_falsifies_outcomes_is_refused_at_its_file(changed: Path) -> None:
    """Dead patients with later sessions."""
    events, sessions = first_file(changed, "events"), first_file(changed, "sessions")
    patient = pd.read_parquet(sessions)["patient_id"].iloc[0]
    rows = pd.DataFrame({"patient_id": [patient], "day": [-1], "event": ["death"]})
    pd.concat([pd.read_parquet(events), rows]).to_parquet(events, index=False)
    places = {problem.place for problem in problems_of(changed)}
    assert places
    assert all(place.endswith(str(sessions.relative_to(changed / "sessions"))) for place in places)


def test_repairs_name_the_file(changed: Path) -> None:
    path = first_file(changed, "assessments")
    pd.read_parquet(path).rename(columns={"instrument": "Instrument"}).to_parquet(path, index=False)
    (repair,) = checked(changed).check.repairs
    assert (repair.table, repair.column) == (str(path.relative_to(changed)), "instrument")


def test_a_patient_in_two_parts_is_refused(changed: Path) -> None:
    first, second = sorted((changed / "patients").rglob("*.parquet"))[:2]
    one = pd.read_parquet(first).iloc[:1]
    pd.concat([pd.read_parquet(second), one]).to_parquet(second, index=False)
    (problem,) = problems_of(changed)
    assert "1 in several, the first in " in problem.found


def test_a_warning_of_several_parts_is_shown_once_and_listed_for_each(changed: Path) -> None:
    for path in sorted((changed / "sessions").rglob("*.parquet")):
        pd.read_parquet(path).assign(dose_mg_per_kg=0.0).to_parquet(path, index=False)
    found = [finding for finding in checked(changed).check.findings if finding.code == "no_dose"]
    files = sorted(path.relative_to(changed).as_posix() for path in (changed / "sessions").rglob("*.parquet"))
    assert [finding.table for finding in found] == files
    shown = [one for one in with_findings_summarised(checked(changed)).check.findings if one.code == "no_dose"]
    assert [finding.table for finding in shown] == files[:1]
    assert f"due for {len(files) - 1} other files" in shown[0].remedy
