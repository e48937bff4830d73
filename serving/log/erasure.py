"""Erasing a patient's entries, or old ones, from the log; the chain stays complete and records the erasure.

Place, time, caller, model and codes of an erased entry stay; they identify neither patient nor record. The erasure is
an entry too and names every entry that it erased.
"""

import json
from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Engine, and_, select, text, update

from serving.contract.failures import LogUnavailableError
from serving.log.append import Draft, append, begin_writer, lock
from serving.log.queries import entries
from serving.storage.database import writing
from serving.storage.pseudonyms import Secret

CONTENT = ("nonce", "patient", "input_digest", "row", "answer", "idempotency")
AT_ONCE = 500


def erase_patient(engine: Engine, secret: Secret, patient_ref: str, *, by: str, reason: str) -> int:
    """Erase the content of every entry about a patient, and return how many there were.

    ``by`` and ``reason`` are never erased: they must not name the patient.
    """
    of_patient = entries.c.patient == secret.patient(patient_ref)
    return _erase_all(engine, secret, of_patient, by, reason)


def prune(engine: Engine, secret: Secret, before: str, *, by: str) -> int:
    """Erase the content of every prediction made before a time (UTC, ISO 8601), and return how many there were."""
    old = and_(entries.c.kind == "prediction", entries.c.at < before, entries.c.nonce.is_not(None))
    return _erase_all(engine, secret, old, by, f"retention: made before {before}")


def _erase_all(engine: Engine, secret: Secret, which: ColumnElement[bool], by: str, reason: str) -> int:
    """Erase in portions, each its own erasure, so that answers don't wait for all of them."""
    query = select(entries.c.prediction_id).where(which).order_by(entries.c.at).limit(AT_ONCE)
    erased = 0
    while True:
        with writing(engine) as connection:
            lock(connection)
            found = list(connection.execute(query).scalars())
            _erase(connection, secret, found, by, reason)
        erased += len(found)
        if len(found) < AT_ONCE:
            _clear_old_pages(engine)
            return erased


def _erase(connection: Connection, secret: Secret, prediction_ids: Sequence[str], by: str, reason: str) -> None:
    if not prediction_ids:
        return
    erasure = str(uuid4())
    erasure_record = {"outcome": "erased", "erased": list(prediction_ids), "by": by, "reason": reason}
    draft = Draft(
        prediction_id=erasure,
        caller=by,
        model_digest="",
        model_version="",
        run_id="",
        landmark=None,
        landmark_day=None,
        latency_us=0,
        patient=None,
        input_digest=None,
        row=None,
        answer=json.dumps(erasure_record),
        kind="erasure",
    )
    append(connection, secret, begin_writer(connection, secret), [draft])
    nothing = dict.fromkeys(CONTENT) | {"erased_by": erasure}
    connection.execute(update(entries).where(entries.c.prediction_id.in_(prediction_ids)).values(**nothing))


def _clear_old_pages(engine: Engine) -> None:
    """Remove the erased content from the database's earlier states; it stays in backups and archives.

    Raises ``LogUnavailableError`` while another process reads the file: repeat the call later.
    """
    if engine.dialect.name != "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM entries"))
        return
    with engine.connect() as connection:
        (busy, *_) = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
    if busy:
        raise LogUnavailableError(
            "the content is erased, but another process reads the file; run the same command again later"
        )
