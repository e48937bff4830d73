"""Feedback on cards in the log: an entry of its own, bound to the prediction that the card showed, erased with it.

What a clinician wrote is part of the encrypted content. The same feedback is one entry, however often it is sent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

import orjson
from sqlalchemy import Engine

from serving.cds_hooks.card_ids import kind_of_card
from serving.cds_hooks.feedback import CardFeedback
from serving.log.append import Draft
from serving.log.content import fingerprint
from serving.log.queries import WITH_KEYS, LogEntry, content_keys, entries, stream
from serving.storage.database import reading
from serving.storage.pseudonyms import Secret


@dataclass(frozen=True)
class LoggedFeedback:
    """What became of a card: ``at`` is when it was logged (UTC), ``acted_at`` when the clinician acted, as it was sent.

    ``card`` is which of a prediction's two cards it is about.
    ``reason`` is the code of an override, with its system if it has one; ``comment`` may name the patient.
    """

    prediction_id: str
    at: str
    caller: str
    service: str
    card: Literal["cautions", "numbers"]
    outcome: str
    reason: str | None
    acted_at: str
    comment: str | None


def feedback_draft(
    secret: Secret, prediction: LogEntry, given: CardFeedback, *, service: str, caller: str, latency_us: int
) -> Draft:
    """The entry of feedback on a prediction; it has the prediction's patient, and so is erased with it."""
    text = given.canonical().encode()
    content = {"outcome": given.outcome, "prediction_id": prediction.prediction_id, "service": service}
    return Draft(
        prediction_id=str(uuid4()),
        caller=caller,
        model_digest=prediction.model_digest,
        model_version=prediction.model_version,
        run_id=prediction.run_id,
        landmark=None,
        landmark_day=None,
        latency_us=latency_us,
        patient=prediction.patient,
        input_digest=secret.mac("input", text),
        row=None,
        answer=orjson.dumps(content | {"feedback": orjson.loads(text)}).decode(),
        idempotency=secret.mac("idempotency", b"feedback\n" + text),
        kind="feedback",
    )


def read_feedback_entries(
    engine: Engine, secret: Secret, prediction: LogEntry | None = None
) -> Iterator[LoggedFeedback]:
    """The feedback in the log, or that on one prediction; none whose content was erased or changed."""
    query = WITH_KEYS.where(entries.c.kind == "feedback")
    if prediction is not None:
        query = query.where(content_keys.c.patient == fingerprint(secret, "patient", prediction.patient))
    with reading(engine) as connection:
        for entry in stream(connection, secret, query):
            found = _feedback(entry)
            if found is not None and (prediction is None or found.prediction_id == prediction.prediction_id):
                yield found


def _feedback(entry: LogEntry) -> LoggedFeedback | None:
    if entry.answer is None:
        return None
    document = orjson.loads(entry.answer)
    given = CardFeedback.model_validate(document["feedback"])
    override = given.override_reason
    return LoggedFeedback(
        prediction_id=document["prediction_id"],
        at=entry.at,
        caller=entry.caller,
        service=document["service"],
        card=kind_of_card(given.card),
        outcome=given.outcome,
        reason=None if override is None or override.reason is None else override.reason.text(),
        acted_at=given.outcome_timestamp,
        comment=None if override is None else override.user_comment,
    )
