"""An OMOP data model is read the same from CSV, Parquet and PostgreSQL, with the joins that an import needs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from features.protocol.problems import CohortRefusedError, Problem
from tests.serving.databases import MARKER, postgresql_database
from tests.training.intake.sources import omop_tables
from training.intake.source import Source, SourceTable, text_of
from training.intake.sources.omop import read_omop
from training.intake.sources.omop_database import address_of


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return read_omop(omop_tables.write_csv(tmp_path_factory.mktemp("omop") / "cdm"))


@pytest.fixture(scope="module")
def database() -> Iterator[URL]:
    with postgresql_database() as url:
        yield url


def texts(table: SourceTable, name: str) -> list[str | None]:
    column = table.columns[name]
    return [None if code < 0 else text_of(column.values[code]) for code in column.codes]


def content(source: Source) -> dict[str, dict[str, Any]]:
    """Every cell and label of a source."""
    return {
        name: {one: (texts(table, one), dict(column.labels)) for one, column in table.columns.items()}
        for name, table in source.tables.items()
    }


def problem_of(location: str | Path) -> Problem:
    with pytest.raises(CohortRefusedError) as refused:
        read_omop(location)
    return refused.value.problems[0]


def test_the_tables_come_by_their_names_with_a_digest_each(source: Source) -> None:
    assert source.kind == "omop"
    assert set(source.tables) == {
        "person", "measurement", "observation", "drug_exposure", "condition_occurrence", "procedure_occurrence",
        "death",
    }  # fmt: skip
    assert all(len(digest) == 64 for digest in source.digests.values())


@pytest.mark.parametrize(("names", "floats"), [("upper", False), ("lower", True), ("title", True)])
def test_the_case_of_names_and_ids_with_a_decimal_point_do_not_matter(
    tmp_path: Path, source: Source, names: str, *, floats: bool
) -> None:
    assert content(read_omop(omop_tables.write_csv(tmp_path / "cdm", names=names, floats=floats))) == content(source)


def test_parquet_reads_as_csv_does(tmp_path: Path, source: Source) -> None:
    assert content(read_omop(omop_tables.write_parquet(tmp_path / "cdm"))) == content(source)


def test_postgresql_reads_as_csv_does_and_twice_the_same(database: URL, source: Source) -> None:
    address = omop_tables.load(database, "cdm")
    read = read_omop(address)
    assert content(read) == content(source)
    assert read.digests == read_omop(address).digests
    assert read.not_read == ("note",)
    assert read.tables["person"].place == "cdm.person"


def test_a_person_has_the_clinic_and_a_date_of_birth_where_it_is_whole(source: Source) -> None:
    person = source.tables["person"]
    assert texts(person, "care_site_source_value") == ["north", "north", "south"]
    assert texts(person, "birth_date") == ["1980-05-12", None, "1971-02-01"]
    assert texts(source.tables["death"], "person_source_value") == ["P-02"]


def test_a_drug_has_its_known_ingredient_and_one_with_two_has_none(source: Source) -> None:
    """Through concept_ancestor a tablet of citalopram is citalopram; a combination stays what it is."""
    assert texts(source.tables["drug_exposure"], "ingredient_concept_id") == [
        "1366610", "1366610", "797617", "739138", "40000002",
    ]  # fmt: skip


def test_what_was_observed_about_an_event_stands_beside_it(source: Source) -> None:
    drugs = source.tables["drug_exposure"]
    assert texts(drugs, "linked_2000000001") == ["21", None, None, None, None]  # the highest of two
    assert drugs.columns["linked_2000000001"].label == "CADSS, highest"
    assert texts(drugs, "linked_2000000003") == [None, None, "4188540", None, None]
    assert drugs.columns["linked_2000000003"].labels == {"4188540": "No"}


def test_what_was_measured_on_the_day_without_a_link_is_offered_by_its_highest_number(source: Source) -> None:
    drugs = source.tables["drug_exposure"]
    assert texts(drugs, "same_day_3004249") == [None, "141", None, None, None]
    assert drugs.columns["same_day_3004249"].label == "Systolic blood pressure"
    assert "same_day_2000000001" not in drugs.columns, "it is linked"


def test_the_last_weight_up_to_the_day_stands_beside_an_exposure(source: Source) -> None:
    assert texts(source.tables["drug_exposure"], "weight_3025315") == ["70", None, None, None, None]


def test_the_names_of_concepts_are_labels_and_only_of_those_in_use(source: Source) -> None:
    labels = source.tables["measurement"].columns["measurement_concept_id"].labels
    assert labels["5002"] == "Hamilton anxiety total"
    assert labels["5001"] == "GAD-7 total score [LOINC 70274-6]"
    assert not any("never used" in label for table in source.tables.values() for one in table.columns.values()
                   for label in one.labels.values())  # fmt: skip


def test_a_zero_is_a_number_and_no_empty_cell(source: Source) -> None:
    assert texts(source.tables["measurement"], "value_as_number")[:6] == ["16", "11", "14.5", "21", "0", "31"]


def test_an_id_that_is_no_whole_number_is_refused_by_file_row_and_column(tmp_path: Path) -> None:
    folder = omop_tables.write_csv(tmp_path / "cdm")
    path = folder / "drug_exposure.csv"
    path.write_text(path.read_text("utf-8").replace("739138", f"73.5{MARKER}"), encoding="utf-8")
    problem = problem_of(folder)
    assert (problem.place, problem.row, problem.column) == ("drug_exposure.csv", 3, "drug_concept_id")
    assert MARKER not in f"{problem.required}{problem.found}"


def test_a_missing_column_a_second_file_or_no_person_is_refused(tmp_path: Path) -> None:
    folder = omop_tables.write_csv(tmp_path / "cdm")
    (folder / "death.csv").write_text("person_id\n2\n", encoding="utf-8")
    assert (problem_of(folder).place, problem_of(folder).column) == ("death.csv", "death_date")
    (folder / "Death.CSV").write_text("person_id,death_date\n", encoding="utf-8")
    assert problem_of(folder).required == "one file for the table death"
    (folder / "person.csv").unlink()
    (folder / "Death.CSV").unlink()
    assert "person.csv or person.parquet" in problem_of(folder).required
    assert problem_of(tmp_path / "nowhere").found == "no folder of this name"


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (f"postgresql://someone:{MARKER}@127.0.0.1:1/cdm", "one that does not answer"),
        (f"postgresql://someone:{MARKER}@127.0.0.1:1/cdm?sslmode=perhaps", "something else"),
        (f"mysql://someone:{MARKER}@127.0.0.1/cdm", "one without user, database or postgresql://"),
        (f"postgresql://someone:{MARKER}@127.0.0.1:port/cdm", "another text"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_without_its_password(address: str, found: str) -> None:
    problem = problem_of(address)
    assert problem.found == found
    assert MARKER not in str(problem)


def test_ids_and_numbers_that_a_database_keeps_as_text_are_read_too(database: URL, source: Source) -> None:
    address = omop_tables.load(database, "texts", as_text=True)
    assert content(read_omop(address)) == content(source)


def test_a_schema_or_database_that_is_not_there_is_refused(database: URL) -> None:
    plain = database.set(drivername="postgresql")
    assert (
        "person"
        in problem_of(plain.update_query_dict({"schema": "elsewhere"}).render_as_string(hide_password=False)).required
    )
    nowhere = plain.set(database="kap_no_such_database").render_as_string(hide_password=False)
    assert problem_of(nowhere).found == "there is no such database on this server"


def test_a_table_that_the_user_may_not_read_is_refused_in_one_sentence(
    database: URL, capsys: pytest.CaptureFixture[str]
) -> None:
    address = omop_tables.load(database, "closed")
    with omop_tables.reader_without_tables(database, "closed") as reader:
        problem = problem_of(address.replace(f"//{database.username}@", f"//{reader}@"))
    assert problem.found == "this user may not read its tables"
    assert "Traceback" not in capsys.readouterr().err


def test_the_password_comes_from_the_environment_or_the_password_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, path = "postgresql://reader@db.example/cdm?schema=omop", tmp_path / "pgpass"
    path.write_text(f"other:*:*:*:no\n*:5432:cdm:reader:{MARKER}\\:1\n", encoding="utf-8")
    monkeypatch.setenv("PGPASSFILE", str(path))
    monkeypatch.delenv("PGPASSWORD", raising=False)
    assert address_of(address)[0].password == f"{MARKER}:1"
    monkeypatch.setenv("PGPASSWORD", MARKER)
    assert address_of(address)[0].password == MARKER
    assert address_of(address)[1] == "omop"
