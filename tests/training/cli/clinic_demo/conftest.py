"""One demonstration for all the tests of this folder that only ask it."""

from collections.abc import Iterator

import pytest

from tests.training.cli.clinic_demo.running_demo import RunningDemo, running_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    with running_demo(tmp_path_factory.mktemp("clinic")) as started:
        yield started
