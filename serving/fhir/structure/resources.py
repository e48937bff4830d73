"""The resources of a Bundle or of Parameters with their places, and the values of Parameters.

Bundles in one another are opened. A resource that was sent twice counts once; two versions of one have two meanings,
and are refused. What the resources mean is left to `serving.fhir.reading`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from serving.fhir.parts import LocatedResource, ReadingNotes
from serving.fhir.structure.resource_check import READ_TYPES, json_kind, resource_issues

MOST_RESOURCES: Final = 1_000
"""Resources of one body that are read; the check of each costs about a tenth of a millisecond."""
SENT: Final = "a Bundle (of type collection) or Parameters that hold the patient's resources"


@dataclass(frozen=True)
class ParameterValue:
    """The value of a parameter, with the JSON name that tells its type, such as ``valueDate``."""

    name: str
    value_name: str
    value: Any
    expression: str


@dataclass
class SentResources:
    """What a body holds: the resources that are read, all that were sent, and the values of Parameters."""

    located: list[LocatedResource] = field(default_factory=list)
    values: list[ParameterValue] = field(default_factory=list)
    number: int = 0


def sent_resources(document: Any, notes: ReadingNotes) -> SentResources:
    """The resources of a document; what is wrong with it or left out goes to ``notes``."""
    sent = SentResources()
    kind = document.get("resourceType") if isinstance(document, Mapping) else None
    if kind not in ("Bundle", "Parameters"):
        found = "a single resource" if isinstance(kind, str) else "another JSON value"
        notes.refuse("structure", "Bundle", SENT, found)
        return sent
    _open(LocatedResource(kind, document), sent, notes)
    _leave_out_repeats(sent, notes)
    return sent


def checked_resources(located: Sequence[LocatedResource], notes: ReadingNotes) -> list[LocatedResource]:
    """Resources that came on their own, such as those of a prefetch, checked in the same way; bundles are opened."""
    sent = SentResources()
    for one in located:
        _open(one, sent, notes)
    _leave_out_repeats(sent, notes)
    return sent.located


def _open(one: LocatedResource, sent: SentResources, notes: ReadingNotes) -> None:
    """Add what a resource holds; the resources of bundles and parameters are added in turn."""
    waiting = [(one.resource, one.expression, one.full_url)]
    while waiting:
        part, place, full_url = waiting.pop()
        kind = part.get("resourceType")
        if kind not in ("Bundle", "Parameters"):
            _add(part, place, full_url, sent, notes)
            continue
        held = list(_entries(part, place, notes) if kind == "Bundle" else _parameters(part, place, sent, notes))
        waiting += reversed(held)


def _entries(bundle: Mapping[str, Any], place: str, notes: ReadingNotes) -> Iterator[tuple[Any, str, str]]:
    """The resources of a Bundle's entries, with their places and full addresses."""
    entries = bundle.get("entry", [])
    if not _is_valid("Bundle", _without(bundle, "entry"), place, notes):
        return
    if bundle.get("type") == "history":
        notes.refuse("not-supported", f"{place}.type", "a Bundle with one version of each resource", "a history")
        return
    if not isinstance(entries, list):
        notes.refuse("structure", f"{place}.entry", "a list", json_kind(entries))
        return
    for number, entry in enumerate(entries):
        where = f"{place}.entry[{number}]"
        problem = _entry_problem(entry)
        if problem is not None:
            notes.refuse("structure", where + problem[0], *problem[1:])
        elif "resource" in entry:
            yield entry["resource"], f"{where}.resource", entry.get("fullUrl", "")


_ENTRY = frozenset(
    {"extension", "fullUrl", "id", "link", "modifierExtension", "request", "resource", "response", "search"}
)
"""The elements of an entry. Of these only two are read, so that they need no model, which would cost as much again."""


def _entry_problem(entry: Any) -> tuple[str, str, str] | None:
    """What is wrong with an entry besides its resource: the place in it, what is required and what was found."""
    if not isinstance(entry, dict):
        return "", "an object", json_kind(entry)
    if not entry.keys() <= _ENTRY | {f"_{name}" for name in _ENTRY}:
        return "", "only elements that FHIR R4 has here", "an unknown element"
    if not isinstance(entry.get("fullUrl", ""), str):
        return ".fullUrl", "a text", json_kind(entry["fullUrl"])
    if "resource" in entry and not isinstance(entry["resource"], dict):
        return ".resource", "a resource", json_kind(entry["resource"])
    return None


