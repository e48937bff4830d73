"""Long names of features are shortened so that no two rows of a figure look alike."""

import re
from html import unescape

import pytest

from training.evidence.descriptions import FeatureImportance, LinearTerm
from training.report.figures.coefficient_plot import coefficient_plot
from training.report.figures.importance_plot import importance_plot
from training.report.figures.labels import short_labels
from training.report.figures.plots import Caption

CAPTION = Caption("figure", "A figure", "It has rows.", "Rows.")
START = "days since the latest rating of the primary instrument "
NAMES = [f"{START}before session {number}, as recorded by the site" for number in range(1, 6)]


@pytest.mark.parametrize(
    "names",
    [
        NAMES,
        [f"{START}at visit {number}" for number in range(12)],
        [f"the {word} score of a questionnaire that has a long name" for word in ("first", "second", "third")],
        [f"{'a' * 40}{letter}{'b' * 40}" for letter in "xyz"],
        [f"{'a' * number}" for number in range(60, 64)],
    ],
)
def test_different_labels_stay_different_and_fit(names: list[str]) -> None:
    found = short_labels(names, 44)
    assert len(set(found)) == len(names)
    assert max(map(len, found)) <= 44


def test_start_and_end_of_a_label_are_kept_and_a_short_one_stays() -> None:
    found = short_labels(["age, years", f"{START}at visit 3"], 44)
    assert found[0] == "age, years"
    assert found[1].startswith("days since the latest")
    assert found[1].endswith("at visit 3")


def test_the_same_label_has_the_same_short_form() -> None:
    first, second = short_labels([NAMES[0], NAMES[0]], 30)
    assert first == second


def rows_of(svg: str) -> list[str]:
    """The labels of a figure's rows."""
    texts = [unescape(one) for one in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]
    return [one for one in texts if one.startswith("days since")]


def test_no_two_rows_of_the_coefficients_look_alike() -> None:
    terms = [
        LinearTerm(feature=f"x{place}", label=name, unit="days", lower=0, upper=9, centre=4, weight=0.1 + place, sd=1)
        for place, name in enumerate(NAMES)
    ]
    found = rows_of(coefficient_plot(terms, "odds ratio", CAPTION))
    assert len(found) == len(set(found)) == len(NAMES)


def test_no_two_rows_of_the_importances_look_alike() -> None:
    shown = [
        FeatureImportance(feature=f"x{place}", label=name, loss_increase=0.1, gain_share=0.1)
        for place, name in enumerate(NAMES)
    ]
    found = rows_of(importance_plot(shown, CAPTION))
    assert len(found) == len(set(found)) == len(NAMES)
