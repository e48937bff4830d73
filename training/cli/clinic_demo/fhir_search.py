"""Which resources a FHIR search finds: the part of FHIR R4's search that CDS Hooks 2.0 lets a prefetch template use.

These are reads by id, the patient, tokens by equality, dates with eq, lt, gt, ge and le, ``_count`` and ``_sort``
("Prefetch query restrictions" of the specification). Any other parameter is refused rather than ignored: a search that
finds more than was asked for looks like a patient who has more.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Resource: TypeAlias = Mapping[str, Any]

TOKENS: dict[str, tuple[str, ...]] = {
    "_id": ("id",),
    "code": ("code", "medicationCodeableConcept"),
    "category": ("category",),
    "status": ("status",),
    "intent": ("intent",),
    "clinical-status": ("clinicalStatus",),
    "verification-status": ("verificationStatus",),
}
"""Token parameters, and the elements that each looks at, whichever the resource has."""
DATES: dict[str, tuple[str, ...]] = {
    "date": ("effectiveDateTime", "performedDateTime", "performedPeriod"),
    "authored": ("authored",),
    "authoredon": ("authoredOn",),
    "effective": ("effectiveDateTime", "effectivePeriod"),
    "effective-time": ("effectiveDateTime", "effectivePeriod"),
    "onset-date": ("onsetDateTime",),
    "recorded-date": ("recordedDate",),
}
URIS = {"questionnaire": ("questionnaire",)}
"""Parameters whose value is the element itself."""
PATIENT = ("patient", "subject")
PARAMETERS = (*PATIENT, *TOKENS, *DATES, *URIS, "_count", "_sort")
_COMPARED: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda first, wanted: first.startswith(wanted),
    "lt": lambda first, wanted: first < wanted,
    "gt": lambda first, wanted: first[: len(wanted)] > wanted,
    "ge": lambda first, wanted: first >= wanted,
    "le": lambda first, wanted: first[: len(wanted)] <= wanted,
}


class SearchRefusedError(Exception):
    """A search uses what this server does not have; the message says what it has."""


def search(resources: Sequence[Resource], kind: str, parameters: Sequence[tuple[str, str]]) -> list[Resource]:
    """The resources of a kind that meet every parameter, in the order that ``_sort`` asks for.

    Raises ``SearchRefusedError`` for a parameter that is not among ``PARAMETERS``.
    """
    unknown = sorted({name for name, _ in parameters} - set(PARAMETERS))
    if unknown:
        raise SearchRefusedError(f"a search by {', '.join(PARAMETERS)} is required; found another parameter")
    found = [one for one in resources if one["resourceType"] == kind]
    for name, value in parameters:
        found = [one for one in found if (name.startswith("_") and name != "_id") or _meets(one, name, value)]
    settings = dict(parameters)
    found = _sorted(found, settings.get("_sort"))
    return found if "_count" not in settings else found[: _count(settings["_count"])]


def _meets(resource: Resource, name: str, value: str) -> bool:
    if name in PATIENT:
        wanted = {f"Patient/{one.removeprefix('Patient/')}" for one in value.split(",")}
        subject = resource.get("subject") or resource.get("patient") or {}
        return subject.get("reference") in wanted
    if name in DATES:
        return any(_in_range(moment, value) for moment in _moments(resource, DATES[name]))
    elements = TOKENS.get(name) or URIS[name]
    tokens = [token for element in elements for token in _tokens(resource.get(element))]
    return any(_is_token(token, wanted) for token in tokens for wanted in value.split(","))


def _tokens(element: Any) -> list[tuple[str, str]]:
    """System and code of every coding of an element, however it is nested; a plain code has no system."""
    if isinstance(element, str):
        return [("", element)]
    concepts = element if isinstance(element, list) else [element] if element else []
    codings = [coding for concept in concepts for coding in concept.get("coding", [])]
    return [(coding.get("system", ""), coding.get("code", "")) for coding in codings]


def _is_token(token: tuple[str, str], wanted: str) -> bool:
    """``code`` in any system, ``system|code``, or ``system|`` with any code."""
    system, bar, code = wanted.rpartition("|")
    return (not bar or token[0] == system) and (token[1] == code or (bool(bar) and not code))


def _moments(resource: Resource, elements: Sequence[str]) -> list[str]:
    """The dates of a resource; of a period, its start."""
    found = [resource[element] for element in elements if element in resource]
    return [one["start"] if isinstance(one, Mapping) else one for one in found]


def _in_range(moment: str, value: str) -> bool:
    prefix, wanted = (value[:2], value[2:]) if value[:2] in _COMPARED else ("eq", value)
    return _COMPARED[prefix](moment, wanted)


def _sorted(resources: list[Resource], order: str | None) -> list[Resource]:
    if order is None:
        return resources
    name = order.removeprefix("-")
    if name not in DATES:
        raise SearchRefusedError(f"_sort by {', '.join(DATES)} is required; found another name")
    return sorted(resources, key=lambda one: max(_moments(one, DATES[name]), default=""), reverse=order.startswith("-"))


def _count(value: str) -> int:
    if not value.isdecimal():
        raise SearchRefusedError("_count must be a whole number; found another text")
    return int(value)
