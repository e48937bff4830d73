"""A service that asks for keys, and one key that may do everything as often as it likes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.serving.server.test_service_keys import make_key
from tests.serving.servers import Server, environment_in, running

MOST_PER_MINUTE = "1000000"


@contextmanager
def keyed(folder: Path) -> Iterator[tuple[Server, str]]:
    """The running service and the key's token."""
    environment = environment_in(folder)
    _, token = make_key(environment, "--scope", "admin", "--per-minute", MOST_PER_MINUTE)
    with running(folder, environment=environment) as server:
        yield server, token
