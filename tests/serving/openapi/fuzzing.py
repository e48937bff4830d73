"""Schemathesis against a running service: its own OpenAPI document gives the cases and checks the answers."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count, islice
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import CHECKS, load_all_checks

from tests.serving.documented import ApiDocument
from tests.serving.servers import Server

ANSWERED_WITHIN_SECONDS = 5.0
RECORDS = "POST /v1/predict"
"""How the operations that take the project's own records begin: their schemas have the most to go wrong."""
MOST_OF_OTHERS = 250
"""Cases of another operation: most of its body is free, and is mutated by tests of its own."""
BATCH = "POST /v1/predict_batch"
EVERYWHERE = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
"""What every answer must be: no defect, of a documented status, type, headers and schema."""
REFUSES_ALL = "negative_data_rejection"
"""What breaks the schema is refused; of a batch only the requests that do."""
_TAKEN_KEY = re.compile(r"[!-~]{1,128}")


@dataclass
class FuzzingResults:
    """The number of cases by operation and status, and the slowest answer in seconds."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    slowest: float = 0.0

    @property
    def sent(self) -> int:
        return self.answers.total()

    def statuses(self) -> set[int]:
        return {status for _, status in self.answers}


def fuzz(
    server: Server, *, examples: int, coverage: int | None, headers: Mapping[str, str] | None = None
) -> FuzzingResults:
    """Send so many generated cases per operation and kind (within and outside the schema), and boundary cases.

    ``coverage`` is how many boundary cases of each operation are sent, spread over all of them; ``None``: all. Raises
    what Schemathesis raises at the first answer that is not as documented.
    """
    load_all_checks()
    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    documented = ApiDocument(server.client.get("/openapi.json").json())
    schema = schemathesis.openapi.from_dict(documented.document, config=config)
    fuzzed, numbers = FuzzingResults(), count()
    for found in schema.get_all_operations():
        operation = found.ok()  # a defect of the document raises here

        def send(case: Case[Any]) -> None:
            response = _send(case, server, dict(headers or {}), fuzzed, next(numbers))
            if case.operation.label == BATCH and response.status_code == HTTPStatus.OK:
                _check_items(documented, response)

        for case in _boundaries(schema, operation, coverage):
            send(case)
        number = examples if operation.label.startswith(RECORDS) else min(examples, MOST_OF_OTHERS)
        for mode in GenerationMode:
            _generate(operation.as_strategy(generation_mode=mode), number, send)
    return fuzzed


def _boundaries(schema: Any, operation: Any, coverage: int | None) -> Iterator[Case[Any]]:
    generation = schema.config.generation_for(operation=operation)
    cases = list(
        schema.iter_coverage_cases(operation, generation_modes=list(GenerationMode), generation_config=generation)
    )
    step = 1 if coverage is None else max(1, -(-len(cases) // coverage))
    return islice(cases, 0, None, step)


def _generate(cases: Any, examples: int, send: Any) -> None:
    """The same cases every time; an operation without parameters has hardly any."""

    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=cases)
    def each(case: Case[Any]) -> None:
        send(case)

    with suppress(Unsatisfiable):  # nothing that is sent to such an operation could be outside its schema
        each()


def _send(case: Case[Any], server: Server, headers: dict[str, str], fuzzed: FuzzingResults, number: int) -> Response:
    key = case.headers.get("Idempotency-Key")
    if isinstance(key, str) and _TAKEN_KEY.fullmatch(key):
        case.headers["Idempotency-Key"] = f"{key[:100]}{number}"  # or most would be refused for the key alone
    response = case.call(base_url=str(server.client.base_url), headers=headers, timeout=ANSWERED_WITHIN_SECONDS)
    label = case.operation.label
    fuzzed.answers[label, response.status_code] += 1
    fuzzed.slowest = max(fuzzed.slowest, response.elapsed)
    named = EVERYWHERE if label == BATCH else (*EVERYWHERE, REFUSES_ALL)
    case.validate_response(response, checks=CHECKS.get_by_names(list(named)))
    return response


def _check_items(documented: ApiDocument, response: Response) -> None:
    """Each request of a batch has its answer, and those outside the schema are refused."""
    requests, answers = json.loads(response.request.body)["requests"], response.json()["answers"]
    assert len(requests) == len(answers)
    for request, answer in zip(requests, answers, strict=True):
        assert documented.allows("Record", request) or answer["outcome"] == "refused"
