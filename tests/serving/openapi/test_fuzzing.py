"""Whatever is sent, the service answers soon, with a documented answer, and gives nothing away; thousands in `hard`."""

from collections import Counter

import pytest

from features.records.cohort import Cohort
from tests.serving.markers import MARKS
from tests.serving.openapi.fuzzing import BATCH, fuzz
from tests.serving.openapi.mutations import WAYS, bombard, mutations, synthetic_patients
from tests.serving.servers import Server


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return synthetic_patients(tmp_path_factory.mktemp("cohort") / "synthetic")


def test_200_generated_cases_are_answered_as_documented(server: Server) -> None:
    fuzzed = fuzz(server, examples=15, coverage=45)
    assert fuzzed.sent >= 200
    assert {200, 400, 405} <= fuzzed.statuses()
    assert fuzzed.answers[BATCH, 200] > 10


def test_300_spoilt_requests_are_answered_as_documented_and_give_nothing_away(server: Server, cohort: Cohort) -> None:
    seen = bombard(server, mutations(cohort, 300, seed=1))
    assert seen.wrong == []
    assert seen.statuses.total() == 300
    assert {200, 400, 415} <= set(seen.statuses)
    assert not any(mark in server.written() for mark in MARKS)
    assert "Traceback" not in server.written()


def test_every_way_of_spoiling_comes_up_and_the_same_seed_gives_the_same_requests(cohort: Cohort) -> None:
    once, again = (list(mutations(cohort, 2 * len(WAYS), seed=1)) for _ in range(2))
    assert once == again
    assert len(set(Counter(sent.made for sent in once))) > len(WAYS) / 2
    assert any(mark.encode() in sent.content for sent in once for mark in MARKS)
