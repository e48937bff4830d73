"""Ratings from Observations and answered forms: which count, with which score, and what is refused or left out."""

import json
from typing import Any

import pytest

from serving.fhir.elements.points import ORDINAL_VALUE
from serving.fhir.reading.ratings import read_ratings
from serving.terminology.codes import load_terminology
from tests.places import GOLDEN
from tests.serving.fhir.reading.charts import (
    ANSWERS,
    LOINC,
    OWN,
    SNOMED_CT,
    Resource,
    coded,
    observation,
    quantity,
    read,
)

GAD7_ITEMS = load_terminology().loinc_of("gad7").items
PHQ9_ITEMS = load_terminology().loinc_of("phq9").items
GAD7, PHQ9 = "70274-6", "44261-6"


def form(items: tuple[str, ...], answers: str, date: str = "2026-10-01", **elements: Any) -> Resource:
    """A completed form; answers by digit, a dot for an item that is not answered."""
    listed = [
        {"linkId": f"/{code}", "answer": [{"valueCoding": {"system": LOINC, "code": ANSWERS[int(digit)]}}]}
        if digit != "."
        else {"linkId": f"/{code}"}
        for code, digit in zip(items, answers, strict=True)
    ]
    return {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "authored": date,
        "item": listed,
        **elements,
    }


def panel(answers: str, **elements: Any) -> Resource:
    """A GAD-7 as one Observation with its items as components."""
    components = [
        {"code": coded((LOINC, code)), "valueInteger": int(digit)}
        for code, digit in zip(GAD7_ITEMS, answers, strict=True)
    ]
    return observation(LOINC, "69737-5", component=components, **elements)


