"""The address of a store's file is read as SQLAlchemy reads it, whatever the names of its folders."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from training.stores.sqlite_address import sqlite_address, sqlite_file


@pytest.mark.parametrize("name", ["plain", "a%20b", "a b", "Übung", "no#1", "what?", "a+b", "a@b:c"])
def test_the_database_is_made_in_the_very_file_and_found_there(tmp_path: Path, name: str) -> None:
    file = tmp_path / name / "mlflow.db"
    file.parent.mkdir()
    engine = create_engine(sqlite_address(file))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE a (b)"))
    engine.dispose()
    assert file.is_file()
    assert sqlite_file(sqlite_address(file)) == file


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("sqlite:///mlflow.db", "mlflow.db"),
        ("sqlite+pysqlite:////a/mlflow.db?timeout=3", "/a/mlflow.db"),
        ("sqlite:////a%20b/mlflow.db", "/a b/mlflow.db"),
    ],
)
def test_a_file_may_be_given_in_each_form_of_an_address(address: str, file: str) -> None:
    assert sqlite_file(address) == Path(file)


@pytest.mark.parametrize("address", ["http://127.0.0.1:5000", "postgresql://a@b/c", "sqlite://", "mlruns", ""])
def test_another_store_has_no_file(address: str) -> None:
    assert sqlite_file(address) is None
