"""A page in a browser that watches: no other origin is asked, and nothing is written to the console."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.places import ROOT

CHROMIUM = Path("/usr/bin/chromium")
NODE = ROOT / "tests" / "node"
AXE = NODE / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
INSTALL_SECONDS = 300
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


@dataclass
class WatchedPage:
    """A page, and what it must not have done."""

    page: Any
    console: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """What axe finds against WCAG 2.2 AA: the rule, and the elements."""
        found = self.page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", TAGS
        )
        return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"]]


@contextmanager
def watched(chromium: Any, origin: str, **options: Any) -> Iterator[WatchedPage]:
    """A new page of a fresh profile; requests to any other origin are refused and noted."""
    context = chromium.new_context(**({"viewport": DESKTOP, "locale": "en-GB"} | options))
    opened = WatchedPage(context.new_page())

    def route(request: Any) -> None:
        if request.request.url.startswith(origin + "/"):
            request.continue_()
        else:
            opened.outside.append(request.request.url)
            request.abort()

    context.route("**/*", route)
    opened.page.on("console", lambda message: opened.console.append(message.text))
    opened.page.on("pageerror", lambda error: opened.console.append(str(error)))
    try:
        yield opened
    finally:
        context.close()


def axe_source() -> str:
    """The rules of axe; skips the test where npm can't install them."""
    if not AXE.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("node and npm are required (apt-get install nodejs npm)")
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=NODE, capture_output=True, check=False, timeout=INSTALL_SECONDS)
        if done.returncode:
            pytest.skip("npm can't install: " + done.stderr.decode(errors="replace")[-200:])
    return AXE.read_text(encoding="utf-8")
