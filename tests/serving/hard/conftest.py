"""These tests take minutes: `make hard` runs them, with `KAP_HARD_TESTS` set."""

import os
from collections.abc import Callable

import pytest

from serving.storage.log_location import open_log
from serving.storage.state import State
from tests.serving.servers import Server

VARIABLE = "KAP_HARD_TESTS"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get(VARIABLE):
        return
    for item in items:
        if "/serving/hard/" in str(item.path):
            item.add_marker(pytest.mark.skip(reason=f"takes minutes; make hard runs it, with {VARIABLE} set"))


@pytest.fixture
def log_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Server], State]:
    """Opens a server's log, with its own settings."""

    def opened(server: Server) -> State:
        for name, value in server.environment.items():
            if name.startswith("KAP_"):
                monkeypatch.setenv(name, value)
        return open_log(None)

    return opened
