"""A screening fact gives a caution and changes nothing else: no number, no interval, no reason, no verdict."""

from itertools import pairwise

import numpy as np
import pytest

from features.protocol.columns import SCREENING_COLUMNS
from serving.prediction.cautions import cautions_for
from serving.prediction.predictor import Predictor
from tests.cohorts import random_records
from tests.screening import screened_anew
from tests.serving.bundles import toy_bundle, wavering, with_applicability
from tests.serving.requests import Document, changed, example, read, request_of

PREDICTOR = Predictor(wavering(with_applicability(toy_bundle())), "3")


def _answer(document: Document) -> Document:
    """What is answered, but for what differs each time and for the cautions."""
    response = PREDICTOR.predict(read(document)).model_dump(mode="json")
    return {name: part for name, part in response.items() if name not in ("prediction_id", "cautions")}


def _codes(document: Document) -> list[str]:
    return [caution["code"] for caution in cautions_for(read(document))]


@pytest.mark.parametrize("seed", range(4))
def test_no_number_and_no_verdict_changes_with_a_screening_fact(seed: int) -> None:
    """The prediction, its interval, its reasons and whether it is given at all, over random records."""
    rng = np.random.default_rng(seed)
    cohort = random_records(rng, 30).cohort()
    outcomes, differing = set(), 0
    for number in range(len(cohort)):
        document = request_of(cohort, number, as_of_day=int(rng.integers(1, 40)))
        other = document | {"patient": screened_anew(document["patient"], rng)}
        for name in SCREENING_COLUMNS & other["patient"].keys():
            if not name.endswith("_mmhg"):
                other["patient"][name] = bool(other["patient"][name])
        answer = _answer(document)
        assert _answer(other) == answer
        outcomes.add(answer["outcome"])
        differing += _codes(document) != _codes(other)
    assert outcomes == {"predicted", "not_predictable"}
    assert differing > 15


def test_what_came_after_the_landmark_still_gives_its_caution() -> None:
    """The landmark is day 21, two weeks after session 2: what happened on day 25 is not used for the numbers."""
    talk = {"session_number": 1, "day": 25, "kind": "psychotherapy", "adverse_event": True}
    document = example(as_of_day=27, sessions=[*example()["sessions"], talk])
    answer = _answer(document)
    assert (answer["landmark"]["day"], answer["not_used"]["sessions"]) == (21, 1)
    assert _codes(document) == ["adverse_event"]


def test_an_age_does_change_numbers_and_verdict() -> None:
    """The comparison above can fail."""
    answers = [_answer(changed(("patient", "age_years"), age)) for age in (41, 42, 91)]
    assert all(one != other for one, other in pairwise(answers))
    assert answers[2]["outcome"] == "not_predictable"
