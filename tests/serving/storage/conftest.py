"""The database of the log, in each of its kinds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from serving.storage.database import open_database
from tests.serving.databases import begun, postgresql_database


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "postgresql":
        with postgresql_database() as url:
            yield from begun(open_database(url))
    else:
        yield from begun(open_database(make_url(f"sqlite:///{tmp_path / 'predictions.db'}")))
