"""What the patients were like, and that no figure stands for a few of them."""

import numpy as np
import pytest

from features.catalogue import Feature, catalogue
from features.protocol.document import Protocol
from features.records.timeline import Floats
from training.evaluation.case_mix import case_mix
from training.evidence.document import FeatureSummary


def summary_of(values: Floats) -> FeatureSummary:
    feature: Feature = catalogue(Protocol())[0]
    (found,) = case_mix(values[:, None], [feature], np.ones(len(values), dtype=np.bool_))
    return found


def answers(yes: int, no: int) -> Floats:
    return np.repeat([1.0, 0.0], [yes, no])


@pytest.mark.parametrize(("yes", "no"), [(5, 15), (15, 5), (0, 20), (20, 0)])
def test_a_share_of_five_or_of_nobody_is_given(yes: int, no: int) -> None:
    assert summary_of(answers(yes, no)).mean == pytest.approx(yes / 20)


@pytest.mark.parametrize(("yes", "no"), [(4, 16), (16, 4), (1, 1000)])
def test_a_share_that_stands_for_fewer_than_five_is_not(yes: int, no: int) -> None:
    found = summary_of(answers(yes, no))
    assert (found.mean, found.sd) == (None, None)
    assert found.recorded == yes + no


def test_nine_recorded_values_have_no_figures_and_ten_have() -> None:
    assert summary_of(np.arange(9.0)).mean is None
    found = summary_of(np.append(np.arange(10.0), np.nan))
    assert (found.mean, found.q50, found.recorded) == (4.5, 4.5, 10)
    assert found.missing_share == pytest.approx(1 / 11)
