"""The EHR's calls of the service, each kept as it was sent and answered, for the page to show."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from training.cli.clinic_demo.signing import EhrSigningKey, SignedToken

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Exchange:
    """One call: what was asked, how it was signed, and what came back.

    ``status`` is 0 and ``body`` is ``None`` if no answer came, and ``body`` is ``None`` too if it is no JSON.
    """

    title: str
    method: str
    address: str
    token: SignedToken | None
    sent: Mapping[str, Any] | None
    status: int
    received: str
    body: Any
    milliseconds: int


@dataclass(frozen=True)
class ServiceClient:
    """A client of the service at ``address``; every call of CDS Hooks has a token of its own."""

    address: str
    key: EhrSigningKey
    fhir_server: str

    async def discover(self) -> Exchange:
        """Which services there are."""
        return await self._call("Discovery", "GET", "/cds-services", is_signed=True)

    async def invoke(
        self, service: str, hook: str, context: Mapping[str, Any], prefetch: Mapping[str, Any]
    ) -> Exchange:
        """Call a service for a hook."""
        request = {
            "hook": hook,
            "hookInstance": str(uuid.uuid4()),
            "fhirServer": self.fhir_server,
            "context": dict(context),
            "prefetch": dict(prefetch),
        }
        return await self._call(f"Hook {hook}: {service}", "POST", f"/cds-services/{service}", request, is_signed=True)

    async def give_feedback(self, service: str, feedback: Mapping[str, Any]) -> Exchange:
        """Say what the user did with a card."""
        path = f"/cds-services/{service}/feedback"
        return await self._call("Feedback", "POST", path, {"feedback": [feedback]}, is_signed=True)

    async def predict(self, bundle: Mapping[str, Any]) -> Exchange:
        """Send a patient's record over FHIR, without a token: on one machine the service requires no key."""
        return await self._call("FHIR $predict", "POST", "/fhir/$predict", bundle, media_type="application/fhir+json")

    async def _call(
        self,
        title: str,
        method: str,
        path: str,
        sent: Mapping[str, Any] | None = None,
        *,
        is_signed: bool = False,
        media_type: str = "application/json",
    ) -> Exchange:
        address = f"{self.address}{path}"
        token = self.key.token(address) if is_signed else None
        headers = {"Accept": media_type} | ({"Authorization": f"Bearer {token.text}"} if token else {})
        content = None if sent is None else json.dumps(sent).encode()
        headers |= {"Content-Type": media_type} if content else {}
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as http:
            began = time.monotonic()
            try:
                answer = await http.request(method, address, content=content, headers=headers)
            except httpx.HTTPError as error:
                words = f"The service did not answer ({type(error).__name__}). Is it still running?"
                return Exchange(title, method, address, token, sent, 0, words, None, _since(began))
        text, body = _read(answer.text)
        return Exchange(title, method, address, token, sent, answer.status_code, text, body, _since(began))


def _read(text: str) -> tuple[str, Any]:
    """A body as it is shown and as values."""
    try:
        body = json.loads(text)
    except ValueError:
        return text, None
    return json.dumps(body, indent=2, ensure_ascii=False), body


def _since(began: float) -> int:
    return round(1000 * (time.monotonic() - began))
