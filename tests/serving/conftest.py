"""One real server for all the tests of a run: the files that ask it run in one process, see tests/conftest.py."""

from collections.abc import Iterator

import pytest

from tests.serving.servers import Server, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server")) as started:
        yield started
