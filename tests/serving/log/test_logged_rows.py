"""A logged row gives the answer again: what follows from the row alone, at its landmark."""

import json
from typing import Any

import numpy as np
import pytest

from features.protocol.problems import InputRefusedError
from serving.prediction.predictor import Predictor
from serving.prediction.row_writer import ROWS_AT_ONCE
from tests.serving.answers import alike, answered, drawn
from tests.serving.bundles import bundles_of_every_kind, toy_bundle

BUNDLES = bundles_of_every_kind()
FROM_THE_RECORD = {"prediction_id", "model", "landmark", "not_used", "cautions"}
ROW = {"baseline_distance_to_remission": 2.0, "age_years": 41.0}
LANDMARK = "before session 2"


@pytest.mark.parametrize("kind", BUNDLES)
@pytest.mark.parametrize("in_full", [True, False])
def test_the_row_gives_all_of_the_answer_but_what_is_said_of_the_record(kind: str, in_full: bool) -> None:
    bundle, checked = BUNDLES[kind], 0
    predictor = Predictor(bundle, "3")
    for reply in answered(bundle, drawn(6, 40, bundle.protocol), in_full=in_full):
        if reply.landmark is not None and reply.row is not None:
            tiers = next(tiers for tiers in predictor.tiers if tiers.landmark == reply.landmark)
            again, _ = tiers.split(predictor.rescore(reply.landmark, json.loads(reply.row), in_full=in_full))
            given = {name: part for name, part in reply.answer.items() if name not in FROM_THE_RECORD}
            assert alike(again, given)
            checked += 1
    assert checked > 5


def test_many_rows_give_what_each_gives() -> None:
    predictor = Predictor(BUNDLES["refits"], "3")
    rows = [ROW | {"age_years": age} for age in (20.0, 41.0, 60.5, 95.0)] + [{}]
    found = predictor.rescore_many(LANDMARK, rows)
    assert [one["outcome"] for one in found] == ["predicted"] * 3 + ["not_predictable", "predicted"]
    assert all(alike(one, predictor.rescore(LANDMARK, row)) for one, row in zip(found, rows, strict=True))
    assert predictor.rescore_many(LANDMARK, []) == []


def test_rows_that_are_not_written_in_one_go_keep_their_own_values() -> None:
    predictor, rng = Predictor(BUNDLES["plain"], "3"), np.random.default_rng(8)
    names = np.array(BUNDLES["plain"].features)
    rows = [
        {name: float(rng.integers(-3, 90)) for name in rng.permutation(names)[:30]} for _ in range(2 * ROWS_AT_ONCE)
    ]
    found = predictor.rescore_many(LANDMARK, rows)
    for number in (0, ROWS_AT_ONCE - 1, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE - 1):
        assert alike(found[number], predictor.rescore(LANDMARK, rows[number]))
        shown = found[number]["reasons"]["remission"]["contributions"]
        assert all(one["value"] == rows[number].get(one["feature"]) for one in shown)


@pytest.mark.parametrize(
    ("landmark", "row", "problem"),
    [
        ("before session 9", ROW, ("landmark", None, None, "another landmark")),
        (LANDMARK, ROW | {"shoe_size": 43.0}, ("row", 1, "shoe_size", "an unknown feature")),
        (LANDMARK, {"age_years": "41"}, ("row", 1, "age_years", "a text")),
        (LANDMARK, {"age_years": None}, ("row", 1, "age_years", "nothing")),
        (LANDMARK, {"age_years": True}, ("row", 1, "age_years", "true or false")),
        (LANDMARK, {"age_years": float("nan")}, ("row", 1, "age_years", "a number that is not finite")),
        (LANDMARK, {"age_years": float("inf")}, ("row", 1, "age_years", "a number that is not finite")),
    ],
)
def test_a_row_of_another_model_is_refused(landmark: str, row: dict[str, Any], problem: tuple[Any, ...]) -> None:
    with pytest.raises(InputRefusedError) as caught:
        Predictor(toy_bundle(), "3").rescore_many(landmark, [ROW, row])
    (found,) = caught.value.problems
    assert (found.place, found.row, found.column, found.found) == problem
