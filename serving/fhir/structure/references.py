"""Which resource a reference means: a contained one, a full address, or a type and an id.

A reference that fits no resource that was sent, or several, resolves to nothing; what follows is left to the readers.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from serving.fhir.parts import LocatedResource

_TYPE_AND_ID = re.compile(r"(?:^|/)([A-Z][A-Za-z]+/[A-Za-z0-9.\-]{1,64})(?:/_history/[A-Za-z0-9.\-]{1,64})?$")


class ResourceIndex:
    """Finds resources by the references of others."""

    def __init__(self, located: Sequence[LocatedResource]) -> None:
        """Look up every way to refer to a resource once."""
        self._found: dict[str, list[LocatedResource]] = defaultdict(list)
        for one in located:
            own = one.resource.get("id")
            names = {one.reference, one.full_url, f"{one.resource.get('resourceType')}/{own}" if own else ""}
            for name in names - {""}:
                self._found[name].append(one)

    def resolve(self, reference: object, holder: LocatedResource) -> LocatedResource | None:
        """The resource that a Reference element of ``holder`` means."""
        text = reference.get("reference") if isinstance(reference, Mapping) else None
        if not isinstance(text, str) or not text:
            return None
        if text.startswith("#"):
            return _contained(text[1:], holder)
        found = self._found.get(text) or self._by_type_and_id(text)
        return found[0] if len(found) == 1 else None

    def _by_type_and_id(self, text: str) -> list[LocatedResource]:
        """Resources of a type and an id; of an absolute reference, only those that may be at its address."""
        match = _TYPE_AND_ID.search(text)
        if match is None:
            return []
        found = self._found.get(match[1], [])
        if "://" in text:
            base = text[: match.start(1)]
            return [one for one in found if "://" not in one.full_url or one.full_url.startswith(base)]
        return found


def _contained(own: str, holder: LocatedResource) -> LocatedResource | None:
    contained: Sequence[Any] = holder.resource.get("contained", ())
    for number, inner in enumerate(contained):
        if isinstance(inner, Mapping) and inner.get("id") == own:
            return LocatedResource(f"{holder.expression}.contained[{number}]", inner)
    return None
