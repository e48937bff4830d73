"""One real server with a usual model for all tests of the page, and headless Chromium to look at it."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.places import ROOT
from tests.serving.decision.browser import CHROMIUM
from tests.serving.servers import Server, environment_in, running


@pytest.fixture(scope="session")
def page_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("page-server")
    environment = environment_in(folder)
    command = [sys.executable, "-m", "tests.serving.decision.promote_usual"]
    subprocess.run(command, env=environment, cwd=ROOT, check=True)
    with running(folder, environment=environment) as started:
        yield started


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """It runs an event loop of its own until its module ends: other tests start theirs."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is required (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()
