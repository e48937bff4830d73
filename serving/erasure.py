"""Erasing what the log holds of a patient, or of what has grown old; the chain stays whole and tells of the erasure.

Of an erased entry its place, time, model and codes stay, and nothing from which the patient or the record could be
told. The erasure is an entry itself, which names every entry that it erased.
"""

import json
from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy import Connection, Engine, select, text, update

from serving.database import writing
from serving.failures import LogUnavailableError
from serving.log_append import Draft, append, begin_writer, lock
from serving.prediction_log import entries, entries_of_patients
from serving.pseudonyms import Secret

CONTENT = ("nonce", "patient", "input_digest", "row", "answer", "idempotency")
AT_ONCE = 500


def erase_patient(engine: Engine, secret: Secret, patient_ref: str, *, by: str, reason: str) -> int:
    """Erase the content of every entry about a patient, and return how many there were.

    ``by`` and ``reason`` are kept for ever: they must not name the patient.
    """
    with writing(engine) as connection:
        lock(connection)
        found = entries_of_patients(connection, [secret.patient(patient_ref)])
        _erase(connection, secret, found, by, reason)
    _forget_pages(engine)
    return len(found)


def prune(engine: Engine, secret: Secret, before: str, *, by: str) -> int:
    """Erase the content of every prediction made before a time (UTC, ISO 8601), and return how many there were."""
    old = (
        select(entries.c.prediction_id)
        .where(entries.c.kind == "prediction", entries.c.at < before, entries.c.nonce.is_not(None))
        .order_by(entries.c.at)
    )
    with writing(engine) as connection:
        lock(connection)
        found = list(connection.execute(old).scalars())
        _erase(connection, secret, found, by, f"retention: made before {before}")
    _forget_pages(engine)
    return len(found)


def _erase(connection: Connection, secret: Secret, prediction_ids: Sequence[str], by: str, reason: str) -> None:
    if not prediction_ids:
        return
    erasure = str(uuid4())
    told = {"outcome": "erased", "erased": list(prediction_ids), "by": by, "reason": reason}
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
        answer=json.dumps(told),
        kind="erasure",
    )
    append(connection, secret, begin_writer(connection, secret), [draft])
    nothing = dict.fromkeys(CONTENT) | {"erased_by": erasure}
    for start in range(0, len(prediction_ids), AT_ONCE):
        part = prediction_ids[start : start + AT_ONCE]
        connection.execute(update(entries).where(entries.c.prediction_id.in_(part)).values(**nothing))


def _forget_pages(engine: Engine) -> None:
    """Take what was erased out of SQLite's write-ahead file too; PostgreSQL's own vacuum does so in its time.

    Raises ``LogUnavailableError`` while somebody reads what is to go: it is erased all the same; ask again later.
    """
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        (busy, *_) = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
    if busy:
        raise LogUnavailableError("the content is erased, but its file is being read; do the same again in a while")
