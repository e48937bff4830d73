"""The files of a synthetic cohort: reproducible, readable, complete, and marked as synthetic."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from training.cohort.reader import read_cohort
from training.simulation.cohort import simulate_cohort, write_cohort


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(tmp_path: Path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_cohort(simulate_cohort(200, 3, seed), tmp_path / name)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == [
        "README.md",
        "assessments.csv",
        "events.csv",
        "patients.csv",
        "prior_treatments.csv",
        "protocol.toml",
        "sessions.csv",
        "truth.parquet",
    ]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "a" / "patients.csv").read_bytes() != (tmp_path / "c" / "patients.csv").read_bytes()


def test_both_formats_are_read_as_the_same_cohort(tmp_path: Path):
    synthetic = simulate_cohort(300, 4, seed=5)
    write_cohort(synthetic, tmp_path / "csv")
    write_cohort(synthetic, tmp_path / "parquet", format="parquet")
    assert read_cohort(tmp_path / "csv").digest == read_cohort(tmp_path / "parquet").digest


@pytest.mark.parametrize(("patients", "sites"), [(1, 1), (5, 2), (40, 40)])
def test_a_small_cohort_is_valid_too(tmp_path: Path, patients: int, sites: int):
    write_cohort(simulate_cohort(patients, sites, seed=1), tmp_path)
    assert len(read_cohort(tmp_path)) == patients


def test_it_says_that_it_is_synthetic_wherever_it_shows(tmp_path: Path):
    synthetic = simulate_cohort(30, 3, seed=1)
    write_cohort(synthetic, tmp_path)
    assert "SYNTHETIC" in (tmp_path / "README.md").read_text().splitlines()[0]
    assert read_cohort(tmp_path).protocol.name == "kap-synthetic"
    assert synthetic.patients["patient_id"].str.fullmatch(r"SYN-\d{6}").all()
    assert synthetic.patients["site_id"].str.fullmatch(r"synthetic-site-\d").all()
    assert pq.read_schema(tmp_path / "truth.parquet").metadata[b"synthetic"] == b"true"


@pytest.mark.parametrize(("patients", "sites"), [(0, 3), (3, 0)])
def test_an_empty_cohort_is_refused(patients: int, sites: int):
    with pytest.raises(ValueError, match="at least one"):
        simulate_cohort(patients, sites, seed=1)
