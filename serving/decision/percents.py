"""How exactly a probability is shown in percent, the same on the page and on a card: one prediction, one rounding."""

from typing import Literal, TypeAlias

Bound: TypeAlias = Literal["", "under", "over"]
LEAST_WHOLE = 10
"""The percentage from which on there is no decimal: more is not known so exactly."""
_NEARLY_SURE = 0.995


def percent_digits(probability: float) -> tuple[Bound, str]:
    """A probability in percent, rounded to the nearest, with a decimal below 10%; never 0 or 100: no model can say so.

    >>> percent_digits(0.4806), percent_digits(0.0604), percent_digits(0.0004), percent_digits(0.996)
    (('', '48'), ('', '6.0'), ('under', '0.1'), ('over', '99'))
    """
    decimal = round(100 * probability, 1)
    if decimal < LEAST_WHOLE:
        return ("", f"{decimal:.1f}") if decimal else ("under", "0.1")
    return ("over", "99") if probability >= _NEARLY_SURE else ("", f"{100 * probability:.0f}")
