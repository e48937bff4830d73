"""A call of which any part was changed is read or refused with paths; nothing of it is in a refusal, and none fails."""

import copy
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from features.protocol.document import Protocol
from serving.cds_hooks.consultation import ConsultationReader
from serving.cds_hooks.feedback import read_feedback
from serving.cds_hooks.prefetch import PrefetchMissingError
from serving.cds_hooks.services import SERVICES
from serving.contract.refusal import RequestRefusedError
from serving.terminology.codes import load_terminology
from tests.serving.cds_hooks.calls import TODAY, order, order_sign, patient_view
from tests.serving.cds_hooks.feedbacks import accepted, overridden
from tests.serving.markers import MARKER

Document = dict[str, Any]
READER = ConsultationReader(lambda _: TODAY, None, Protocol(), load_terminology())
VALUES: tuple[Any, ...] = (
    None,
    7,
    -1.5e300,
    True,
    "",
    MARKER,
    [],
    {},
    [MARKER],
    [None],
    {MARKER: MARKER},
    {"resourceType": MARKER},
    {"coding": MARKER},
    {"reference": f"#{MARKER}"},
    {"resourceType": "Bundle", "entry": [{"resource": MARKER}]},
)
CALLS = {
    "patient-view": patient_view(fhirServer="https://ehr.example", fhirAuthorization={"access_token": "x"}),
    "order-sign": order_sign(
        TODAY,
        order(
            medicationCodeableConcept=None,
            medicationReference={"reference": "#m"},
            contained=[{"resourceType": "Medication", "id": "m", "code": {"coding": [{"system": "x", "code": "y"}]}}],
            authoredOn=TODAY.isoformat(),
        ),
        order(),
    ),
}


def places(part: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a document."""
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, value in inner:
        yield (*place, name)
        yield from places(value, (*place, name))


def mutated(document: Document, rng: np.random.Generator) -> Document:
    """The document with one to three of its parts replaced, left out, or put twice."""
    changed = copy.deepcopy(document)
    for _ in range(int(rng.integers(1, 4))):
        found = list(places(changed))
        if not found:
            break
        place = found[int(rng.integers(len(found)))]
        holder: Any = changed
        for name in place[:-1]:
            holder = holder[name]
        kind = rng.integers(4)
        if kind == 0:
            del holder[place[-1]]
        elif kind == 1 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[int(place[-1])]))
        else:
            holder[place[-1]] = copy.deepcopy(VALUES[int(rng.integers(len(VALUES)))])
    return changed


def outcome(body: bytes, hook: str) -> str:
    service = next(one for one in SERVICES if one.hook == hook)
    try:
        return "quiet" if READER.read(body, service) is None else "read"
    except (RequestRefusedError, PrefetchMissingError) as refused:
        shown = [f"{problem.path} {problem.required} {problem.found}" for problem in refused.problems]
        return "with a value" if not shown or MARKER in str(shown) else type(refused).__name__


@pytest.mark.parametrize("hook", CALLS)
def test_a_mutated_call_is_read_or_refused(hook: str) -> None:
    rng = np.random.default_rng(20261120)
    seen = Counter(outcome(json.dumps(mutated(CALLS[hook], rng)).encode(), hook) for _ in range(1_500))
    assert set(seen) == {"quiet", "read", "RequestRefusedError", "PrefetchMissingError"}


def test_mutated_feedback_is_taken_or_refused() -> None:
    rng = np.random.default_rng(20261121)
    seen: Counter[str] = Counter()
    for number in range(2_000):
        document = mutated(accepted() if number % 2 else overridden(), rng)
        try:
            read_feedback(json.dumps(document).encode())
            seen["taken"] += 1
        except RequestRefusedError as refused:
            seen["with a value" if MARKER in str([vars(one) for one in refused.problems]) else "refused"] += 1
    assert set(seen) == {"taken", "refused"}
