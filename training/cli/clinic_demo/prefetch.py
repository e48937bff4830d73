"""From a service's prefetch templates to the prefetch of one call, with what the EHR's own FHIR server has.

A template that can't be resolved or answered is left out, as the specification asks, so the service can say 412.
"""

import re
from collections.abc import Mapping
from typing import Any

from training.cli.clinic_demo.fhir_server import FhirStore

_TOKEN = re.compile(r"\{\{\s*([A-Za-z0-9_.]+)\s*\}\}")
_USERS = {
    "userPractitionerId": "Practitioner",
    "userPractitionerRoleId": "PractitionerRole",
    "userPatientId": "Patient",
    "userRelatedPersonId": "RelatedPerson",
}
"""Tokens for the user, and the type that the user then has (CDS Hooks 2.0, "Prefetch tokens")."""


def resolved(template: str, context: Mapping[str, Any]) -> str | None:
    """The relative address that a template stands for; ``None`` if the context lacks what one of its tokens names."""
    values = {token: _value(token, context) for token in _TOKEN.findall(template)}
    if None in values.values():
        return None
    return _TOKEN.sub(lambda found: str(values[found[1]]), template)


def prefetched(templates: Mapping[str, str], context: Mapping[str, Any], store: FhirStore) -> dict[str, Any]:
    """The answers to the templates, by key; a search's answer is a Bundle, also if it found nothing."""
    addresses = {key: resolved(template, context) for key, template in templates.items()}
    answers = {key: store.answer(address) for key, address in addresses.items() if address is not None}
    return {key: answer.resource for key, answer in answers.items() if answer.status == 200}


def _value(token: str, context: Mapping[str, Any]) -> str | None:
    if token in _USERS:
        kind, _, identifier = str(context.get("userId", "")).partition("/")
        return identifier if kind == _USERS[token] and identifier else None
    first, *path = token.split(".")
    value: Any = context if first == "context" and path else None
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else None
