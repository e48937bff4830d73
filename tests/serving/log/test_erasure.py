"""Once an erasure has returned, no file of the database holds what was erased, nor anything by which to find it."""

import os
import re
import secrets
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, create_engine, select, text
from sqlalchemy.pool import NullPool

from serving.contract.failures import LogUnavailableError
from serving.log import erasure, overwriting
from serving.log.check import check_log
from serving.log.erasure import erase_patient, prune
from serving.log.overwriting import kept_elsewhere, leftovers
from serving.log.queries import content_keys, entries, find_entry
from serving.storage.database import open_database, reading, writing
from tests.places import ROOT
from tests.serving.databases import disposed, postgresql_database
from tests.serving.logs import SECRET, draft, log_in, logged

OTHERS = 400
MARKERS = ("XROWX-61.125", "XANSWERX-0.625", "XDIGESTX", "XKEYX")


@dataclass(frozen=True)
class Store:
    """A log, and all bytes in the files of its database."""

    engine: Engine
    read: Callable[[], bytes]

    def hits(self, values: list[bytes]) -> list[bytes]:
        """Those of the values that a file holds, as they are or in hexadecimal."""
        written = self.read()
        return [value for value in values if value in written or value.hex().encode() in written]


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        engine = log_in(tmp_path)
        yield Store(engine, lambda: contents(tmp_path))
        engine.dispose()
        return
    with postgresql_database() as url:
        engine = open_database(url)
        yield Store(engine, lambda: contents(Path(os.environ["KAP_TEST_POSTGRES_DATA"])))
        engine.dispose()


