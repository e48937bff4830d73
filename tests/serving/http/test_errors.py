import asyncio
import logging

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from serving.http.errors import ProblemDetails, ValueFilter

MARKER = "XMARKERX"


def _fail(error: Exception) -> None:
    raise error


def _logged(error: Exception) -> logging.LogRecord | None:
    with pytest.raises(type(error)) as caught:
        _fail(error)
    raised = (caught.type, caught.value, caught.tb)
    record = logging.LogRecord("a", logging.ERROR, "a.py", 1, "failed", None, raised)
    return record if ValueFilter().filter(record) else None


def test_an_exception_is_logged_by_its_class_and_place_alone() -> None:
    record = _logged(KeyError(MARKER))
    assert record is not None
    text = logging.Formatter().format(record)
    assert "KeyError" in text
    assert "test_errors.py" in text
    assert MARKER not in text


def test_a_chain_of_exceptions_is_not_logged() -> None:
    error = RuntimeError("outer")
    error.__cause__ = ValueError(MARKER)
    record = _logged(error)
    assert record is not None
    assert MARKER not in logging.Formatter().format(record)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"XMARKERX", b'{"detail": 3}', b'[{"error": "XMARKERX"}]'])
def test_an_error_document_that_is_not_understood_is_not_passed_on(body: bytes) -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 400, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(ProblemDetails(failing))
        async with httpx.AsyncClient(transport=transport, base_url="http://kap") as client:
            return await client.get("/v1/predict")

    response = asyncio.run(ask())
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert MARKER not in response.text
