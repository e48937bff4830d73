"""A clinic with two patients, whose files a test changes: what an import of them gives, or why it is refused."""

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from features.protocol.problems import InputRefusedError
from training.cohort.reader import describe_problems
from training.intake.conversion.cohort_import import ImportRecord, import_cohort
from training.intake.mapping_reading import read_mapping
from training.intake.sources.dispatch import read_source

PATIENTS = "id,born,sex\nA,1980-05-10,F\nB,1990-01-01,M\n"
SESSIONS = "id,date,dose\nA,2025-03-10,60\nA,2025-03-17,70\nB,2025-04-01,50\n"
SESSIONS_IN_MG_PER_KG = "id,date,dose_mgkg\nA,2025-03-10,0.6\nA,2025-03-17,0.7\nB,2025-04-01,0.5\n"
"""Sessions of which nothing needs to be asked."""
RATINGS = "id,date,scale,score\nA,2025-03-09,GAD-7,16\nA,2025-03-24,GAD-7,9\nB,2025-04-01,GAD-7,12\n"
HEAD = """format = 1
source = "delimited"
[patients_are]
id = "id"
pseudonyms = false
"""
BLOCKS = """
[[patients]]
from = "patients.csv"
age_years = { column = "born", convert = "age_at_day_0" }
sex = { column = "sex", values = { F = "female", M = "male" } }
[[sessions]]
from = "sessions.csv"
day = "date"
kind = { value = "dosing" }
[[assessments]]
from = "ratings.csv"
day = "date"
instrument = "scale"
score = "score"
"""
MAPPING = HEAD + BLOCKS


@dataclass(frozen=True)
class SmallClinic:
    """The clinic's folder, and the cohort beside it."""

    path: Path

    @property
    def source(self) -> Path:
        return self.path / "export"

    @property
    def cohort(self) -> Path:
        return self.path / "cohort"

    def write(self, **files: str | bytes) -> "SmallClinic":
        """Write the clinic's files; those given replace or add to ``patients``, ``sessions`` and ``ratings``."""
        self.source.mkdir(exist_ok=True)
        for name, content in ({"patients": PATIENTS, "sessions": SESSIONS, "ratings": RATINGS} | files).items():
            data = content.encode() if isinstance(content, str) else content
            (self.source / f"{name}.csv").write_bytes(data)
        return self

    def import_it(self, mapping: str = MAPPING, folder: str = "cohort") -> ImportRecord:
        """Import the files by a mapping into a folder beside them."""
        read = read_mapping(mapping, "clinic.toml", self.path)
        return import_cohort(read_source(self.source), read, self.path / folder, self.path / "clinic.key")

    def refusal(self, mapping: str = MAPPING) -> list[str]:
        """Why an import is refused, in sentences; nothing is left then."""
        before = sorted(self.path.iterdir())
        with pytest.raises(InputRefusedError) as refused:
            self.import_it(mapping)
        assert sorted(self.path.iterdir()) == before
        return describe_problems(refused.value.problems)

    def table(self, name: str, folder: str = "cohort") -> list[str]:
        """The lines of a table of the cohort, cells joined by blanks, without the header and empty cells at the end."""
        with (self.path / folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return [" ".join(row).rstrip() for row in list(csv.reader(file))[1:]]
