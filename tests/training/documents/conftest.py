"""Evidence without any question, as of a cohort in which nothing was observed."""

import pytest

from tests.training.evidences import good_evidence, with_landmarks
from training.evidence.document import Evidence


@pytest.fixture
def no_questions() -> Evidence:
    bare = with_landmarks(good_evidence(), lambda found: found.model_copy(update={"questions": []}))
    return bare.model_copy(update={"directions": [], "refit_check": None})
