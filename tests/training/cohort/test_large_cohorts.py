"""A cohort of very many patients is read in blocks and held as coded columns: it is the same cohort, bit for bit.

The sizes from which on this happens are made small here, so that every cohort is large.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.build import build_features
from features.protocol.columns import CHILD_TABLES
from features.protocol.problems import CohortRefusedError, Problem
from features.records.coded_rows import CodedRows
from features.records.cohort import Cohort
from tests.serving.bundles import toy_bundle, wavering
from tests.training.cohort.damaged import CLEAN, Damage, Files, write
from tests.training.cohort.refused_cohorts import REFUSED
from tests.training.cohort.repaired_cohorts import REPAIRED
from training.cli.texts.check_text import as_document
from training.cohort.reader import CohortReading, read_cohort, read_with_repairs
from training.exports.cohort_predictions import score_cohort
from training.outcomes.labels import derive_outcomes
from training.plausibility.checked_content import checked_content
from training.plausibility.cohort_check import check_cohort

DAMAGED = [(name, files, damage) for name, files, damage, *_ in (*REPAIRED, *REFUSED)]


def make_large(monkeypatch: pytest.MonkeyPatch, block_bytes: int = 150, patients: int = 1) -> None:
    """From now on every cohort is large."""
    monkeypatch.setattr("training.cohort.plain_file.LARGE_BYTES", block_bytes)
    monkeypatch.setattr("training.cohort.plain_file.TEXT_AT_ONCE", block_bytes)
    monkeypatch.setattr("training.cohort.plain_file.LARGE_ROWS", 2)
    monkeypatch.setattr("training.cohort.large_cohort.MANY_PATIENTS", patients)
    monkeypatch.setattr("features.records.portions.PORTION", patients)
    monkeypatch.setattr("features.records.cohort.PORTION", patients)


def is_coded(cohort: Cohort) -> bool:
    return all(isinstance(cohort.table(name), CodedRows) for name in CHILD_TABLES)


def reading_or_problems(folder: Path) -> CohortReading | Sequence[Problem]:
    try:
        return read_with_repairs(folder)
    except CohortRefusedError as refused:
        return refused.problems


@pytest.mark.parametrize(("_name", "files", "damage"), DAMAGED, ids=[case[0] for case in DAMAGED])
def test_a_damaged_cohort_is_repaired_or_refused_in_the_same_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _name: str, files: Files, damage: Damage
) -> None:
    folder = write(damage(files), tmp_path / "damaged")
    whole = reading_or_problems(folder)
    make_large(monkeypatch)
    found = reading_or_problems(folder)
    if isinstance(whole, CohortReading):
        assert isinstance(found, CohortReading)
        assert is_coded(found.cohort)
        assert found.cohort.digest == whole.cohort.digest
        assert (found.repairs, found.not_read) == (whole.repairs, whole.not_read)
    else:
        assert found == whole


@pytest.mark.parametrize("block_bytes", [80, 200, 1000])
def test_quoted_line_breaks_and_blocks_that_end_anywhere_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    rows = "".join(f'p{number},"c, ""{number % 3}""",40\r\n' for number in range(200))
    ratings = "".join(f"p{number},{day},gad7,{day}\n" for number in range(200) for day in (0, 7))
    files = {
        "patients.csv": ("\ufeff" + "patient_id,site_id,age_years\r\n" + rows).encode(),
        "assessments.csv": ("patient_id,day,instrument,score\n" + ratings + "\n\n").encode(),
    }
    folder = write(files, tmp_path / "cohort")
    whole = read_cohort(folder)
    make_large(monkeypatch, block_bytes)
    found = read_cohort(folder)
    assert is_coded(found)
    assert found.site_names == ('c, "0"', 'c, "1"', 'c, "2"')
    assert found.digest == whole.digest


@pytest.mark.parametrize("last", ["p200,c\n", 'p200,"c,40\n', "p200,\x81,40\n", "\n\np200,c,400\n"])
def test_what_is_wrong_in_a_late_block_is_refused_at_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    rows = "".join(f"p{number},c,40\n" for number in range(200)) + last
    folder = write(
        CLEAN | {"patients.csv": ("patient_id,site_id,age_years\n" + rows).encode("latin-1")}, tmp_path / "cohort"
    )
    whole = reading_or_problems(folder)
    make_large(monkeypatch)
    assert reading_or_problems(folder) == whole
    assert not isinstance(whole, CohortReading)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_shuffled_files_of_both_formats_are_the_same_cohort(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    whole = read_cohort(simulated)
    rng, shuffled = np.random.default_rng(1), tmp_path / "shuffled"
    shuffled.mkdir()
    (shuffled / "protocol.toml").write_bytes((simulated / "protocol.toml").read_bytes())
    for name in ("patients", *CHILD_TABLES):
        table = pd.read_csv(simulated / f"{name}.csv")
        table = table.iloc[rng.permutation(len(table))]
        if ending == "csv":
            table.to_csv(shuffled / f"{name}.csv", index=False)
        else:
            table.to_parquet(shuffled / f"{name}.parquet", index=False)
    make_large(monkeypatch, 5000, 70)
    found = read_cohort(shuffled)
    assert is_coded(found)
    assert found.digest == whole.digest


def test_scores_of_which_higher_is_better_are_turned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ratings = CLEAN["assessments.csv"].replace(b"gad7", b"who5")
    folder = write(CLEAN | {"assessments.csv": ratings}, tmp_path / "cohort")
    whole = read_cohort(folder)
    make_large(monkeypatch)
    found = read_cohort(folder)
    assert is_coded(found)
    assert found.assessments["score"].tolist() == whole.assessments["score"].tolist() == [84.0, 96.0, 70.0, 15.0]
    assert found.digest == whole.digest


def test_features_outcomes_check_and_predictions_are_the_same(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read_with_repairs(simulated)
    make_large(monkeypatch, 5000, 70)
    found = read_with_repairs(simulated)
    assert is_coded(found.cohort)
    for landmark in whole.cohort.protocol.landmarks:
        one, other = (build_features(each.cohort, landmark) for each in (whole, found))
        assert one.values.tobytes() == other.values.tobytes()
        one_outcome, other_outcome = (derive_outcomes(each.cohort, landmark) for each in (whole, found))
        for name in ("remission", "risk_start_day", "followed_days", "ended_by", "sustained"):
            assert getattr(one_outcome, name).tobytes() == getattr(other_outcome, name).tobytes()
    documents = [as_document(checked_content(each.cohort, check_cohort(each, simulated))) for each in (whole, found)]
    assert documents[0] == documents[1]
    bundle = replace(wavering(toy_bundle()), protocol=whole.cohort.protocol)
    for number, reading in enumerate((whole, found)):
        score_cohort(reading.cohort, bundle, tmp_path / f"{number}.parquet")
    assert (tmp_path / "0.parquet").read_bytes() == (tmp_path / "1.parquet").read_bytes()
