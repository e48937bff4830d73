"""The made-up sources by name: how each is written, and how pandas alone reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from features.protocol.columns import TABLES
from tests.training.intake.clinic_sources.dated_cohort import DatedCohort
from tests.training.intake.clinic_sources.health_record import write_health_record
from tests.training.intake.clinic_sources.omop import write_omop
from tests.training.intake.clinic_sources.redcap import write_redcap
from tests.training.intake.clinic_sources.spss import write_spss
from tests.training.intake.clinic_sources.workbook import write_workbook
from tests.training.intake.pandas_readings.health_record import read_health_record
from tests.training.intake.pandas_readings.omop import read_omop
from tests.training.intake.pandas_readings.redcap import read_redcap
from tests.training.intake.pandas_readings.spss import read_spss
from tests.training.intake.pandas_readings.tables import Tables, canonical
from tests.training.intake.pandas_readings.workbook import read_workbook


@dataclass(frozen=True)
class MadeUpSource:
    """How a source is written into a folder, and how it is read from what that returns."""

    write: Callable[[DatedCohort, Path], Path]
    read: Callable[[Path], Tables]


SOURCES = {
    "redcap": MadeUpSource(write_redcap, read_redcap),
    "spss": MadeUpSource(write_spss, read_spss),
    "workbook": MadeUpSource(write_workbook, read_workbook),
    "health record": MadeUpSource(write_health_record, read_health_record),
    "omop": MadeUpSource(write_omop, read_omop),
}


def original_tables(dated: DatedCohort) -> Tables:
    """The tables of the cohort, in the form in which tables are compared."""
    return canonical({name: getattr(dated.cohort, name) for name in TABLES})
