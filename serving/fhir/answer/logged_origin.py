"""The origin of a logged answer as a bundle for an auditor's software: provenance, audit event, model and checks.

It is made from the log and the registry, and has nothing of the patient: no reference, no value, no day of the course.
An origin that a check did not confirm is left out, and the outcome of the check is among the entries.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from serving.fhir.answer.elements import Resource, concept, entry_url, notes, reference, uri_identifier
from serving.fhir.answer.provenance import DATA_OPERATION, PARTICIPANT_TYPE

DICOM = "http://dicom.nema.org/resources/ontology/DCM"
"""Codes of DICOM for audit messages, in FHIR R4's value sets of AuditEvent: 110100 Application Activity, 110152
Destination Role ID, 110153 Source Role ID [PS3.16, CID 400 and 402]."""
SOURCE_TYPE = "http://terminology.hl7.org/CodeSystem/security-source-type"
ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
NO_KEY = "loopback"
"""What the log has for a caller on the same machine, which needs no key."""
SOFTWARE_NOT_LOGGED = "The log does not say which version of the software answered, nor by which route it was asked."
_SEVERITIES = {
    "passed": ("information", "informational"),
    "failed": ("error", "processing"),
    "not checked": ("warning", "incomplete"),
    "does not apply": ("information", "informational"),
}
"""Severity and code (FHIR R4, issue-type) of the outcome of a check."""
_QUESTIONS = ("remission", "relapse", "sustained-remission")


@dataclass(frozen=True)
class OriginPart:
    """Something that the answer came from, with its identifier: ``system`` says of what kind that is."""

    what: Literal["model", "training run", "cohort", "code", "decision"]
    system: str
    value: str


@dataclass(frozen=True)
class OriginCheck:
    """The outcome of a check of the lineage; ``detail`` has no value of the patient."""

    name: str
    outcome: Literal["passed", "failed", "not checked", "does not apply"]
    detail: str


@dataclass(frozen=True)
class LoggedOrigin:
    """What the log and the registry say of an answer; ``at`` is when it was given, with a time zone.

    ``answer`` is the logged answer, ``None`` if it was erased. ``trained_with`` is the version of the software that
    trained the model, if it is known, ``parts`` is what checks have confirmed.
    """

    prediction_id: str
    at: str
    caller: str
    model_version: str
    bundle_digest: str
    trained_with: str | None
    answer: Mapping[str, Any] | None
    parts: Sequence[OriginPart]
    checks: Sequence[OriginCheck]


def origin_bundle(origin: LoggedOrigin) -> Resource:
    """The bundle (a collection); the same origin gives the same bundle."""
    entries = {
        "origin-provenance": _provenance(origin),
        "origin-audit-event": _audit_event(origin),
        "model": _device(origin),
        "origin-checks": _checks(origin.checks),
    }
    return {
        "resourceType": "Bundle",
        "identifier": uri_identifier(entry_url(origin.prediction_id, "origin")),
        "type": "collection",
        "timestamp": origin.at,
        "entry": [
            {"fullUrl": entry_url(origin.prediction_id, part), "resource": resource}
            for part, resource in entries.items()
        ],
    }


def _provenance(origin: LoggedOrigin) -> Resource:
    found: Resource = {
        "resourceType": "Provenance",
        "target": list(_targets(origin)),
        "occurredDateTime": origin.at,
        "recorded": origin.at,
        "activity": concept("prediction", DATA_OPERATION, "CREATE", "create"),
        "agent": [
            {
                "type": concept("author", PARTICIPANT_TYPE, "author", "Author"),
                "who": reference(entry_url(origin.prediction_id, "model")),
            },
            {"type": concept("informant", PARTICIPANT_TYPE, "informant", "Informant"), "who": _caller(origin)},
        ],
    }
    entities = [{"role": "source", "what": _identified(part)} for part in origin.parts]
    return found | ({"entity": entities} if entities else {})


def _targets(origin: LoggedOrigin) -> Iterator[Resource]:
    """The answer as a whole, and its risk assessments by the addresses that the service gives them."""
    answered = uri_identifier(f"urn:uuid:{origin.prediction_id}")
    yield {"type": "Bundle", "identifier": answered, "display": "the answer"}
    for name in _assessed(origin.answer):
        yield {"reference": entry_url(origin.prediction_id, name), "type": "RiskAssessment", "display": name}


def _assessed(answer: Mapping[str, Any] | None) -> Iterator[str]:
    """The questions with a probability, by the names of their risk assessments (`questions.questions_of`)."""
    if answer is None or answer.get("outcome") != "predicted":
        return
    asked = (
        [answer.get("remission")],
        (answer.get("relapse") or {}).get("at_horizons", ()),
        answer.get("sustained_remission") or (),
    )
    for name, found in zip(_QUESTIONS, asked, strict=True):
        if any(one is not None and one.get("probability") is not None for one in found):
            yield name


def _audit_event(origin: LoggedOrigin) -> Resource:
    device = reference(entry_url(origin.prediction_id, "model"))
    return {
        "resourceType": "AuditEvent",
        "type": _coding(DICOM, "110100", "Application Activity"),
        "action": "E",
        "recorded": origin.at,
        "outcome": "0",
        "outcomeDesc": "An answer was given and logged.",
        "agent": [
            {"type": _role("110153", "Source Role ID"), "who": _caller(origin), "requestor": True},
            {"type": _role("110152", "Destination Role ID"), "who": device, "requestor": False},
        ],
        "source": {"observer": device, "type": [_coding(SOURCE_TYPE, "4", "Application Server")]},
        "entity": [
            {
                "what": {"type": "Bundle", "identifier": uri_identifier(f"urn:uuid:{origin.prediction_id}")},
                "type": _coding(ENTITY_TYPE, "2", "System Object"),
                "description": "the answer in the prediction log",
            },
            *({"what": _identified(part), "description": part.what} for part in origin.parts),
        ],
    }


def _device(origin: LoggedOrigin) -> Resource:
    """The model, as an answer in FHIR has it (`provenance.device`)."""
    versions = [{"type": concept("model version"), "value": origin.model_version}]
    if origin.trained_with is not None:
        versions.append({"type": concept("software that trained the model"), "value": origin.trained_with})
    return {
        "resourceType": "Device",
        "identifier": [{"type": concept("SHA-256 of the bundle's manifest"), "value": origin.bundle_digest}],
        "status": "active",
        "deviceName": [{"name": "KAP Outcomes", "type": "model-name"}],
        "type": concept("Model that predicts outcomes"),
        "version": versions,
        "note": notes([SOFTWARE_NOT_LOGGED]),
    }


def _checks(checks: Sequence[OriginCheck]) -> Resource:
    issues = []
    for check in checks:
        severity, code = _SEVERITIES[check.outcome]
        detail = f": {check.detail}" if check.outcome in ("failed", "not checked") else ""
        text = f"{check.name}: {check.outcome}{detail}"
        issues.append({"severity": severity, "code": code, "details": {"text": text}})
    return {"resourceType": "OperationOutcome", "issue": issues}


def _caller(origin: LoggedOrigin) -> Resource:
    if origin.caller == NO_KEY:
        return {"display": "this machine, without a key"}
    return {"identifier": {"type": concept("id of the caller's key"), "value": origin.caller}, "display": "the caller"}


def _identified(part: OriginPart) -> Resource:
    return {"identifier": {"system": part.system, "value": part.value}, "display": part.what}


def _role(code: str, display: str) -> Resource:
    return {"coding": [_coding(DICOM, code, display)]}


def _coding(system: str, code: str, display: str) -> Resource:
    return {"system": system, "code": code, "display": display}
