"""The sentences about a choice, each by the rule in use; `serving/decision/model_notes.py` knows their forms."""

from training.learning.choice import Choice, LossDifference

_LEAST = 0.001
"""Smaller p values are not told apart, unless the level is smaller still."""
_MOST_DIGITS = 20
"""More than any two numbers between 0.001 and 1 need to be told apart."""


def rule_text(rule: str, level: float) -> str:
    """The rule of the settings as a sentence, as terminal and report state it."""
    below = level_text(level)
    return {
        "average_or_best": "the best candidate, or the average where none beats it significantly (one-sided paired t "
        f"test, p below {below})",
        "best": "the candidate with the least held-out loss",
        "simplest": "the simplest candidate that the best one does not beat significantly (one-sided paired t test, p "
        f"below {below})",
        "one_standard_error": "the simplest candidate whose mean held-out loss is within one standard error of the "
        "best one's",
    }[rule]


def level_text(level: float) -> str:
    """A level of significance, in two digits or in as many as it has."""
    return f"{level:.2f}" if round(level, 2) == level else f"{level:g}"


def p_text(p: float, level: float, digits: int = 2) -> str:
    """A p value in so many decimals, or in as many more as show on which side of the level it is."""
    least = min(_LEAST, level) or _LEAST
    if p < least:
        return f"<{least:g}"
    written = f"{p:.{digits}f}"
    while digits < _MOST_DIGITS and (float(written) < level) != (p < level):
        digits += 1
        written = f"{p:.{digits}f}"
    return written


def average_text(choice: Choice) -> str:
    """Why the average was chosen, with the figures where a candidate was better but not by enough."""
    if choice.best == "no_model":
        return "no candidate predicted held-out patients better than the average"
    gained = choice.differences["no_model"]
    found = f"best: {choice.best}, log-likelihood {gained.estimate:.4f} higher per patient"
    if choice.rule == "one_standard_error":
        return (
            "no candidate predicted held-out patients better than the average by more than one standard error of the "
            f"best one's loss ({found})"
        )
    return (
        f"no candidate predicted held-out patients significantly better than the average ({found}, standard error "
        f"{gained.standard_error:.4f}, {_tested(gained)})"
    )


def competing_text(choice: Choice) -> str:
    """How competing events are predicted, by which rule, and the gain over one rate for all patients."""
    gained = choice.differences["no_model"]
    if choice.winner == "no_model":
        found = "no better" if choice.best == "no_model" else _not_enough(choice.rule, gained)
        return f"competing events have one rate for all patients: a regression is {found} on held-out patients"
    return (
        f"competing events are predicted from the features: the log-likelihood of held-out patients is "
        f"{gained.estimate:.4f} higher per patient than with one rate for all ({_enough(choice.rule, gained)})"
    )


def _not_enough(rule: str, gained: LossDifference) -> str:
    if rule == "one_standard_error":
        return "not better by more than one standard error"
    return f"not significantly better ({_tested(gained)})"


def _enough(rule: str, gained: LossDifference) -> str:
    if rule == "best":
        return "by the rule the least loss is chosen, without a test"
    if rule == "one_standard_error":
        return "by more than one standard error"
    return _tested(gained)


def _tested(gained: LossDifference) -> str:
    """The test's p and its level, which is met below it."""
    known = "p unknown" if gained.p != gained.p else f"p {p_text(gained.p, gained.level)}"
    return f"{known}, significant below {level_text(gained.level)}"
