"""Runs an RO-Crate validator of others on a package, without a network; its environment is `make outside-tools`.

The validator reads the context of RO-Crate 1.1 from its cache of web pages. The library rocrate 0.13, which is in that
environment for this, carries the context.
"""

import sys
import tempfile
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from urllib3 import HTTPResponse

CONTEXT = "https://w3id.org/ro/crate/1.1/context"


class ContextAdapter(HTTPAdapter):
    """Answers every request with the context that is installed here."""

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        """The context as w3id.org would send it."""
        content = files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()
        headers = {"Content-Type": "application/ld+json"}
        raw = HTTPResponse(BytesIO(content), headers, 200, preload_content=False, request_url=request.url)
        return self.build_response(request, raw)


def main(package: str, report: str) -> None:
    """Validate a package at the level RECOMMENDED, write the report as JSON, and end with the validator's exit code."""
    from rocrate_validator.cli.main import cli

    with tempfile.TemporaryDirectory() as scratch:
        cache = str(Path(scratch) / "cache")
        with CachedSession(cache, backend="sqlite", expire_after=-1) as session:
            session.mount("https://", ContextAdapter())
            session.get(CONTEXT, headers={"Accept": "application/ld+json, application/json"})
        offline = ["--offline", "--cache-path", cache, "--requirement-severity", "recommended"]
        cli(["validate", *offline, "--no-paging", "--output-format", "json", "--output-file", report, package])


if __name__ == "__main__":
    main(*sys.argv[1:])
