"""The lineage of a prediction as FHIR: the log's entry, the verdicts and the confirmed origin as one bundle."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from serving.fhir.answer.elements import write
from serving.fhir.answer.logged_origin import LoggedOrigin, OriginCheck, OriginPart, origin_bundle
from training.audit.prediction_lineage import ConfirmedOrigin
from training.verdicts import Verdict

if TYPE_CHECKING:
    from serving.log.queries import LogEntry

SHA_256, RUN, COMMIT, DECISION = (
    f"urn:kap-outcomes:{name}" for name in ("sha-256", "mlflow-run", "git-commit", "decision")
)
"""Systems of the identifiers: digests, ids of MLflow's runs, commits, and the hash of a decision."""


def lineage_as_fhir(entry: "LogEntry", verdicts: Sequence[Verdict], origin: ConfirmedOrigin) -> str:
    """The bundle as indented JSON; the same lineage gives the same text."""
    bundle = origin_bundle(
        LoggedOrigin(
            prediction_id=entry.prediction_id,
            at=entry.at,
            caller=entry.caller,
            model_version=entry.model_version,
            bundle_digest=entry.model_digest,
            trained_with=origin.tags.get("package.kap-outcomes"),
            answer=_answer(entry.answer),
            parts=tuple(_parts(entry, origin)),
            checks=tuple(OriginCheck(one.check, one.outcome, one.detail) for one in verdicts),
        )
    )
    return write(bundle, indented=True).decode()


def _parts(entry: "LogEntry", origin: ConfirmedOrigin) -> Iterator[OriginPart]:
    if origin.registered:
        yield OriginPart("model", SHA_256, entry.model_digest)
    if origin.run_id is not None:
        yield OriginPart("training run", RUN, origin.run_id)
    if cohort := origin.tags.get("cohort_digest"):
        yield OriginPart("cohort", SHA_256, cohort)
    if (commit := origin.tags.get("commit", "unknown")) != "unknown":
        yield OriginPart("code", COMMIT, commit)
    if origin.decision is not None:
        yield OriginPart("decision", DECISION, f"{origin.decision.number}:{origin.decision.hash}")


def _answer(text: str | None) -> dict[str, Any] | None:
    """The logged answer; ``None`` where it was erased or can't be read."""
    try:
        answer = json.loads(text or "")
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
