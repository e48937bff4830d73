"""The parts of one operation in the OpenAPI document: request, answers and refusals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from serving.contract.response import Document
from serving.contract.routes import ROUTES
from serving.http.errors import PROBLEM_JSON
from serving.openapi.examples import Example
from serving.openapi.problems import ProblemStatus
from serving.openapi.schemas import reference

JSON = "application/json"
KEY, EHR = "key", "ehr"
"""The names of the security schemes."""
CARRIED: dict[str, Document] = {
    "Retry-After": {"description": "Seconds after which to retry.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {"description": "How to give the key.", "schema": {"type": "string"}},
    "Location": {"description": "The path of what was made.", "schema": {"type": "string"}},
    "Allow": {"description": "The methods that the address takes, separated by commas.", "schema": {"type": "string"}},
    "X-Request-Id": {
        "description": "The id of the request, which the server's log has too.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    },
    "traceparent": {"description": "The traceparent of the request, if one was sent.", "schema": {"type": "string"}},
}
"""Headers of answers."""
IN_EVERY_ANSWER = ("X-Request-Id", "traceparent")
_ANYWHERE = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_KEYED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
_SENT = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
IDEMPOTENCY: Document = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A name for this call that the caller chooses. The same key with the same body gives the same "
    "answer, however often it is sent. With another body it is refused.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
    "example": "visit-7f3a2c",
}
NAMING: list[Document] = [
    {
        "name": "X-Request-Id",
        "in": "header",
        "required": False,
        "description": "The id of the request: 1 to 128 letters, digits, dots, hyphens or underscores. The answer has "
        "it too. Anything else is replaced by a new id.",
        "schema": {"type": "string"},
        "example": "visit-5077",
    },
    {
        "name": "traceparent",
        "in": "header",
        "required": False,
        "description": "The caller's trace (W3C Trace Context). Anything else is left out.",
        "schema": {"type": "string"},
        "example": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    },
]
"""What is malformed here is not refused, so that the schemas allow any text."""


@dataclass(frozen=True)
class OperationTexts:
    """The texts of an operation."""

    tag: str
    summary: str
    description: str


@dataclass(frozen=True)
class PostOperation:
    """An operation that takes a body: the schemas of it and of its answer, and examples of both.

    An example of a request and that of its answer have the same name.
    """

    request: str
    answer: str
    examples: Mapping[str, Example]
    success: HTTPStatus = HTTPStatus.OK


def get(path: str, texts: OperationTexts, answer: Document) -> Document:
    """The operations of an address that is read."""
    return {"get": operation(path, texts) | {"responses": {"200": answer} | _refusals(path)}}


def post(
    path: str, texts: OperationTexts, posted: PostOperation, problems: Mapping[HTTPStatus, ProblemStatus]
) -> Document:
    """The operations of an address that takes a body; ``problems`` are its refusals."""
    examples = posted.examples
    requests = {name: _example(one.summary, one.request) for name, one in examples.items() if one.in_schema}
    answers = {name: (one.summary, one.answer) for name, one in examples.items() if one.status is posted.success}
    own = {
        str(status.value): problem(status, problems[status])
        for status in (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    }
    for name, one in examples.items():
        if one.status is not posted.success:
            own[str(one.status.value)]["content"][PROBLEM_JSON]["examples"][name] = _example(one.summary, one.answer)
    posting: Document = {
        "parameters": [IDEMPOTENCY, *NAMING],
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": reference(posted.request), "examples": requests}},
        },
        "responses": {str(posted.success.value): json_answer("The answer.", posted.answer, answers)}
        | _refusals(path)
        | own,
    }
    return {"post": operation(path, texts) | posting}


def json_answer(description: str, schema: str, examples: Mapping[str, tuple[str, Document]]) -> Document:
    """An answer in JSON of a schema, with examples as summaries and values by name."""
    named = {name: _example(*one) for name, one in examples.items()}
    return answer(description, JSON, {"schema": reference(schema), "examples": named})


def text_answer(description: str, media_type: str, summary: str, value: str) -> Document:
    """An answer in plain text, with an example."""
    examples = {"text": _example(summary, value)}
    return answer(description, media_type, {"schema": {"type": "string"}, "examples": examples})


def answer(description: str, media_type: str, content: Document, *headers: str) -> Document:
    """An answer of one media type, with the headers that every answer has and ``headers``."""
    return {
        "description": description,
        "headers": carried(*headers, *IN_EVERY_ANSWER),
        "content": {media_type: content},
    }


def problem(status: HTTPStatus, one: ProblemStatus) -> Document:
    """An answer that refuses, with an example of each reason."""
    document = {"type": "about:blank", "title": status.phrase, "status": status.value}
    listed = {name: {"problems": problems, "more_problems": 0} for name, problems in one.problems.items()}
    examples = {
        name: _example(detail, document | {"detail": detail} | listed.get(name, {}))
        for name, detail in one.details.items()
    }
    content = {"schema": reference("ProblemDocument"), "examples": examples}
    return answer(one.when, PROBLEM_JSON, content, *one.headers)


def carried(*names: str) -> Document:
    """Headers of an answer, by reference."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def response_name(status: HTTPStatus) -> str:
    """The name of the shared answer of a status, such as ``TooManyRequests``."""
    return status.phrase.title().replace(" ", "")


def operation(path: str, texts: OperationTexts) -> Document:
    """What every operation says of itself; its id is made of its address."""
    route = ROUTES[path]
    name = (
        path.strip("/")
        .removeprefix("v1/")
        .removesuffix(".json")
        .translate({ord("/"): "_", ord("-"): "_", ord("$"): ""})
    )
    scope = "No key is needed." if route.scope is None else f"Scope: `{route.scope}`."
    return {
        "operationId": name,
        "tags": [texts.tag],
        "summary": texts.summary,
        "description": f"{texts.description} {scope}",
        "security": [] if route.scope is None else [{KEY: [route.scope]}, *([{EHR: []}] if route.ehr else [])],
        "parameters": NAMING,
    }


def refusing_statuses(path: str) -> list[HTTPStatus]:
    """The statuses with which an address may refuse a request, in their order."""
    route = ROUTES[path]
    statuses: Sequence[HTTPStatus] = (
        *(() if route.body == "none" else _SENT),
        *(() if route.scope is None else _KEYED),
        *_ANYWHERE,
    )
    return sorted(statuses)


def _refusals(path: str) -> Document:
    named = {str(status.value): response_name(status) for status in refusing_statuses(path)}
    return {status: {"$ref": f"#/components/responses/{name}"} for status, name in named.items()}


def _example(summary: str, value: object) -> Document:
    return {"summary": summary, "value": value}
