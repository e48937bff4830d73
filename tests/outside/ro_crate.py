"""Runs an RO-Crate validator of others on a package, without a network; its environment is `make outside-tools`.

The validator reads the context of RO-Crate 1.1 from its cache of web pages. The library rocrate 0.13, which is in that
environment for this, carries the context.
"""

import json
import sys
import tempfile
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from urllib3 import HTTPResponse

PROFILE = "workflow-run-crate-0.5"
CONTEXT = "https://w3id.org/ro/crate/1.1/context"


class ContextAdapter(HTTPAdapter):
    """Answers every request with the context that is installed here."""

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        """The context as w3id.org would send it."""
        content = files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()
        headers = {"Content-Type": "application/ld+json"}
        raw = HTTPResponse(BytesIO(content), headers, 200, preload_content=False, request_url=request.url)
        return self.build_response(request, raw)


def main(package: str) -> None:
    """Validate a package as a Workflow Run Crate; print one JSON object: checks made, and the issues by severity."""
    from rocrate_validator.models.settings import ValidationSettings
    from rocrate_validator.models.severity import Severity
    from rocrate_validator.services import validate

    with tempfile.TemporaryDirectory() as scratch:
        cache = Path(scratch) / "cache"
        with CachedSession(str(cache), backend="sqlite", expire_after=-1) as session:
            session.mount("https://", ContextAdapter())
            session.get(CONTEXT, headers={"Accept": "application/ld+json, application/json"})
        settings = ValidationSettings(
            rocrate_uri=package,
            profile_identifier=PROFILE,
            requirement_severity=Severity.RECOMMENDED,
            offline=True,
            cache_path=cache,
        )
        found = validate(settings)
    issues = [[issue.severity.name, str(issue.check.identifier), str(issue.message)] for issue in found.issues]
    sys.stdout.write(json.dumps({"checks": len(found.executed_checks), "issues": issues}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
