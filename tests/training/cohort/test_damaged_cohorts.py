"""Damaged cohorts, each repaired and counted, or refused with file, row, column and remedy; none accepted wrongly.

A repaired cohort must have the digest of the clean one, which the strict reader gives.
"""

from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from features.protocol.problems import CohortRefusedError
from tests.training.cohort.damaged import CLEAN, Damage, Files, european, every, write
from tests.training.cohort.refused_cohorts import REFUSED
from tests.training.cohort.repaired_cohorts import REPAIRED
from training.cohort.reader import describe_problems, read_cohort, read_with_repairs
from training.cohort.repairs import describe_repairs


@pytest.mark.parametrize(("_name", "files", "damage", "sentences"), REPAIRED, ids=[case[0] for case in REPAIRED])
def test_what_has_one_meaning_is_repaired_and_counted(
    tmp_path: Path, _name: str, files: Files, damage: Damage, sentences: list[str]
) -> None:
    clean = read_cohort(write(files, tmp_path / "clean"), strict=True)
    damaged = write(damage(files), tmp_path / "damaged")
    reading = read_with_repairs(damaged)
    assert sorted(describe_repairs(reading.repairs)) == sorted(sentences)
    assert reading.cohort.digest == clean.digest
    if sentences:
        with suppress(CohortRefusedError):
            assert read_cohort(damaged, strict=True).digest != clean.digest


@pytest.mark.parametrize(("_name", "files", "damage", "place", "found"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_has_two_meanings_is_refused_with_place_and_remedy(
    tmp_path: Path, _name: str, files: Files, damage: Damage, place: str, found: str
) -> None:
    read_cohort(write(files, tmp_path / "clean"), strict=True)
    with pytest.raises(CohortRefusedError) as refused:
        read_cohort(write(damage(files), tmp_path / "damaged"))
    (line,) = describe_problems(refused.value.problems)
    assert line.startswith(f"{place}: required ")
    assert line.endswith(f"; found {found}")


def test_there_are_more_than_forty_damaged_cohorts() -> None:
    assert len(REPAIRED) + len(REFUSED) > 40


def test_a_column_that_is_not_read_is_named_unless_its_name_may_be_a_value(tmp_path: Path) -> None:
    damage = every(lambda text: text.replace("\n", ",9,9,\n").replace("9,9,", "shoe_size,Jane Doe,", 1), "events")
    reading = read_with_repairs(write(damage(CLEAN), tmp_path / "damaged"))
    assert reading.not_read == (
        "column shoe_size of events.csv",
        "the column in position 5 of events.csv",
        "the unnamed column in position 6 of events.csv",
    )


def test_no_repair_repeats_a_number_an_id_or_a_day(tmp_path: Path) -> None:
    damage = every(lambda text: european(text).replace("\n", " \n").replace(";200;", ";+200;"))
    sentences = describe_repairs(read_with_repairs(write(damage(CLEAN), tmp_path / "damaged")).repairs)
    assert len(sentences) > 3
    assert not [line for line in sentences for value in ("200", "22", "31", "Zürich", "north", "0.75") if value in line]


def test_what_the_strict_reader_takes_in_parquet_is_no_repair(tmp_path: Path) -> None:
    """A binary covariate may be 1 and 0 in every format."""
    covariate = b'[[covariates]]\nname = "remote"\nkind = "binary"\nmeaning = "sessions by video"\n'
    folder = write(CLEAN | {"protocol.toml": covariate}, tmp_path / "cohort")
    (folder / "patients.csv").unlink()
    pd.DataFrame({"patient_id": ["12", "13", "14"], "remote": [1.0, 0.0, None]}).to_parquet(folder / "patients.parquet")
    reading = read_with_repairs(folder)
    assert reading.repairs == ()
    assert reading.cohort.digest == read_cohort(folder, strict=True).digest
