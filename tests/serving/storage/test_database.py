"""The log's database: begun once, and when it is not there that is said and nothing else breaks; wherever it is."""

import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, insert, text, update
from sqlalchemy.exc import DBAPIError

from serving.contract.failures import DuplicateError, LogRefusedError, LogUnavailableError, SecretMismatchError
from serving.storage.database import (
    check_log,
    create_tables,
    has_begun,
    meta,
    open_database,
    reading,
    unavailable,
    writing,
)
from serving.storage.pseudonyms import Secret
from tests.places import ROOT
from tests.serving.databases import (
    MARKER,
    PATIENCE,
    SECRET,
    DatabasePlace,
    Wire,
    names,
    postgresql_database,
    put,
    sqlite_place,
)

ANOTHER = Secret(bytes(32))


@pytest.fixture(scope="module")
def postgresql_url() -> Iterator[URL]:
    with postgresql_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabasePlace]:
    if request.param == "sqlite":
        yield sqlite_place(tmp_path)
        return
    url: URL = request.getfixturevalue("postgresql_url")
    wire = Wire(url.host or "localhost", url.port or 5432)
    yield DatabasePlace(url.set(host="127.0.0.1", port=wire.port), wire.cut, wire.restore)
    wire.close()
    engine = open_database(url)
    with writing(engine) as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


@pytest.fixture
def engine(place: DatabasePlace) -> Iterator[Engine]:
    opened = open_database(place.url, patience_seconds=PATIENCE)
    create_tables(opened, SECRET)
    yield opened
    opened.dispose()


def test_what_was_written_is_read(engine: Engine, place: DatabasePlace) -> None:
    put(engine, "a")
    again = open_database(place.url)
    assert names(again) == {"a"}
    again.dispose()


def test_a_transaction_that_fails_leaves_nothing(engine: Engine) -> None:
    def fail() -> None:
        with writing(engine) as connection:
            connection.execute(insert(meta).values(name="a", value=""))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert names(engine) == set()


def test_opening_makes_nothing_and_reading_begins_no_log(place: DatabasePlace) -> None:
    opened = open_database(place.url, patience_seconds=PATIENCE)
    assert not has_begun(opened)
    with pytest.raises((LogRefusedError, LogUnavailableError)):
        check_log(opened, SECRET)
    assert place.url.get_backend_name() != "sqlite" or not Path(str(place.url.database)).parent.exists()
    opened.dispose()


def test_a_log_is_not_used_with_another_secret(engine: Engine, place: DatabasePlace) -> None:
    assert has_begun(engine)
    check_log(engine, SECRET)
    another = open_database(place.url)
    for use in (check_log, create_tables):
        with pytest.raises(SecretMismatchError, match="another secret"):
            use(another, ANOTHER)
    another.dispose()


def test_a_log_of_another_version_is_refused(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(update(meta).where(meta.c.name == "schema").values(value="99"))
    with pytest.raises(LogRefusedError, match="another version"):
        check_log(engine, SECRET)


def test_any_number_of_processes_may_begin_it_at_once(place: DatabasePlace) -> None:
    program = (
        "import sys; from sqlalchemy.engine import make_url; from serving.storage.pseudonyms import Secret\n"
        "from serving.storage.database import create_tables, open_database\n"
        "engine = open_database(make_url(sys.argv[1])); print('ready', flush=True); sys.stdin.readline()\n"
        "create_tables(engine, Secret(bytes(range(32))))\n"
    )
    command = [sys.executable, "-c", program, place.url.render_as_string(hide_password=False)]
    begun = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for process in begun:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in begun:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in begun:
        _, wrong = process.communicate(timeout=300)
        assert process.returncode == 0, wrong.decode()
    engine = open_database(place.url)
    check_log(engine, SECRET)
    engine.dispose()


def test_a_database_that_went_away_is_reported_and_used_again_when_it_comes_back(
    engine: Engine, place: DatabasePlace
) -> None:
    put(engine, "before")
    place.go()
    for use in (lambda: put(engine, "lost"), lambda: names(engine), lambda: create_tables(engine, SECRET)):
        with pytest.raises(LogUnavailableError):
            use()
    place.come_back()
    put(engine, "after")
    assert names(engine) == {"before", "after"}


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)  # an open file does not go away
def test_a_database_that_goes_away_amid_a_transaction_has_nothing_of_it(engine: Engine, place: DatabasePlace) -> None:
    def lose() -> None:
        with writing(engine) as connection:
            connection.execute(insert(meta).values(name="half", value=""))
            place.go()
            connection.execute(insert(meta).values(name="other half", value=""))

    with pytest.raises(LogUnavailableError):
        lose()
    place.come_back()
    assert names(engine) == set()


def test_a_row_that_is_there_already_is_reported_without_its_values(engine: Engine) -> None:
    put(engine, MARKER, MARKER)
    with pytest.raises(DuplicateError) as refused:
        put(engine, MARKER, MARKER)
    assert MARKER not in "".join(traceback.format_exception(refused.value))
    assert not unavailable(refused.value)


def test_a_defect_of_ours_is_no_trouble_of_the_database_and_tells_no_value(engine: Engine) -> None:
    wrong = [
        ("SELECT no_such_column, :value FROM meta", DBAPIError),
        ("INSERT INTO meta VALUES (:value, NULL)", DBAPIError),
    ]
    if engine.dialect.name == "postgresql":
        wrong.append(("SELECT CAST(CAST(:value AS text) AS integer)", DBAPIError))
    for statement, kind in wrong:
        with pytest.raises(kind) as defect, reading(engine) as connection:
            connection.execute(text(statement), {"value": MARKER})
        assert not unavailable(defect.value)
        assert MARKER not in "".join(traceback.format_exception(defect.value))
    assert names(engine) == set()


def test_reading_waits_for_nobody_who_writes(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(meta).values(name="not yet", value=""))
        assert names(engine) == set()
    assert names(engine) == {"not yet"}


def test_too_many_transactions_at_once_are_reported(engine: Engine) -> None:
    with pytest.raises(LogUnavailableError, match="in use"):
        _nest(engine, 100)
    assert names(engine) == set()


def _nest(engine: Engine, depth: int) -> None:
    with reading(engine):
        if depth:
            _nest(engine, depth - 1)