def contents(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def fill(engine: Engine) -> None:
    """Planted values about patient X among others', written in many transactions, so that pages were split."""
    row, answer, digest, key = MARKERS
    markers = [
        draft(
            1000 + number,
            patient=SECRET.patient("X"),
            row=f'{{"note":"{row}"}}',
            answer=f'{{"outcome":"{answer}"}}',
            input_digest=f"{digest}{number}",
            idempotency=f"{key}{number}",
        )
        for number in range(20)
    ]
    groups = [
        [draft(20 * group + one, idempotency=f"k{20 * group + one}") for one in range(OTHERS // 20)] + [markers[group]]
        for group in range(20)
    ]
    logged(engine, *groups)


def analyze(engine: Engine) -> None:
    """What autovacuum does from time to time; without limits it copies values to the server's statistics."""
    if engine.dialect.name == "postgresql":
        with writing(engine) as connection:
            connection.execute(text("ANALYZE"))


def findable(engine: Engine) -> list[bytes]:
    """What identifies X in the tables, or opens the content."""
    of_x = content_keys.c.number.in_(select(entries.c.number).where(entries.c.prediction_id.in_(ids())))
    with reading(engine) as connection:
        found = connection.execute(
            select(content_keys.c.seed, content_keys.c.patient, content_keys.c.idempotency).where(of_x)
        ).all()
    return sorted({bytes(value) for row in found for value in row if value is not None})


def ids() -> list[str]:
    return [f"p{1000 + number}" for number in range(20)]


def test_content_and_references_are_nowhere_in_clear_even_before_an_erasure(store: Store) -> None:
    fill(store.engine)
    clear = [value.encode() for value in (*MARKERS, SECRET.patient("X"))]
    assert store.hits([*clear, bytes.fromhex(SECRET.patient("X"))]) == []


def test_after_an_erasure_no_file_holds_seeds_or_fingerprints_of_the_patient(store: Store) -> None:
    fill(store.engine)
    analyze(store.engine)
    kept = findable(store.engine)
    assert len(kept) == 20 + 1 + 20
    assert store.hits(kept), "they must be found before, or the search finds nothing"
    assert erase_patient(store.engine, SECRET, "X", by="the clinic", reason="asked for") == 20
    assert kept_elsewhere(store.engine) is None
    assert store.hits(kept) == []
    assert store.hits([value.encode() for value in (*MARKERS, SECRET.patient("X"))]) == []
    checked = check_log(store.engine, SECRET)
    assert (checked.findings, checked.erased) == ((), 20)
    (entry, other) = (find_entry(store.engine, SECRET, name) for name in ("p1000", "p5"))
    assert entry is not None
    assert entry.erasable is None
    assert other is not None
    assert other.row == draft(5).row


def test_after_pruning_no_file_holds_seeds_or_fingerprints_of_what_was_old(store: Store) -> None:
    fill(store.engine)
    with reading(store.engine) as connection:
        rows = connection.execute(select(content_keys.c.seed, content_keys.c.patient, content_keys.c.idempotency))
        kept = sorted({bytes(value) for row in rows for value in row if value is not None})[::20]
    assert prune(store.engine, SECRET, "9999", by="the clinic") == OTHERS + 20
    assert store.hits(kept) == []
    assert check_log(store.engine, SECRET).findings == ()


def test_what_an_erasure_that_was_interrupted_left_is_overwritten_by_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store.engine)
    kept = findable(store.engine)
    with monkeypatch.context() as interrupted:
        interrupted.setattr(erasure, "overwrite_erased", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            erase_patient(store.engine, SECRET, "X", by="the clinic", reason="asked for")
    assert leftovers(store.engine) is not None
    assert prune(store.engine, SECRET, "2000", by="the clinic") == 0
    assert leftovers(store.engine) is None
    assert store.hits(kept) == []


def _interrupt(_: Engine) -> None:
    raise KeyboardInterrupt


def test_while_others_read_the_keys_an_erasure_does_not_keep_the_writers_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(overwriting, "LOCK_SECONDS", 1)
    monkeypatch.setattr(overwriting, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(overwriting, "TRIES", 2)
    with postgresql_database() as url, disposed(open_database(url)) as engine:
        logged(engine, [draft(1)])
        with reading(engine) as connection:
            connection.execute(select(content_keys)).all()
            with pytest.raises(LogUnavailableError, match="is erased, but another process reads the log"):
                erase_patient(engine, SECRET, "patient-1", by="the clinic", reason="asked for")
            logged(engine, [draft(2)])
        assert erase_patient(engine, SECRET, "patient-1", by="the clinic", reason="again") == 0
        assert leftovers(engine) is None
        assert check_log(engine, SECRET).findings == ()


def test_while_others_could_still_read_what_was_erased_an_erasure_does_not_say_that_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a backup, or the server's own collection of statistics, which began before and reads other tables first."""
    monkeypatch.setattr(overwriting, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(overwriting, "TRIES", 2)
    with postgresql_database() as url, disposed(open_database(url)) as engine:
        store = Store(engine, lambda: contents(Path(os.environ["KAP_TEST_POSTGRES_DATA"])))
        fill(engine)
        kept = findable(engine)
        with reading(engine) as connection:
            connection.execute(select(entries.c.number)).all()
            with pytest.raises(LogUnavailableError, match="is erased, but another process reads the log"):
                erase_patient(engine, SECRET, "X", by="the clinic", reason="asked for")
            assert leftovers(engine) is not None
        assert erase_patient(engine, SECRET, "X", by="the clinic", reason="again") == 0
        assert (leftovers(engine), store.hits(kept)) == (None, [])


def test_without_the_rights_to_overwrite_the_write_ahead_log_the_erasure_says_what_to_give() -> None:
    with postgresql_database() as url, disposed(_administrator(url)) as server:
        _run(server, "CREATE ROLE kap_plain LOGIN", f"ALTER DATABASE {url.database} OWNER TO kap_plain")
        try:
            with disposed(open_database(url.set(username="kap_plain"))) as engine:
                logged(engine, [draft(1)])
                assert erase_patient(engine, SECRET, "patient-1", by="the clinic", reason="asked for") == 1
                assert "pg_checkpoint, pg_monitor and EXECUTE on pg_switch_wal()" in str(kept_elsewhere(engine))
                _run(
                    server,
                    "GRANT pg_checkpoint, pg_monitor TO kap_plain",
                    "GRANT EXECUTE ON FUNCTION pg_switch_wal() TO kap_plain",
                )
                assert leftovers(engine) is not None
                assert erase_patient(engine, SECRET, "patient-1", by="the clinic", reason="again") == 0
                assert (leftovers(engine), kept_elsewhere(engine)) == (None, None)
        finally:
            _run(
                server, "REASSIGN OWNED BY kap_plain TO CURRENT_USER", "DROP OWNED BY kap_plain", "DROP ROLE kap_plain"
            )


def test_the_guide_gives_a_new_user_every_right_that_an_erasure_needs() -> None:
    guide = (ROOT / "serving" / "deploy" / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sql\n(.*?)```", guide, re.DOTALL)
    name = f"kap_guide_{secrets.token_hex(4)}"
    with postgresql_database() as url, disposed(_administrator(url)) as server:
        try:
            psql = ["psql", "--set=ON_ERROR_STOP=1", url.set(drivername="postgresql").render_as_string()]
            subprocess.run(psql, input=re.sub(r"\bkap\b", name, block), text=True, check=True, timeout=60)
            with disposed(open_database(url.set(username=name, database=name))) as engine:
                logged(engine, [draft(1)])
                assert erase_patient(engine, SECRET, "patient-1", by="the clinic", reason="asked for") == 1
                assert kept_elsewhere(engine) is None
        finally:
            _run(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"DROP ROLE IF EXISTS {name}")


def _administrator(url: URL) -> Engine:
    return create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)


def _run(server: Engine, *statements: str) -> None:
    with server.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
