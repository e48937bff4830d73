"""Riley's minimum sample sizes, as the R package pmsampsize gives them.

Continuous outcomes, which it covers too, do not exist in this project and are left out.
"""

import json
import re
from typing import Any

import numpy as np
import pytest

from models.outcomes import expit
from tests.places import GOLDEN as EXPECTED_VALUES
from training.metrics.sample_size import RequiredSampleSize, binary, cox_snell_r2, survival

GOLDEN = EXPECTED_VALUES / "pmsampsize" / "expected.json"

CASES = json.loads(GOLDEN.read_text()) if GOLDEN.is_file() else {"binary": [], "survival": []}

golden = pytest.mark.skipif(
    not GOLDEN.is_file(), reason="the reference figures, ../shared/golden beside the repository, are absent"
)


def settings(case: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"(\w+)\s*=\s*([\d.]+)", case["call"])}


def assert_equal(found: RequiredSampleSize | None, case: dict[str, Any]) -> None:
    assert found is not None
    assert [found.shrinkage, found.optimism, found.precision, found.required] == case["sample_size"]
    assert round(found.events_per_parameter, 2) == case["per_parameter"][-1]


@golden
@pytest.mark.parametrize("case", CASES["binary"], ids=lambda case: case["case"])
def test_patients_needed_for_a_yes_or_no_outcome_are_those_of_pmsampsize(case: dict[str, Any]) -> None:
    given = settings(case)
    assert_equal(binary(int(given["parameters"]), given["prevalence"], given["csrsquared"]), case)


@golden
@pytest.mark.parametrize("case", CASES["survival"], ids=lambda case: case["case"])
def test_patients_needed_for_a_time_to_event_are_those_of_pmsampsize(case: dict[str, Any]) -> None:
    given = settings(case)
    found = survival(int(given["parameters"]), given["rate"], given["timepoint"], given["meanfup"], given["csrsquared"])
    assert_equal(found, case)


def test_patients_needed_by_hand() -> None:
    """Ten parameters, a third in remission, Cox-Snell R-squared 0.1."""
    limit = 1 - ((1 / 3) ** (1 / 3) * (2 / 3) ** (2 / 3)) ** 2
    tolerated = 0.1 / (0.1 + 0.05 * limit)
    found = binary(10, 1 / 3, 0.1)
    assert found is not None
    assert found.shrinkage == np.ceil(10 / (-0.1 * np.log(1 - 0.1 / 0.9)))
    assert found.optimism == np.ceil(10 / ((tolerated - 1) * np.log(1 - 0.1 / tolerated)))
    assert found.precision == np.ceil((1.96 / 0.05) ** 2 * 1 / 3 * 2 / 3)
    assert found.required == found.shrinkage
    assert found.patients_per_parameter == found.required / 10
    assert found.events_per_parameter == pytest.approx(found.required / 3 / 10)


def test_the_risk_of_relapse_must_be_known_within_five_points_where_a_good_model_would_need_few() -> None:
    """One parameter of great worth, half of the patients relapse in a year, followed for a fifth of it."""
    rate, followed = np.log(2), 0.2
    found = survival(1, rate, 1.0, followed, 0.3)
    assert found is not None
    margin = 1.96 * np.sqrt(rate / (found.required * followed))
    one_less = 1.96 * np.sqrt(rate / ((found.required - 1) * followed))
    assert 1 / 2 * np.exp(margin) - 1 / 2 <= 0.05 < 1 / 2 * np.exp(one_less) - 1 / 2
    assert found.required == found.precision > max(found.shrinkage, found.optimism)


@pytest.mark.parametrize("r2", [0.0, -0.1, float("nan")])
def test_nothing_can_be_said_of_a_model_that_explains_nothing(r2: float) -> None:
    assert binary(5, 0.3, r2) is None
    assert survival(5, 0.1, 1.0, 2.0, r2) is None


def test_more_than_any_model_can_explain_is_refused() -> None:
    with pytest.raises(ValueError, match=r"below 0\.750"):
        binary(5, 0.5, 0.76)


def test_r_squared_by_hand_and_at_least_0() -> None:
    """Given 3/4 to one with and 1/2 to one without the outcome, against 1/2 for both; then the wrong way round."""
    observed, predicted = np.array([1.0, 0.0]), np.array([0.75, 0.5])
    assert cox_snell_r2(observed, predicted, np.ones((1, 2))) == pytest.approx(
        1 - (0.5 * 0.5 / (0.75 * 0.5)) ** (2 / 2)
    )
    assert cox_snell_r2(1 - observed, np.array([0.9, 0.1]), np.ones((1, 2))) == pytest.approx(0)


def test_r_squared_is_each_draws_own() -> None:
    rng = np.random.default_rng(1)
    log_odds = rng.standard_normal(400)
    observed = (rng.random(400) < expit(log_odds)).astype(np.float64)
    weights = np.vstack([np.ones(400), rng.poisson(1, 400)])
    often = weights[1].astype(np.int64)
    alone = cox_snell_r2(np.repeat(observed, often), np.repeat(expit(log_odds), often), np.ones((1, often.sum())))
    assert cox_snell_r2(observed, expit(log_odds), weights)[1] == pytest.approx(alone[0])
