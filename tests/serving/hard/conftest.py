"""These tests take minutes: `make hard` runs them, with `KAP_HARD_TESTS` set."""

import os

import pytest

VARIABLE = "KAP_HARD_TESTS"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get(VARIABLE):
        return
    for item in items:
        if "/serving/hard/" in str(item.path):
            item.add_marker(pytest.mark.skip(reason=f"takes minutes; make hard runs it, with {VARIABLE} set"))
