"""The folder of a cohort in the making: two plain patients, but for the files that a test gives."""

from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from features.protocol.problems import InputRefusedError
from features.records.cohort import Cohort
from training.cohort.reader import describe_problems, read_cohort

PATIENTS = "patient_id,site_id,age_years,sex,comorbid_ptsd\nA,c1,41,female,true\nB,c2,,,\n"
ASSESSMENTS = "patient_id,day,instrument,score\nA,0,gad7,16\nA,7,gad7,9\nB,0,gad7,12\n"
ONE_RATING = "patient_id,day,instrument,score\nA,0,gad7,16\n"
COVARIATES = """
[[covariates]]
name = "expectancy"
kind = "number"
minimum = 0
maximum = 10
meaning = "expected benefit"
[[covariates]]
name = "remote"
kind = "binary"
meaning = "sessions by video"
"""
MARKER = "SECRET7391"


@dataclass
class Folder:
    """A cohort's folder in the making; tables not given are those of two plain patients."""

    path: Path
    strict: bool = False

    def write(self, *, defaults: bool = True, **files: str | bytes | None) -> "Folder":
        contents: dict[str, str | bytes | None] = {"patients_csv": PATIENTS, "assessments_csv": ASSESSMENTS}
        for key, content in ((contents if defaults else {}) | files).items():
            if content is not None:
                name = ".".join(key.rsplit("_", 1))
                (self.path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def read(self) -> Cohort:
        return read_cohort(self.path, strict=self.strict)

    def refusal(self) -> list[str]:
        with pytest.raises(InputRefusedError) as refused:
            read_cohort(self.path, strict=self.strict)
        return [line for problem in refused.value.problems for line in describe_problems([problem])]

    def refusal_of_age(self, cell: str) -> list[str]:
        table = f"patient_id,age_years,sex\nA,{cell},\nB,30,female\n"
        return self.write(patients_csv=table, assessments_csv=ASSESSMENTS).refusal()


def by_pandas(text: str, *, categories: tuple[str, ...] = ()) -> pa.Table:
    """The Parquet table that pandas makes of a CSV text."""
    frame = pd.read_csv(StringIO(text)).astype(dict.fromkeys(categories, "category"))
    return pa.Table.from_pandas(frame, preserve_index=False)
