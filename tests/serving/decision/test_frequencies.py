"""A probability as people of 100: the icons show what is certain, what lies within the interval, and the rest."""

import numpy as np
import pytest

from serving.contract.response import CurvePoint, Interval
from serving.decision.curve import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    SHADES,
    TOP,
    WIDTH,
    curve_figure,
    estimate_line,
    icon_places,
)
from serving.decision.frequencies import Frequency


@pytest.mark.parametrize(
    ("probability", "interval", "people", "filled", "graded", "empty"),
    [
        (0.484, (0.41, 0.56), 48, 41, 15, 44),
        (0.484, (0.409, 0.5601), 48, 40, 17, 43),  # rounded outwards
        (0.0, (0.0, 0.0), 0, 0, 0, 100),
        (1.0, (1.0, 1.0), 100, 100, 0, 0),
        (0.004, (0.0, 0.02), 0, 0, 2, 98),
        (0.5, (0.0, 1.0), 50, 0, 100, 0),
        (0.48, None, 48, 48, 0, 52),
    ],
)
def test_icons_are_filled_to_the_low_end_graded_to_the_high_end_and_empty_beyond(
    probability: float, interval: tuple[float, float] | None, people: int, filled: int, graded: int, empty: int
) -> None:
    shown = Frequency.of(probability, interval)
    shades = [place.shade for place in icon_places(shown)]
    assert shown.people == people
    assert (shades.count(SHADES), sum(0 < shade < SHADES for shade in shades), shades.count(0)) == (
        filled,
        graded,
        empty,
    )
    assert shades == sorted(shades, reverse=True), "graded from full to empty"


def test_the_estimate_lies_within_the_icons_of_the_interval() -> None:
    rng = np.random.default_rng(1)
    for low, middle, high in np.sort(rng.random((500, 3)), axis=1).tolist():
        shown = Frequency.of(middle, (low, high))
        assert shown.low is not None
        assert shown.high is not None
        assert shown.low <= shown.people <= shown.high


@pytest.mark.parametrize(
    ("width", "sureness"),
    [(0, "high"), (10, "high"), (11, "medium"), (25, "medium"), (26, "low"), (100, "low")],
)
def test_how_sure_a_number_is_follows_from_the_width_of_its_interval(width: int, sureness: str) -> None:
    assert Frequency(0.3, 0, width).sureness == sureness


def test_without_an_interval_nothing_is_said_of_how_sure_it_is() -> None:
    assert Frequency(0.3, None, None).sureness == "none"


@pytest.mark.parametrize(
    ("people", "line"),
    [(0, ""), (36, "M0 52H60V39H100"), (40, "M0 52H100"), (100, "")],
    ids=["none", "36", "40", "all"],
)
def test_a_line_parts_the_icons_that_the_best_estimate_counts_from_the_others(people: int, line: str) -> None:
    assert estimate_line(Frequency(people / 100, 0, 100)) == line


def points(*relapse: float, band: float | None = 0.1, step: int = 7) -> list[CurvePoint]:
    return [
        CurvePoint(
            day=number * step,
            relapse=one,
            event_free=1 - one,
            competing=0.0,
            relapse_interval_90=None if band is None else Interval(low=max(0, one - band), high=min(1, one + band)),
            event_free_interval_90=None,
        )
        for number, one in enumerate(relapse)
    ]


def test_the_curve_goes_from_the_origin_to_its_last_number_within_the_figure() -> None:
    figure = curve_figure(points(0.0, 0.25, 0.5))
    assert figure is not None
    bottom, middle = HEIGHT - BOTTOM, TOP + (HEIGHT - TOP - BOTTOM) / 2
    assert figure.line.startswith(f"M{LEFT:g} {bottom:g}L")
    assert figure.line.endswith(f"L{WIDTH - RIGHT:g} {middle:g}")
    assert figure.band.count("L") == 2 * 3 - 1, "there and back"
    assert [week for week, _ in figure.rows] == [1, 2]
    assert [tick.number for tick in figure.people] == [0, 25, 50, 75, 100]


def test_a_curve_without_intervals_has_no_band_and_one_without_points_is_none() -> None:
    figure = curve_figure(points(0.0, 0.25, band=None))
    assert figure is not None
    assert not figure.band
    assert curve_figure(()) is None


@pytest.mark.parametrize("weeks", [1, 6, 26, 52, 104, 260, 1000])
def test_the_axis_of_weeks_has_at_most_seven_marks(weeks: int) -> None:
    figure = curve_figure(points(0.0, 0.5, step=7 * weeks))
    assert figure is not None
    assert 2 <= len(figure.weeks) <= 7