def _parameters(
    parameters: Mapping[str, Any], place: str, sent: SentResources, notes: ReadingNotes
) -> Iterator[tuple[Any, str, str]]:
    """The resources of Parameters, also of their parts; values are added to ``sent``."""
    listed = parameters.get("parameter", [])
    shell = {**parameters, "parameter": _bare_parameters(listed)} if "parameter" in parameters else parameters
    if not _is_valid("Parameters", shell, place, notes):
        return
    waiting = [(one, f"{place}.parameter[{number}]") for number, one in reversed(list(enumerate(listed)))]
    while waiting:
        parameter, where = waiting.pop()
        parts = parameter.get("part", [])
        waiting += [(one, f"{where}.part[{number}]") for number, one in reversed(list(enumerate(parts)))]
        value_name = next((name for name in parameter if name.startswith("value")), None)
        if isinstance(parameter.get("resource"), Mapping):
            yield parameter["resource"], f"{where}.resource", ""
        elif "resource" in parameter:
            notes.refuse("structure", f"{where}.resource", "a resource", "another JSON value")
        elif value_name is not None:
            sent.values.append(ParameterValue(parameter["name"], value_name, parameter[value_name], f"{where}.value"))
        elif not parts:
            notes.leave_out(where, "a parameter without a resource or a value")


def _bare_parameters(listed: Any) -> Any:
    """Parameters without their resources, which are checked on their own."""
    if not isinstance(listed, list):
        return listed
    bare = []
    for one in listed:
        parameter = _without(one, "resource")
        if isinstance(parameter, dict) and "part" in parameter:
            parameter["part"] = _bare_parameters(parameter["part"])
        bare.append(parameter)
    return bare


def _without(part: Any, name: str) -> Any:
    return {key: value for key, value in part.items() if key != name} if isinstance(part, dict) else part


def _is_valid(name: str, resource: Mapping[str, Any], place: str, notes: ReadingNotes) -> bool:
    issues = resource_issues(name, resource, place)
    notes.issues += issues
    return not issues


def _add(resource: Mapping[str, Any], place: str, full_url: str, sent: SentResources, notes: ReadingNotes) -> None:
    """Check one resource, and add it if its type is read."""
    sent.number += 1
    kind = resource.get("resourceType")
    if sent.number > MOST_RESOURCES:
        if sent.number == MOST_RESOURCES + 1:
            notes.refuse("too-long", place, f"at most {MOST_RESOURCES} resources", "more")
    elif not isinstance(kind, str):
        found = "nothing" if kind is None else "another type"
        notes.refuse("required", f"{place}.resourceType", "the type of the resource", found)
    elif kind not in READ_TYPES:
        notes.leave_out(place, "resources of this type are not read")
        sent.located.append(LocatedResource(place, resource, _reference(resource, full_url), full_url))
    elif _is_valid(kind, resource, place, notes) and _contained_are_valid(resource, place, notes):
        sent.located.append(LocatedResource(place, resource, _reference(resource, full_url), full_url))


def _contained_are_valid(resource: Mapping[str, Any], place: str, notes: ReadingNotes) -> bool:
    """Whether the medications in a resource are valid; others are not read."""
    contained = resource.get("contained", [])
    if not isinstance(contained, list):
        notes.refuse("structure", f"{place}.contained", "a list", "another type")
        return False
    valid = True
    for number, inner in enumerate(contained):
        where = f"{place}.contained[{number}]"
        kind = inner.get("resourceType") if isinstance(inner, Mapping) else None
        if not isinstance(kind, str):
            notes.refuse("structure", where, "a resource with its type", "another value")
            valid = False
        elif kind == "Medication":
            valid &= _is_valid(kind, inner, where, notes)
        else:
            notes.leave_out(where, "of contained resources only medications are read")
    return valid


def _reference(resource: Mapping[str, Any], full_url: str) -> str:
    """How others refer to a resource: ``Type/id``, or the full address where that is a URN or there is no id."""
    kind, own = resource["resourceType"], resource.get("id")
    if isinstance(own, str) and own and not full_url.startswith("urn:"):
        return f"{kind}/{own}"
    return full_url


def _leave_out_repeats(sent: SentResources, notes: ReadingNotes) -> None:
    """Keep one of resources that were sent twice, and refuse two versions of one."""
    first: dict[str, LocatedResource] = {}
    kept = []
    for one in sent.located:
        key = one.full_url or one.reference
        earlier = first.setdefault(key, one) if key else one
        if earlier is one:
            kept.append(one)
        elif earlier.resource == one.resource:
            notes.leave_out(one.expression, "the same resource was sent twice and counts once")
        else:
            notes.refuse("invariant", one.expression, "one version of each resource", "a second version")
    sent.located = kept
