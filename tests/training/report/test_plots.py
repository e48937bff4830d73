"""A figure shows the numbers it was given, the same way every time, in text that stays text."""

import re
import xml.etree.ElementTree as ET

import pytest

from tests.training.evidence_examples import NASTY, around, external_evidence, incidence
from training.evidence.document import CalibrationCurve, DecisionCurve, Estimate, LearningCurve
from training.report.figures.flow_diagram import flow_diagram
from training.report.figures.forest_plot import ForestPanel, ForestRow, forest_plot, missing_plot, ticks
from training.report.figures.icon_array import icon_array
from training.report.figures.plots import (
    Caption,
    calibration_plot,
    decision_plot,
    incidence_plot,
    learning_plot,
)

CAPTION = Caption("a-figure", "A title & more", "What it shows: 0.71 < 0.76.")
PANELS = [ForestPanel("c-statistic", 0.5, (0.6, 0.8))]
QUESTION = external_evidence().landmarks[0].questions[0]
assert QUESTION.calibration
assert QUESTION.decision
CURVE = LearningCurve(measure="auc", patients=[100], values=[around(0.6, 0.1)], doubled_patients=200, doubled=0.62)
DRAWN = {
    "calibration": calibration_plot(QUESTION.calibration, CAPTION),
    "decision": decision_plot(QUESTION.decision, CAPTION),
    "incidence": incidence_plot(incidence(), CAPTION),
    "forest": forest_plot([ForestRow("A", (around(0.7, 0.1),)), ForestRow("B", (), "suppressed")], PANELS, CAPTION),
    "missing": missing_plot(["age_years"], [0.37], CAPTION),
    "learning": learning_plot(CURVE, "c-statistic", CAPTION),
    "flow": flow_diagram(external_evidence().landmarks[0].flow, CAPTION),
    "icons": icon_array([("well", 60), ("worse", 40)], CAPTION),
}
every_figure = pytest.mark.parametrize("svg", DRAWN.values(), ids=DRAWN.keys())


@every_figure
def test_a_figure_is_well_formed_and_says_what_it_shows(svg: str) -> None:
    root = ET.fromstring(svg)  # noqa: S314 - our own SVG
    assert root.get("role") == "img"
    assert root[0].text == CAPTION.title
    assert root[1].text == CAPTION.description


@every_figure
def test_every_name_inside_a_figure_carries_the_name_of_the_figure(svg: str) -> None:
    names = re.findall(r'\bid="([^"]*)"', svg)
    used = re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', svg)
    assert all(name.startswith("a-figure-") for name in names)
    assert {a or b for a, b in used} <= set(names)


@every_figure
def test_texts_stay_texts_and_nothing_is_dated(svg: str) -> None:
    assert "<text" in svg
    assert "sans-serif" in svg
    assert "<dc:date>" not in svg
    assert not re.search(r"\bnan\b", svg)


def test_the_same_numbers_give_the_same_bytes() -> None:
    assert QUESTION.calibration
    assert calibration_plot(QUESTION.calibration, CAPTION) == DRAWN["calibration"]


def test_lines_differ_by_more_than_colour() -> None:
    assert len(set(re.findall(r"stroke-dasharray: ([0-9. ,]+)", DRAWN["decision"]))) >= 2
    assert len(set(re.findall(r"stroke-dasharray: ([0-9. ,]+)", DRAWN["incidence"]))) >= 2
    assert all(f"{name} third" in DRAWN["incidence"] for name in ("lowest", "middle", "highest"))


def test_names_may_hold_tags_formulas_and_control_characters() -> None:
    svg = forest_plot([ForestRow(NASTY, (around(0.7, 0.1),))], PANELS, Caption("x", NASTY, NASTY))
    assert ET.fromstring(svg)[0].text == NASTY.replace("\x07", " ")  # noqa: S314 - our own SVG


def test_what_is_not_defined_is_left_out_and_a_suppressed_group_shows_words_only() -> None:
    assert "suppressed" in DRAWN["forest"]
    undefined = forest_plot([ForestRow("A", (Estimate(estimate=None),))], PANELS, CAPTION)
    assert "not defined" in undefined


def test_empty_curves_draw_without_a_figure() -> None:
    nothing: list[float | None] = [None, None]
    empty = CalibrationCurve(predicted=[0.1, 0.2], observed=nothing, low=nothing, high=nothing, counts=[None] * 20)
    assert "fewer than ten patients" in calibration_plot(empty, CAPTION)
    lost = DecisionCurve(thresholds=[0.1, 0.2], model=nothing, low=nothing, high=nothing, treat_all=nothing)
    assert "threshold" in decision_plot(lost, CAPTION)


def test_an_icon_array_has_100_marks_and_its_key() -> None:
    assert DRAWN["icons"].count("<circle") + DRAWN["icons"].count("<path") == 100 + 2
    assert "60 of 100: well" in DRAWN["icons"]


@pytest.mark.parametrize(
    ("low", "high", "most", "places"),
    [
        (0, 100, 6, [0, 20, 40, 60, 80, 100]),
        (0.4, 0.6, 4, [0.4, 0.5, 0.6]),  # steps of 0.05 would be five
        (-5, 0.3, 3, [-4, -2, 0]),
        (0.1, 1.02, 2, [0.5, 1.0]),
    ],
)
def test_an_axis_has_round_numbers_and_no_more_than_there_is_room_for(
    low: float, high: float, most: int, places: list[float]
) -> None:
    assert ticks(low, high, most) == pytest.approx(places)


def test_an_interval_far_beyond_all_estimates_is_cut_and_ends_in_an_arrow() -> None:
    near, far = ForestRow("A", (around(0.7, 0.1),)), ForestRow("B", (around(0.7, 9.0),))
    arrow = 'fill="none" stroke="#0072B2"'
    assert arrow not in forest_plot([near], PANELS, CAPTION)
    assert forest_plot([near, far], PANELS, CAPTION).count(arrow) == 2


def test_groups_that_all_have_the_same_figure_are_drawn() -> None:
    same = forest_plot([ForestRow("A", (around(0.5, 0.0),))], [ForestPanel("c-statistic", 0.5)], CAPTION)
    assert same.count("<rect") == 1
