"""No ordinary use of a promoted model, its runs and its stores makes an audit raise an alarm."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.training.audit.ordinary_uses import USES
from tests.training.audit.stores import PromotedStores

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PromotedStores]:
    place = tmp_path_factory.mktemp("used")
    for name in ("work", "kept"):
        (place / name).mkdir()
    stores = PromotedStores(place / "work", place / "kept")
    with ExitStack() as stack:
        stack.enter_context(stores.in_use())
        stores.make()
        stores.put_aside(place / "whole")
        yield stores


def test_there_are_sixty_uses() -> None:
    assert len(USES) >= 60


@pytest.mark.parametrize("name", USES)
def test_a_use_raises_no_alarm(used: PromotedStores, name: str) -> None:
    """The uses add up; after an alarm the next one begins with the stores as they were made."""
    USES[name](used)
    found = used.audit()
    if not found.passed:
        used.put_back(used.kept.parent / "whole")
    assert found.passed, found.said
