"""A researcher's module that can be imported during a test, and forgotten after it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.own_candidates.packages import MODULE, write_distribution, write_module


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the module, which is not installed."""
    write_module(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop(MODULE, None)


@pytest.fixture
def installed_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the module as an installed distribution."""
    write_distribution(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop(MODULE, None)
