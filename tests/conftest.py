"""In what order and in which process tests run.

A file's tests stay together, for they share what is made for them, and so do the files that ask the one server. Files
with slow tests come first, so that no process works alone at the end.
"""

import os
import tempfile

import pytest
from xdist.scheduler import LoadFileScheduling

ASK_THE_SERVER = {
    "tests/serving/client/test_service.py",
    "tests/serving/deploy/test_manifests.py",
    "tests/serving/client/test_wheel.py",
    "tests/serving/openapi/test_fuzzing.py",
    "tests/serving/openapi/test_generated_clients.py",
    "tests/serving/openapi/test_openapi.py",
    "tests/serving/prediction/test_description.py",
    "tests/serving/server/test_decision_routes.py",
    "tests/serving/server/test_fhir.py",
    "tests/serving/server/test_main_process.py",
    "tests/serving/server/test_service.py",
    "tests/serving/server/test_start.py",
}
"""Together they start one; another file that asks it starts a second one where another process runs it."""


class ServerFileScheduling(LoadFileScheduling):
    """By file; those that ask the server are one."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "server" if file in ASK_THE_SERVER else file


def pytest_configure() -> None:
    """Keys of people who sign decisions are made in a folder of the tests' own, not in that of who runs them."""
    os.environ.setdefault("KAP_SIGNING_KEYS", tempfile.mkdtemp(prefix="kap-test-keys-"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ServerFileScheduling:
    return ServerFileScheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("long")}
    items.sort(key=lambda item: item.path not in slow)
