"""An auditor with a seal of yesterday finds every change behind a promoted model by somebody who holds the stores."""

import os
from collections.abc import Iterator

import numpy as np
import pytest

from tests.places import ROOT
from tests.training.audit.record_changes import KINDS, NOT_READ, random_change
from tests.training.audit.stores import TRACEBACK, PromotedStores

pytestmark = pytest.mark.long

CHANGES = int(os.environ.get("KAP_RECORD_CHANGES", "10"))
"""How many random changes are made besides one of each kind; set it to 300 for the figure in the guide."""


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PromotedStores]:
    place = tmp_path_factory.mktemp("stores")
    for name in ("work", "kept"):
        (place / name).mkdir()
    made = PromotedStores(place / "work", place / "kept")
    made.make()
    made.put_aside(place / "whole")
    return made


def test_nothing_is_found_where_nothing_was_changed(stores: PromotedStores) -> None:
    found = stores.audit()
    assert found.passed, found.said


def test_every_change_is_found(stores: PromotedStores) -> None:
    """Found: a check fails, or a verdict notes what it did not note before."""
    untouched = stores.audit()
    rng, missed, noted = np.random.default_rng(300), [], 0
    for number in range(CHANGES):
        change = random_change(stores, rng)
        found = stores.audit()
        noted += found.passed and found.said != untouched.said
        if found.said == untouched.said or TRACEBACK in found.said:
            missed.append(f"{number}: {change.kind}: {change.what}{found.said if TRACEBACK in found.said else ''}")
        stores.put_back(stores.kept.parent / "whole")
    assert missed == [], f"{len(missed)} of {CHANGES} not found, {noted} noted"
    assert stores.audit() == untouched


def test_what_nothing_finds_is_named_in_the_guide() -> None:
    guide = (ROOT / "training" / "README.md").read_text(encoding="utf-8")
    for table, columns in NOT_READ.items():
        assert all(f"`{table}.{column}`" in guide for column in columns), table


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_change_is_found(stores: PromotedStores, kind: str) -> None:
    untouched, what = stores.audit(), KINDS[kind][0](stores, np.random.default_rng(1))
    found = stores.audit()
    stores.put_back(stores.kept.parent / "whole")
    assert found.said != untouched.said, what
    assert TRACEBACK not in found.said, what
