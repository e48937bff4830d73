"""Scales are scored from items by their published rules: what is missing or impossible is counted, not guessed."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from features.protocol.instruments import INSTRUMENTS
from features.protocol.item_scoring import ITEM_SCORINGS, ItemScoring, key_offset, rekey, score_items
from features.protocol.problems import InputRefusedError
from features.protocol.scale_items import NO_RULE

SCORED = [scoring for scoring in ITEM_SCORINGS.values() if not scoring.not_scored]
PLAIN = [scoring for scoring in SCORED if not scoring.highest]

MAY_BE_MISSING = {
    "gad7": 2, "phq9": 2, "hads_a": 3, "hads_d": 3, "dass21_anxiety": 1, "stai_s": 2, "stai_t": 2, "cesd": 4,
}  # fmt: skip
"""By the rules as published; none of any other scale."""


def name(scoring: ItemScoring) -> str:
    return scoring.instrument


def rows(*texts: str) -> NDArray[np.float64]:
    """Ratings as text, one digit per item; a dot is not recorded."""
    return np.array([[math.nan if cell == "." else float(cell) for cell in text] for text in texts])


def drawn(scoring: ItemScoring, seed: int, number: int = 20) -> NDArray[np.float64]:
    """Random complete ratings within the key."""
    draws = np.random.default_rng(seed)
    return draws.integers(scoring.item_minimum, scoring.item_maximum, (number, scoring.items), endpoint=True).astype(
        float
    )


@pytest.mark.parametrize(
    ("instrument", "items", "total"),
    [
        ("gad7", "0123012", 9),
        ("gad2", "33", 6),
        ("phq9", "333333330", 24),
        ("who5", "54321", 60),
        ("dass21_anxiety", "1111111", 14),
        ("pdss", "4444444", 28),
        ("pswq", "1" * 16, 5 * 5 + 11),
        ("pswq", "5" * 16, 5 * 1 + 11 * 5),
        ("pswq", "5151111515511111", 16),
        ("stai_s", "1" * 20, 10 * 4 + 10),
        ("stai_t", "1" * 20, 9 * 4 + 11),
        ("cesd", "0" * 20, 4 * 3),
        ("qids_sr16", "3333333333333333", 27),
        ("qids_sr16", "0120100200000001", 2 + 1 + 2 + 1),
    ],
)
def test_a_complete_form_has_the_total_of_its_manual(instrument: str, items: str, total: int) -> None:
    scores = score_items(ITEM_SCORINGS[instrument], rows(items))
    assert scores.total.tolist() == [total]
    assert scores.stood_in.tolist() == [0]


@pytest.mark.parametrize("scoring", SCORED, ids=name)
def test_totals_span_the_range_of_the_instrument(scoring: ItemScoring) -> None:
    """Every item at its best and every item at its worst."""
    best = np.full((1, scoring.items), float(scoring.item_minimum))
    for number in scoring.reversed_items:
        best[0, number - 1] = scoring.item_maximum
    worst = scoring.item_minimum + scoring.item_maximum - best
    ends = score_items(scoring, np.vstack([best, worst])).total
    if scoring.instrument in INSTRUMENTS:
        instrument = INSTRUMENTS[scoring.instrument]
        assert ends.tolist() == [instrument.minimum, instrument.maximum]
    assert ends[0] < ends[1]


@pytest.mark.parametrize("scoring", PLAIN, ids=name)
def test_the_order_of_items_that_are_not_reversed_does_not_matter(scoring: ItemScoring) -> None:
    """A sum does not know who came first."""
    items, draws = drawn(scoring, 1), np.random.default_rng(2)
    plain = [n for n in range(scoring.items) if n + 1 not in scoring.reversed_items]
    mixed = items.copy()
    mixed[:, plain] = items[:, draws.permutation(plain)]
    assert score_items(scoring, mixed).total.tolist() == score_items(scoring, items).total.tolist()


@pytest.mark.parametrize("scoring", PLAIN, ids=name)
def test_one_point_more_is_one_point_more_or_less_where_the_item_is_reversed(scoring: ItemScoring) -> None:
    items = np.minimum(drawn(scoring, 3), scoring.item_maximum - 1)
    before = score_items(scoring, items).total
    for number in range(1, scoring.items + 1):
        more = items.copy()
        more[:, number - 1] += 1
        step = -scoring.factor if number in scoring.reversed_items else scoring.factor
        assert (score_items(scoring, more).total - before).tolist() == [step] * len(items)


@pytest.mark.parametrize("scoring", PLAIN, ids=name)
def test_as_many_items_may_be_missing_as_the_rule_says_and_not_one_more(scoring: ItemScoring) -> None:
    items = drawn(scoring, 4, number=1)
    allowed = MAY_BE_MISSING.get(scoring.instrument, 0)
    for missing in range(allowed + 2):
        cut = items.copy()
        cut[:, :missing] = math.nan
        scores = score_items(scoring, cut)
        may = missing <= allowed
        assert np.isfinite(scores.total).tolist() == [may], missing
        assert scores.stood_in.tolist() == [missing if may else 0]
        assert scores.incomplete.tolist() == [not may and missing < scoring.items]


@pytest.mark.parametrize(
    ("instrument", "items", "total"),
    [
        ("gad7", "33333..", 21),
        ("gad7", "21000..", 3 * 7 / 5),
        ("phq9", "1111111..", 9),
        ("hads_a", "1233...", 9 * 7 / 4),
        ("dass21_anxiety", "000001.", 1 * 7 / 6 * 2),
        ("stai_s", "1" * 19 + ".", math.ceil((9 * 4 + 10) * 20 / 19)),
        ("cesd", "....1111" + "1" * 12, (13 + 3 * 2) * 20 / 16),
    ],
)
def test_the_mean_of_the_others_stands_for_a_missing_item(instrument: str, items: str, total: float) -> None:
    assert score_items(ITEM_SCORINGS[instrument], rows(items)).total.tolist() == [pytest.approx(total, abs=1e-12)]


@pytest.mark.parametrize("scoring", [one for one in PLAIN if one.missing_at_most and not one.rounds_up], ids=name)
def test_the_total_with_missing_items_is_that_of_a_form_where_each_has_the_mean_of_the_others(
    scoring: ItemScoring,
) -> None:
    items = drawn(scoring, 5)
    turned = items.copy()
    for number in scoring.reversed_items:
        turned[:, number - 1] = scoring.item_minimum + scoring.item_maximum - turned[:, number - 1]
    cut = items.copy()
    cut[:, 2] = math.nan
    turned[:, 2] = np.delete(turned, 2, axis=1).mean(axis=1)
    assert score_items(scoring, cut).total == pytest.approx(turned.sum(axis=1) * scoring.factor)


def test_one_answer_about_appetite_and_one_about_weight_are_enough_in_the_qids() -> None:
    scoring = ITEM_SCORINGS["qids_sr16"]
    scores = score_items(scoring, rows("000002..10000000", "00000..110000000"))
    assert scores.total[0] == 2
    assert math.isnan(scores.total[1])
    assert scores.stood_in.tolist() == [0, 0]
    assert scores.incomplete.tolist() == [False, True]


def test_an_item_outside_the_key_leaves_the_total_open_and_is_marked() -> None:
    scores = score_items(ITEM_SCORINGS["gad7"], np.array([[0, 1, 2, 3, 4, 0, 0], [0, 1, 2, 3, 0.5, 0, 0], [0] * 7]))
    assert np.isnan(scores.total).tolist() == [True, True, False]
    assert np.argwhere(scores.impossible).tolist() == [[0, 4], [1, 4]]
    assert not scores.incomplete.any()


def test_a_row_without_items_is_no_rating() -> None:
    scores = score_items(ITEM_SCORINGS["hads_d"], rows("......."))
    assert math.isnan(scores.total[0])
    assert not scores.incomplete.any()


def test_the_answer_about_self_harm_is_kept_apart_and_never_stood_for() -> None:
    scores = score_items(ITEM_SCORINGS["phq9"], rows("000000002", "11111111.", "000000009"))
    assert scores.self_harm[0] == 2
    assert np.isnan(scores.self_harm[1:]).all()
    assert scores.total[1] == 9
    assert np.isnan(score_items(ITEM_SCORINGS["gad7"], rows("0000000")).self_harm).all()
    asked = {one.instrument: one.self_harm_item for one in SCORED if one.self_harm_item}
    assert asked == {"phq9": 9, "bdi2": 9, "madrs": 10, "qids_sr16": 12}


@pytest.mark.parametrize(
    ("instrument", "items", "offset"),
    [
        ("gad7", ("1111111", "4321234"), 1),
        ("gad7", ("1111111", "3321233"), 0),  # 1 to 3: within the key
        ("gad7", ("0111111", "4321234"), 0),  # both ends: an item that is wrong, not another key
        ("gad7", ("5111111", "4321234"), 0),
        ("gad7", (".......",), 0),
        ("pswq", ("0" * 16, "4321" * 4), -1),
        ("pswq", ("0" * 16, "5321" * 4), 0),
        ("pswq", ("1" * 16, "5321" * 4), 0),
    ],
)
def test_a_key_that_begins_elsewhere_is_found(instrument: str, items: tuple[str, ...], offset: int) -> None:
    assert key_offset(ITEM_SCORINGS[instrument], rows(*items)) == offset


@pytest.mark.parametrize("scoring", SCORED, ids=name)
def test_items_in_another_key_score_the_same_once_they_are_shifted(scoring: ItemScoring) -> None:
    items = drawn(scoring, 6, number=200)
    assert key_offset(scoring, items) == 0
    for first in (scoring.item_minimum + 1, scoring.item_minimum - 1):
        other = items + (first - scoring.item_minimum)
        assert key_offset(scoring, other) == first - scoring.item_minimum
        assert rekey(scoring, other, first).tolist() == items.tolist()


@pytest.mark.parametrize("instrument", ["promis_anxiety", "promis_depression"])
def test_a_t_score_is_not_scored_from_items_without_its_table(instrument: str) -> None:
    with pytest.raises(InputRefusedError) as refused:
        score_items(ITEM_SCORINGS[instrument], rows("1234"))
    assert "table of its short form" in refused.value.problems[0].required


def test_another_number_of_items_is_refused() -> None:
    with pytest.raises(InputRefusedError) as refused:
        score_items(ITEM_SCORINGS["gad7"], rows("000000"))
    assert refused.value.problems[0].required == "7 items"
    assert refused.value.problems[0].found == "6 items"


def test_every_scoring_cites_a_source_with_its_tag_and_says_its_rule() -> None:
    for scoring in ITEM_SCORINGS.values():
        assert "[" in scoring.source, scoring.instrument
        assert bool(scoring.missing_at_most) == (scoring.missing_source != NO_RULE)
        assert scoring.missing_source == NO_RULE or "[" in scoring.missing_source
    assert ITEM_SCORINGS["gad7"].rule == (
        "sum of 7 items of 0 to 3, the mean of the others stands for at most 2 missing"
    )
    assert ITEM_SCORINGS["pswq"].rule == (
        "sum of 16 items of 1 to 5, items 1, 3, 8, 10, 11 reversed, no item may be missing"
    )
