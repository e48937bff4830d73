"""What is said of a choice names the rule that made it, and shows a p value on the side of its level."""

import numpy as np
import pytest

from serving.decision.model_notes import model_notes
from training.learning.choice import Choice, LossDifference, choose
from training.learning.choice_text import average_text, competing_text, p_text, rule_text
from training.settings.sections import RULES, SelectionSettings

PATIENTS = 40
UNCLEAR, CLEAR = 0.5, 0.05
"""Standard deviations of paired differences whose mean is 0.1: p 0.11 and nearly 0 with 40 patients."""
BY_A_TEST = ("average_or_best", "simplest")


def decided(rule: str, spread: float, gain: float = 0.1) -> Choice:
    """The average against a regression that is better by ``gain`` per patient, with this spread."""
    away = spread * np.sqrt((PATIENTS - 1) / PATIENTS) * np.resize([1.0, -1.0], PATIENTS)
    losses = {"no_model": 2 + gain + 3 * away, "logistic": 2 + 2 * away}
    everybody, site = np.ones(PATIENTS, dtype=np.bool_), np.zeros(PATIENTS, dtype=np.int32)
    return choose(losses, everybody, site, SelectionSettings(rule=rule))


@pytest.mark.parametrize(
    ("p", "level", "digits", "said"),
    [
        (0.0996, 0.1, 2, "0.0996"),
        (0.099996, 0.1, 2, "0.099996"),
        (0.0949, 0.1, 2, "0.09"),
        (0.1, 0.1, 2, "0.10"),
        (0.1004, 0.1, 2, "0.10"),
        (0.0246, 0.025, 2, "0.02"),
        (0.0254, 0.025, 2, "0.03"),
        (0.02503, 0.025, 3, "0.025"),
        (0.02497, 0.025, 3, "0.02497"),
        (0.0009, 0.1, 2, "<0.001"),
        (0.001, 0.1, 3, "0.001"),
        (0.0007, 0.0005, 2, "0.001"),
        (0.0004, 0.0005, 2, "<0.0005"),
        (0.0, 0.0, 3, "<0.001"),
    ],
)
def test_a_p_value_has_as_many_decimals_as_show_on_which_side_of_the_level_it_is(
    p: float, level: float, digits: int, said: str
) -> None:
    assert p_text(p, level, digits) == said


@pytest.mark.parametrize("level", [0.1, 0.05, 0.0123])
def test_next_to_the_level_a_p_value_is_never_rounded_onto_the_other_side(level: float) -> None:
    for p in (np.nextafter(level, 0), level, np.nextafter(level, 1), level - 1e-7, level + 1e-7):
        said = p_text(float(p), level)
        assert (float(said) < level) == (p < level), said


@pytest.mark.parametrize("rule", BY_A_TEST)
def test_the_average_that_a_test_keeps_is_said_with_p_and_level(rule: str) -> None:
    found = decided(rule, UNCLEAR)
    assert found.winner == "no_model"
    assert "significantly better than the average" in average_text(found)
    assert average_text(found).endswith("p 0.11, significant below 0.10)")
    assert "a regression is not significantly better (p 0.11, significant below 0.10)" in competing_text(found)


@pytest.mark.parametrize("rule", BY_A_TEST)
def test_a_regression_that_passes_the_test_is_said_with_p_and_level(rule: str) -> None:
    found = decided(rule, CLEAR, gain=0.5)
    assert found.winner == "logistic"
    assert competing_text(found).endswith("(p <0.001, significant below 0.10)")


def test_a_level_of_the_settings_is_the_one_that_is_said() -> None:
    found = Choice("no_model", "logistic", {"no_model": LossDifference(0.1, 0.06, 40, 0.025)})
    assert "p 0.05, significant below 0.025" in average_text(found)
    assert "p below 0.025" in rule_text("simplest", 0.025)


def test_the_rule_of_one_standard_error_speaks_of_no_test() -> None:
    kept, given_up = decided("one_standard_error", UNCLEAR), decided("one_standard_error", CLEAR, gain=0.5)
    assert (kept.winner, given_up.winner) == ("no_model", "logistic")
    for said in (average_text(kept), competing_text(kept), competing_text(given_up)):
        assert "one standard error" in said
        assert "significant" not in said
        assert " p " not in said


def test_the_rule_of_the_least_loss_speaks_of_no_test() -> None:
    found = decided("best", UNCLEAR)
    assert found.winner == "logistic"
    assert competing_text(found).endswith("(by the rule the least loss is chosen, without a test)")


@pytest.mark.parametrize("rule", RULES)
def test_without_a_better_candidate_every_rule_says_the_same(rule: str) -> None:
    found = decided(rule, UNCLEAR, gain=-0.1)
    assert average_text(found) == "no candidate predicted held-out patients better than the average"
    assert competing_text(found).endswith("a regression is no better on held-out patients")


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("spread", "gain"), [(UNCLEAR, 0.1), (CLEAR, 0.5), (UNCLEAR, -0.1)])
def test_the_page_for_the_decision_knows_every_sentence(rule: str, spread: float, gain: float) -> None:
    found = decided(rule, spread, gain)
    (competing,) = model_notes([f"relapse: {competing_text(found)}"])
    assert competing.code == ("competing-one-rate" if found.winner == "no_model" else "competing-predicted")
    if found.winner == "no_model":
        note = f"relapse: {average_text(found)}: the model gives every patient the cohort's average risk"
        assert [one.code for one in model_notes([note])] == ["average-no-better"]
