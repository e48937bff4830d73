"""Which file is which table: nearly a table's name is refused by the reader itself, another name is left alone."""

from pathlib import Path

import pytest

from features.protocol.problems import ProtocolRefusedError
from tests.training.cohort.damaged import CLEAN, write
from training.cohort.file_names import meant_table
from training.cohort.reader import read_cohort


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("events.csv", "events"),
        ("events (1).csv", "events"),
        ("events_2.parquet", "events"),
        ("events - Copy.csv", "events"),
        ("old-events.tsv", "events"),
        ("EVENTS.CSV", "events"),
        ("events", "events"),
        ("events.xlsx", "events"),
        ("events.csv.gz", "events"),
        ("Patients.csv.txt", "patients"),
        ("patient.csv", "patients"),
        ("pateints.csv", "patients"),
        ("PriorTreatments.csv", "prior_treatments"),
        ("prior treatment.csv", "prior_treatments"),
        ("assesments.csv", "assessments"),
        ("README.md", None),
        ("notes.txt", None),
        ("truth.parquet", None),
        ("import.json", None),
        ("datapackage.json", None),
        ("outcomes.csv", None),
        ("predictions.parquet", None),
        ("treatments.pdf", None),
        ("patient_information.pdf", None),
        ("~$patients.xlsx", None),
        (".patients.csv.swp", None),
        ("mapping.toml", None),
    ],
)
def test_a_file_that_is_likely_to_be_a_table_is_taken_for_it(name: str, table: str | None) -> None:
    assert meant_table(name) == table


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("name", ["protocol (1).toml", "My protocol.toml", "Protocol.toml", "protocol.toml.txt"])
def test_a_protocol_under_another_name_is_not_passed_over(tmp_path: Path, name: str, strict: bool) -> None:
    folder = write(CLEAN | {name: b'name = "mine"\n'}, tmp_path / "mine")
    with pytest.raises(ProtocolRefusedError):
        read_cohort(folder, strict=strict)
