"""A made-up OMOP data model of three persons, as text tables; a dash is an empty cell.

Concepts above 2,000,000,000 are the clinic's own.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from sqlalchemy import URL, create_engine, text

from tests.serving.databases import disposed

TABLES: dict[str, tuple[tuple[str, ...], str]] = {
    "person": (
        (
            "person_id", "gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth", "care_site_id",
            "person_source_value",
        ),
        """
        1  8532  1980  5  12  7  P-01
        2  8507  1990  -  -   7  P-02
        3  8521  1971  2  1   8  P-03
        """,
    ),
    "care_site": (
        (
            "care_site_id", "care_site_source_value",
        ),
        """
        7  north
        8  south
        """,
    ),
    "measurement": (
        (
            "measurement_id", "person_id", "measurement_concept_id", "measurement_date", "value_as_number",
            "measurement_event_id", "meas_event_field_concept_id",
        ),
        """
        1  1  5001        2025-01-10  16    -   -
        2  1  5002        2025-01-10  11    -   -
        3  1  2000000001  2025-01-10  14.5  10  1147094
        4  1  2000000001  2025-01-10  21    10  1147094
        5  2  5001        2025-02-01  0     -   -
        6  2  3013721     2025-02-01  31    -   -
        7  2  3004249     2025-02-01  128   -   -
        8  2  3004249     2025-02-01  141   -   -
        9  2  3004249     2025-02-02  150   -   -
        10  1  3025315    2025-01-05  70    -   -
        11  1  3025315    2025-01-11  75    -   -
        """,
    ),
    "observation": (
        (
            "observation_id", "person_id", "observation_concept_id", "observation_date", "value_as_concept_id",
            "observation_event_id", "obs_event_field_concept_id",
        ),
        """
        1  1  2000000002  2025-01-01  4188539  -   -
        2  2  2000000002  2025-01-01  4188540  -   -
        3  1  2000000003  2020-01-01  4188540  12  1147094
        4  2  2000000004  2025-06-01  -        -   -
        """,
    ),
    "drug_exposure": (
        (
            "drug_exposure_id", "person_id", "drug_concept_id", "drug_exposure_start_date",
            "drug_exposure_end_date", "quantity", "route_concept_id", "dose_unit_source_value",
        ),
        """
        10  1  1366610   2025-01-10  2025-01-10  0.5  4262914  mg/kg
        11  2  1366610   2025-02-01  2025-02-01  0.6  0        mg/kg
        12  1  40000001  2020-01-01  2020-06-01  -    -        -
        13  2  739138    2024-01-01  -           -    -        -
        14  3  40000002  2024-01-01  -           -    -        -
        """,
    ),
    "condition_occurrence": (
        (
            "condition_occurrence_id", "person_id", "condition_concept_id", "condition_start_date",
            "condition_status_concept_id",
        ),
        """
        1  1  434613  2024-12-01  32902
        2  1  440383  2024-12-01  32908
        3  2  436074  2024-12-01  32902
        4  2  201826  2024-12-01  32902
        """,
    ),
    "procedure_occurrence": (
        (
            "procedure_occurrence_id", "person_id", "procedure_concept_id", "procedure_date",
        ),
        """
        1  1  4030840     2019-03-01
        2  1  2000000005  2025-01-12
        """,
    ),
    "death": (
        (
            "person_id", "death_date",
        ),
        """
        2  2025-09-01
        """,
    ),
    "concept": (
        (
            "concept_id", "concept_name", "vocabulary_id", "concept_code",
        ),
        """
        5001        GAD-7 total score                            LOINC   70274-6
        5002        Hamilton anxiety total                       Clinic  h1
        2000000001  CADSS, highest                               Clinic  c1
        2000000002  Comorbid PTSD                                Clinic  c2
        2000000003  Treatment was adequate                       Clinic  c3
        2000000004  Relapse                                      Clinic  c4
        2000000005  Ketamine integration session, psychotherapy  Clinic  c5
        40000001    citalopram 20 MG Oral Tablet                 RxNorm  x1
        40000002    fluoxetine and olanzapine                    RxNorm  x2
        99          never used                                   Clinic  c9
        """,
    ),
    "concept_ancestor": (
        (
            "ancestor_concept_id", "descendant_concept_id",
        ),
        """
        797617    40000001
        21604253  40000001
        755695    40000002
        785788    40000002
        """,
    ),
}  # fmt: skip
_TEXTS = ("source_value", "_date", "concept_name", "vocabulary_id", "concept_code")


def frames() -> dict[str, pd.DataFrame]:
    """The tables as frames, whole numbers as such."""
    return {name: _frame(columns, rows) for name, (columns, rows) in TABLES.items()}


def _frame(columns: tuple[str, ...], rows: str) -> pd.DataFrame:
    lines = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in rows.strip().splitlines()]
    frame = pd.DataFrame(lines, columns=list(columns)).replace("-", None)
    for name in frame:
        if not str(name).endswith(_TEXTS):
            frame[name] = pd.to_numeric(frame[name])
    return frame.convert_dtypes()


def write_csv(folder: Path, *, names: str = "lower", floats: bool = False) -> Path:
    """The tables as CSV files, their names and those of columns in a case; ``floats`` writes ids as 8507.0."""
    folder.mkdir()
    for name, frame in frames().items():
        shown = frame.astype(dict.fromkeys(frame.select_dtypes("Int64"), float)) if floats else frame
        spelt = shown.rename(columns=lambda one: getattr(str(one), names)())
        spelt.to_csv(folder / f"{getattr(name, names)()}.csv", index=False)
    return folder


def write_parquet(folder: Path) -> Path:
    """The tables as Parquet files."""
    folder.mkdir()
    for name, frame in frames().items():
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


def load(url: URL, schema: str, *, as_text: bool = False) -> str:
    """Load the tables into a schema of a database, all cells as text or not; its address as a person writes it."""
    with disposed(create_engine(url)) as engine, engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
        for name, frame in frames().items():
            shown = frame.astype("string") if as_text else frame
            shown.to_sql(name, connection, schema=schema, index=False)
        connection.execute(text(f"CREATE TABLE {schema}.note (note_text text)"))
    return url.set(drivername="postgresql", query={"schema": schema}).render_as_string(hide_password=False)


@contextmanager
def reader_without_tables(url: URL, schema: str) -> Iterator[str]:
    """A user who sees a schema and may read no table of it but ``person``."""
    user = f"kap_reader_{secrets.token_hex(4)}"
    with disposed(create_engine(url)) as engine:
        with engine.begin() as connection:
            connection.execute(text(f"CREATE ROLE {user} LOGIN"))
            connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {user}"))
            connection.execute(text(f"GRANT SELECT ON {schema}.person TO {user}"))
        yield user
        with engine.begin() as connection:
            connection.execute(text(f"DROP OWNED BY {user}"))
            connection.execute(text(f"DROP ROLE {user}"))
