"""A page in a browser that watches: no other origin is asked, and nothing is written to the console."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.places import NODE_MODULES

CHROMIUM = Path("/usr/bin/chromium")
AXE = NODE_MODULES / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
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

    def follow(self, element: Any) -> None:
        """Click a link, or the button of a form, and wait until the page that answers is loaded."""
        with self.page.expect_navigation():
            element.click()


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
    """The rules of axe; skips the test where they can't be installed."""
    if not AXE.exists():
        assert shutil.which("npm") is None, "the rules of axe are required: make node-tools"
        pytest.skip("node and npm are required")
    return AXE.read_text(encoding="utf-8")