VALUES: dict[str, tuple[Resource, float | None]] = {
    "an integer": ({"valueInteger": 14}, 14),
    "{score} of UCUM": ({"valueQuantity": quantity(14, "{score}")}, 14),
    "1 of UCUM": ({"valueQuantity": quantity(14, "1")}, 14),
    "another annotation": ({"valueQuantity": quantity(14, "{points}")}, 14),
    "no unit": ({"valueQuantity": {"value": 14}}, 14),
    "the word score": ({"valueQuantity": {"value": 14, "unit": "score"}}, 14),
    "the word Score": ({"valueQuantity": {"value": 14, "unit": "Score"}}, 14),
    "points in German": ({"valueQuantity": {"value": 14, "unit": "Punkte"}}, 14),
    "another word": ({"valueQuantity": {"value": 14, "unit": "percentile"}}, None),
    "kilograms": ({"valueQuantity": quantity(14, "kg")}, None),
    "a code of another system": ({"valueQuantity": {"value": 14, "system": SNOMED_CT, "code": "{score}"}}, None),
    "a comparator": ({"valueQuantity": {"value": 14, "comparator": "<"}}, None),
    "no value in a quantity": ({"valueQuantity": {"unit": "{score}"}}, None),
    "a text": ({"valueString": "14"}, None),
    "true": ({"valueBoolean": True}, None),
    "the lowest": ({"valueInteger": 0}, 0),
    "below the lowest": ({"valueInteger": -1}, None),
    "the highest": ({"valueInteger": 21}, 21),
    "above the highest": ({"valueInteger": 22}, None),
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_total_is_a_number_of_points_within_the_scale(kind: str) -> None:
    value, expected = VALUES[kind]
    chart = read(read_ratings, observation(LOINC, GAD7, **value))
    assert chart.scores == ([] if expected is None else [("gad7", expected)])
    assert chart.refused == ({"r0.value": "value"} if expected is None else {})


@pytest.mark.parametrize(
    ("system", "code", "instrument"),
    [(LOINC, GAD7, "gad7"), (LOINC, PHQ9, "phq9"), (LOINC, "101698-9", "pcl5"), (LOINC, "89209-1", "bdi2"),
     (SNOMED_CT, "445455005", "gad7"), (SNOMED_CT, "720433000", "phq9"), (OWN, "hama", "hama"),
     (LOINC, "44249-1", "phq9"), ("urn:oid:2.16.840.1.113883.6.1", GAD7, "gad7")],
)  # fmt: skip
def test_a_scale_is_known_by_its_code(system: str, code: str, instrument: str) -> None:
    chart = read(read_ratings, observation(system, code, valueInteger=9))
    assert chart.scores == [(instrument, 9)]
    assert chart.rows[0].cells_from == {"day": "r0.effective", "score": "r0.value"}


STATES = {"final": 1, "amended": 1, "corrected": 1, "preliminary": 0, "registered": 0, "cancelled": 0, "unknown": 0,
          "entered-in-error": 0}  # fmt: skip


@pytest.mark.parametrize("status", STATES)
def test_only_a_rating_that_stands_counts(status: str) -> None:
    chart = read(read_ratings, observation(LOINC, GAD7, valueInteger=9) | {"status": status})
    assert (len(chart.rows), len(chart.unused)) == (STATES[status], 1 - STATES[status])


DATES: dict[str, tuple[dict[str, Any], str | None]] = {
    "a day": ({"effectiveDateTime": "2026-10-07"}, "2026-10-07"),
    "a time": ({"effectiveDateTime": "2026-10-07T09:00:00+02:00"}, "2026-10-07T09:00:00+02:00"),
    "an instant": ({"effectiveInstant": "2026-10-07T09:00:00Z"}, "2026-10-07T09:00:00Z"),
    "the end of a period": ({"effectivePeriod": {"start": "2026-10-01", "end": "2026-10-07"}}, "2026-10-07"),
    "the day before today": ({"effectiveDateTime": "2026-11-19"}, "2026-11-19"),
    "today": ({"effectiveDateTime": "2026-11-20"}, "2026-11-20"),
    "the day after today": ({"effectiveDateTime": "2026-11-21"}, None),
    "today in UTC, tomorrow at the clinic": ({"effectiveDateTime": "2026-11-20T23:30:00Z"}, None),
    "a month": ({"effectiveDateTime": "2026-10"}, None),
    "a year": ({"effectiveDateTime": "2026"}, None),
    "none": ({}, None),
    "only when it was issued": ({"issued": "2026-10-07T09:00:00Z"}, None),
}


@pytest.mark.parametrize("kind", DATES)
def test_a_rating_is_placed_on_one_day_up_to_today_or_left_out(kind: str) -> None:
    date, expected = DATES[kind]
    rating = observation(LOINC, GAD7, valueInteger=9)
    del rating["effectiveDateTime"]
    chart = read(read_ratings, rating | date)
    assert [row.cells["day"] for row in chart.rows] == ([] if expected is None else [expected])
    assert len(chart.unused) == (expected is None)
    assert not chart.refused


def test_a_time_in_utc_without_the_clinics_zone_is_refused() -> None:
    chart = read(read_ratings, observation(LOINC, GAD7, "2026-10-07T09:00:00Z", valueInteger=9), zone=None)
    assert chart.refused == {"r0.effective": "value"}


FORMS = """
1111111      7
0000000      0
3333333      21
11111..      7     two may be missing: the mean of the others stands for them
1111...      -     three may not
"""


@pytest.mark.parametrize("line", FORMS.strip().splitlines())
def test_items_are_scored_by_the_rules_of_the_scale(line: str) -> None:
    answers, score, *_ = line.split()
    chart = read(read_ratings, form(GAD7_ITEMS, answers))
    assert chart.scores == ([] if score == "-" else [("gad7", float(score))])
    assert len(chart.unused) == (score == "-")


def test_components_are_items_too() -> None:
    assert read(read_ratings, panel("1212121")).scores == [("gad7", 10)]


def test_a_total_that_its_items_contradict_is_refused() -> None:
    chart = read(read_ratings, panel("1111111", valueInteger=8))
    assert (chart.rows, chart.refused) == ([], {"r0.value": "invariant"})
    assert read(read_ratings, panel("1111111", valueInteger=7)).scores == [("gad7", 7)]


@pytest.mark.parametrize(("points", "is_read"), [(-1, False), (0, True), (3, True), (4, False)])
def test_an_item_lies_in_the_key_of_its_scale(points: int, is_read: bool) -> None:
    rating = panel("1111111")
    rating["component"][2]["valueInteger"] = points
    chart = read(read_ratings, rating)
    assert (len(chart.rows), chart.refused) == ((1, {}) if is_read else (0, {"r0.component[2].value": "value"}))


def test_an_answer_without_points_leaves_the_items_out_and_not_the_total() -> None:
    answered = form(GAD7_ITEMS, "1111111")
    answered["item"][3]["answer"] = [{"valueCoding": {"system": "http://example.org", "code": "often"}}]
    chart = read(read_ratings, answered)
    assert chart.rows == []
    assert chart.unused.keys() == {"r0.item[3].answer[0].value", "r0"}
    answered["item"].append({"linkId": GAD7, "answer": [{"valueInteger": 9}]})
    assert read(read_ratings, answered).scores == [("gad7", 9)]


MEMBERS = [
    observation(LOINC, code, valueCodeableConcept=coded((LOINC, ANSWERS[2]))) | {"id": f"i{number}"}
    for number, code in enumerate(GAD7_ITEMS)
]


def test_items_that_a_form_refers_to_are_scored_with_it() -> None:
    whole = observation(LOINC, "69737-5", hasMember=[{"reference": f"Observation/{one['id']}"} for one in MEMBERS])
    chart = read(read_ratings, *MEMBERS, whole)
    assert (chart.scores, chart.unused) == ([("gad7", 14)], {})
    assert chart.notes.used == {f"r{number}" for number in range(7)}


def test_a_total_that_a_form_refers_to_is_no_second_rating() -> None:
    total = observation(LOINC, GAD7, valueInteger=14) | {"id": "total"}
    references = [{"reference": f"Observation/{one['id']}"} for one in (*MEMBERS, total)]
    chart = read(read_ratings, total, *MEMBERS, observation(LOINC, "69737-5", hasMember=references))
    assert (chart.scores, chart.refused) == ([("gad7", 14)], {})
    total["valueInteger"] = 13
    chart = read(read_ratings, total, *MEMBERS, observation(LOINC, "69737-5", hasMember=references))
    assert chart.refused == {"r0.value": "invariant"}


def test_an_item_without_its_form_is_left_out() -> None:
    chart = read(read_ratings, *MEMBERS)
    assert (chart.rows, len(chart.unused)) == ([], 7)


def test_item_9_is_the_one_about_thoughts_of_death_or_suicide() -> None:
    chart = read(read_ratings, form(PHQ9_ITEMS, "111111112"))
    assert chart.rows[0].cells == {"day": "2026-10-01", "instrument": "phq9", "score": 10, "suicidal_thoughts_item": 2}
    assert chart.rows[0].cells_from["suicidal_thoughts_item"] == "r0.item[8].answer[0].value"
    assert "suicidal_thoughts_item" not in read(read_ratings, form(PHQ9_ITEMS, "11111111.")).rows[0].cells


QR = form(PHQ9_ITEMS, "111111110", "2026-10-07T09:00:00+02:00", id="qr")
TWICE: dict[str, tuple[Resource, str]] = {
    "derived from the form": (
        observation(LOINC, PHQ9, "2026-10-08", valueInteger=8, derivedFrom=[{"reference": "QuestionnaireResponse/qr"}]),
        "once",
    ),
    "at the same moment, written otherwise": (observation(LOINC, PHQ9, "2026-10-07T07:00:00Z", valueInteger=8), "once"),
    "on the same day": (observation(LOINC, PHQ9, "2026-10-07", valueInteger=8), "once"),
    "at another time of the day": (observation(LOINC, PHQ9, "2026-10-07T18:00:00Z", valueInteger=8), "both"),
    "on another day": (observation(LOINC, PHQ9, "2026-10-08", valueInteger=8), "both"),
    "another scale": (observation(LOINC, GAD7, "2026-10-07T07:00:00Z", valueInteger=8), "both"),
    "derived, with another total": (
        observation(LOINC, PHQ9, "2026-10-08", valueInteger=9, derivedFrom=[{"reference": "QuestionnaireResponse/qr"}]),
        "refused",
    ),
    "at the same moment, with another total": (
        observation(LOINC, PHQ9, "2026-10-07T07:00:00Z", valueInteger=9),
        "refused",
    ),
}


@pytest.mark.parametrize("kind", TWICE)
@pytest.mark.parametrize("form_first", [True, False])
def test_a_rating_that_was_sent_twice_counts_once(kind: str, form_first: bool) -> None:
    other, expected = TWICE[kind]
    chart = read(read_ratings, *((QR, other) if form_first else (other, QR)))
    answered, total = ("r0", "r1") if form_first else ("r1", "r0")
    if expected == "once":
        assert [row.expression for row in chart.rows] == [answered], "items tell more than a total"
        assert chart.unused == {total: f"the same rating as {answered}; it counts once"}
    elif expected == "both":
        assert (len(chart.rows), chart.unused) == (2, {})
    else:
        assert chart.refused == {answered: "invariant", f"{total}.value": "invariant"}


def test_one_form_may_hold_several_scales_and_items_below_items() -> None:
    phq9, gad7 = form(PHQ9_ITEMS, "111111111"), form(GAD7_ITEMS, "2222222")
    both = phq9 | {"item": [{"linkId": "a", "item": phq9["item"]}, {"linkId": "/69737-5", "item": gad7["item"]}]}
    below = {"linkId": "101698-9", "answer": [{"valueInteger": 30}]}
    both["item"].append({"linkId": "trauma", "answer": [{"valueBoolean": True, "item": [below]}]})
    chart = read(read_ratings, both)
    assert sorted(chart.scores) == [("gad7", 14), ("pcl5", 30), ("phq9", 9)]
    assert chart.unused == {"r0.item[2]": "the item has no code of a scale"}


@pytest.mark.parametrize(
    "answer",
    [
        {"valueInteger": 2},
        {"valueDecimal": 2.0},
        {"valueQuantity": quantity(2, "{score}")},
        {"valueCoding": {"code": "LA6570-1"}},
        {"valueCoding": {"code": "c", "extension": [{"url": ORDINAL_VALUE[0], "valueDecimal": 2}]}},
    ],
)
def test_an_answer_has_points_in_every_form_that_means_one_number(answer: Resource) -> None:
    answered = form(GAD7_ITEMS, "2222222")
    answered["item"][0]["answer"] = [answer]
    assert read(read_ratings, answered).scores == [("gad7", 14)]


def test_two_answers_of_an_item_are_refused() -> None:
    answered = form(GAD7_ITEMS, "2222222")
    answered["item"][0]["answer"].append({"valueInteger": 1})
    assert read(read_ratings, answered).refused == {"r0.item[0].answer[1].value": "invariant"}


@pytest.mark.parametrize(("status", "is_read"), [("completed", True), ("amended", True), ("in-progress", False),
                                                 ("entered-in-error", False), ("stopped", False)])  # fmt: skip
def test_only_a_form_that_is_complete_counts(status: str, is_read: bool) -> None:
    chart = read(read_ratings, form(GAD7_ITEMS, "2222222") | {"status": status})
    assert (len(chart.rows), len(chart.unused)) == ((1, 0) if is_read else (0, 1))


def test_the_codes_of_a_form_that_was_sent_too_name_its_items() -> None:
    path = GOLDEN / "fhir-r4" / "Questionnaire-phq-9-questionnaire.json"
    if not path.exists():
        pytest.skip("the examples of HL7 are not here")
    questionnaire = json.loads(path.read_text(encoding="utf-8"))
    answered = form(PHQ9_ITEMS, "11111111.", questionnaire=f"Questionnaire/{questionnaire['id']}|1.0.0")
    for item, named in zip(answered["item"], questionnaire["item"], strict=False):
        item["linkId"] = named["linkId"]
    assert answered["item"][8]["linkId"] == "TotalScore", "HL7's example leaves item 9 out"
    answered["item"][8]["answer"] = [{"valueInteger": 9}]
    chart = read(read_ratings, questionnaire, answered)
    assert (chart.scores, chart.notes.used) == ([("phq9", 9)], {"r0"}), "the mean of eight items stands for the ninth"
    answered["item"][8]["answer"] = [{"valueInteger": 8}]
    assert read(read_ratings, questionnaire, answered).refused == {"r1.item[8].answer[0].value": "invariant"}
    assert read(read_ratings, answered).unused == {"r0": "no item has a code of a scale"}
