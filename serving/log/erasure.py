"""Erasing a patient's entries, or old ones, from the log; the chain stays complete and records the erasure.

Of an erased entry stay its position in its chain, prediction id, time, the caller's key, model and run, landmark and
its day, the time that the answer took, and codes. Somebody who knows when a patient came may tell which entry is whose.
The erasure is an entry too, with the prediction ids of what it erased, by whom and why. Content is erased by destroying
the seed of its key; `overwriting` removes what is left of it in the database's files.
"""

import json
from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, select, tuple_, update

from serving.log.append import Draft, append, begin_writer, lock
from serving.log.content import fingerprint
from serving.log.overwriting import note_leftovers, overwrite_erased
from serving.log.queries import content_keys, entries
from serving.storage.database import writing
from serving.storage.launches import delete_launches
from serving.storage.pseudonyms import Secret

AT_ONCE = 500
KEPT_DAYS = 183
"""Days for which logs are kept at least: six months, by Articles 19(1) and 26(6) of Regulation (EU) 2024/1689."""
_FOUND = select(entries.c.writer, entries.c.number, entries.c.prediction_id).join(
    content_keys, and_(content_keys.c.writer == entries.c.writer, content_keys.c.number == entries.c.number)
)


def erase_patient(engine: Engine, secret: Secret, patient_ref: str, *, by: str, reason: str) -> int:
    """Erase the content of every entry about a patient, of whatever kind, and return how many there were.

    ``by`` and ``reason`` are never erased: they must not name the patient.
    """
    of_patient = content_keys.c.patient == fingerprint(secret, "patient", secret.patient(patient_ref))
    return _erase_all(engine, secret, of_patient, by, reason)


def prune(engine: Engine, secret: Secret, before: str, *, by: str, override: bool = False) -> int:
    """Erase the content of every entry made before a time (UTC, ISO 8601), and return how many there were.

    ``override``: it reaches entries of the last `KEPT_DAYS` days, which the erasure then says.
    """
    old = and_(entries.c.kind != "erasure", entries.c.at < before, content_keys.c.seed.is_not(None))
    overridden = f", override of the {KEPT_DAYS} days for which logs are kept" if override else ""
    return _erase_all(engine, secret, old, by, f"retention{overridden}: made before {before}")


def _erase_all(engine: Engine, secret: Secret, which: ColumnElement[bool], by: str, reason: str) -> int:
    """Erase in portions, each its own erasure, so that answers don't wait for all of them."""
    query = _FOUND.where(which).order_by(entries.c.at).limit(AT_ONCE)
    erased = 0
    while True:
        with writing(engine) as connection:
            lock(connection)
            found = list(connection.execute(query).tuples())
            _erase(connection, secret, found, by, reason)
        erased += len(found)
        if len(found) < AT_ONCE:
            overwrite_erased(engine)
            return erased


def _erase(connection: Connection, secret: Secret, found: Sequence[tuple[int, int, str]], by: str, reason: str) -> None:
    if not found:
        return
    erasure = str(uuid4())
    erasure_record = {
        "outcome": "erased",
        "erased": [prediction_id for *_, prediction_id in found],
        "by": by,
        "reason": reason,
    }
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
    note_leftovers(connection, erasure)
    append(connection, secret, begin_writer(connection, secret), [draft])
    delete_launches(connection, [prediction_id for *_, prediction_id in found])
    places = [(writer, number) for writer, number, _ in found]
    of_entry = tuple_(entries.c.writer, entries.c.number).in_(places)
    connection.execute(update(entries).where(of_entry).values(ciphertext=None, erased_by=erasure))
    connection.execute(delete(content_keys).where(tuple_(content_keys.c.writer, content_keys.c.number).in_(places)))
